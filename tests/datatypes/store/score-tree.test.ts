import t, { type Test } from 'tap';
import { Random } from '../../../datatypes/random.js';
import { Arena, type Ref } from '../../../datatypes/store/arena.js';
import { orderByScore } from '../../../datatypes/store/score-order.js';
import { ScoreTree } from '../../../datatypes/store/score-tree.js';
import { ScoredElements } from '../../../datatypes/store/scored-elements.js';

interface Row {
  score: number;
  readonly member: Buffer;
  readonly element: Ref;
}

const compare = (a: Row, b: Row) =>
  a.score === b.score ? Buffer.compare(a.member, b.member) : a.score < b.score ? -1 : 1;

/** A tree beside the rows it holds. */
class Twin {
  readonly arena = new Arena();
  readonly elements = new ScoredElements(this.arena);
  readonly tree = new ScoreTree(this.arena);
  rows: Row[] = [];

  add(score: number, name: string): void {
    const member = Buffer.from(name, 'latin1');
    const element = this.elements.create(member, 0, member.length, score);
    this.tree.insert(score, element);
    this.rows.push({ score, member, element });
  }

  removeAt(i: number): void {
    const [row] = this.rows.splice(i, 1);
    if (row === undefined) return;
    this.tree.remove(row.score, row.element);
    this.arena.release(row.element);
  }

  walked(rank: number, count: number, backwards: boolean): Ref[] {
    const found: Ref[] = [];
    this.tree.walk(rank, count, backwards, (element) => found.push(element));
    return found;
  }
}

const SCORES = [0, -0, 1, 1.5, -2, 1e300, -1e300, Infinity, -Infinity];

t.test('ScoreTree orders and ranks as a sorted array does, whatever comes and goes', async (t) => {
  const random = new Random(11);
  const twin = new Twin();
  for (let step = 0; step < 12_000; step++) {
    const grows = Math.floor(step / 3000) % 2 === 0;
    const choice = random.below(10);
    if (choice < (grows ? 7 : 2) || twin.rows.length === 0) {
      const score = SCORES[random.below(40)] ?? random.below(500);
      twin.add(score, `m${step}`);
    } else if (choice < 8) {
      twin.removeAt(random.below(twin.rows.length));
    } else {
      const row = twin.rows[random.below(twin.rows.length)] as Row;
      const next = random.below(2) === 0 ? row.score + random.below(3) / 2 : random.below(500);
      twin.tree.rescore(row.score, row.element, next);
      row.score = next;
    }
    if (step % 500 === 499) checkTwin(t, twin, random);
  }
  while (twin.rows.length > 0) twin.removeAt(random.below(twin.rows.length));
  twin.tree.check();
  t.equal(twin.tree.bytes, 0);
  t.equal(twin.arena.liveBlocks, 0);
});

function checkTwin(t: Test, twin: Twin, random: Random): void {
  const { tree } = twin;
  tree.check();
  const sorted = [...twin.rows].sort(compare);
  const refs = sorted.map((row) => row.element);
  t.strictSame(twin.walked(0, refs.length, false), refs);
  t.strictSame(twin.walked(0, refs.length, true), [...refs].reverse());
  const from = random.below(refs.length);
  const count = random.below(200);
  t.strictSame(twin.walked(from, count, false), refs.slice(from, from + count));
  t.strictSame(twin.walked(from, count, true), [...refs].reverse().slice(from, from + count));
  sorted.forEach((row, i) => {
    if (tree.rank(row.score, row.member, 0, row.member.length) !== i) t.fail(`rank of ${i}`);
    if (tree.at(i) !== row.element) t.fail(`element of rank ${i}`);
  });
  for (const bound of [...SCORES, 3, 250, 250.5, 600]) {
    const below = sorted.filter((row) => row.score < bound).length;
    t.equal(
      tree.countWhile((_element, score) => score < bound),
      below,
      `below ${bound}`,
    );
    t.equal(tree.countBelow(bound, false), below, `scores below ${bound}`);
    const upTo = sorted.filter((row) => row.score <= bound).length;
    t.equal(tree.countBelow(bound, true), upTo, `scores up to ${bound}`);
  }
  t.equal(tree.at(-1), 0);
  t.equal(tree.at(refs.length), 0);
}

t.test('a ScoreTree filled in order is packed, and is given back in parts', async (t) => {
  const twin = new Twin();
  for (let i = 0; i < 20_000; i++) twin.add(i, `m${i}`);
  twin.tree.check();
  t.ok(twin.tree.bytes < 20_000 * 14, `${twin.tree.bytes} bytes`);
  for (const { element } of twin.rows) twin.arena.release(element);
  let steps = 1;
  while (!twin.tree.freeSome(10)) steps++;
  t.equal(steps, Math.ceil(Math.ceil(20_000 / 62) / 10));
  t.equal(twin.arena.liveBlocks, 0);
});

t.test('ScoreTree takes runs of elements out by rank until none is left', async (t) => {
  const random = new Random(3);
  const twin = new Twin();
  for (let i = 0; i < 3000; i++) twin.add(random.below(700), `m${i}`);
  const sorted = [...twin.rows].sort(compare);
  for (let round = 0; sorted.length > 0; round++) {
    const rank = [0, sorted.length - 1, random.below(sorted.length)][round % 3] ?? 0;
    const most = 1 + random.below(Math.min(round % 7 === 0 ? 100 : 4, sorted.length - rank));
    const found: Ref[] = [];
    const removed = twin.tree.removeSome(rank, most, (element) => found.push(element));
    if (removed < 1 || removed > most) t.fail(`${removed} of ${most} were removed`);
    const expected = sorted.splice(rank, removed).map(({ element }) => element);
    if (`${found}` !== `${expected}`) t.fail(`other elements stood from rank ${rank} on`);
    twin.tree.check();
  }
  t.equal(twin.tree.size, 0);
  t.equal(twin.tree.bytes, 0);
});

t.test(
  'orderByScore sorts by score, then member, what a tree then takes as it comes',
  async (t) => {
    const random = new Random(5);
    const twin = new Twin();
    const scoreOf = [
      () => random.below(300),
      () => -random.below(2 ** 31) / 1024,
      () => SCORES[random.below(SCORES.length)] ?? 0,
      () => random.uint32() * 2 ** (random.below(1500) - 750),
    ] as const;
    for (let i = 0; i < 5000; i++) twin.add((scoreOf[i % 4] ?? scoreOf[0])(), `m${i}`);
    const refs = Uint32Array.from(twin.rows, (row) => row.element);
    const ordered = orderByScore(twin.elements, refs);
    const sorted = [...twin.rows].sort(compare).map((row) => row.element);
    t.strictSame([...ordered], sorted);
    const tree = new ScoreTree(twin.arena);
    for (const element of ordered) tree.append(twin.elements.score(element), element);
    tree.check();
    t.equal(tree.at(4321), sorted[4321]);
  },
);
