/** Lists: moving an element from one to another. */
import { double, key, keyArg, oneOf, word } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { command } from './command.js';
import { readEnd } from './list-pop.js';
import { End, elementsPopped, listsOf } from './list-values.js';
import { readTimeout } from './options.js';
import { NONE } from './store/arena.js';
import { ByteStrings } from './store/byte-strings.js';
import { Type } from './store/entry.js';

export const lmove = command(
  {
    name: 'lmove',
    group: 'list',
    since: '6.2.0',
    arity: 5,
    flags: ['denyoom', 'write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'access', 'delete']), key(2, ['RW', 'insert'])],
    args: [
      keyArg('source'),
      keyArg('destination', { keySpec: 1 }),
      oneOf('wherefrom', [word('LEFT'), word('RIGHT')]),
      oneOf('whereto', [word('LEFT'), word('RIGHT')]),
    ],
    complexity: 'O(1)',
    summary: 'Moves an element from an end of one list to an end of another.',
  },
  (call) => {
    const from = readEnd(call, 3);
    const to = readEnd(call, 4);
    if (!move(call, from, to)) call.reply.nil();
  },
);

export const rpoplpush = command(
  {
    name: 'rpoplpush',
    group: 'list',
    since: '1.2.0',
    arity: 3,
    flags: ['denyoom', 'write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'access', 'delete']), key(2, ['RW', 'insert'])],
    args: [keyArg('source'), keyArg('destination', { keySpec: 1 })],
    complexity: 'O(1)',
    summary: 'Moves the last element of one list to the head of another.',
  },
  (call) => {
    if (!move(call, End.tail, End.head)) call.reply.nil();
  },
);

export const blmove = command(
  {
    name: 'blmove',
    group: 'list',
    since: '6.2.0',
    arity: 6,
    flags: ['blocking', 'denyoom', 'write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'access', 'delete']), key(2, ['RW', 'insert'])],
    args: [
      keyArg('source'),
      keyArg('destination', { keySpec: 1 }),
      oneOf('wherefrom', [word('LEFT'), word('RIGHT')]),
      oneOf('whereto', [word('LEFT'), word('RIGHT')]),
      double('timeout'),
    ],
    complexity: 'O(1)',
    summary: 'Moves an element from an end of one list to an end of another, or waits for one.',
  },
  (call) => {
    const from = readEnd(call, 3);
    const to = readEnd(call, 4);
    const timeoutMs = readTimeout(call, 5);
    if (!move(call, from, to)) return waitForSource(call, timeoutMs);
    if (!call.effects.propagates) return;
    const ends = [call.bytes(3), call.bytes(4)];
    call.effects.propagateAs(['LMOVE', call.bytes(1), call.bytes(2), ...ends]);
  },
);

export const brpoplpush = command(
  {
    name: 'brpoplpush',
    group: 'list',
    since: '2.2.0',
    arity: 4,
    flags: ['blocking', 'denyoom', 'write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'access', 'delete']), key(2, ['RW', 'insert'])],
    args: [keyArg('source'), keyArg('destination', { keySpec: 1 }), double('timeout')],
    complexity: 'O(1)',
    summary: 'Moves the last element of one list to the head of another, or waits for one.',
  },
  (call) => {
    const timeoutMs = readTimeout(call, 3);
    if (!move(call, End.tail, End.head)) return waitForSource(call, timeoutMs);
    if (!call.effects.propagates) return;
    call.effects.propagateAs(['RPOPLPUSH', call.bytes(1), call.bytes(2)]);
  },
);

/** Waits for a list to move from. Where that must not be, the reply is not the one at the end of the time. */
function waitForSource(call: Call, timeoutMs: number): void {
  if (!call.mayWait) return call.reply.nil();
  call.waitForKeys({ firstKeyAt: 1, endKeysAt: 2, type: Type.list, timeoutMs });
}

/** Where an element stands on its way. A keyspace owns one. */
class Moved {
  readonly element = new ByteStrings();
}

/**
 * Moves an element from the list in argument 1 to that in argument 2, which may be the same, and replies it.
 * False, without a reply, when there is no list to take it from.
 */
function move(call: Call, from: End, to: End): boolean {
  const source = call.writeAs(1, Type.list);
  if (source === NONE) return false;
  const target = call.writeAs(2, Type.list);
  const lists = listsOf(call.keyspace);
  const cursor = lists.open(source);
  cursor.moveTo(from === End.head ? 0 : cursor.length - 1);
  cursor.read();
  const moved = call.keyspace.own(Moved).element.clear();
  moved.add(cursor.source, cursor.start, cursor.end);
  cursor.close();
  lists.removeEnd(source, from);
  const into = target === NONE ? lists.create(call, 2) : target;
  lists.pushBytes(into, to, moved.bytes, 0, moved.end(0));
  call.changed(2, EventClass.list, to === End.head ? 'lpush' : 'rpush', 0);
  call.reply.bulk(moved.bytes, 0, moved.end(0));
  moved.clear();
  elementsPopped(call, 1, source, from, 1);
  return true;
}
