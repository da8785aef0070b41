/** DEBUG SEGFAULT, PANIC and ASSERT: end the program as a fault of its own would, for tests of what follows. */
import { debugNotHere } from '../../protocol/refusals.js';
import { crashedBy } from '../crash-report.js';
import type { ServerCall } from '../server-call.js';

const SEGMENTATION_FAULT = 11;

export function segfault(call: ServerCall): void {
  crash(call, 'SIGSEGV', [crashedBy(SEGMENTATION_FAULT)]);
}

export function panic(call: ServerCall): void {
  const seconds = Math.floor(call.clock.now() / 1000);
  crash(call, 'SIGABRT', [`Guru Meditation: DEBUG PANIC called at Unix time ${seconds}`]);
}

export function assertion(call: ServerCall): void {
  crash(call, 'SIGABRT', ['=== ASSERTION FAILED ===', 'DEBUG ASSERT called']);
}

/** Only a program of its own may crash: a server inside another one would take it along. */
function crash(call: ServerCall, signal: NodeJS.Signals, reason: readonly string[]): void {
  const { server } = call;
  if (server.crash === null) throw debugNotHere(call.text(1));
  const [, , ...stack] = new Error(signal).stack?.split('\n') ?? [];
  server.crash({ reason, stack: stack.join('\n') }, signal);
}
