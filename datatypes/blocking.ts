/** Commands that wait for keys when they find nothing to do. */
import type { Call } from './call.js';
import type { Type } from './store/entry.js';

/** What a command waits for. */
export interface KeyWait {
  /** The keys stand in the arguments [firstKeyAt, endKeysAt). */
  readonly firstKeyAt: number;
  readonly endKeysAt: number;
  /** A key that holds this type is worth another look. */
  readonly type: Type;
  /** Whether a key that goes, or holds another type, is worth one too: the command is to be refused then. */
  readonly evenWithout?: boolean;
  /** 0: without end. */
  readonly timeoutMs: number;
  /** Arguments that are to be others when the command runs again, by index. */
  readonly replaced?: ReadonlyMap<number, Uint8Array>;
}

/** Waits; where that must not be, replies at once what the end of the time would bring. */
export function waitForKeys(call: Call, wait: KeyWait): void {
  if (call.mayWait) call.waitForKeys(wait);
  else call.reply.nilArray();
}
