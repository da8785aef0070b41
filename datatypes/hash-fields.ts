/** Reading `FIELDS n field...`, which commands on some fields of a hash share. */
import { BAD_NUMFIELDS, type Refusal, SYNTAX_ERROR } from '../protocol/refusals.js';
import type { Call } from './call.js';

/** The first argument from `from` on that is FIELDS. @throws {Refusal} BAD_NUMFIELDS when there is none. */
export function findFields(call: Call, from: number): number {
  for (let i = from; i < call.argc - 1; i++) if (call.is(i, 'fields')) return i;
  throw BAD_NUMFIELDS;
}

/** @throws {Refusal} SYNTAX_ERROR unless argument `i` is FIELDS. */
export function requireFieldsAt(call: Call, i: number): void {
  if (!call.is(i, 'fields')) throw SYNTAX_ERROR;
}

/**
 * Reads the count behind FIELDS in argument `fieldsAt`, which must be that of the fields up to the last argument.
 *
 * @param step - How many arguments each field takes.
 * @throws {Refusal} NOT_AN_INTEGER, or `otherwise`.
 */
export function readFieldCount(
  call: Call,
  fieldsAt: number,
  step: number,
  otherwise: Refusal = BAD_NUMFIELDS,
): number {
  const count = Number(call.bigint(fieldsAt + 1));
  if (count < 1 || count * step !== call.argc - fieldsAt - 2) throw otherwise;
  return count;
}
