/** Counts of int64 range: numbers as far as those are exact, a bigint beyond. */

export type Count = number | bigint;

/** The sum, wrapping round as an int64 does. */
export function plus(count: Count, addend: number): Count {
  if (typeof count === 'number') {
    const sum = count + addend;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return countOf(BigInt.asIntN(64, BigInt(count) + BigInt(addend)));
}

export function minus(count: Count, subtrahend: Count): Count {
  if (typeof count === 'number' && typeof subtrahend === 'number') {
    const difference = count - subtrahend;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return countOf(BigInt.asIntN(64, BigInt(count) - BigInt(subtrahend)));
}

/** The same count, as a number when that is exact. */
export function countOf(exact: bigint): Count {
  const count = Number(exact);
  return Number.isSafeInteger(count) ? count : exact;
}
