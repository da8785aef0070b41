/** Values and expiry of fields in one command: HSETEX, HGETEX, HGETDEL. */
import { block, integer, key, keyArg, oneOf, text, unixTime, word } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { propagateFields, tellExpired } from './hash-expiry.js';
import { findFields, readFieldCount, requireFieldsAt } from './hash-fields.js';
import { type HashLens, KEEP, readHash, replyValue, writeHash } from './hash-value.js';
import { isAlreadyPast } from './moments.js';
import { EXPIRY_OPTIONS, readExpireAt, readSetOptions, SetOption } from './options.js';
import { NONE } from './store/arena.js';
import { NEVER } from './store/entry.js';
import type { FieldMoment } from './store/field-table.js';

const HSETEX_OPTIONS =
  EXPIRY_OPTIONS | SetOption.keepTtl | SetOption.nx | SetOption.xx | SetOption.fnx | SetOption.fxx;
const CONDITIONS = SetOption.nx | SetOption.xx | SetOption.fnx | SetOption.fxx;

/** What the options between the key and FIELDS say, and where the fields are. */
interface TimedRequest {
  readonly given: number;
  readonly moment: FieldMoment;
  readonly first: number;
  readonly count: number;
  readonly hash: HashLens;
}

/** Reads options up to FIELDS, and opens the hash. `step` is how many arguments a field takes: one is only read. */
function readTimed(call: Call, name: string, allowed: number, step: number): TimedRequest {
  // From the key on: the real server takes even a key of that name for the word.
  const fieldsAt = findFields(call, 1);
  const { given, expiryAt } = readSetOptions(call, 2, allowed, fieldsAt);
  const count = readFieldCount(call, fieldsAt, step);
  const hash = step === 1 ? readHash(call, 1) : writeHash(call, 1);
  if (hash.ref !== NONE) call.db.beforeChange(hash.ref);
  // Where the key is not as it should be, the real server takes any time.
  const isRead = expiryAt > 0 && hasKeyAsWanted(given, hash);
  const moment = isRead ? readExpireAt(call, expiryAt, given, name, 0n) : NEVER;
  return { given, moment, first: fieldsAt + 2, count, hash };
}

export const hsetex = command(
  {
    name: 'hsetex',
    group: 'hash',
    since: '9.0.0',
    arity: -6,
    flags: ['denyoom', 'fast', 'write'],
    acl: ['hash'],
    keys: [key(1, ['RW', 'insert'])],
    args: [
      keyArg(),
      oneOf('key-condition', [word('NX'), word('XX')], { optional: true }),
      oneOf('fields-condition', [word('FNX'), word('FXX')], { optional: true }),
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
      block(
        'fields',
        [
          integer('numfields', { keySpec: 0 }),
          block('data', [text('field'), text('value')], { multiple: true }),
        ],
        { token: 'FIELDS' },
      ),
    ],
    complexity: 'O(N) where N is the number of specified fields.',
    summary: 'Sets fields of a hash and when they expire.',
  },
  (call) => {
    const request = readTimed(call, 'hsetex', HSETEX_OPTIONS, 2);
    if (!isAllowed(call, request)) return call.reply.integer(0);
    request.hash.create(call, 1);
    if (request.moment !== NEVER && isAlreadyPast(call, request.moment)) dropAll(call, request);
    else setAll(call, request);
    call.reply.integer(1);
  },
);

function hasKeyAsWanted(given: number, { ref }: HashLens): boolean {
  return (given & (ref === NONE ? SetOption.xx : SetOption.nx)) === 0;
}

function isAllowed(call: Call, { given, hash, first, count }: TimedRequest): boolean {
  if (!hasKeyAsWanted(given, hash)) return false;
  if ((given & (SetOption.fnx | SetOption.fxx)) === 0) return true;
  const wanted = (given & SetOption.fxx) !== 0;
  for (let i = first; i < first + count * 2; i += 2) {
    if (hash.find(call.buffer, call.start(i), call.end(i)) !== wanted) return false;
  }
  return true;
}

/** Fields set to expire in the past: all that is left to do is to take them away. */
function dropAll(call: Call, { hash, first, count }: TimedRequest): void {
  const gone: number[] = [];
  for (let i = first; i < first + count * 2; i += 2) {
    if (hash.drop(call.buffer, call.start(i), call.end(i))) gone.push(i);
  }
  hash.settle(call.db);
  call.told(1, EventClass.hash, 'hset', count);
  call.effects.notify(call.db, EventClass.hash, 'hexpire', call.bytes(1));
  tellExpired(call, hash, gone);
  call.keyspace.stats.expiredFields += count - gone.length;
  if (gone.length === 0) call.effects.propagateNothing();
}

function setAll(call: Call, request: TimedRequest): void {
  const { hash, first, count, given, moment } = request;
  const { buffer, effects } = call;
  const expired: number[] = [];
  const atMs = (given & SetOption.keepTtl) !== 0 ? KEEP : moment;
  for (let i = first; i < first + count * 2; i += 2) {
    const before = hash.overwrittenExpired;
    const [valueStart, valueEnd] = [call.start(i + 1), call.end(i + 1)];
    hash.put(buffer, call.start(i), call.end(i), buffer, valueStart, valueEnd, atMs);
    if (hash.overwrittenExpired > before) expired.push(i);
  }
  hash.settle(call.db);
  hash.tellOverwritten(call, 1);
  call.changed(1, EventClass.hash, 'hset', count);
  if (moment !== NEVER) effects.notify(call.db, EventClass.hash, 'hexpire', call.bytes(1));
  if (!effects.propagates) return;
  if (atMs === KEEP && expired.length > 0) {
    // A replica that has the expired field still would keep its time.
    const fields = expired.map((i) => call.bytes(i));
    effects.propagateBefore(call.db, ['HDEL', call.bytes(1), ...fields]);
  }
  if ((given & (CONDITIONS | EXPIRY_OPTIONS)) !== 0) propagateSet(call, request);
}

/** Sends it without conditions, which were met here, and with the moment for a span. */
function propagateSet(call: Call, { first, given, moment }: TimedRequest): void {
  const request: (string | Uint8Array)[] = [call.bytes(0), call.bytes(1)];
  if (moment !== NEVER) request.push('PXAT', String(moment));
  else if ((given & SetOption.keepTtl) !== 0) request.push('KEEPTTL');
  for (let i = first - 2; i < call.argc; i++) request.push(call.bytes(i));
  call.effects.propagateAs(request);
}

export const hgetex = command(
  {
    name: 'hgetex',
    group: 'hash',
    since: '9.0.0',
    arity: -5,
    flags: ['fast', 'write'],
    acl: ['hash'],
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
      block('fields', [integer('numfields', { keySpec: 0 }), text('field', { multiple: true })], {
        token: 'FIELDS',
      }),
    ],
    complexity: 'O(N) where N is the number of specified fields.',
    summary: 'Returns the values of fields and sets when they expire.',
  },
  (call) => {
    const request = readTimed(call, 'hgetex', EXPIRY_OPTIONS | SetOption.persist, 1);
    const { hash, first, count, given, moment } = request;
    const persists = (given & SetOption.persist) !== 0;
    const isPast = moment !== NEVER && isAlreadyPast(call, moment);
    const done: number[] = [];
    call.reply.array(count);
    for (let i = first; i < first + count; i++) {
      replyValue(call, hash, i);
      if (given === 0 || !hash.found) continue;
      if (persists && hash.foundMoment === NEVER) continue;
      if (isPast) hash.remove(call.buffer, call.start(i), call.end(i));
      else hash.setFoundMoment(call.buffer, call.start(i), call.end(i), moment);
      done.push(i);
    }
    hash.settle(call.db);
    if (done.length === 0) return;
    if (isPast) return tellExpired(call, hash, done);
    call.changed(1, EventClass.hash, persists ? 'hpersist' : 'hexpire', done.length);
    const fields = ['FIELDS', String(done.length)];
    if (persists) propagateFields(call, ['HPERSIST', call.bytes(1), ...fields], done);
    else propagateFields(call, ['HPEXPIREAT', call.bytes(1), String(moment), ...fields], done);
  },
);

export const hgetdel = command(
  {
    name: 'hgetdel',
    group: 'hash',
    since: '9.1.0',
    arity: -5,
    flags: ['fast', 'write'],
    acl: ['hash'],
    keys: [key(1, ['RW', 'access', 'delete'])],
    args: [
      keyArg(),
      block('fields', [integer('numfields', { keySpec: 0 }), text('field', { multiple: true })], {
        token: 'FIELDS',
      }),
    ],
    complexity: 'O(N) where N is the number of fields to be retrieved and deleted.',
    summary: 'Returns the values of fields and deletes them.',
  },
  (call) => {
    requireFieldsAt(call, 2);
    const count = readFieldCount(call, 2, 1);
    const hash = writeHash(call, 1);
    let deleted = 0;
    call.reply.array(count);
    for (let i = 4; i < call.argc; i++) {
      replyValue(call, hash, i);
      if (hash.found && hash.remove(call.buffer, call.start(i), call.end(i))) deleted++;
    }
    hash.settle(call.db);
    if (deleted === 0) return;
    call.changed(1, EventClass.hash, 'hdel', deleted);
    if (hash.size === 0) call.removeEmptied(1);
  },
);

export const HASH_TIMED_COMMANDS: readonly Command[] = [hsetex, hgetex, hgetdel];
