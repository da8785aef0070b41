/** FUNCTION DUMP and RESTORE: the text of all libraries, as an RDB file has them, with a footer. */
import { LzfCompressor } from '../../datatypes/store/lzf.js';
import { checkDumpPayload, finishDump } from '../../persistence/dump.js';
import { RdbReader } from '../../persistence/rdb-reader.js';
import { RdbWriter } from '../../persistence/rdb-writer.js';
import {
  BAD_PAYLOAD_FOOTER,
  BROKEN_FUNCTION_PAYLOAD,
  NOT_A_FUNCTION_PAYLOAD,
} from '../../protocol/refusals.js';

/** What an RDB file has before the text of a library. */
const LIBRARY_OPCODE = 245;

/** @param sources - One character per byte. */
export function dumpLibraries(sources: Iterable<string>): Uint8Array {
  const out = new RdbWriter(new LzfCompressor());
  for (const source of sources) {
    out.byte(LIBRARY_OPCODE);
    out.string(Buffer.from(source, 'latin1'));
  }
  return finishDump(out);
}

/**
 * The text of each library, one character per byte.
 *
 * @param relaxed - Whether payloads of other versions may be read: `rdb-version-check`.
 * @throws {Refusal} When it is no payload of FUNCTION DUMP.
 */
export function readLibraries(payload: Uint8Array, relaxed: boolean): string[] {
  const end = checkDumpPayload(payload, { relaxed });
  if (end < 0) throw BAD_PAYLOAD_FOOTER;
  const reader = new RdbReader().point(payload, 0, end);
  const sources: string[] = [];
  while (!reader.isAtEnd) {
    const opcode = payload[reader.take(1)];
    if (opcode !== LIBRARY_OPCODE) throw NOT_A_FUNCTION_PAYLOAD;
    const source = reader.string();
    if (source === null) throw BROKEN_FUNCTION_PAYLOAD;
    sources.push(Buffer.from(source).toString('latin1'));
  }
  return sources;
}
