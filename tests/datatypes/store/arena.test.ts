import t from 'tap';
import { Random } from '../../../datatypes/random.js';
import { Arena, BLOCK_HEADER_BYTES, type Ref } from '../../../datatypes/store/arena.js';

/** What the test expects of one live block. */
interface Model {
  readonly ref: Ref;
  readonly bytes: number;
  readonly fill: number;
  owners: number;
}

const OPERATIONS = 100_000;
const SIZES = [16, 60, 300, 5_000, 70_000, 600_000];

function contents(arena: Arena, block: Model): Uint8Array {
  const start = ((block.ref & 0xffff) << 4) + BLOCK_HEADER_BYTES;
  const page = arena.bytes[block.ref >>> 16] as Uint8Array;
  return page.subarray(start, start + block.bytes - BLOCK_HEADER_BYTES);
}

function isIntact(arena: Arena, block: Model): boolean {
  const bytes = contents(arena, block);
  if (bytes.length === 0) return true;
  // All bytes equal the first, as those before equal those after.
  return bytes[0] === block.fill && Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0;
}

function make(arena: Arena, random: Random): Model {
  const largest = SIZES[Math.floor(random.unit() ** 4 * SIZES.length)] as number;
  const bytes = BLOCK_HEADER_BYTES + random.below(largest);
  const block = { ref: arena.allocate(bytes), bytes, fill: random.below(256), owners: 1 };
  contents(arena, block).fill(block.fill);
  return block;
}

/** Random allocations, retains and releases; answers what is live at the end. */
function exercise(arena: Arena, random: Random): { live: Model[]; damaged: number } {
  const live: Model[] = [];
  let damaged = 0;
  for (let i = 0; i < OPERATIONS; i++) {
    // Some ten thousand operations of growth, then of decline, in turn.
    const growing = Math.floor(i / 10_000) % 2 === 0;
    if (live.length === 0 || random.below(100) < (growing ? 60 : 35)) {
      live.push(make(arena, random));
      continue;
    }
    const at = random.below(live.length);
    const block = live[at] as Model;
    if (random.below(5) === 0) {
      arena.retain(block.ref);
      block.owners++;
      continue;
    }
    if (!isIntact(arena, block)) damaged++;
    block.owners--;
    if (arena.release(block.ref) !== (block.owners === 0)) damaged++;
    if (block.owners > 0) continue;
    live[at] = live[live.length - 1] as Model;
    live.pop();
  }
  return { live, damaged };
}

for (const seed of [1, 2, 3]) {
  t.test(`Arena keeps each block whole through random operations (seed ${seed})`, async (t) => {
    const arena = new Arena();
    const { live, damaged } = exercise(arena, new Random(seed));
    t.equal(damaged, 0);
    t.equal(live.filter((block) => !isIntact(arena, block)).length, 0);
    t.equal(arena.liveBlocks, live.length);
    t.equal(new Set(live.map((block) => block.ref)).size, live.length);
    t.equal(
      arena.usedBytes,
      live.reduce((sum, block) => sum + arena.capacity(block.ref), 0),
    );
    for (const block of live) while (!arena.release(block.ref)) block.owners--;
    t.equal(arena.liveBlocks, 0);
    t.equal(arena.usedBytes, 0);
    arena.trim();
    t.equal(arena.reservedBytes, 0);
    t.equal(arena.spareBytes, 0);
  });
}

t.test(
  'Arena.sizeFor tells what a block takes, for sizes on both sides of each class',
  async (t) => {
    const arena = new Arena();
    for (const bytes of [4, 16, 17, 255, 256, 257, 320, 321, 4096, 4097, 262_144, 262_145]) {
      const ref = arena.allocate(bytes);
      t.equal(arena.capacity(ref), Arena.sizeFor(bytes), `${bytes} bytes`);
      t.ok(arena.capacity(ref) >= bytes);
      arena.release(ref);
    }
  },
);

t.test('Arena wastes at most a fifth of a block above 256 bytes', async (t) => {
  for (let bytes = 257; bytes <= 262_144; bytes += 97) {
    const waste = (Arena.sizeFor(bytes) - bytes) / Arena.sizeFor(bytes);
    if (waste > 0.2) t.fail(`${bytes} bytes take ${Arena.sizeFor(bytes)}`);
  }
});

t.test('Arena gives a page to another class once its last block is gone', async (t) => {
  const arena = new Arena();
  const small = Array.from({ length: 100_000 }, () => arena.allocate(64));
  const reserved = arena.reservedBytes;
  for (const ref of small) arena.release(ref);
  const large = Array.from({ length: 1000 }, () => arena.allocate(4096));
  t.ok(arena.reservedBytes < reserved * 1.2, 'the pages were used again');
  for (const ref of large) arena.release(ref);
  t.equal(arena.usedBytes, 0);
});

t.test('Arena.classes adds up to what is held', async (t) => {
  const arena = new Arena();
  const refs = [10, 100, 5000, 300_000].map((bytes) => arena.allocate(bytes));
  const rows = arena.classes();
  t.equal(
    rows.reduce((sum, row) => sum + row.liveBlocks, 0),
    4,
  );
  t.equal(
    rows.reduce((sum, row) => sum + row.reservedBytes, 0),
    arena.reservedBytes,
  );
  for (const ref of refs) arena.release(ref);
});
