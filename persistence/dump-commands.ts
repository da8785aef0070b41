/** DUMP and RESTORE: a value as bytes that any server of this kind can take in. */
import { type Call, EventClass } from '../datatypes/call.js';
import { type Command, command } from '../datatypes/command.js';
import { OnExpiry } from '../datatypes/database.js';
import { NONE, type Ref } from '../datatypes/store/arena.js';
import { NEVER } from '../datatypes/store/entry.js';
import {
  BAD_DATA_FORMAT,
  BAD_PAYLOAD_FOOTER,
  BUSY_KEY,
  INVALID_FREQ,
  INVALID_IDLETIME,
  INVALID_TTL,
  SYNTAX_ERROR,
} from '../protocol/refusals.js';
import { integer, key, keyArg, text, word } from '../protocol/spec.js';
import { damageOf } from './damage.js';
import { checkDumpPayload, finishDump } from './dump.js';
import { RdbReader } from './rdb-reader.js';
import { RdbWriter } from './rdb-writer.js';
import { compressorOf, VALUE_READERS, valueWriterOf } from './value-formats.js';

export const dump = command(
  {
    name: 'dump',
    group: 'generic',
    since: '2.6.0',
    arity: 2,
    flags: ['readonly'],
    acl: ['keyspace'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg()],
    complexity:
      'O(1) to access the key and additional O(N*M) to serialize it, where N is the number of objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1).',
    summary: 'Returns the value of a key as bytes for RESTORE.',
  },
  (call) => {
    const ref = call.read(1);
    if (ref === NONE) return call.reply.nil();
    const { keyspace } = call;
    const writer = valueWriterOf(keyspace, ref);
    const out = new RdbWriter(compressorOf(keyspace));
    out.byte(writer.typeOf(keyspace, ref));
    writer.write(keyspace, ref, out);
    call.reply.bulk(finishDump(out));
  },
);

export const restore = command(
  {
    name: 'restore',
    group: 'generic',
    since: '2.6.0',
    arity: -4,
    flags: ['denyoom', 'write'],
    acl: ['dangerous', 'keyspace'],
    keys: [key(1, ['OW', 'update'])],
    args: [
      keyArg(),
      integer('ttl'),
      text('serialized-value'),
      word('REPLACE', { since: '3.0.0', optional: true }),
      word('ABSTTL', { since: '5.0.0', optional: true }),
      integer('seconds', { token: 'IDLETIME', since: '5.0.0', optional: true }),
      integer('frequency', { token: 'FREQ', since: '5.0.0', optional: true }),
    ],
    complexity:
      'O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).',
    summary: 'Sets a key to a value that DUMP returned.',
  },
  restoreKey,
);

export const restoreAsking = command(
  {
    name: 'restore-asking',
    group: 'server',
    since: '3.0.0',
    arity: -4,
    flags: ['asking', 'denyoom', 'write'],
    acl: ['dangerous', 'keyspace'],
    keys: [key(1, ['OW', 'update'])],
    args: [
      keyArg(),
      integer('ttl'),
      text('serialized-value'),
      word('REPLACE', { since: '3.0.0', optional: true }),
      word('ABSTTL', { since: '5.0.0', optional: true }),
      integer('seconds', { token: 'IDLETIME', since: '5.0.0', optional: true }),
      integer('frequency', { token: 'FREQ', since: '5.0.0', optional: true }),
    ],
    complexity:
      'O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).',
    internal: true,
    summary: 'RESTORE as nodes of a cluster send it to one that is importing the slot.',
  },
  restoreKey,
);

export const DUMP_COMMANDS: readonly Command[] = [dump, restore, restoreAsking];

interface RestoreOptions {
  replace: boolean;
  absoluteTtl: boolean;
  /** -1 for none. */
  idleSeconds: number;
  /** -1 for none. */
  frequency: number;
}

function restoreKey(call: Call): void {
  const options = readRestoreOptions(call);
  if (!options.replace && call.write(1) !== NONE) throw BUSY_KEY;
  const expireAtMs = readExpiry(call, options);
  const ref = readValue(call, expireAtMs, options);
  const replaced = options.replace && call.db.discard(call.buffer, call.start(1), call.end(1));
  if (isPast(call, expireAtMs)) {
    call.keyspace.releaseEntry(ref);
    if (replaced) tellDeleted(call);
  } else {
    call.db.addEntry(ref);
    if (expireAtMs !== 0n && !options.absoluteTtl) propagateAbsolute(call, expireAtMs);
    call.changed(1, EventClass.generic, 'restore');
  }
  call.reply.ok();
}

/** Reads `[REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]` from argument 4 on. */
function readRestoreOptions(call: Call): RestoreOptions {
  const options = { replace: false, absoluteTtl: false, idleSeconds: -1, frequency: -1 };
  for (let i = 4; i < call.argc; i++) {
    const hasValue = i + 1 < call.argc;
    if (call.is(i, 'replace')) options.replace = true;
    else if (call.is(i, 'absttl')) options.absoluteTtl = true;
    else if (call.is(i, 'idletime') && hasValue && options.frequency === -1) {
      options.idleSeconds = readIdleSeconds(call, ++i);
    } else if (call.is(i, 'freq') && hasValue && options.idleSeconds === -1) {
      options.frequency = readFrequency(call, ++i);
    } else throw SYNTAX_ERROR;
  }
  return options;
}

/** Seconds count modulo 2^24, as in access words. */
function readIdleSeconds(call: Call, i: number): number {
  const seconds = call.bigint(i);
  if (seconds < 0n) throw INVALID_IDLETIME;
  return Number(BigInt.asUintN(24, seconds));
}

function readFrequency(call: Call, i: number): number {
  const frequency = call.bigint(i);
  if (frequency < 0n || frequency > 255n) throw INVALID_FREQ;
  return Number(frequency);
}

/** The moment in argument 2, ms since 1970, or 0 for none. Too far from now it wraps round, as an int64 does. */
function readExpiry(call: Call, options: RestoreOptions): bigint {
  const ttl = call.bigint(2);
  if (ttl < 0n) throw INVALID_TTL;
  if (ttl === 0n || options.absoluteTtl) return ttl;
  return BigInt.asIntN(64, ttl + BigInt(call.clock.now()));
}

/** The entry that argument 3 describes, in no database yet. */
function readValue(call: Call, expireAtMs: bigint, options: RestoreOptions): Ref {
  const payload = call.bytes(3);
  const { keyspace } = call;
  const relaxed = keyspace.settings.rdbVersionCheck === 'relaxed';
  const { skipsChecksums } = keyspace;
  if (checkDumpPayload(payload, { relaxed, skipsChecksum: skipsChecksums }) < 0) {
    throw BAD_PAYLOAD_FOOTER;
  }
  const read = VALUE_READERS.get(payload[0] as number);
  const atMs = expireAtMs === 0n ? NEVER : Math.max(0, Number(expireAtMs));
  const target = {
    key: call.buffer,
    keyStart: call.start(1),
    keyEnd: call.end(1),
    expireAtMs: atMs,
    access: accessOf(call, options),
  };
  // The footer may be read as part of a value that is cut short, as in the real server.
  const reader = keyspace.own(RdbReader).point(payload, 1, payload.length);
  const ref = read === undefined ? NONE : read(keyspace, reader, target);
  if (ref === NONE) {
    const damage = damageOf(payload[0] as number, reader);
    if (damage !== null) keyspace.onDamage(`Internal error in RDB reading offset 0 -> ${damage}`);
    throw BAD_DATA_FORMAT;
  }
  if (atMs > Number.MAX_SAFE_INTEGER) keyspace.entries.setExactExpireAtMs(ref, expireAtMs);
  return ref;
}

/** What is said of the other kind of policy is passed over. */
function accessOf(call: Call, { idleSeconds, frequency }: RestoreOptions): number {
  const { accessClock } = call.keyspace;
  if (accessClock.isLfu && frequency !== -1) return accessClock.fromFrequency(frequency);
  if (!accessClock.isLfu && idleSeconds !== -1) return accessClock.fromIdle(idleSeconds);
  return call.keyspace.initialAccess();
}

/** Whether a key with this expiry must not even be made. */
function isPast(call: Call, expireAtMs: bigint): boolean {
  if (expireAtMs === 0n || call.keyspace.onExpiry !== OnExpiry.remove) return false;
  return expireAtMs <= BigInt(call.clock.now());
}

/** All that came of it is that the key that was there went. */
function tellDeleted(call: Call): void {
  call.changed(1, EventClass.generic, 'del');
  if (!call.effects.propagates) return;
  const name = call.keyspace.settings.lazyfreeLazyServerDel ? 'UNLINK' : 'DEL';
  call.effects.propagateAs([name, call.bytes(1)]);
}

function propagateAbsolute(call: Call, expireAtMs: bigint): void {
  if (!call.effects.propagates) return;
  const request: (string | Uint8Array)[] = ['RESTORE', call.bytes(1), String(expireAtMs)];
  for (let i = 3; i < call.argc; i++) request.push(call.bytes(i));
  call.effects.propagateAs([...request, 'ABSTTL']);
}
