/** DUMP payloads made by hand. */
import { finishDump } from '../../persistence/dump.js';
import { RdbWriter } from '../../persistence/rdb-writer.js';

/** A payload of a type byte and the value's RDB bytes. */
export function dumpPayload(type: number, body: Uint8Array): Uint8Array {
  const out = new RdbWriter(null, 1 + body.length);
  out.byte(type);
  out.raw(body);
  return finishDump(out);
}
