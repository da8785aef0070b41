/** When keys expire: setting it, taking it away, asking for it. */
import { INT64_MAX, INT64_MIN, parseSafeInteger } from '../protocol/numbers.js';
import {
  GT_WITH_LT,
  invalidExpire,
  NX_WITH_OTHERS,
  unsupportedOption,
} from '../protocol/refusals.js';
import { integer, key, keyArg, oneOf, unixTime, word } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { expireNow, isAlreadyPast, type Moment } from './moments.js';
import { NONE, type Ref } from './store/arena.js';
import { NEVER } from './store/entry.js';

/** Conditions on the expiry a key has, one bit each. */
const Condition = { nx: 1, xx: 2, gt: 4, lt: 8 } as const;

const CONDITION_WORDS = [
  ['nx', Condition.nx],
  ['xx', Condition.xx],
  ['gt', Condition.gt],
  ['lt', Condition.lt],
] as const;

/** How a command gives or tells a moment. */
export interface TimeForm {
  readonly inSeconds: boolean;
  /** Counted from now. */
  readonly relative: boolean;
}

/** How a command that sets an expiry takes its moment. */
export interface SetterForm extends TimeForm {
  /** The command's name, for the error. */
  readonly name: string;
}

const SCALE = 1000n;
/** Up to this many units of time, numbers do exactly. */
const PLAIN_LIMIT = 1e12;

export const expire = command(
  {
    name: 'expire',
    group: 'generic',
    since: '1.0.0',
    arity: -3,
    flags: ['fast', 'write'],
    acl: ['keyspace'],
    keys: [key(1, ['RW', 'update'])],
    args: [
      keyArg(),
      integer('seconds'),
      oneOf('condition', [word('NX'), word('XX'), word('GT'), word('LT')], {
        since: '7.0.0',
        optional: true,
      }),
    ],
    complexity: 'O(1)',
    summary: 'Lets a key expire in so many seconds.',
  },
  expireBy({ name: 'expire', inSeconds: true, relative: true }),
);

export const pexpire = command(
  {
    name: 'pexpire',
    group: 'generic',
    since: '2.6.0',
    arity: -3,
    flags: ['fast', 'write'],
    acl: ['keyspace'],
    keys: [key(1, ['RW', 'update'])],
    args: [
      keyArg(),
      integer('milliseconds'),
      oneOf('condition', [word('NX'), word('XX'), word('GT'), word('LT')], {
        since: '7.0.0',
        optional: true,
      }),
    ],
    complexity: 'O(1)',
    summary: 'Lets a key expire in so many milliseconds.',
  },
  expireBy({ name: 'pexpire', inSeconds: false, relative: true }),
);

export const expireat = command(
  {
    name: 'expireat',
    group: 'generic',
    since: '1.2.0',
    arity: -3,
    flags: ['fast', 'write'],
    acl: ['keyspace'],
    keys: [key(1, ['RW', 'update'])],
    args: [
      keyArg(),
      unixTime('unix-time-seconds'),
      oneOf('condition', [word('NX'), word('XX'), word('GT'), word('LT')], {
        since: '7.0.0',
        optional: true,
      }),
    ],
    complexity: 'O(1)',
    summary: 'Lets a key expire at a Unix time in seconds.',
  },
  expireBy({ name: 'expireat', inSeconds: true, relative: false }),
);

export const pexpireat = command(
  {
    name: 'pexpireat',
    group: 'generic',
    since: '2.6.0',
    arity: -3,
    flags: ['fast', 'write'],
    acl: ['keyspace'],
    keys: [key(1, ['RW', 'update'])],
    args: [
      keyArg(),
      unixTime('unix-time-milliseconds'),
      oneOf('condition', [word('NX'), word('XX'), word('GT'), word('LT')], {
        since: '7.0.0',
        optional: true,
      }),
    ],
    complexity: 'O(1)',
    summary: 'Lets a key expire at a Unix time in milliseconds.',
  },
  expireBy({ name: 'pexpireat', inSeconds: false, relative: false }),
);

function expireBy(form: SetterForm): Command['run'] {
  return (call) => call.reply.integer(expireKey(call, form) ? 1 : 0);
}

/** Whether the key in argument 1 now expires, or went, at the time in argument 2. */
function expireKey(call: Call, form: SetterForm): boolean {
  const condition = readCondition(call, 3);
  const exactMs = readMoment(call, 2, form);
  const ref = call.write(1);
  if (ref === NONE) return false;
  if (!allows(condition, call.db.expiryOf(ref), exactMs)) return false;
  if (isAlreadyPast(call, exactMs)) {
    expireNow(call, 1, ref);
    return true;
  }
  call.db.setExactExpiry(ref, exactMs);
  if (form.name !== 'pexpireat') propagateMoment(call, exactMs);
  call.changed(1, EventClass.generic, 'expire');
  return true;
}

/** Replicas and files are told the moment, whatever the time it takes to tell them. */
function propagateMoment(call: Call, exactMs: Moment): void {
  if (!call.effects.propagates) return;
  const request: (string | Uint8Array)[] = ['PEXPIREAT', call.bytes(1)];
  request.push(String(exactMs < 0 ? 0 : exactMs));
  for (let i = 3; i < call.argc; i++) request.push(call.bytes(i));
  call.effects.propagateAs(request);
}

/** Reads `[NX|XX|GT|LT]` from argument `from` up to `to`. @throws {Refusal} On other words and on bad pairs. */
export function readCondition(call: Call, from: number, to = call.argc): number {
  let condition = 0;
  for (let i = from; i < to; i++) {
    const found = CONDITION_WORDS.find(([name]) => call.is(i, name));
    if (found === undefined) throw unsupportedOption(call.text(i));
    condition |= found[1];
  }
  if (condition & Condition.nx && condition !== Condition.nx) throw NX_WITH_OTHERS;
  if (condition & Condition.gt && condition & Condition.lt) throw GT_WITH_LT;
  return condition;
}

/** Whether an expiry that is `current` (or NEVER) may become `atMs`. A key without one lives for ever. */
export function allows(condition: number, current: Moment, atMs: Moment): boolean {
  if (condition === 0) return true;
  if (condition & Condition.nx && current !== NEVER) return false;
  if (condition & Condition.xx && current === NEVER) return false;
  if (condition & Condition.gt && (current === NEVER || atMs <= current)) return false;
  return !(condition & Condition.lt && current !== NEVER && atMs >= current);
}

/**
 * Argument `i` as a moment in ms since 1970; a BigInt when that may be beyond 2^53.
 *
 * @throws {Refusal} NOT_AN_INTEGER, or invalidExpire when the moment is beyond an int64.
 */
export function readMoment(call: Call, i: number, form: SetterForm): Moment {
  const baseMs = form.relative ? call.clock.now() : 0;
  const plain = parseSafeInteger(call.buffer, call.start(i), call.end(i));
  if (Math.abs(plain) < PLAIN_LIMIT) return (form.inSeconds ? plain * 1000 : plain) + baseMs;
  const exact = call.bigint(i);
  const ms = form.inSeconds ? exact * SCALE : exact;
  const moment = ms + BigInt(baseMs);
  if (ms < INT64_MIN || moment > INT64_MAX) throw invalidExpire(form.name);
  return moment;
}

export const persist = command(
  {
    name: 'persist',
    group: 'generic',
    since: '2.2.0',
    arity: 2,
    flags: ['fast', 'write'],
    acl: ['keyspace'],
    keys: [key(1, ['RW', 'update'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Lets a key that would have expired stay.',
  },
  (call) => {
    const ref = call.write(1);
    if (ref === NONE || !call.keyspace.entries.hasExpiry(ref)) return call.reply.integer(0);
    call.db.setExpiry(ref, NEVER);
    call.changed(1, EventClass.generic, 'persist');
    call.reply.integer(1);
  },
);

const NO_KEY = -2;
const NO_EXPIRY = -1;

/** Replies with the expiry of the key in argument 1, in the form given. */
function replyExpiry(form: TimeForm): Command['run'] {
  return (call) => {
    const { entries } = call.keyspace;
    const ref = call.inspect(1);
    if (ref === NONE) return call.reply.integer(NO_KEY);
    const atMs = entries.expireAtMs(ref);
    if (atMs === NEVER) return call.reply.integer(NO_EXPIRY);
    if (atMs > Number.MAX_SAFE_INTEGER) return replyFarExpiry(call, ref, form);
    const ms = form.relative ? Math.max(0, atMs - call.clock.now()) : atMs;
    call.reply.integer(form.inSeconds ? Math.floor((ms + 500) / 1000) : ms);
  };
}

/** As `replyExpiry`, beyond what numbers tell exactly. */
function replyFarExpiry(call: Call, ref: Ref, form: TimeForm): void {
  const atMs = call.keyspace.entries.exactExpireAtMs(ref);
  const ms = form.relative ? atMs - BigInt(call.clock.now()) : atMs;
  call.reply.integer(form.inSeconds ? (ms + 500n) / SCALE : ms);
}

export const ttl = command(
  {
    name: 'ttl',
    group: 'generic',
    since: '1.0.0',
    arity: 2,
    flags: ['fast', 'readonly'],
    acl: ['keyspace'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Returns how many seconds a key still has.',
  },
  replyExpiry({ inSeconds: true, relative: true }),
);

export const pttl = command(
  {
    name: 'pttl',
    group: 'generic',
    since: '2.6.0',
    arity: 2,
    flags: ['fast', 'readonly'],
    acl: ['keyspace'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Returns how many milliseconds a key still has.',
  },
  replyExpiry({ inSeconds: false, relative: true }),
);

export const expiretime = command(
  {
    name: 'expiretime',
    group: 'generic',
    since: '7.0.0',
    arity: 2,
    flags: ['fast', 'readonly'],
    acl: ['keyspace'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Returns the Unix time in seconds at which a key expires.',
  },
  replyExpiry({ inSeconds: true, relative: false }),
);

export const pexpiretime = command(
  {
    name: 'pexpiretime',
    group: 'generic',
    since: '7.0.0',
    arity: 2,
    flags: ['fast', 'readonly'],
    acl: ['keyspace'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Returns the Unix time in milliseconds at which a key expires.',
  },
  replyExpiry({ inSeconds: false, relative: false }),
);
