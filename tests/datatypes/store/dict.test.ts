import t from 'tap';
import { Random } from '../../../datatypes/random.js';
import { Arena, NONE, type Ref } from '../../../datatypes/store/arena.js';
import { Dict, ReadAhead } from '../../../datatypes/store/dict.js';
import {
  ENTRY_KEY_LAYOUT,
  Encoding,
  Entries,
  NEVER,
  Type,
} from '../../../datatypes/store/entry.js';
import { HashFunction } from '../../../datatypes/store/hash-function.js';

/** A Dict of entries beside a Map that says what it should hold. */
class Pair {
  readonly arena = new Arena();
  readonly entries = new Entries(this.arena);
  readonly dict = new Dict(this.arena, ENTRY_KEY_LAYOUT);
  readonly model = new Map<string, Ref>();
  private readonly hashFunction: HashFunction;
  private readonly hashMask: number;

  /** @param hashMask - Zero bits make hashes collide. */
  constructor(random: Random, hashMask = 0xffff_ffff) {
    this.hashFunction = new HashFunction(random.uint32(), random.uint32());
    this.hashMask = hashMask;
  }

  hash(name: string): number {
    const key = Buffer.from(name);
    return (this.hashFunction.hash(key, 0, key.length) & this.hashMask) >>> 0;
  }

  find(name: string): Ref {
    const key = Buffer.from(name);
    return this.dict.find(this.hash(name), key, 0, key.length);
  }

  entry(name: string): Ref {
    const key = Buffer.from(name);
    return this.entries.create(key, 0, key.length, Type.string, Encoding.raw, NEVER, 0, 0);
  }

  name(ref: Ref): string {
    return Buffer.from(this.entries.key(ref)).toString();
  }

  /** Inserts the name, or replaces its element when it is there. */
  put(name: string): void {
    const next = this.entry(name);
    const previous = this.model.get(name);
    if (previous === undefined) this.dict.insert(this.hash(name), next);
    else {
      this.dict.replace(this.hash(name), previous, next);
      this.arena.release(previous);
    }
    this.model.set(name, next);
  }

  drop(name: string): boolean {
    const ref = this.find(name);
    if (ref === NONE) return false;
    this.model.delete(name);
    const removed = this.dict.remove(this.hash(name), ref);
    this.arena.release(ref);
    return removed;
  }

  /** Everything a scan sees that is done `count` at a time. */
  scanned(count: number, between: () => void = () => {}): string[] {
    const names: string[] = [];
    let cursor = 0;
    do {
      cursor = this.dict.scan(cursor, count, (ref) => names.push(this.name(ref)));
      between();
    } while (cursor !== 0);
    return names;
  }

  release(): void {
    for (const ref of this.model.values()) this.arena.release(ref);
    this.dict.clear();
  }
}

const OPERATIONS = 100_000;

/** All names in one string, whatever their order. */
const text = (names: Iterable<string>) => [...names].sort().join();

/** Random operations that let the table grow and shrink; answers how many went wrong. */
function exercise(pair: Pair, random: Random, names: number): number {
  let wrong = 0;
  for (let i = 0; i < OPERATIONS; i++) {
    const name = `key:${random.below(names)}`;
    const growing = Math.floor((i * 6) / OPERATIONS) % 2 === 0;
    const choice = random.below(100);
    if (choice < 10) {
      if (pair.find(name) !== (pair.model.get(name) ?? NONE)) wrong++;
    } else if (choice < (growing ? 80 : 15)) {
      pair.put(name);
    } else if (pair.drop(name) !== !pair.model.has(name) && pair.model.has(name)) {
      wrong++;
    }
    if (i % 10_000 === 0) pair.dict.check();
  }
  return wrong;
}

for (const { names, mask, seed } of [
  { names: 8, mask: 0xffff_ffff, seed: 1 },
  { names: 300, mask: 0xffff_ffff, seed: 2 },
  { names: 60_000, mask: 0xffff_ffff, seed: 3 },
  { names: 60_000, mask: 0xffff_fc00, seed: 4 },
]) {
  t.test(`Dict agrees with a Map of up to ${names} names (seed ${seed})`, async (t) => {
    const random = new Random(seed);
    const pair = new Pair(random, mask);
    t.equal(exercise(pair, random, names), 0);
    pair.dict.check();
    t.equal(pair.dict.size, pair.model.size);
    const missing = [...pair.model].filter(([name, ref]) => pair.find(name) !== ref);
    t.same(missing, []);
    t.equal(text(pair.scanned(7)), text(pair.model.keys()));
    const visited: string[] = [];
    pair.dict.forEach((ref) => {
      visited.push(pair.name(ref));
    });
    t.equal(text(visited), text(pair.model.keys()));
    pair.release();
    t.equal(pair.arena.usedBytes, 0);
    t.equal(pair.dict.overheadBytes, 0);
    t.equal(pair.arena.outsideBytes, 0);
  });
}

t.test('Dict shrinks back as its elements go', async (t) => {
  const pair = new Pair(new Random(5));
  for (let i = 0; i < 50_000; i++) pair.put(`key:${i}`);
  const full = pair.dict.overheadBytes;
  for (let i = 0; i < 49_990; i++) pair.drop(`key:${i}`);
  pair.dict.check();
  t.ok(pair.dict.overheadBytes < full / 20, `${pair.dict.overheadBytes} of ${full} bytes`);
  for (let i = 49_990; i < 50_000; i++) pair.drop(`key:${i}`);
  t.equal(pair.dict.size, 0);
  t.equal(pair.arena.usedBytes, 0);
  t.equal(pair.dict.slotCount, 0);
});

t.test('Dict shrinks where all that is left stands at the end of a segment', async (t) => {
  const arena = new Arena();
  const entries = new Entries(arena);
  const dict = new Dict(arena, ENTRY_KEY_LAYOUT);
  const make = (name: string) =>
    entries.create(Buffer.from(name), 0, name.length, Type.string, Encoding.raw, NEVER, 0, 0);
  const last = Array.from({ length: 6 }, (_, i) => ({
    hash: 0xf000_0000 + i * 0x200_0000,
    ref: make(`z${i}`),
  }));
  const others = Array.from({ length: 40 }, (_, i) => ({
    hash: i * 0x500_0000,
    ref: make(`a${i}`),
  }));
  for (const { hash, ref } of [...others, ...last]) dict.insert(hash, ref);
  for (const { hash, ref } of others) t.ok(dict.remove(hash, ref));
  dict.check();
  for (const { hash, ref } of last) t.ok(dict.has(hash, ref));
  for (const { ref } of [...others, ...last]) arena.release(ref);
  dict.clear();
  t.equal(arena.usedBytes, 0);
});

t.test(
  'Dict.scan returns what was there throughout exactly once while the table grows',
  async (t) => {
    const pair = new Pair(new Random(6));
    for (let i = 0; i < 500; i++) pair.put(`old:${i}`);
    let made = 0;
    const names = pair.scanned(10, () => {
      for (let i = 0; i < 400 && made < 20_000; i++) pair.put(`new:${made++}`);
    });
    const old = names.filter((name) => name.startsWith('old:'));
    t.equal(old.length, 500);
    t.equal(new Set(names).size, names.length);
    pair.release();
  },
);

t.test(
  'Dict.scan returns what was there throughout exactly once while the table shrinks',
  async (t) => {
    const pair = new Pair(new Random(7));
    for (let i = 0; i < 20_000; i++) pair.put(`gone:${i}`);
    for (let i = 0; i < 500; i++) pair.put(`old:${i}`);
    let dropped = 0;
    const names = pair.scanned(300, () => {
      for (let i = 0; i < 1000 && dropped < 20_000; i++) pair.drop(`gone:${dropped++}`);
    });
    t.equal(names.filter((name) => name.startsWith('old:')).length, 500);
    t.equal(new Set(names).size, names.length);
    pair.release();
  },
);

t.test('Dict.random draws all elements equally often', async (t) => {
  const random = new Random(8);
  const pair = new Pair(random);
  for (let i = 0; i < 2000; i++) pair.put(`key:${i}`);
  const drawn = new Map<Ref, number>();
  for (let i = 0; i < 200_000; i++) {
    const ref = pair.dict.random(random);
    drawn.set(ref, (drawn.get(ref) ?? 0) + 1);
  }
  // 100 draws each are expected: chi-square of 1999 degrees of freedom is below 2300 but once in 10^6.
  let chiSquare = 0;
  for (const ref of pair.model.values()) chiSquare += ((drawn.get(ref) ?? 0) - 100) ** 2 / 100;
  t.ok(chiSquare < 2300, `chi-square ${chiSquare}`);
  pair.release();
  t.equal(pair.dict.random(random), NONE);
});

t.test('Dict.has knows an element from another that stands at its former place', async (t) => {
  const pair = new Pair(new Random(9));
  pair.put('one');
  const ref = pair.model.get('one') as Ref;
  t.ok(pair.dict.has(pair.hash('one'), ref));
  pair.drop('one');
  pair.put('two');
  t.equal(pair.model.get('two'), ref, 'the block was used again');
  t.notOk(pair.dict.has(pair.hash('one'), ref));
  t.ok(pair.dict.has(pair.hash('two'), ref));
  pair.release();
});

t.test('Dict.takeSegment gives a table away piece by piece', async (t) => {
  const pair = new Pair(new Random(10));
  for (let i = 0; i < 30_000; i++) pair.put(`key:${i}`);
  const names: string[] = [];
  let most = 0;
  let place = 0;
  do {
    const before = names.length;
    place = pair.dict.takeSegment(place, (ref) => {
      names.push(pair.name(ref));
      pair.arena.release(ref);
    });
    most = Math.max(most, names.length - before);
    t.equal(pair.dict.size, 30_000 - names.length);
  } while (place !== 0);
  t.equal(new Set(names).size, 30_000);
  t.ok(most < 1023, `${most} elements at once`);
  t.equal(pair.arena.usedBytes, 0);
  pair.model.clear();
  pair.put('again');
  pair.dict.check();
  t.equal(pair.dict.size, 1);
  pair.release();
  t.equal(pair.arena.usedBytes, 0);
});

t.test('Dict.takeSegment of an empty table has nothing to give', async (t) => {
  const pair = new Pair(new Random(11));
  const taken: Ref[] = [];
  t.equal(
    pair.dict.takeSegment(0, (ref) => taken.push(ref)),
    0,
  );
  t.same(taken, []);
});

t.test(
  'a Dict with room reserved takes elements in order of hash, and no more memory',
  async (t) => {
    for (const count of [1, 5, 700, 900, 20_000]) {
      const pair = new Pair(new Random(count));
      const names = Array.from({ length: count }, (_, i) => `name ${i}`);
      names.sort((one, other) => pair.hash(one) - pair.hash(other));
      const grown = new Dict(pair.arena, ENTRY_KEY_LAYOUT);
      pair.dict.reserve(count);
      const reserved = pair.dict.overheadBytes;
      for (const name of names) {
        pair.put(name);
        grown.insert(pair.hash(name), pair.find(name));
      }
      pair.dict.check();
      t.equal(pair.dict.size, count);
      t.ok(pair.dict.overheadBytes <= reserved * 1.5, `${count} grew beyond what was reserved`);
      t.ok(reserved <= grown.overheadBytes * 2, `${reserved} bytes are reserved for ${count}`);
      pair.dict.clear();
      grown.clear();
      t.equal(pair.arena.liveBlocks, count);
    }
  },
);

t.test('asked ahead for some keys, it tells where they are, until one departs', (t) => {
  const pair = new Pair(new Random(11));
  const names = Array.from({ length: 5000 }, (_, i) => `key:${i}`);
  for (const name of names) pair.put(name);
  const ahead = new ReadAhead(8);
  const asked = ['key:1', 'nobody', 'key:2', 'key:4999', 'key:77'];
  for (const [i, name] of asked.entries()) ahead.hashes[i] = pair.hash(name);
  pair.dict.warm(ahead, asked.length);
  t.equal(ahead.departures, pair.dict.departures);
  for (const [i, name] of asked.entries()) {
    const found = pair.find(name);
    if (found !== NONE) t.equal(ahead.refs[i], found, name);
    pair.dict.expect(ahead.hashes[i] as number, ahead.refs[i] as number);
    t.equal(pair.find(name), pair.model.get(name) ?? NONE, `${name}, expected`);
  }
  pair.dict.expect(pair.hash('key:77'), pair.find('key:77'));
  pair.drop('key:77');
  t.equal(pair.find('key:77'), NONE, 'its memory still looks like it');
  t.equal(pair.dict.departures, ahead.departures + 1);
  pair.dict.expect(pair.hash('key:2'), pair.find('key:2'));
  pair.put('key:2');
  t.equal(pair.find('key:2'), pair.model.get('key:2'), 'the element in its place');
  t.equal(pair.dict.departures, ahead.departures + 2);
  pair.release();
  t.end();
});
