/** SPOP and SRANDMEMBER: members chosen at random. */

import { INT64_MIN } from '../protocol/numbers.js';
import {
  MUST_BE_POSITIVE,
  NOT_AN_INTEGER,
  OUT_OF_LONG_RANGE,
  SYNTAX_ERROR,
} from '../protocol/refusals.js';
import { integer, key, keyArg } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { checkDrawn } from './options.js';
import { replyMember, replyMembers } from './set-reply.js';
import { type SetValue, setAt } from './set-value.js';
import { NONE, type Ref } from './store/arena.js';
import { Encoding, Type } from './store/entry.js';
import type { MemberVisitor } from './store/member-table.js';

/** Members of one SREM that stands for a part of SPOP. */
const PROPAGATED_TOGETHER = 1024;
/** When SPOP leaves less than one in so many of what it takes, the rest is stored afresh. */
const AFRESH_BELOW = 5;
/** A set this many times larger than the sample is drawn from, else walked through. */
const DRAW_ABOVE = 3;

export const spop = command(
  {
    name: 'spop',
    group: 'set',
    since: '1.0.0',
    arity: -2,
    flags: ['fast', 'write'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RW', 'access', 'delete'])],
    args: [keyArg(), integer('count', { since: '3.2.0', optional: true })],
    complexity:
      'Without the count argument O(1), otherwise O(N) where N is the value of the passed count.',
    summary: 'Takes members chosen at random out of a set and returns them.',
  },
  (call) => {
    if (call.argc === 2) return popOne(call);
    if (call.argc > 3) throw SYNTAX_ERROR;
    const count = call.bigint(2, MUST_BE_POSITIVE);
    if (count < 0n) throw MUST_BE_POSITIVE;
    const ref = call.writeAs(1, Type.set);
    if (ref === NONE || count === 0n) return call.reply.set(0);
    const set = setAt(call, ref);
    if (count >= set.size) popAll(call, set);
    else popSome(call, ref, set, Number(count));
  },
);

function popOne(call: Call): void {
  const ref = call.writeAs(1, Type.set);
  if (ref === NONE) return call.reply.nil();
  const { effects, random } = call;
  const set = setAt(call, ref);
  const reply = replyMember(call.reply);
  set.pop(random, (bytes, start, end, block, hash) => {
    reply(bytes, start, end, block, hash);
    if (!effects.propagates) return;
    effects.propagateAs(['SREM', call.bytes(1), copied(bytes, start, end)]);
  });
  set.putBack(ref);
  call.changed(1, EventClass.set, 'spop');
  if (set.size === 0) call.removeEmptied(1);
}

function popAll(call: Call, set: SetValue): void {
  const { size } = set;
  // The real server answers as SUNION does, which counts as a read.
  call.keyspace.stats.hits++;
  call.reply.set(size);
  replyMembers(call.reply, set);
  call.changed(1, EventClass.set, 'spop', size);
  call.removeEmptied(1);
  if (!call.effects.propagates) return;
  const name = call.keyspace.settings.lazyfreeLazyServerDel ? 'UNLINK' : 'DEL';
  call.effects.propagateAs([name, call.bytes(1)]);
}

function popSome(call: Call, ref: Ref, set: SetValue, count: number): void {
  const reply = replyMember(call.reply);
  const popped = new PoppedMembers(call);
  call.reply.set(count);
  for (let i = 0; i < count; i++) {
    set.pop(call.random, (bytes, start, end, block, hash) => {
      reply(bytes, start, end, block, hash);
      popped.add(bytes, start, end);
    });
  }
  if (set.size * AFRESH_BELOW <= count) set.rebuild();
  set.putBack(ref);
  popped.send();
  call.changed(1, EventClass.set, 'spop', count);
}

/** What SPOP took, to travel as SREM. */
class PoppedMembers {
  private readonly call: Call;
  private members: Uint8Array[] = [];

  constructor(call: Call) {
    this.call = call;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    if (!this.call.effects.propagates) return;
    this.members.push(copied(bytes, start, end));
    if (this.members.length === PROPAGATED_TOGETHER) this.send();
  }

  send(): void {
    if (this.members.length === 0) return;
    this.call.effects.propagateAs(['SREM', this.call.bytes(1), ...this.members]);
    this.members = [];
  }
}

function copied(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, start, end);
}

export const srandmember = command(
  {
    name: 'srandmember',
    group: 'set',
    since: '1.0.0',
    arity: -2,
    flags: ['readonly'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), integer('count', { since: '2.6.0', optional: true })],
    complexity:
      'Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.',
    summary: 'Returns members of a set chosen at random.',
  },
  (call) => {
    if (call.argc > 3) throw SYNTAX_ERROR;
    if (call.argc === 2) return replyOne(call);
    const count = readSampleCount(call);
    const ref = call.readAs(1, Type.set);
    if (ref === NONE || count === 0) return call.reply.array(0);
    const set = setAt(call, ref);
    const reply = replyMember(call.reply);
    if (count >= set.size) {
      call.reply.array(set.size);
      replyMembers(call.reply, set);
      return;
    }
    if (count < 0) checkDrawn(-count);
    call.reply.array(Math.abs(count));
    if (count < 0) drawAny(call, set, -count, reply);
    else if (set.encoding === Encoding.hashtable && count * DRAW_ABOVE < set.size) {
      drawDistinct(call, set, count, reply);
    } else walkDistinct(call, set, count, reply);
  },
);

function replyOne(call: Call): void {
  const ref = call.readAs(1, Type.set);
  if (ref === NONE) return call.reply.nil();
  setAt(call, ref).random(call.random, replyMember(call.reply));
}

/** Argument 2; negative for members that may come more than once. */
function readSampleCount(call: Call): number {
  const count = call.bigint(2, NOT_AN_INTEGER);
  if (count === INT64_MIN) throw OUT_OF_LONG_RANGE;
  return Number(count);
}

/** Draws `count` members, of which some may be the same. */
function drawAny(call: Call, set: SetValue, count: number, visit: MemberVisitor): void {
  for (let i = 0; i < count && !call.reply.isAbandoned; i++) set.random(call.random, visit);
}

/** Draws until `count` different members of a table were met. */
function drawDistinct(call: Call, set: SetValue, count: number, visit: MemberVisitor): void {
  const met = new Set<Ref>();
  while (met.size < count) {
    set.random(call.random, (bytes, start, end, block, hash) => {
      if (met.has(block)) return;
      met.add(block);
      visit(bytes, start, end, block, hash);
    });
  }
}

/** Walks through all members, taking each with the chance that makes all choices equally likely. Source: Knuth, TAOCP 3.4.2, algorithm S. */
function walkDistinct(call: Call, set: SetValue, count: number, visit: MemberVisitor): void {
  let left = set.size;
  let wanted = count;
  set.forEach((bytes, start, end, block, hash) => {
    if (call.random.below(left--) >= wanted) return;
    wanted--;
    visit(bytes, start, end, block, hash);
  });
}

export const SET_RANDOM_COMMANDS: readonly Command[] = [spop, srandmember];
