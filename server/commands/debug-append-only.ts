/** DEBUG LOADAOF and AOF-FLUSH-SLEEP. */
import { AOF_RELOAD_FAILED } from '../../protocol/refusals.js';
import type { ReplyWriter } from '../../protocol/reply.js';
import type { Pieces } from '../append-only-load.js';
import type { Client } from '../client.js';
import { LoadFailure } from '../loading.js';
import type { Server } from '../server.js';
import type { ServerCall } from '../server-call.js';

/** The data is thrown away and loaded from the append-only file. Others are heard only while a script takes long. */
export function reloadAppendOnly(call: ServerCall): void {
  const { server, client, reply, effects } = call;
  const pieces = server.appendOnly.reload();
  server.loading.isUninterrupted = !call.mayWait;
  try {
    const isDone = goOn(server, pieces);
    effects.propagateNothing();
    if (isDone) return answer(server, reply);
  } catch (error) {
    throw failureOf(error);
  } finally {
    server.loading.isUninterrupted = false;
  }
  client.blocked = true;
  goOnLater(server, client, pieces);
}

/** Loads up to the end, or a script that takes long. Whether that was the end. */
function goOn({ scripts }: Server, pieces: Pieces<void>): boolean {
  for (;;) {
    if (pieces.next().done) return true;
    if (scripts.isBusy) return false;
  }
}

function goOnLater(server: Server, client: Client, pieces: Pieces<void>): void {
  server.clock.after(0, () => {
    server.turnOf(client, () => {
      try {
        if (!goOn(server, pieces)) return goOnLater(server, client, pieces);
        answer(server, server.reply);
      } catch (error) {
        server.replyError(client, failureOf(error));
      }
      client.blocked = false;
      server.resumeSoon([client]);
    });
  });
}

function answer({ log }: Server, reply: ReplyWriter): void {
  log.notice('Append Only File loaded by DEBUG LOADAOF');
  reply.ok();
}

function failureOf(error: unknown) {
  if (!(error instanceof LoadFailure)) throw error;
  return AOF_RELOAD_FAILED;
}

/** Each write to the file takes so many microseconds longer. */
export function slowDownWrites(call: ServerCall): void {
  call.server.appendOnly.writer.flushDelayMs = (Number.parseInt(call.text(2), 10) || 0) / 1000;
  call.reply.ok();
}
