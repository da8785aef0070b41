/** DEBUG LOADAOF and AOF-FLUSH-SLEEP. */
import { AOF_RELOAD_FAILED } from '../../protocol/refusals.js';
import { LoadFailure } from '../loading.js';
import type { ServerCall } from '../server-call.js';

/** The data is thrown away and loaded from the append-only file. */
export function reloadAppendOnly({ server, reply }: ServerCall): void {
  try {
    server.appendOnly.reload();
  } catch (error) {
    if (!(error instanceof LoadFailure)) throw error;
    throw AOF_RELOAD_FAILED;
  }
  server.log.notice('Append Only File loaded by DEBUG LOADAOF');
  reply.ok();
}

/** Each write to the file takes so many microseconds longer. */
export function slowDownWrites(call: ServerCall): void {
  call.server.appendOnly.writer.flushDelayMs = (Number.parseInt(call.text(2), 10) || 0) / 1000;
  call.reply.ok();
}
