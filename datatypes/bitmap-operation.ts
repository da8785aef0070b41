/** BITOP: a bitmap made of others. */
import { BITOP_NOT_OF_SEVERAL, SYNTAX_ERROR } from '../protocol/refusals.js';
import { key, keyArg, oneOf, word } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { command } from './command.js';
import { NONE, type Ref } from './store/arena.js';
import { BitMachine, type BitOperation, PIECE_BYTES } from './store/bit-machine.js';
import { Encoding, NEVER, Type, ValueView } from './store/entry.js';
import { asString } from './string-values.js';

const FIRST_SOURCE = 3;
const LONG_BYTES = 64 * 1024;

type Operation = BitOperation | 'not';

const OPERATIONS: readonly Operation[] = ['and', 'or', 'xor', 'not'];

/** @throws {Refusal} SYNTAX_ERROR */
function readOperation(call: Call): Operation {
  for (const operation of OPERATIONS) if (call.is(1, operation)) return operation;
  throw SYNTAX_ERROR;
}

/** The strings that are combined, where they stand; those of no key are empty. */
function readSources(call: Call): ValueView[] {
  const sources: ValueView[] = [];
  for (let i = FIRST_SOURCE; i < call.argc; i++) {
    const ref = asString(call, call.read(i));
    const view = new ValueView();
    sources.push(ref === NONE ? view : call.keyspace.entries.view(ref, view));
  }
  return sources;
}

/** Writes what the operation makes of the sources to `into`, which is as long as the longest of them. */
function combine(
  call: Call,
  operation: Operation,
  sources: readonly ValueView[],
  into: ValueView,
): void {
  const machine = call.keyspace.own(BitMachine);
  const [first, ...others] = sources as [ValueView, ...ValueView[]];
  for (let done = 0; done < into.length; done += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, into.length - done);
    const endOf = ({ start, end }: ValueView) => Math.min(start + done + length, end);
    machine.begin(first.bytes, first.start + done, endOf(first), length);
    if (operation === 'not') machine.invert(length);
    else {
      for (const other of others) {
        machine.combine(operation, other.bytes, other.start + done, endOf(other), length);
      }
    }
    machine.finish(into.bytes, into.start + done, length);
  }
}

/** An entry of the destination key, argument 2, with room for `length` bytes. It is in no database yet. */
function newDestination(call: Call, length: number): Ref {
  const { entries } = call.keyspace;
  const access = call.keyspace.initialAccess();
  const [start, end] = [call.start(2), call.end(2)];
  return entries.create(call.buffer, start, end, Type.string, Encoding.raw, NEVER, access, length);
}

/**
 * Whether a long result can take the place of the destination's value where that stands: the memory for another is
 * dear. It may be a source as well, as each piece is read before it is written.
 */
function fitsWell(call: Call, previous: Ref, length: number): boolean {
  const { entries } = call.keyspace;
  if (previous === NONE || length < LONG_BYTES || entries.type(previous) !== Type.string)
    return false;
  if (entries.hasExpiry(previous) || !entries.isSole(previous)) return false;
  const room = entries.room(previous);
  return length <= room && room < 2 * length;
}

export const bitop = command(
  {
    name: 'bitop',
    group: 'bitmap',
    since: '2.6.0',
    arity: -4,
    flags: ['write', 'denyoom'],
    acl: ['bitmap'],
    keys: [key(2, ['OW', 'update']), key(3, ['RO', 'access'], -1)],
    args: [
      oneOf('operation', [word('AND'), word('OR'), word('XOR'), word('NOT')]),
      keyArg('destkey'),
      keyArg('key', { multiple: true, keySpec: 1 }),
    ],
    complexity: 'O(N)',
    summary: 'Combines strings bit by bit and stores the result.',
  },
  (call) => {
    const operation = readOperation(call);
    if (operation === 'not' && call.argc !== FIRST_SOURCE + 1) throw BITOP_NOT_OF_SEVERAL;
    const sources = readSources(call);
    const length = sources.reduce((longest, source) => Math.max(longest, source.length), 0);
    const { db, keyspace, buffer } = call;
    const [start, end] = [call.start(2), call.end(2)];
    if (length === 0) {
      if (db.delete(buffer, start, end)) call.changed(2, EventClass.generic, 'del');
      return call.reply.integer(0);
    }
    const previous = db.findForWrite(buffer, start, end);
    if (fitsWell(call, previous, length)) {
      keyspace.entries.setLength(previous, length);
      keyspace.entries.setEncoding(previous, Encoding.raw);
      keyspace.entries.setAccess(previous, keyspace.initialAccess());
      combine(call, operation, sources, keyspace.entries.view(previous, new ValueView()));
    } else {
      const next = newDestination(call, length);
      combine(call, operation, sources, keyspace.entries.view(next, new ValueView()));
      // Only now, as the value that goes may be one of the sources.
      db.putEntry(keyspace.keyHash(buffer, start, end), previous, next);
    }
    call.changed(2, EventClass.string, 'set');
    call.reply.integer(length);
  },
);
