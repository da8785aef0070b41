/** HRANDFIELD: fields chosen at random. */

import { INT64_MAX, INT64_MIN } from '../protocol/numbers.js';
import { OUT_OF_RANGE, RANDOM_COUNT_OUT_OF_RANGE, SYNTAX_ERROR } from '../protocol/refusals.js';
import { block, integer, key, keyArg, word } from '../protocol/spec.js';
import type { Call } from './call.js';
import { command } from './command.js';
import { type HashLens, type PairVisitor, readHash, replyView } from './hash-value.js';
import { checkDrawn } from './options.js';

/** A sample this much smaller than the hash is drawn field by field. */
const FEW = 3;

export const hrandfield = command(
  {
    name: 'hrandfield',
    group: 'hash',
    since: '6.2.0',
    arity: -2,
    flags: ['readonly'],
    acl: ['hash'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      block('options', [integer('count'), word('WITHVALUES', { optional: true })], {
        optional: true,
      }),
    ],
    complexity: 'O(N) where N is the number of fields returned',
    summary: 'Returns fields chosen at random.',
  },
  (call) => {
    if (call.argc > 2) return replySample(call);
    const hash = readHash(call, 1);
    if (hash.visibleSize === 0) return call.reply.nil();
    hash.visitRandom((field) => replyView(call, field));
  },
);

function replySample(call: Call): void {
  const count = call.bigint(2);
  if (count === INT64_MIN) throw RANDOM_COUNT_OUT_OF_RANGE;
  if (call.argc > 4 || (call.argc === 4 && !call.is(3, 'withvalues'))) throw SYNTAX_ERROR;
  const withValues = call.argc === 4;
  if (withValues && (count < -(INT64_MAX / 2n) || count > INT64_MAX / 2n)) throw OUT_OF_RANGE;
  const hash = readHash(call, 1);
  const visible = hash.visibleSize;
  const repeats = count < 0n && visible > 0;
  const wanted = Number(count < 0n ? -count : count);
  const sent = repeats ? wanted : Math.min(Math.max(0, Number(count)), visible);
  if (repeats) checkDrawn(wanted);
  const nested = withValues && call.reply.resp === 3;
  call.reply.array(withValues && !nested ? sent * 2 : sent);
  const visit: PairVisitor = (field, value) => {
    if (nested) call.reply.array(2);
    replyView(call, field);
    if (withValues) replyView(call, value);
  };
  if (repeats) for (let i = 0; i < wanted && !call.reply.isAbandoned; i++) hash.visitRandom(visit);
  else visitDifferent(hash, sent, visible, visit);
}

function visitDifferent(hash: HashLens, count: number, of: number, visit: PairVisitor): void {
  if (count === of) hash.forEach(visit);
  else if (hash.table !== null && count * FEW < of) hash.visitFew(hash.table, count, visit);
  else hash.visitSample(count, visit);
}
