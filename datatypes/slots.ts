/** The slot of a key in a cluster: CRC-16 of its hash tag. Source: CRC-16/XMODEM, polynomial 0x1021. */

export const SLOT_COUNT = 16_384;

const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) !== 0 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let i = start; i < end; i++) {
    crc = ((crc << 8) ^ (TABLE[(crc >>> 8) ^ (bytes[i] as number)] as number)) & 0xffff;
  }
  return crc;
}

/** The slot of a key. Of one with something between its first `{` and the next `}`, only that counts. */
export function keySlot(key: Uint8Array): number {
  const open = key.indexOf(OPEN_BRACE);
  const close = open === -1 ? -1 : key.indexOf(CLOSE_BRACE, open + 1);
  const isTagged = close > open + 1;
  const [start, end] = isTagged ? [open + 1, close] : [0, key.length];
  return crc16(key, start, end) % SLOT_COUNT;
}
