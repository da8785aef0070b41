/** Puts many elements of sorted sets in order at once, by score, then member: how a tree is made of a result. */
import { compareBytes } from '../../protocol/bytes.js';
import { orderOf } from './number-order.js';
import type { ScoredElements } from './scored-elements.js';

/** The elements in order. */
export function orderByScore(elements: ScoredElements, refs: Uint32Array): Uint32Array {
  const scores = new Float64Array(refs.length);
  for (let i = 0; i < refs.length; i++) scores[i] = elements.score(refs[i]!);
  const order = orderOf(scores, (i, j) => {
    const [one, other] = [refs[i]!, refs[j]!];
    return compareBytes(
      elements.page(one),
      elements.start(one),
      elements.end(one),
      elements.page(other),
      elements.start(other),
      elements.end(other),
    );
  });
  return order.map((index) => refs[index]!);
}
