/** Commands that wait for data. */
import { CANNOT_WAIT } from '../protocol/refusals.js';

/** What a blocking command does when there is nothing for it yet. @throws {Refusal} CANNOT_WAIT: always, so far. */
export function refuseToWait(): never {
  throw CANNOT_WAIT;
}
