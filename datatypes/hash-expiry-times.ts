/** When fields of hashes expire: asking for it. */
import { SYNTAX_ERROR } from '../protocol/refusals.js';
import { block, integer, key, keyArg, text } from '../protocol/spec.js';
import { type Command, command } from './command.js';
import { FieldReply } from './hash-expiry.js';
import { readFieldCount, requireFieldsAt } from './hash-fields.js';
import { readHash } from './hash-value.js';
import type { TimeForm } from './keys-expiry.js';
import { NEVER } from './store/entry.js';
import type { FieldMoment } from './store/field-table.js';

/** Replies with the expiry of each field named, in the form given. */
function replyTimes(form: TimeForm): Command['run'] {
  return (call) => {
    requireFieldsAt(call, 2);
    const count = readFieldCount(call, 2, 1, SYNTAX_ERROR);
    const hash = readHash(call, 1);
    const nowMs = call.clock.now();
    call.reply.array(count);
    for (let i = 4; i < call.argc; i++) {
      if (!hash.find(call.buffer, call.start(i), call.end(i))) {
        call.reply.integer(FieldReply.absent);
      } else if (hash.foundMoment === NEVER) call.reply.integer(FieldReply.persistent);
      else call.reply.integer(inForm(hash.foundMoment, form, nowMs));
    }
  };
}

/** Seconds are rounded. */
function inForm(
  moment: FieldMoment,
  { inSeconds, relative }: TimeForm,
  nowMs: number,
): FieldMoment {
  if (typeof moment === 'bigint') {
    const ms = relative ? moment - BigInt(nowMs) : moment;
    return inSeconds ? (ms + 500n) / 1000n : ms;
  }
  const ms = relative ? Math.max(0, moment - nowMs) : moment;
  return inSeconds ? Math.floor((ms + 500) / 1000) : ms;
}

export const httl = command(
  {
    name: 'httl',
    group: 'hash',
    since: '9.0.0',
    arity: -5,
    flags: ['fast', 'readonly'],
    acl: ['hash'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      block('fields', [integer('numfields', { keySpec: 0 }), text('field', { multiple: true })], {
        token: 'FIELDS',
      }),
    ],
    complexity: 'O(N) where N is the number of specified fields.',
    summary: 'Returns how many seconds fields still have.',
  },
  replyTimes({ inSeconds: true, relative: true }),
);

export const hpttl = command(
  {
    name: 'hpttl',
    group: 'hash',
    since: '9.0.0',
    arity: -5,
    flags: ['fast', 'readonly'],
    acl: ['hash'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      block('fields', [integer('numfields', { keySpec: 0 }), text('field', { multiple: true })], {
        token: 'FIELDS',
      }),
    ],
    complexity: 'O(N) where N is the number of specified fields.',
    summary: 'Returns how many milliseconds fields still have.',
  },
  replyTimes({ inSeconds: false, relative: true }),
);

export const hexpiretime = command(
  {
    name: 'hexpiretime',
    group: 'hash',
    since: '9.0.0',
    arity: -5,
    flags: ['fast', 'readonly'],
    acl: ['hash'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      block('fields', [integer('numfields', { keySpec: 0 }), text('field', { multiple: true })], {
        token: 'FIELDS',
      }),
    ],
    complexity: 'O(N) where N is the number of specified fields.',
    summary: 'Returns the Unix times in seconds at which fields expire.',
  },
  replyTimes({ inSeconds: true, relative: false }),
);

export const hpexpiretime = command(
  {
    name: 'hpexpiretime',
    group: 'hash',
    since: '9.0.0',
    arity: -5,
    flags: ['fast', 'readonly'],
    acl: ['hash'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      block('fields', [integer('numfields', { keySpec: 0 }), text('field', { multiple: true })], {
        token: 'FIELDS',
      }),
    ],
    complexity: 'O(N) where N is the number of specified fields.',
    summary: 'Returns the Unix times in milliseconds at which fields expire.',
  },
  replyTimes({ inSeconds: false, relative: false }),
);

export const HASH_EXPIRY_TIME_COMMANDS: readonly Command[] = [
  httl,
  hpttl,
  hexpiretime,
  hpexpiretime,
];
