/** When fields of hashes expire: HEXPIRE and its family, HPERSIST. */
import { invalidExpire } from '../protocol/refusals.js';
import { block, integer, key, keyArg, oneOf, text, word } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { findFields, readFieldCount, requireFieldsAt } from './hash-fields.js';
import { type HashLens, writeHash } from './hash-value.js';
import { allows, readCondition, readMoment, type SetterForm } from './keys-expiry.js';
import { isAlreadyPast } from './moments.js';
import { NEVER } from './store/entry.js';

/** What is replied for a field. */
export const FieldReply = {
  absent: -2,
  /** It has no expiry. */
  persistent: -1,
  refused: 0,
  done: 1,
  /** It went, as its time has passed already. */
  deleted: 2,
} as const;

export const hexpire = command(
  {
    name: 'hexpire',
    group: 'hash',
    since: '9.0.0',
    arity: -6,
    flags: ['fast', 'write'],
    acl: ['hash'],
    keys: [key(1, ['RW', 'update'])],
    args: [
      keyArg(),
      integer('seconds'),
      oneOf('condition', [word('NX'), word('XX'), word('GT'), word('LT')], { optional: true }),
      block('fields', [integer('numfields'), text('field', { multiple: true })], {
        token: 'FIELDS',
      }),
    ],
    complexity: 'O(N) where N is the number of specified fields.',
    summary: 'Lets fields expire in so many seconds.',
  },
  expireBy({ name: 'hexpire', inSeconds: true, relative: true }),
);

export const hpexpire = command(
  {
    name: 'hpexpire',
    group: 'hash',
    since: '9.0.0',
    arity: -6,
    flags: ['fast', 'write'],
    acl: ['hash'],
    keys: [key(1, ['RW', 'update'])],
    args: [
      keyArg(),
      integer('milliseconds'),
      oneOf('condition', [word('NX'), word('XX'), word('GT'), word('LT')], {
        since: '9.0.0',
        optional: true,
      }),
      block('fields', [integer('numfields', { keySpec: 0 }), text('field', { multiple: true })], {
        token: 'FIELDS',
      }),
    ],
    complexity: 'O(N) where N is the number of specified fields.',
    summary: 'Lets fields expire in so many milliseconds.',
  },
  expireBy({ name: 'hpexpire', inSeconds: false, relative: true }),
);

export const hexpireat = command(
  {
    name: 'hexpireat',
    group: 'hash',
    since: '9.0.0',
    arity: -6,
    flags: ['fast', 'write'],
    acl: ['hash'],
    keys: [key(1, ['RW', 'update'])],
    args: [
      keyArg(),
      integer('unix-time-seconds'),
      oneOf('condition', [word('NX'), word('XX'), word('GT'), word('LT')], {
        since: '9.0.0',
        optional: true,
      }),
      block('fields', [integer('numfields', { keySpec: 0 }), text('field', { multiple: true })], {
        token: 'FIELDS',
      }),
    ],
    complexity: 'O(N) where N is the number of specified fields.',
    summary: 'Lets fields expire at a Unix time in seconds.',
  },
  expireBy({ name: 'hexpireat', inSeconds: true, relative: false }),
);

export const hpexpireat = command(
  {
    name: 'hpexpireat',
    group: 'hash',
    since: '9.0.0',
    arity: -6,
    flags: ['fast', 'write'],
    acl: ['hash'],
    keys: [key(1, ['RW', 'update'])],
    args: [
      keyArg(),
      integer('unix-time-milliseconds'),
      oneOf('condition', [word('NX'), word('XX'), word('GT'), word('LT')], {
        since: '9.0.0',
        optional: true,
      }),
      block('fields', [integer('numfields', { keySpec: 0 }), text('field', { multiple: true })], {
        token: 'FIELDS',
      }),
    ],
    complexity: 'O(N) where N is the number of specified fields.',
    summary: 'Lets fields expire at a Unix time in milliseconds.',
  },
  expireBy({ name: 'hpexpireat', inSeconds: false, relative: false }),
);

function expireBy(form: SetterForm): Command['run'] {
  return (call) => {
    const fieldsAt = findFields(call, 3);
    const condition = readCondition(call, 3, fieldsAt);
    const count = readFieldCount(call, fieldsAt, 1);
    const moment = readMoment(call, 2, form);
    if (call.bigint(2) < 0n) throw invalidExpire(form.name);
    const hash = writeHash(call, 1);
    const isPast = isAlreadyPast(call, moment);
    const first = fieldsAt + 2;
    const done: number[] = [];
    call.reply.array(count);
    for (let i = first; i < first + count; i++) {
      const [start, end] = [call.start(i), call.end(i)];
      if (!hash.find(call.buffer, start, end)) call.reply.integer(FieldReply.absent);
      else if (!allows(condition, hash.foundMoment, moment)) call.reply.integer(FieldReply.refused);
      else {
        if (isPast) hash.remove(call.buffer, start, end);
        else hash.setFoundMoment(call.buffer, start, end, moment);
        call.reply.integer(isPast ? FieldReply.deleted : FieldReply.done);
        done.push(i);
      }
    }
    hash.settle(call.db);
    if (done.length === 0) return;
    if (isPast) return tellExpired(call, hash, done);
    call.changed(1, EventClass.hash, 'hexpire', done.length);
    if (form.name === 'hpexpireat' || !call.effects.propagates) return;
    const request = ['HPEXPIREAT', call.bytes(1), String(moment)];
    for (let i = 3; i < call.argc; i++) request.push(call.bytes(i));
    call.effects.propagateAs(request);
  };
}

/** The fields in arguments `gone` were given a time of the past, and went. */
export function tellExpired(call: Call, hash: HashLens, gone: readonly number[]): void {
  call.keyspace.stats.expiredFields += gone.length;
  if (gone.length > 0) call.changed(1, EventClass.hash, 'hexpired', gone.length);
  else call.told(1, EventClass.hash, 'hexpired', 0);
  if (hash.size === 0) call.removeEmptied(1);
  propagateFields(call, ['HDEL', call.bytes(1)], gone);
}

/** Sends `words` and the fields in arguments `fields` in place of the request. */
export function propagateFields(
  call: Call,
  words: readonly (string | Uint8Array)[],
  fields: readonly number[],
): void {
  if (!call.effects.propagates) return;
  call.effects.propagateAs([...words, ...fields.map((i) => call.bytes(i))]);
}

export const hpersist = command(
  {
    name: 'hpersist',
    group: 'hash',
    since: '9.0.0',
    arity: -5,
    flags: ['fast', 'write'],
    acl: ['hash'],
    keys: [key(1, ['RW', 'update'])],
    args: [
      keyArg(),
      block('fields', [integer('numfields', { keySpec: 0 }), text('field', { multiple: true })], {
        token: 'FIELDS',
      }),
    ],
    complexity: 'O(N) where N is the number of specified fields.',
    summary: 'Lets fields that would have expired stay.',
  },
  (call) => {
    requireFieldsAt(call, 2);
    const count = readFieldCount(call, 2, 1);
    const hash = writeHash(call, 1);
    let changes = 0;
    call.reply.array(count);
    for (let i = 4; i < call.argc; i++) {
      const [start, end] = [call.start(i), call.end(i)];
      if (!hash.find(call.buffer, start, end)) call.reply.integer(FieldReply.absent);
      else if (hash.foundMoment === NEVER) call.reply.integer(FieldReply.persistent);
      else {
        hash.setFoundMoment(call.buffer, start, end, NEVER);
        call.reply.integer(FieldReply.done);
        changes++;
      }
    }
    hash.settle(call.db);
    if (changes > 0) call.changed(1, EventClass.hash, 'hpersist', changes);
  },
);

export const HASH_EXPIRY_COMMANDS: readonly Command[] = [
  hexpire,
  hpexpire,
  hexpireat,
  hpexpireat,
  hpersist,
];
