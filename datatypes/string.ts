/** Strings: GET, SET and their family. */
import { WRONG_TYPE } from '../protocol/refusals.js';
import { key, keyArg, text } from '../protocol/spec.js';
import { EventClass } from './call.js';
import { command } from './command.js';
import { NONE } from './store/arena.js';
import { NEVER, Type } from './store/entry.js';

export const get = command(
  {
    name: 'get',
    group: 'string',
    since: '1.0.0',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Returns the string a key holds.',
  },
  (call) => {
    const ref = call.read(1);
    if (ref === NONE) return call.reply.nil();
    if (call.keyspace.entries.type(ref) !== Type.string) throw WRONG_TYPE;
    const value = call.db.stringAt(ref);
    call.reply.bulkFrom(value.block, value.bytes, value.start, value.end);
  },
);

export const set = command(
  {
    name: 'set',
    group: 'string',
    since: '1.0.0',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: [key(1, ['RW', 'access', 'update', 'variable_flags'])],
    args: [keyArg(), text('value')],
    complexity: 'O(1)',
    summary: 'Sets a key to a string.',
  },
  (call) => {
    const { buffer } = call;
    call.db.setString(
      buffer,
      call.start(1),
      call.end(1),
      buffer,
      call.start(2),
      call.end(2),
      NEVER,
    );
    call.changed(1, EventClass.string, 'set');
    call.reply.ok();
  },
);
