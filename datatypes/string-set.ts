/** Strings set on conditions or for a time: the long forms of SET, and SETEX, GETEX, MSETEX and their like. */
import { equalBytes } from '../protocol/bytes.js';
import { INVALID_NUMKEYS, SYNTAX_ERROR, WRONG_TYPE } from '../protocol/refusals.js';
import { block, integer, key, keyArg, oneOf, text, unixTime, word } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { command } from './command.js';
import { expireNow, isAlreadyPast, type Moment, notifyExpire } from './moments.js';
import {
  CONDITION_OPTIONS,
  EXPIRY_OPTIONS,
  isExpiryOption,
  readExpireAt,
  readSetOptions,
  SetOption,
  type SetOptions,
} from './options.js';
import { NONE, type Ref } from './store/arena.js';
import { NEVER, Type } from './store/entry.js';
import { asString, replyString, setArgument } from './string-values.js';

const KNOWN_TO_SET = CONDITION_OPTIONS | EXPIRY_OPTIONS | SetOption.get | SetOption.keepTtl;
const KNOWN_TO_GETEX = EXPIRY_OPTIONS | SetOption.persist;
const KNOWN_TO_MSETEX = SetOption.nx | SetOption.xx | EXPIRY_OPTIONS | SetOption.keepTtl;
const LARGEST_NUMKEYS = 2 ** 31 - 1;

/** SET with options. */
export function setWithOptions(call: Call): void {
  const options = readSetOptions(call, 3, KNOWN_TO_SET);
  const { given, expiryAt } = options;
  const expires = expiryAt !== 0;
  const expireAtMs = expires ? readExpireAt(call, expiryAt, given, 'set') : NEVER;
  const answersOld = (given & SetOption.get) !== 0;
  // The old value is replied first, as it is about to go.
  const ref = answersOld ? asString(call, call.read(1)) : call.write(1);
  if (answersOld) replyString(call, ref);
  if (!conditionHolds(call, ref, options)) {
    if (!answersOld) call.reply.nil();
    return;
  }
  // With a moment in milliseconds the request already says the same everywhere.
  const absolute = (given & SetOption.pxat) !== 0;
  const named = call.argc === 5 ? Travel.named : Travel.renamed;
  if (expires) setExpiring(call, 1, 2, ref, expireAtMs, absolute ? Travel.asRequested : named);
  else if ((given & SetOption.keepTtl) !== 0) setArgument(call, 1, 2, expiryOf(call, ref));
  else setArgument(call, 1, 2, NEVER);
  if (answersOld) {
    if (!expires) propagateWithoutGet(call, options);
    return;
  }
  call.reply.ok();
}

/** Whether SET's NX, XX or IFEQ, if any, lets the value be set. `ref` is what is there, or NONE. */
function conditionHolds(call: Call, ref: Ref, options: SetOptions): boolean {
  const { given, comparisonAt } = options;
  if ((given & SetOption.nx) !== 0) return ref === NONE;
  if ((given & SetOption.xx) !== 0) return ref !== NONE;
  if ((given & SetOption.ifeq) === 0) return true;
  if (ref === NONE) return false;
  if (call.keyspace.entries.type(ref) !== Type.string) throw WRONG_TYPE;
  const { bytes, start, end } = call.db.stringAt(ref);
  const { buffer } = call;
  return equalBytes(bytes, start, end, buffer, call.start(comparisonAt), call.end(comparisonAt));
}

/** When the entry expires; NEVER also for NONE. */
function expiryOf(call: Call, ref: Ref): Moment {
  return ref === NONE ? NEVER : call.db.expiryOf(ref);
}

/** How a request travels: as it came, or with its expiry as a moment, under the name it came with or as SET. */
const Travel = { asRequested: 0, named: 1, renamed: 2 } as const;
type Travel = (typeof Travel)[keyof typeof Travel];

/** Sets a key that expires, or makes it go if that is past. `ref` is what is there, or NONE. */
function setExpiring(
  call: Call,
  keyAt: number,
  valueAt: number,
  ref: Ref,
  expireAtMs: Moment,
  travel: Travel = Travel.renamed,
): void {
  if (isAlreadyPast(call, expireAtMs)) {
    if (ref !== NONE) expireNow(call, keyAt, ref);
    return;
  }
  setArgument(call, keyAt, valueAt, expireAtMs);
  notifyExpire(call, keyAt);
  if (travel === Travel.asRequested || !call.effects.propagates) return;
  const moment = String(expireAtMs);
  const name = travel === Travel.named ? call.bytes(0) : 'SET';
  call.effects.propagateAs([name, call.bytes(keyAt), call.bytes(valueAt), 'PXAT', moment]);
}

/** SET ... GET travels without the GET: nobody there wants the old value. */
function propagateWithoutGet(call: Call, options: SetOptions): void {
  if (!call.effects.propagates) return;
  const request = [call.bytes(0), call.bytes(1), call.bytes(2)];
  for (let i = 3; i < call.argc; i++) {
    if (i === options.comparisonAt || !call.is(i, 'get')) request.push(call.bytes(i));
  }
  call.effects.propagateAs(request);
}

function setFor(call: Call, option: number, name: string): void {
  const expireAtMs = readExpireAt(call, 2, option, name);
  setExpiring(call, 1, 3, call.write(1), expireAtMs);
  call.reply.ok();
}

export const setex = command(
  {
    name: 'setex',
    group: 'string',
    since: '2.0.0',
    arity: 4,
    flags: ['write', 'denyoom'],
    acl: ['string'],
    keys: [key(1, ['OW', 'update'])],
    args: [keyArg(), integer('seconds'), text('value')],
    complexity: 'O(1)',
    summary: 'Sets a key to a string for some seconds.',
  },
  (call) => setFor(call, SetOption.ex, 'setex'),
);

export const psetex = command(
  {
    name: 'psetex',
    group: 'string',
    since: '2.6.0',
    arity: 4,
    flags: ['write', 'denyoom'],
    acl: ['string'],
    keys: [key(1, ['OW', 'update'])],
    args: [keyArg(), integer('milliseconds'), text('value')],
    complexity: 'O(1)',
    summary: 'Sets a key to a string for some milliseconds.',
  },
  (call) => setFor(call, SetOption.px, 'psetex'),
);

export const setnx = command(
  {
    name: 'setnx',
    group: 'string',
    since: '1.0.0',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    acl: ['string'],
    keys: [key(1, ['OW', 'insert'])],
    args: [keyArg(), text('value')],
    complexity: 'O(1)',
    summary: 'Sets a key to a string if it is not there.',
  },
  (call) => {
    if (call.write(1) !== NONE) return call.reply.integer(0);
    setArgument(call, 1, 2, NEVER);
    call.reply.integer(1);
  },
);

export const getset = command(
  {
    name: 'getset',
    group: 'string',
    since: '1.0.0',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    acl: ['string'],
    keys: [key(1, ['RW', 'access', 'update'])],
    args: [keyArg(), text('value')],
    complexity: 'O(1)',
    summary: 'Sets a key to a string and returns the one it held before.',
  },
  (call) => {
    replyString(call, asString(call, call.read(1)));
    setArgument(call, 1, 2, NEVER);
    if (!call.effects.propagates) return;
    call.effects.propagateAs(['SET', call.bytes(1), call.bytes(2)]);
  },
);

export const getex = command(
  {
    name: 'getex',
    group: 'string',
    since: '6.2.0',
    arity: -2,
    flags: ['write', 'fast'],
    acl: ['string'],
    keys: [key(1, ['RW', 'access', 'update'])],
    args: [
      keyArg(),
      oneOf(
        'expiration',
        [
          integer('seconds', { token: 'EX' }),
          integer('milliseconds', { token: 'PX' }),
          unixTime('unix-time-seconds', { token: 'EXAT' }),
          unixTime('unix-time-milliseconds', { token: 'PXAT' }),
          word('PERSIST'),
        ],
        { optional: true },
      ),
    ],
    complexity: 'O(1)',
    summary: 'Returns the string a key holds, and may set or remove its expiry.',
  },
  (call) => {
    const { given, expiryAt } = readSetOptions(call, 2, KNOWN_TO_GETEX);
    const expireAtMs = expiryAt === 0 ? NEVER : readExpireAt(call, expiryAt, given, 'getex');
    const ref = asString(call, call.read(1));
    replyString(call, ref);
    if (ref === NONE) return;
    if (expiryAt !== 0) expireAt(call, ref, expireAtMs);
    else if ((given & SetOption.persist) !== 0) persist(call, ref);
  },
);

/** Gives the entry of key argument 1 an expiry, or makes it go if that is past. */
function expireAt(call: Call, ref: Ref, expireAtMs: Moment): void {
  if (isAlreadyPast(call, expireAtMs)) return expireNow(call, 1, ref);
  call.db.setExactExpiry(ref, expireAtMs);
  call.changed(1, EventClass.generic, 'expire');
  if (!call.effects.propagates) return;
  call.effects.propagateAs(['PEXPIREAT', call.bytes(1), String(expireAtMs)]);
}

/** Takes the expiry, if any, from the entry of key argument 1. */
function persist(call: Call, ref: Ref): void {
  if (!call.keyspace.entries.hasExpiry(ref)) return;
  call.db.setExpiry(ref, NEVER);
  call.changed(1, EventClass.generic, 'persist');
  if (call.effects.propagates) call.effects.propagateAs(['PERSIST', call.bytes(1)]);
}

export const msetex = command(
  {
    name: 'msetex',
    group: 'string',
    since: '9.1.0',
    arity: -4,
    flags: ['write', 'denyoom', 'movablekeys'],
    acl: ['string'],
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
    keys: [
      {
        flags: ['OW', 'update'],
        begin: { index: 1 },
        find: { countAt: 0, first: 1, step: 2 },
      },
    ],
    args: [
      integer('numkeys'),
      block('data', [keyArg(), text('value')], { multiple: true }),
      oneOf('condition', [word('NX'), word('XX')], { optional: true }),
      oneOf(
        'expiration',
        [
          integer('seconds', { token: 'EX' }),
          integer('milliseconds', { token: 'PX' }),
          unixTime('unix-time-seconds', { token: 'EXAT' }),
          unixTime('unix-time-milliseconds', { token: 'PXAT' }),
          word('KEEPTTL'),
        ],
        { optional: true },
      ),
    ],
    complexity: 'O(N) where N is the number of keys to set.',
    summary: 'Sets several keys, each to its string, all with one condition and one expiry.',
  },
  (call) => {
    const count = call.int(1, INVALID_NUMKEYS);
    if (count < 1 || count > LARGEST_NUMKEYS) throw INVALID_NUMKEYS;
    const end = 2 + count * 2;
    if (end > call.argc) throw SYNTAX_ERROR;
    const { given, expiryAt } = readSetOptions(call, end, KNOWN_TO_MSETEX);
    const expireAtMs = expiryAt === 0 ? NEVER : readExpireAt(call, expiryAt, given, 'msetex');
    if (!allFit(call, end, given)) return call.reply.integer(0);
    const keeps = (given & SetOption.keepTtl) !== 0;
    for (let i = 2; i < end; i += 2) {
      setArgument(call, i, i + 1, keeps ? expiryOf(call, call.write(i)) : expireAtMs);
      if (expiryAt !== 0) notifyExpire(call, i);
    }
    const isMoment = (given & SetOption.pxat) !== 0;
    if (expiryAt !== 0 && !isMoment) propagateMoment(call, end, expireAtMs);
    call.reply.integer(1);
  },
);

/** Whether all keys of MSETEX are absent (NX) or there (XX). */
function allFit(call: Call, end: number, given: number): boolean {
  if ((given & (SetOption.nx | SetOption.xx)) === 0) return true;
  const wanted = (given & SetOption.xx) !== 0;
  for (let i = 2; i < end; i += 2) if ((call.write(i) !== NONE) !== wanted) return false;
  return true;
}

/** MSETEX travels with its expiry as a moment. */
function propagateMoment(call: Call, optionsFrom: number, expireAtMs: Moment): void {
  if (!call.effects.propagates) return;
  const request: (string | Uint8Array)[] = [];
  for (let i = 0; i < call.argc; i++) {
    if (i < optionsFrom || !isExpiryOption(call, i)) {
      request.push(call.bytes(i));
      continue;
    }
    request.push('PXAT', String(expireAtMs));
    i++;
  }
  call.effects.propagateAs(request);
}
