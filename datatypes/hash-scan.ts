/** HSCAN: the fields of a hash, some at each call. */
import { integer, key, keyArg, pattern, word } from '../protocol/spec.js';
import { command } from './command.js';
import { readHash, replyView } from './hash-value.js';
import { fitsMatch, readScanCursor, readScanOptions } from './scan.js';
import { NONE } from './store/arena.js';

export const hscan = command(
  {
    name: 'hscan',
    group: 'hash',
    since: '2.8.0',
    arity: -3,
    flags: ['readonly'],
    acl: ['hash'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      integer('cursor'),
      pattern('pattern', { token: 'MATCH', optional: true }),
      integer('count', { token: 'COUNT', optional: true }),
      word('NOVALUES', { optional: true }),
    ],
    complexity:
      'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.',
    summary: 'Goes through the fields of a hash, some at each call.',
  },
  (call) => {
    const { reply } = call;
    const cursor = readScanCursor(call, 2);
    const hash = readHash(call, 1);
    if (hash.ref === NONE) return reply.emptyScan();
    const options = readScanOptions(call, 3, 'hash');
    // The cursor goes before the fields and is known after them.
    const header = reply.defer();
    let count = 0;
    const next = hash.scan(cursor, options.count, (field, value) => {
      if (!fitsMatch(call, options, field.bytes, field.start, field.end)) return;
      replyView(call, field);
      if (!options.namesOnly) replyView(call, value);
      count += options.namesOnly ? 1 : 2;
    });
    reply.resolveScan(header, next, count);
  },
);
