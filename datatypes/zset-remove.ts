/** Removal of members: ZREM, and by ranges ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX. */
import { double, integer, key, keyArg, text } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { NONE } from './store/arena.js';
import { Type } from './store/entry.js';
import {
  type RankSpan,
  readLexRange,
  readRankRange,
  readScoreRange,
  spanOf,
  spanOfRanks,
} from './zset-ranges.js';
import { keepSortedSet, openSortedSet, type SortedSet } from './zset-value.js';

/** Runs a removal on the set of the key in argument 1, tells what it did, and replies how many went. */
function removeMembers(call: Call, event: string, remove: (set: SortedSet) => number): void {
  const { keyspace } = call;
  const ref = call.writeAs(1, Type.zset);
  if (ref === NONE) return call.reply.integer(0);
  const set = openSortedSet(keyspace, ref);
  const removed = remove(set);
  keepSortedSet(keyspace, ref, set);
  const { size } = set;
  if (removed > 0) call.changed(1, EventClass.zset, event, removed);
  if (size === 0) call.removeEmptied(1);
  call.reply.integer(removed);
}

export const zrem = command(
  {
    name: 'zrem',
    group: 'sorted_set',
    since: '1.2.0',
    arity: -3,
    flags: ['fast', 'write'],
    acl: ['sortedset'],
    keys: [key(1, ['RW', 'delete'])],
    args: [keyArg(), text('member', { multiple: true })],
    complexity:
      'O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed.',
    summary: 'Removes members from a sorted set.',
  },
  (call) =>
    removeMembers(call, 'zrem', (set) => {
      let removed = 0;
      for (let i = 2; i < call.argc && set.size > 0; i++) {
        if (Number.isNaN(set.find(call.buffer, call.start(i), call.end(i)))) continue;
        set.removeFound();
        removed++;
      }
      return removed;
    }),
);

function removeSpan(call: Call, event: string, findSpan: (set: SortedSet) => RankSpan): void {
  removeMembers(call, event, (set) => {
    const { from, count } = findSpan(set);
    set.removeRange(from, count);
    return count;
  });
}

export const zremrangebyrank = command(
  {
    name: 'zremrangebyrank',
    group: 'sorted_set',
    since: '2.0.0',
    arity: 4,
    flags: ['write'],
    acl: ['sortedset'],
    keys: [key(1, ['RW', 'delete'])],
    args: [keyArg(), integer('start'), integer('stop')],
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.',
    summary: 'Removes the members in a range of ranks.',
  },
  (call) => {
    const range = readRankRange(call, 2, 3);
    removeSpan(call, 'zremrangebyrank', (set) => spanOfRanks(range, set.size));
  },
);

export const zremrangebyscore = command(
  {
    name: 'zremrangebyscore',
    group: 'sorted_set',
    since: '1.2.0',
    arity: 4,
    flags: ['write'],
    acl: ['sortedset'],
    keys: [key(1, ['RW', 'delete'])],
    args: [keyArg(), double('min'), double('max')],
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.',
    summary: 'Removes the members whose scores are in a range.',
  },
  (call) => {
    const range = readScoreRange(call, 2, 3);
    removeSpan(call, 'zremrangebyscore', (set) => spanOf(set, range, false));
  },
);

export const zremrangebylex = command(
  {
    name: 'zremrangebylex',
    group: 'sorted_set',
    since: '2.8.9',
    arity: 4,
    flags: ['write'],
    acl: ['sortedset'],
    keys: [key(1, ['RW', 'delete'])],
    args: [keyArg(), text('min'), text('max')],
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.',
    summary: 'Removes the members between two, of a sorted set in which all scores are the same.',
  },
  (call) => {
    const range = readLexRange(call, 2, 3);
    removeSpan(call, 'zremrangebylex', (set) => spanOf(set, range, false));
  },
);

export const ZSET_REMOVE_COMMANDS: readonly Command[] = [
  zrem,
  zremrangebyrank,
  zremrangebyscore,
  zremrangebylex,
];
