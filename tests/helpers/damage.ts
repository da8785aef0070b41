/** Damages bytes by chance, in the ways that disks, networks and attackers do. */
import type { Random } from '../../datatypes/random.js';

/** Lengths that ask for more than there is: of files, and of packed values, which have them little-endian. */
const LENGTHS: readonly (readonly number[])[] = [
  [0x3f],
  [0x7f, 0xff],
  [0x80, 0, 1, 0, 0],
  [0x80, 0x7f, 0xff, 0xff, 0xff],
  [0x80, 0xff, 0xff, 0xff, 0xff],
  [0x81, 0, 0, 0, 1, 0, 0, 0, 0],
  [0x81, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xc3, 0x01, 0x80, 0x7f, 0xff, 0xff, 0xff],
  [0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0xf0, 0xff, 0xff, 0xff, 0x7f],
];

type Damage = (random: Random, bytes: Buffer) => Buffer;

/** Two places, the smaller one first. */
function range(random: Random, { length }: Buffer, most = length): [number, number] {
  const start = random.below(length);
  return [start, Math.min(length, start + random.below(most) + 1)];
}

function changeBytes(random: Random, bytes: Buffer, count: number): Buffer {
  for (let i = 0; i < count; i++) {
    const at = random.below(bytes.length);
    const bit = 1 << random.below(8);
    bytes[at] = random.below(2) === 0 ? random.below(256) : (bytes[at] as number) ^ bit;
  }
  return bytes;
}

const DAMAGES: readonly Damage[] = [
  (random, bytes) => changeBytes(random, bytes, 1),
  (random, bytes) => changeBytes(random, bytes, 2 + random.below(6)),
  // Cut off.
  (random, bytes) => bytes.subarray(0, random.below(bytes.length)),
  // A part is missing.
  (random, bytes) => {
    const [start, end] = range(random, bytes, 64);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  },
  // A length in the place of other bytes, or between them.
  (random, bytes) => {
    const length = LENGTHS[random.below(LENGTHS.length)] as readonly number[];
    const at = random.below(bytes.length);
    const rest = bytes.subarray(at + random.below(2) * length.length);
    return Buffer.concat([bytes.subarray(0, at), Uint8Array.from(length), rest]);
  },
  // A part stands there twice.
  (random, bytes) => {
    const [start, end] = range(random, bytes, 256);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
  },
  // A part stands in the place of another, mostly one near by: an element is there twice.
  (random, bytes) => {
    const [start, end] = range(random, bytes, 16);
    bytes.copyWithin(start + random.below(24) - 12, start, end);
    return bytes;
  },
  // Two parts of one size change places.
  (random, bytes) => {
    const size = 1 + random.below(64);
    const [one, other] = [random.below(bytes.length), random.below(bytes.length)];
    const part = Buffer.from(bytes.subarray(one, one + size));
    bytes.copy(bytes, one, other, other + size);
    part.copy(bytes, other);
    return bytes;
  },
];

/** A damaged copy. */
export function damaged(random: Random, bytes: Uint8Array): Buffer {
  const damage = DAMAGES[random.below(DAMAGES.length)] as Damage;
  return damage(random, Buffer.from(bytes));
}
