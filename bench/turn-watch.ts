/**
 * Loaded before a server's program: measures how long the turns of its event loop take.
 *
 * What counts is the server's own work. Neither the time in which there was nothing to do, nor that in which
 * another process or thread had the processor, is the server's.
 */
import { openSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const NANOSECONDS_PER_MS = 1e6;
/** Behind the time on a processor stands the time spent waiting for one, both in nanoseconds. */
const stat = openSync('/proc/self/schedstat', 'r');
const text = Buffer.alloc(64);

/** Milliseconds in which the loop had nothing to do, or no processor. */
function awayMs(): number {
  const waited = text.toString('latin1', 0, readSync(stat, text, 0, text.length, 0)).split(' ')[1];
  return performance.eventLoopUtilization().idle + Number(waited) / NANOSECONDS_PER_MS;
}

let longestMs = 0;
let sinceMs = performance.now();
let sinceAwayMs = awayMs();

function turn(): void {
  const nowMs = performance.now();
  const nowAwayMs = awayMs();
  longestMs = Math.max(longestMs, nowMs - sinceMs - (nowAwayMs - sinceAwayMs));
  sinceMs = nowMs;
  sinceAwayMs = nowAwayMs;
  // It waits for events as the server does: a turn follows only when something has come.
  setImmediate(turn).unref();
}

/** Asked for by the bench: the longest turn since it asked last. */
process.on('message', () => {
  process.send?.(longestMs);
  longestMs = 0;
});
turn();
