/** A server inside the test's process, with a clock that stands still and a check for leaks at the end. */
import assert from 'node:assert/strict';
import type { Test } from 'tap';
import type { ManualClock } from '../../datatypes/clock.js';
import {
  createServer,
  type ReplyValue,
  type ServerOptions,
  type ValkeyServer,
} from '../../server/index.js';

export interface StartedServer {
  readonly server: ValkeyServer<ManualClock>;
  readonly clock: ManualClock;
  /** 0 unless `listen: true` was asked for. */
  readonly port: number;
  /** Runs one command; rejects with a ReplyError. */
  call(...args: (string | number | Uint8Array)[]): Promise<ReplyValue>;
}

/**
 * Starts a server that is closed when the test ends, and checked for leaked blocks then.
 * It does not listen unless `listen: true` is given.
 */
export async function startServer(
  t: Test,
  options: Omit<ServerOptions, 'clock'> = {},
): Promise<StartedServer> {
  const server = await createServer({ listen: false, seed: 1, ...options, clock: 'manual' });
  t.teardown(async () => {
    await server.close();
    for (const database of server.engine.keyspace.databases) database.clear();
    server.engine.keyspace.lazyFree.drain();
    assert.equal(server.engine.keyspace.largeValues.live, 0, 'large values are leaked');
    assert.equal(server.engine.arena.liveBlocks, 0, 'blocks are leaked');
    assert.equal(server.engine.arena.usedBytes, 0, 'bytes are leaked');
  });
  return {
    server,
    clock: server.clock,
    port: server.port,
    call: (...args) => server.call(...args),
  };
}

/** The text of the error a call is refused with; throws when it is not refused. */
export async function refusalOf(reply: Promise<unknown>): Promise<string> {
  try {
    await reply;
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  throw new Error('The call was not refused');
}
