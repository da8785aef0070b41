/**
 * SCAN, and what HSCAN, SSCAN and ZSCAN share with it: cursors and options.
 *
 * A cursor is a place in the order of hashes (see Dict), 32 bits; the next reply goes on from there.
 */
import { globMatch } from '../protocol/bytes.js';
import { parseLenientUint64 } from '../protocol/numbers.js';
import {
  INVALID_CURSOR,
  NOSCORES_NOT_ZSCAN,
  NOVALUES_NOT_HSCAN,
  SYNTAX_ERROR,
  unknownTypeName,
} from '../protocol/refusals.js';
import { integer, pattern, text } from '../protocol/spec.js';
import type { Call } from './call.js';
import { command } from './command.js';
import { OnExpiry } from './database.js';
import { isStar, replyKey } from './keys.js';
import type { Ref } from './store/arena.js';
import { TYPE_NAMES, Type } from './store/entry.js';

/** What is scanned: options differ. */
export type ScanFamily = 'keys' | 'hash' | 'set' | 'zset';

export interface ScanOptions {
  /** How many elements to look at. */
  count: number;
  /** Which argument is the glob that elements must fit; 0 for none. */
  matchAt: number;
  /** The type that keys must have; -1 for any. */
  type: Type | -1;
  /** Fields without values, members without scores. */
  namesOnly: boolean;
}

const STANDARD_COUNT = 10;

/** Argument `i` as a cursor. @throws {Refusal} INVALID_CURSOR. */
export function readScanCursor(call: Call, i: number): number {
  const cursor = call.length(i) > 0 && parseLenientUint64(call.buffer, call.start(i), call.end(i));
  if (typeof cursor !== 'bigint') throw INVALID_CURSOR;
  return Number(BigInt.asUintN(32, cursor));
}

/** Reads `[MATCH glob] [COUNT n]` and what the family knows besides, from argument `from` on. */
export function readScanOptions(call: Call, from: number, family: ScanFamily): ScanOptions {
  const options: ScanOptions = { count: STANDARD_COUNT, matchAt: 0, type: -1, namesOnly: false };
  for (let i = from; i < call.argc; i++) {
    if (call.is(i, 'novalues')) {
      if (family !== 'hash') throw NOVALUES_NOT_HSCAN;
      options.namesOnly = true;
    } else if (call.is(i, 'noscores')) {
      if (family !== 'zset') throw NOSCORES_NOT_ZSCAN;
      options.namesOnly = true;
    } else if (++i < call.argc) {
      readScanOption(call, i, family, options);
    } else {
      throw SYNTAX_ERROR;
    }
  }
  return options;
}

/** Reads an option whose word stands before its value, argument `i`. */
function readScanOption(call: Call, i: number, family: ScanFamily, options: ScanOptions): void {
  if (call.is(i - 1, 'count')) options.count = readCount(call, i);
  else if (call.is(i - 1, 'match')) options.matchAt = isStar(call, i) ? 0 : i;
  else if (call.is(i - 1, 'type') && family === 'keys') options.type = readType(call, i);
  else throw SYNTAX_ERROR;
}

function readCount(call: Call, i: number): number {
  const count = call.bigint(i);
  if (count < 1n) throw SYNTAX_ERROR;
  return Number(count);
}

function readType(call: Call, i: number): Type {
  const name = call.text(i);
  const index = (TYPE_NAMES as readonly string[]).indexOf(name.toLowerCase());
  if (index < 0 || index === Type.module) throw unknownTypeName(name);
  return index as Type;
}

/** Whether `bytes[start, end)` fits the glob of the options. */
export function fitsMatch(
  call: Call,
  options: ScanOptions,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const i = options.matchAt;
  return i === 0 || globMatch(call.buffer, call.start(i), call.end(i), bytes, start, end, false);
}

export const scan = command(
  {
    name: 'scan',
    group: 'generic',
    since: '2.8.0',
    arity: -2,
    flags: ['readonly'],
    acl: ['keyspace'],
    tips: ['nondeterministic_output', 'request_policy:special', 'response_policy:special'],
    args: [
      integer('cursor'),
      pattern('pattern', { token: 'MATCH', optional: true }),
      integer('count', { token: 'COUNT', optional: true }),
      text('type', { token: 'TYPE', since: '6.0.0', optional: true }),
    ],
    complexity:
      'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.',
    summary: 'Goes through the keys of the database, some at each call.',
  },
  (call) => {
    const cursor = readScanCursor(call, 1);
    const options = readScanOptions(call, 2, 'keys');
    const found: Ref[] = [];
    const gone: Ref[] = [];
    const next = call.db.keys.scan(cursor, options.count, (ref) => {
      if (!fitsScan(call, options, ref)) return;
      (call.db.isGone(ref) ? gone : found).push(ref);
    });
    call.reply.array(2);
    call.reply.bulkInteger(next);
    call.reply.array(found.length);
    for (const ref of found) replyKey(call, ref);
    if (call.keyspace.onExpiry !== OnExpiry.remove) return;
    for (const ref of gone) call.db.expire(call.db.hashOf(ref), ref);
  },
);

function fitsScan(call: Call, options: ScanOptions, ref: Ref): boolean {
  const { arena, entries } = call.keyspace;
  if (options.type !== -1 && entries.type(ref) !== options.type) return false;
  if (options.matchAt === 0) return true;
  const start = entries.keyStart(ref);
  const page = arena.bytes[ref >>> 16] as Uint8Array;
  return fitsMatch(call, options, page, start, start + entries.keyLength(ref));
}
