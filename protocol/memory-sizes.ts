/**
 * Sizes in bytes as people write and read them: `1gb` in the configuration, `1.32M` in INFO.
 */
import { UINT64_MAX } from './numbers.js';

const UNITS = new Map([
  ['', 1n],
  ['b', 1n],
  ['k', 1000n],
  ['kb', 1024n],
  ['m', 1000n ** 2n],
  ['mb', 1024n ** 2n],
  ['g', 1000n ** 3n],
  ['gb', 1024n ** 3n],
]);

/**
 * Reads a memory size: digits (127 at most) and a unit in any case. As in the real server no digits mean 0, and a
 * product past 64 bits wraps round.
 *
 * @returns Bytes, or null when the text is no size.
 */
export function parseMemory(text: string): bigint | null {
  const found = /^(\d{0,127})([a-z]*)$/i.exec(text);
  if (!found) return null;
  const [, digits = '', unit = ''] = found;
  const factor = UNITS.get(unit.toLowerCase());
  const count = BigInt(digits);
  if (factor === undefined || count > UINT64_MAX) return null;
  return BigInt.asUintN(64, count * factor);
}

const HUMAN_UNITS = ['K', 'M', 'G', 'T', 'P'];

/** Prints bytes with two decimals and a unit of 1024, as INFO's `used_memory_human`: 0B, 1.32M. */
export function formatBytesHuman(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let unitBytes = 1024;
  let unit = 0;
  while (bytes >= unitBytes * 1024 && unit < HUMAN_UNITS.length - 1) {
    unitBytes *= 1024;
    unit++;
  }
  return toHundredths(bytes, unitBytes) + HUMAN_UNITS[unit];
}

/** A quotient with two decimals, ties to even as C prints them (toFixed rounds ties up). */
function toHundredths(bytes: number, unitBytes: number): string {
  const divisor = BigInt(unitBytes);
  const scaled = BigInt(bytes) * 100n;
  let hundredths = scaled / divisor;
  const twice = (scaled % divisor) * 2n;
  if (twice > divisor || (twice === divisor && hundredths % 2n === 1n)) hundredths++;
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, '0')}`;
}
