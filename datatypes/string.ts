/** Strings: GET, SET and their family. */
import { equalBytes } from '../protocol/bytes.js';
import { WRONG_TYPE, wrongArity } from '../protocol/refusals.js';
import {
  block,
  integer,
  type KeyFlag,
  key,
  keyArg,
  oneOf,
  text,
  unixTime,
  word,
} from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { NONE } from './store/arena.js';
import { NEVER, Type } from './store/entry.js';
import { lcs } from './string-lcs.js';
import { decr, decrby, incr, incrby, incrbyfloat } from './string-numbers.js';
import { append, getrange, setrange, strlen, substr } from './string-range.js';
import { getex, getset, msetex, psetex, setex, setnx, setWithOptions } from './string-set.js';
import { asString, replyString, setArgument } from './string-values.js';

export const get = command(
  {
    name: 'get',
    group: 'string',
    since: '1.0.0',
    arity: 2,
    flags: ['readonly', 'fast'],
    acl: ['string'],
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
    acl: ['string'],
    keys: [key(1, ['RW', 'access', 'update', 'variable_flags'])],
    args: [
      keyArg(),
      text('value'),
      oneOf(
        'condition',
        [
          word('NX', { since: '2.6.12' }),
          word('XX', { since: '2.6.12' }),
          text('comparison-value', { token: 'IFEQ', since: '8.1.0' }),
        ],
        { optional: true },
      ),
      word('GET', { since: '6.2.0', optional: true }),
      oneOf(
        'expiration',
        [
          integer('seconds', { token: 'EX', since: '2.6.12' }),
          integer('milliseconds', { token: 'PX', since: '2.6.12' }),
          unixTime('unix-time-seconds', { token: 'EXAT', since: '6.2.0' }),
          unixTime('unix-time-milliseconds', { token: 'PXAT', since: '6.2.0' }),
          word('KEEPTTL', { since: '6.0.0' }),
        ],
        { optional: true },
      ),
    ],
    complexity: 'O(1)',
    summary: 'Sets a key to a string, on conditions and for a time if wanted.',
  },
  (call) => {
    if (call.argc > 3) return setWithOptions(call);
    setArgument(call, 1, 2, NEVER);
    call.reply.ok();
  },
  { findKeys: (call) => [{ index: 1, flags: hasGet(call) ? GET_AND_SET : SET_ONLY }] },
);

const GET_AND_SET: readonly KeyFlag[] = ['RW', 'access', 'update'];
const SET_ONLY: readonly KeyFlag[] = ['OW', 'update'];

/** Whether a SET also reads the value: its key's flags depend on it. */
function hasGet(call: Call): boolean {
  for (let i = 3; i < call.argc; i++) if (call.is(i, 'get')) return true;
  return false;
}

export const mget = command(
  {
    name: 'mget',
    group: 'string',
    since: '1.0.0',
    arity: -2,
    flags: ['readonly', 'fast'],
    acl: ['string'],
    tips: ['request_policy:multi_shard'],
    keys: [key(1, ['RO', 'access'], -1)],
    args: [keyArg('key', { multiple: true })],
    complexity: 'O(N) where N is the number of keys to retrieve.',
    summary: 'Returns the strings of several keys; nil where there is no string.',
  },
  (call) => {
    const { entries } = call.keyspace;
    call.reply.array(call.argc - 1);
    for (let i = 1; i < call.argc; i++) {
      const ref = call.read(i);
      replyString(call, ref !== NONE && entries.type(ref) === Type.string ? ref : NONE);
    }
  },
);

/** @throws {Refusal} wrongArity when a key has no value. */
function requirePairs(call: Call, name: string): void {
  if (call.argc % 2 === 0) throw wrongArity(name);
}

export const mset = command(
  {
    name: 'mset',
    group: 'string',
    since: '1.0.1',
    arity: -3,
    flags: ['write', 'denyoom'],
    acl: ['string'],
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
    keys: [key(1, ['OW', 'update'], -1, 2)],
    args: [block('data', [keyArg(), text('value')], { multiple: true })],
    complexity: 'O(N) where N is the number of keys to set.',
    summary: 'Sets several keys, each to its string.',
  },
  (call) => {
    requirePairs(call, 'mset');
    for (let i = 1; i < call.argc; i += 2) setArgument(call, i, i + 1, NEVER);
    call.reply.ok();
  },
);

export const msetnx = command(
  {
    name: 'msetnx',
    group: 'string',
    since: '1.0.1',
    arity: -3,
    flags: ['write', 'denyoom'],
    acl: ['string'],
    keys: [key(1, ['OW', 'insert'], -1, 2)],
    args: [block('data', [keyArg(), text('value')], { multiple: true })],
    complexity: 'O(N) where N is the number of keys to set.',
    summary: 'Sets several keys, but only if none of them is there.',
  },
  (call) => {
    requirePairs(call, 'msetnx');
    for (let i = 1; i < call.argc; i += 2) {
      if (call.write(i) !== NONE) return call.reply.integer(0);
    }
    for (let i = 1; i < call.argc; i += 2) setArgument(call, i, i + 1, NEVER);
    call.reply.integer(1);
  },
);

/** Deletes key argument 1, which is there; AOF and replicas get a DEL. */
function deleteKey(call: Call): void {
  call.db.delete(call.buffer, call.start(1), call.end(1));
  call.changed(1, EventClass.generic, 'del');
  if (call.effects.propagates) call.effects.propagateAs(['DEL', call.bytes(1)]);
}

export const getdel = command(
  {
    name: 'getdel',
    group: 'string',
    since: '6.2.0',
    arity: 2,
    flags: ['write', 'fast'],
    acl: ['string'],
    keys: [key(1, ['RW', 'access', 'delete'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Returns the string a key holds and deletes the key.',
  },
  (call) => {
    const ref = asString(call, call.read(1));
    replyString(call, ref);
    if (ref !== NONE) deleteKey(call);
  },
);

export const delifeq = command(
  {
    name: 'delifeq',
    group: 'string',
    since: '9.0.0',
    arity: 3,
    flags: ['write', 'fast'],
    acl: ['string'],
    keys: [key(1, ['RM', 'delete'])],
    args: [keyArg(), text('value')],
    complexity: 'O(1)',
    summary: 'Deletes a key if it holds the string given.',
  },
  (call) => {
    const ref = asString(call, call.write(1));
    if (ref === NONE) return call.reply.integer(0);
    const { bytes, start, end } = call.db.stringAt(ref);
    const equal = equalBytes(bytes, start, end, call.buffer, call.start(2), call.end(2));
    if (!equal) return call.reply.integer(0);
    deleteKey(call);
    call.reply.integer(1);
  },
);

export const STRING_COMMANDS: readonly Command[] = [
  append,
  decr,
  decrby,
  delifeq,
  get,
  getdel,
  getex,
  getrange,
  getset,
  incr,
  incrby,
  incrbyfloat,
  lcs,
  mget,
  mset,
  msetex,
  msetnx,
  psetex,
  set,
  setex,
  setnx,
  setrange,
  strlen,
  substr,
];
