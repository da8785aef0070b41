/** Spreads the news of what commands did: the dirty count now, those who listen as they come to be. */
import type { Effects, EventClass } from '../datatypes/call.js';
import type { Database } from '../datatypes/database.js';

export class ServerEffects implements Effects {
  dirty = 0;
  attentive = false;
  propagates = false;

  changed(_database: Database, _key: Uint8Array, changes: number): void {
    this.dirty += changes;
  }

  notify(_database: Database, _eventClass: EventClass, _event: string, _key: Uint8Array): void {}

  keyReady(_database: Database, _key: Uint8Array): void {}

  propagateAs(_request: readonly (string | Uint8Array)[]): void {}

  propagateBefore(_database: Database, _request: readonly (string | Uint8Array)[]): void {}

  flushed(_databases: readonly Database[], changes: number): void {
    this.dirty += changes;
  }

  swapped(_one: Database, _other: Database): void {
    this.dirty++;
  }

  propagateNothing(): void {}
}
