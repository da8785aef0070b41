/** Hashes: fields and values of a key. */
import { wrongArity } from '../protocol/refusals.js';
import { block, key, keyArg, text } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { HASH_EXPIRY_COMMANDS } from './hash-expiry.js';
import { HASH_EXPIRY_TIME_COMMANDS } from './hash-expiry-times.js';
import { HASH_NUMBER_COMMANDS } from './hash-numbers.js';
import { hrandfield } from './hash-random.js';
import { hscan } from './hash-scan.js';
import { HASH_TIMED_COMMANDS } from './hash-timed.js';
import { readHash, replyValue, replyView, writeHash } from './hash-value.js';

/** Sets the pairs from argument 2 on. Returns how many fields are new. */
function setPairs(call: Call): number {
  if (call.argc % 2 !== 0) throw wrongArity(call.text(0).toLowerCase());
  const hash = writeHash(call, 1);
  hash.create(call, 1);
  hash.prepare(call, 2);
  const { buffer } = call;
  let added = 0;
  for (let i = 2; i < call.argc; i += 2) {
    const isNew = hash.put(
      buffer,
      call.start(i),
      call.end(i),
      buffer,
      call.start(i + 1),
      call.end(i + 1),
    );
    if (isNew) added++;
  }
  hash.settle(call.db);
  hash.tellOverwritten(call, 1);
  call.changed(1, EventClass.hash, 'hset', (call.argc - 2) >>> 1);
  return added;
}

export const hset = command(
  {
    name: 'hset',
    group: 'hash',
    since: '2.0.0',
    arity: -4,
    flags: ['denyoom', 'fast', 'write'],
    acl: ['hash'],
    keys: [key(1, ['RW', 'update'])],
    args: [keyArg(), block('data', [text('field'), text('value')], { multiple: true })],
    complexity:
      'O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with multiple field/value pairs.',
    summary: 'Sets fields of a hash and counts the new ones.',
  },
  (call) => call.reply.integer(setPairs(call)),
);

export const hmset = command(
  {
    name: 'hmset',
    group: 'hash',
    since: '2.0.0',
    arity: -4,
    flags: ['denyoom', 'fast', 'write'],
    acl: ['hash'],
    keys: [key(1, ['RW', 'update'])],
    args: [keyArg(), block('data', [text('field'), text('value')], { multiple: true })],
    complexity: 'O(N) where N is the number of fields being set.',
    summary: 'Sets fields of a hash.',
  },
  (call) => {
    setPairs(call);
    call.reply.ok();
  },
);

export const hsetnx = command(
  {
    name: 'hsetnx',
    group: 'hash',
    since: '2.0.0',
    arity: 4,
    flags: ['denyoom', 'fast', 'write'],
    acl: ['hash'],
    keys: [key(1, ['RW', 'insert'])],
    args: [keyArg(), text('field'), text('value')],
    complexity: 'O(1)',
    summary: 'Sets a field of a hash unless it is there.',
  },
  (call) => {
    const { buffer, effects } = call;
    const hash = writeHash(call, 1);
    if (hash.find(buffer, call.start(2), call.end(2))) return call.reply.integer(0);
    // Elsewhere a field whose time has come may still be there: it would be in the way of HSETNX.
    const mayDiffer = hash.isVolatile;
    hash.create(call, 1);
    hash.put(buffer, call.start(2), call.end(2), buffer, call.start(3), call.end(3));
    hash.settle(call.db);
    hash.tellOverwritten(call, 1);
    call.changed(1, EventClass.hash, 'hset');
    if (mayDiffer && effects.propagates) {
      effects.propagateAs(['HSET', call.bytes(1), call.bytes(2), call.bytes(3)]);
    }
    call.reply.integer(1);
  },
);

export const hget = command(
  {
    name: 'hget',
    group: 'hash',
    since: '2.0.0',
    arity: 3,
    flags: ['fast', 'readonly'],
    acl: ['hash'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), text('field')],
    complexity: 'O(1)',
    summary: 'Returns the value of a field.',
  },
  (call) => replyValue(call, readHash(call, 1), 2),
);

export const hmget = command(
  {
    name: 'hmget',
    group: 'hash',
    since: '2.0.0',
    arity: -3,
    flags: ['fast', 'readonly'],
    acl: ['hash'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), text('field', { multiple: true })],
    complexity: 'O(N) where N is the number of fields being requested.',
    summary: 'Returns the values of fields.',
  },
  (call) => {
    const hash = readHash(call, 1);
    call.reply.array(call.argc - 2);
    for (let i = 2; i < call.argc; i++) replyValue(call, hash, i);
  },
);

export const hgetall = command(
  {
    name: 'hgetall',
    group: 'hash',
    since: '2.0.0',
    arity: 2,
    flags: ['readonly'],
    acl: ['hash'],
    tips: ['nondeterministic_output_order'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg()],
    complexity: 'O(N) where N is the size of the hash.',
    summary: 'Returns all fields of a hash with their values.',
  },
  (call) => {
    const hash = readHash(call, 1);
    call.reply.map(hash.visibleSize);
    hash.forEach((field, value) => {
      replyView(call, field);
      replyView(call, value);
    });
  },
);

export const hkeys = command(
  {
    name: 'hkeys',
    group: 'hash',
    since: '2.0.0',
    arity: 2,
    flags: ['readonly'],
    acl: ['hash'],
    tips: ['nondeterministic_output_order'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg()],
    complexity: 'O(N) where N is the size of the hash.',
    summary: 'Lists the fields of a hash.',
  },
  (call) => {
    const hash = readHash(call, 1);
    call.reply.array(hash.visibleSize);
    hash.forEach((field) => {
      replyView(call, field);
    });
  },
);

export const hvals = command(
  {
    name: 'hvals',
    group: 'hash',
    since: '2.0.0',
    arity: 2,
    flags: ['readonly'],
    acl: ['hash'],
    tips: ['nondeterministic_output_order'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg()],
    complexity: 'O(N) where N is the size of the hash.',
    summary: 'Lists the values of a hash.',
  },
  (call) => {
    const hash = readHash(call, 1);
    call.reply.array(hash.visibleSize);
    hash.forEach((_field, value) => {
      replyView(call, value);
    });
  },
);

export const hlen = command(
  {
    name: 'hlen',
    group: 'hash',
    since: '2.0.0',
    arity: 2,
    flags: ['fast', 'readonly'],
    acl: ['hash'],
    keys: [key(1, ['RO'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Counts the fields of a hash.',
  },
  (call) => call.reply.integer(readHash(call, 1).size),
);

export const hexists = command(
  {
    name: 'hexists',
    group: 'hash',
    since: '2.0.0',
    arity: 3,
    flags: ['fast', 'readonly'],
    acl: ['hash'],
    keys: [key(1, ['RO'])],
    args: [keyArg(), text('field')],
    complexity: 'O(1)',
    summary: 'Says whether a field is there.',
  },
  (call) => {
    const hash = readHash(call, 1);
    call.reply.integer(hash.find(call.buffer, call.start(2), call.end(2)) ? 1 : 0);
  },
);

export const hstrlen = command(
  {
    name: 'hstrlen',
    group: 'hash',
    since: '3.2.0',
    arity: 3,
    flags: ['fast', 'readonly'],
    acl: ['hash'],
    keys: [key(1, ['RO'])],
    args: [keyArg(), text('field')],
    complexity: 'O(1)',
    summary: 'Returns how long the value of a field is.',
  },
  (call) => {
    const hash = readHash(call, 1);
    const found = hash.find(call.buffer, call.start(2), call.end(2));
    call.reply.integer(found ? hash.value.length : 0);
  },
);

export const hdel = command(
  {
    name: 'hdel',
    group: 'hash',
    since: '2.0.0',
    arity: -3,
    flags: ['fast', 'write'],
    acl: ['hash'],
    keys: [key(1, ['RW', 'delete'])],
    args: [keyArg(), text('field', { multiple: true })],
    complexity: 'O(N) where N is the number of fields to be removed.',
    summary: 'Deletes fields and, with the last one, the hash.',
  },
  (call) => {
    const hash = writeHash(call, 1);
    let deleted = 0;
    for (let i = 2; i < call.argc && (deleted === 0 || hash.size > 0); i++) {
      if (hash.remove(call.buffer, call.start(i), call.end(i))) deleted++;
    }
    hash.settle(call.db);
    if (deleted > 0) {
      call.changed(1, EventClass.hash, 'hdel', deleted);
      if (hash.size === 0) call.removeEmptied(1);
    }
    call.reply.integer(deleted);
  },
);

export const HASH_COMMANDS: readonly Command[] = [
  hset,
  hmset,
  hsetnx,
  hget,
  hmget,
  hgetall,
  hkeys,
  hvals,
  hlen,
  hexists,
  hstrlen,
  hdel,
  hrandfield,
  hscan,
  ...HASH_NUMBER_COMMANDS,
  ...HASH_EXPIRY_COMMANDS,
  ...HASH_EXPIRY_TIME_COMMANDS,
  ...HASH_TIMED_COMMANDS,
];
