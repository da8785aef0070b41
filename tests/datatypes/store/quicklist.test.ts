/** Quicklists beside a plain array, and what must always hold of them. */
import t from 'tap';
import type { Random } from '../../../datatypes/random.js';
import { Arena } from '../../../datatypes/store/arena.js';
import { ListCursor } from '../../../datatypes/store/list-cursor.js';
import { exceedsLimit } from '../../../datatypes/store/list-limits.js';
import { ListNodes } from '../../../datatypes/store/list-node.js';
import { Quicklist } from '../../../datatypes/store/quicklist.js';
import { oneOf, seeded } from '../../helpers/seeded.js';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

function texts(list: Quicklist, nodes: ListNodes, back = false): string[] {
  const cursor = new ListCursor(nodes).openQuicklist(list);
  const all: string[] = [];
  for (let at = cursor.moveTo(back ? list.length - 1 : 0); at; at = cursor.step(back)) {
    all.push(Buffer.from(cursor.copy()).toString('latin1'));
  }
  cursor.close();
  return back ? all.reverse() : all;
}

/** What is wrong with a list's nodes; empty when nothing is. */
function faults(list: Quicklist): string[] {
  const found: string[] = [];
  let elements = 0;
  for (let i = 0; i < list.nodes.length; i++) {
    const node = list.node(i);
    const isInner = i >= list.depth && i < list.nodes.length - list.depth;
    elements += node.count;
    if (node.count === 0) found.push(`node ${i} is empty`);
    if (node.isPlain && node.count !== 1) found.push(`plain node ${i} has ${node.count} elements`);
    if (node.packedBytes > 0 && !isInner) found.push(`node ${i} is compressed`);
    if (
      list.depth > 0 &&
      isInner &&
      node.packedBytes === 0 &&
      isRepetitive(node.bytes, node.count)
    ) {
      found.push(`node ${i} is not compressed`);
    }
  }
  if (elements !== list.length) found.push(`${elements} elements, ${list.length} told`);
  return found;
}

/** All elements of this test that are long repeat one letter. */
const isRepetitive = (bytes: number, count: number) => bytes > 60 && bytes / count > 100;

function element(random: Random): string {
  if (random.below(3) > 0) return String(random.below(9));
  return oneOf(random, ['x', 'y', 'z']).repeat(
    random.below(oneOf(random, [10, 300, 3000, 12_000])),
  );
}

class Twin {
  readonly list: Quicklist;
  readonly model: string[];

  constructor(list: Quicklist, model: string[]) {
    this.list = list;
    this.model = model;
  }

  change(random: Random): void {
    const { list, model } = this;
    const text = element(random);
    const bytes = latin1(text);
    const index = random.below(Math.max(model.length, 1));
    const choice = model.length === 0 ? random.below(2) : random.below(9);
    if (choice === 0) {
      list.push(true, bytes, 0, bytes.length);
      model.unshift(text);
    } else if (choice <= 2) {
      list.push(false, bytes, 0, bytes.length);
      model.push(text);
    } else if (choice <= 4) {
      const { place, offset } = list.locate(index);
      const after = choice === 3;
      list.insert(place, offset, after, bytes, 0, bytes.length);
      model.splice(after ? index + 1 : index, 0, text);
    } else if (choice <= 6) {
      const { place, offset } = list.locate(index);
      list.replace(place, offset, bytes, 0, bytes.length);
      model[index] = text;
    } else {
      const count = Math.min(
        1 + random.below(random.below(8) === 0 ? 40 : 4),
        model.length - index,
      );
      list.removeRange(index, count);
      model.splice(index, count);
    }
  }
}

t.test('Quicklist agrees with an array, and its copies change on their own', async (t) => {
  const random = seeded(t);
  for (const [limit, depth] of [
    [-2, 0],
    [-1, 2],
    [3, 1],
    [1, 3],
    [0, 0],
    [64, 1],
  ] as const) {
    const arena = new Arena();
    const nodes = new ListNodes(arena);
    const twins = [new Twin(new Quicklist(nodes, limit, depth), [])];
    for (let i = 0; i < 3000; i++) {
      oneOf(random, twins).change(random);
      if (i % 50 === 0) {
        const { list, model } = oneOf(random, twins);
        if (twins.length < 3) twins.push(new Twin(list.duplicate(), [...model]));
      }
      if (i % 25 !== 0) continue;
      for (const { list, model } of twins) {
        const wrong = [...faults(list)];
        if (texts(list, nodes).join() !== model.join()) wrong.push('other elements');
        if (texts(list, nodes, true).join() !== model.join())
          wrong.push('other elements backwards');
        if (wrong.length > 0) t.same(wrong, [], `limit ${limit}, depth ${depth}, step ${i}`);
      }
    }
    for (const { list, model } of twins) {
      t.same(texts(list, nodes), model, `limit ${limit}, depth ${depth}`);
      while (!list.freeSome());
    }
    t.equal(arena.liveBlocks, 0);
    t.equal(arena.outsideBytes, 0);
  }
});

t.test('no node of pushed elements exceeds the limit', async (t) => {
  const arena = new Arena();
  const nodes = new ListNodes(arena);
  for (const limit of [-1, -2, -5, 1, 7, 0, 1000]) {
    const list = new Quicklist(nodes, limit, 0);
    for (let i = 0; i < 2000; i++) list.push(i % 3 === 0, latin1(`element ${i}`), 0, 9);
    for (let i = 0; i < list.nodes.length; i++) {
      const { bytes, count } = list.node(i);
      if (exceedsLimit(limit, bytes, count))
        t.fail(`limit ${limit}: ${bytes} bytes, ${count} elements`);
    }
    t.equal(list.length, 2000);
    while (!list.freeSome());
  }
  t.equal(arena.liveBlocks, 0);
});
