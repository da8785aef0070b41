/**
 * LCS: the longest common subsequence of two strings.
 *
 * The table of lengths is filled row by row; only two rows of it are kept. To walk back, one bit a cell
 * is enough: where the bytes are equal the way is the diagonal, elsewhere the bit says up or left. So the
 * walk takes a thirty-second of the memory that the whole table would.
 * Source: Wagner, Fischer, "The String-to-String Correction Problem" (1974).
 */
import {
  LCS_LEN_AND_IDX,
  LCS_NOT_STRINGS,
  LCS_TOO_LARGE,
  SYNTAX_ERROR,
} from '../protocol/refusals.js';
import { integer, key, keyArg, word } from '../protocol/spec.js';
import type { Call } from './call.js';
import { command } from './command.js';
import { readPosition } from './options.js';
import { NONE, type Ref } from './store/arena.js';
import { Type, ValueView } from './store/entry.js';

/** Bytes that the real server takes for a cell of the table: what its limit is about. */
const CELL_BYTES = 4;

interface LcsOptions {
  readonly len: boolean;
  readonly idx: boolean;
  readonly minMatchLength: number;
  readonly withMatchLength: boolean;
}

function readLcsOptions(call: Call): LcsOptions {
  let len = false;
  let idx = false;
  let minMatchLength = 0;
  let withMatchLength = false;
  for (let i = 3; i < call.argc; i++) {
    if (call.is(i, 'idx')) idx = true;
    else if (call.is(i, 'len')) len = true;
    else if (call.is(i, 'withmatchlen')) withMatchLength = true;
    else if (call.is(i, 'minmatchlen') && i + 1 < call.argc)
      minMatchLength = readPosition(call, ++i);
    else throw SYNTAX_ERROR;
  }
  if (len && idx) throw LCS_LEN_AND_IDX;
  return { len, idx, minMatchLength, withMatchLength };
}

/** A run of bytes both strings have: inclusive offsets into each. */
interface Match {
  readonly aFirst: number;
  readonly aLast: number;
  readonly bFirst: number;
  readonly bLast: number;
}

/** The table's lengths in its last row, and the way back. */
class LcsTable {
  readonly length: number;
  private readonly a: Uint8Array;
  private readonly b: Uint8Array;
  /** Bit `i * b.length + j`: from the cell of a[i] and b[j], which differ, the way is up. */
  private readonly up: Uint8Array;

  constructor(a: Uint8Array, b: Uint8Array, walked: boolean) {
    this.a = a;
    this.b = b;
    this.up = new Uint8Array(walked ? Math.ceil((a.length * b.length) / 8) : 0);
    const row = new Uint32Array(b.length + 1);
    for (let i = 0; i < a.length; i++) this.fillRow(row, i, walked);
    this.length = row[b.length] as number;
  }

  /** Makes row `i - 1` of the table, in `row`, row `i`. */
  private fillRow(row: Uint32Array, i: number, walked: boolean): void {
    const { b, up } = this;
    const byte = this.a[i];
    let diagonal = 0;
    let left = 0;
    let bit = i * b.length;
    for (let j = 0; j < b.length; j++, bit++) {
      const above = row[j + 1] as number;
      if (byte === b[j]) left = diagonal + 1;
      else if (above > left) {
        left = above;
        if (walked)
          up[Math.floor(bit / 8)] = (up[Math.floor(bit / 8)] as number) | (1 << (bit & 7));
      }
      row[j + 1] = left;
      diagonal = above;
    }
  }

  /** Walks from the end to the start, telling each pair of equal bytes on the way. */
  walk(visit: (aIndex: number, bIndex: number) => void): void {
    const { a, b, up } = this;
    let i = a.length - 1;
    let j = b.length - 1;
    while (i >= 0 && j >= 0) {
      if (a[i] === b[j]) {
        visit(i--, j--);
        continue;
      }
      const bit = i * b.length + j;
      if (((up[Math.floor(bit / 8)] as number) & (1 << (bit % 8))) !== 0) i--;
      else j--;
    }
  }

  /** The common subsequence itself. */
  text(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    let at = this.length;
    this.walk((aIndex) => {
      bytes[--at] = this.a[aIndex] as number;
    });
    return bytes;
  }

  /** The runs it is made of, the last first, of at least `minLength` bytes. */
  matches(minLength: number): Match[] {
    const matches: Match[] = [];
    let run: Match | null = null;
    const close = () => {
      if (run !== null && run.aLast - run.aFirst + 1 >= minLength) matches.push(run);
    };
    this.walk((aIndex, bIndex) => {
      if (run !== null && run.aFirst === aIndex + 1 && run.bFirst === bIndex + 1) {
        run = { ...run, aFirst: aIndex, bFirst: bIndex };
        return;
      }
      close();
      run = { aFirst: aIndex, aLast: aIndex, bFirst: bIndex, bLast: bIndex };
    });
    close();
    return matches;
  }
}

export const lcs = command(
  {
    name: 'lcs',
    group: 'string',
    since: '7.0.0',
    arity: -3,
    flags: ['readonly'],
    acl: ['string'],
    keys: [key(1, ['RO', 'access'], 1)],
    args: [
      keyArg('key1'),
      keyArg('key2'),
      word('LEN', { optional: true }),
      word('IDX', { optional: true }),
      integer('min-match-len', { token: 'MINMATCHLEN', optional: true }),
      word('WITHMATCHLEN', { optional: true }),
    ],
    complexity: 'O(N*M) where N and M are the lengths of s1 and s2, respectively',
    summary: 'Finds the longest subsequence that the strings of two keys have in common.',
  },
  (call) => {
    // The real server looks at the keys first, then at the options.
    const first = call.read(1);
    const second = call.read(2);
    const a = stringBytes(call, first);
    const b = stringBytes(call, second);
    const options = readLcsOptions(call);
    const tableBytes = (a.length + 1) * (b.length + 1) * CELL_BYTES;
    if (tableBytes > call.keyspace.maxStringBytes()) throw LCS_TOO_LARGE;
    const table = new LcsTable(a, b, !options.len);
    if (options.len) call.reply.integer(table.length);
    else if (options.idx) replyMatches(call, table, options);
    else call.reply.bulk(table.text());
  },
);

/** The bytes of a string where they stand; none for NONE. @throws {Refusal} LCS_NOT_STRINGS */
function stringBytes(call: Call, ref: Ref): Uint8Array {
  const { entries } = call.keyspace;
  if (ref === NONE) return new Uint8Array(0);
  if (entries.type(ref) !== Type.string) throw LCS_NOT_STRINGS;
  const { bytes, start, end } = entries.view(ref, new ValueView());
  return bytes.subarray(start, end);
}

function replyMatches(call: Call, table: LcsTable, options: LcsOptions): void {
  const { reply } = call;
  const matches = table.matches(options.minMatchLength);
  reply.map(2);
  reply.text('matches');
  reply.array(matches.length);
  for (const { aFirst, aLast, bFirst, bLast } of matches) {
    reply.array(options.withMatchLength ? 3 : 2);
    reply.array(2);
    reply.integer(aFirst);
    reply.integer(aLast);
    reply.array(2);
    reply.integer(bFirst);
    reply.integer(bLast);
    if (options.withMatchLength) reply.integer(aLast - aFirst + 1);
  }
  reply.text('len');
  reply.integer(table.length);
}
