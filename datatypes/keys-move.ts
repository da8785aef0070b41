/** A key under another name or in another database: RENAME, COPY, MOVE. */
import { equalBytes } from '../protocol/bytes.js';
import { DB_OUT_OF_RANGE, NO_SUCH_KEY, SAME_OBJECT, SYNTAX_ERROR } from '../protocol/refusals.js';
import { integer, key, keyArg, word } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { command } from './command.js';
import type { Database } from './database.js';
import { readInt32 } from './options.js';
import { NONE, type Ref } from './store/arena.js';

export const rename = command(
  {
    name: 'rename',
    group: 'generic',
    since: '1.0.0',
    arity: 3,
    flags: ['write'],
    acl: ['keyspace'],
    keys: [key(1, ['RW', 'access', 'delete']), key(2, ['OW', 'update'])],
    args: [keyArg(), keyArg('newkey', { keySpec: 1 })],
    complexity: 'O(1)',
    summary: 'Gives a key another name; a key that had it goes.',
  },
  (call) => {
    renameKey(call, true);
    call.reply.ok();
  },
);

export const renamenx = command(
  {
    name: 'renamenx',
    group: 'generic',
    since: '1.0.0',
    arity: 3,
    flags: ['fast', 'write'],
    acl: ['keyspace'],
    keys: [key(1, ['RW', 'access', 'delete']), key(2, ['OW', 'insert'])],
    args: [keyArg(), keyArg('newkey', { keySpec: 1 })],
    complexity: 'O(1)',
    summary: 'Gives a key another name unless that is taken.',
  },
  (call) => call.reply.integer(renameKey(call, false) ? 1 : 0),
);

/** Whether key 1 is now key 2. @throws {Refusal} NO_SUCH_KEY. */
function renameKey(call: Call, replace: boolean): boolean {
  const { db, effects } = call;
  const source = call.write(1);
  if (source === NONE) throw NO_SUCH_KEY;
  if (sameKeys(call)) return false;
  const taken = call.write(2) !== NONE;
  if (taken && !replace) return false;
  if (taken) db.discard(call.buffer, call.start(2), call.end(2));
  putCopy(call, source, db, 2, true);
  db.discard(call.buffer, call.start(1), call.end(1));
  effects.changed(db, call.bytes(1), 0);
  effects.changed(db, call.bytes(2), 1);
  effects.notify(db, EventClass.generic, 'rename_from', call.bytes(1));
  effects.notify(db, EventClass.generic, 'rename_to', call.bytes(2));
  return true;
}

function sameKeys(call: Call): boolean {
  const { buffer } = call;
  return equalBytes(buffer, call.start(1), call.end(1), buffer, call.start(2), call.end(2));
}

/**
 * Enters the value of `source`, expiry included, under the key in argument `i`, which must be free.
 *
 * @param moves - Whether the source goes: then there is nothing to copy.
 */
function putCopy(call: Call, source: Ref, target: Database, i: number, moves: boolean): void {
  const { entries } = call.keyspace;
  const atMs = entries.expireAtMs(source);
  const next = moves
    ? target.withKey(call.bytes(i), source, atMs)
    : target.copyWithKey(call.bytes(i), source, atMs);
  entries.setAccess(next, call.keyspace.initialAccess());
  target.addEntry(next);
}

export const copy = command(
  {
    name: 'copy',
    group: 'generic',
    since: '6.2.0',
    arity: -3,
    flags: ['denyoom', 'write'],
    acl: ['keyspace'],
    keys: [key(1, ['RO', 'access']), key(2, ['OW', 'update'])],
    args: [
      keyArg('source'),
      keyArg('destination', { keySpec: 1 }),
      integer('destination-db', { token: 'DB', optional: true }),
      word('REPLACE', { optional: true }),
    ],
    complexity:
      'O(N) worst case for collections, where N is the number of nested items. O(1) for string values.',
    summary: 'Copies the value of a key to another key or database.',
  },
  (call) => call.reply.integer(copyKey(call) ? 1 : 0),
);

function copyKey(call: Call): boolean {
  const { target, replace } = readCopyOptions(call);
  if (target === call.db && sameKeys(call)) throw SAME_OBJECT;
  const source = call.read(1);
  if (source === NONE) return false;
  const taken = target.findForWrite(call.buffer, call.start(2), call.end(2)) !== NONE;
  if (taken && !replace) return false;
  if (taken) target.discard(call.buffer, call.start(2), call.end(2));
  putCopy(call, source, target, 2, false);
  call.effects.changed(target, call.bytes(2), 1);
  call.effects.notify(target, EventClass.generic, 'copy_to', call.bytes(2));
  return true;
}

/** Reads `[DB index] [REPLACE]` from argument 3 on. */
function readCopyOptions(call: Call): { target: Database; replace: boolean } {
  let target = call.db;
  let replace = false;
  for (let i = 3; i < call.argc; i++) {
    if (call.is(i, 'replace')) replace = true;
    else if (call.is(i, 'db') && i + 1 < call.argc) target = readDatabase(call, ++i);
    else throw SYNTAX_ERROR;
  }
  return { target, replace };
}

/** The database that argument `i` numbers. @throws {Refusal} When there is none. */
function readDatabase(call: Call, i: number): Database {
  const database = call.keyspace.use(readInt32(call, i));
  if (database === undefined) throw DB_OUT_OF_RANGE;
  return database;
}

export const move = command(
  {
    name: 'move',
    group: 'generic',
    since: '1.0.0',
    arity: 3,
    flags: ['fast', 'write'],
    acl: ['keyspace'],
    keys: [key(1, ['RW', 'access', 'update'])],
    args: [keyArg(), integer('db')],
    complexity: 'O(1)',
    summary: 'Takes a key to another database unless it exists there.',
  },
  (call) => call.reply.integer(moveKey(call) ? 1 : 0),
);

function moveKey(call: Call): boolean {
  const { db, effects } = call;
  const target = readDatabase(call, 2);
  if (target === db) throw SAME_OBJECT;
  const source = call.write(1);
  if (source === NONE) return false;
  if (target.findForWrite(call.buffer, call.start(1), call.end(1)) !== NONE) return false;
  putCopy(call, source, target, 1, true);
  db.discard(call.buffer, call.start(1), call.end(1));
  effects.changed(db, call.bytes(1), 0);
  effects.changed(target, call.bytes(1), 1);
  effects.notify(db, EventClass.generic, 'move_from', call.bytes(1));
  effects.notify(target, EventClass.generic, 'move_to', call.bytes(1));
  return true;
}
