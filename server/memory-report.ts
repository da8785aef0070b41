/** Reports about memory for people: MEMORY DOCTOR and MEMORY MALLOC-STATS. */
import type { Arena } from '../datatypes/store/arena.js';
import { ratioOf } from './memory-stats.js';
import type { Server } from './server.js';

const MIB = 1024 * 1024;
/** With less than this in use no ratio means anything. */
const LITTLE_BYTES = 5 * MIB;
/** Memory that is held in vain is worth a word from this much on. */
const WORTH_A_WORD_BYTES = 10 * MIB;
const LARGE_CLIENT_BYTES = 200 * 1024;

const NOTHING_TO_SAY =
  "Hi Sam, this instance is empty or is using very little memory, my issues detector can't be used in these conditions. Please, leave for your mission on Earth and fill it with some data. The new Sam and I will be back to our programming as soon as I finished rebooting.\n";
const NO_ISSUE =
  "Hi Sam, I can't find any memory issue in your instance. I can only account for what occurs on this base.\n";
const OPENING = 'Sam, I detected a few issues in this Valkey instance memory implants:\n\n';
const CLOSING = "I'm here to keep you safe, Sam. I want to help you.\n";

interface Issue {
  readonly title: string;
  readonly advice: string;
  isThere(server: Server): boolean;
}

const ISSUES: readonly Issue[] = [
  {
    title: 'Peak memory',
    advice:
      'There was a time when this instance used more than one and a half times what it uses now. Pages that were filled then may still be held, which makes the fragmentation look bad and does no harm: new data fills them first. MEMORY PURGE gives empty ones back to the system.',
    isThere: ({ memory }) => memory.peakBytes / memory.usedBytes > 1.5,
  },
  {
    title: 'High total RSS',
    advice:
      'The process takes up more than 1.4 times the memory that is in use. After a peak that is to be expected (see whether one is reported above). Otherwise look at the entries below: they tell whether pages are badly filled or the rest of the process is large.',
    isThere: ({ memory }) =>
      ratioOf(memory.rssBytes, memory.usedBytes) > 1.4 &&
      memory.rssBytes - memory.usedBytes > WORTH_A_WORD_BYTES,
  },
  {
    title: 'High allocator fragmentation',
    advice:
      'Pages hold more than 1.1 times what is stored in them: many blocks were given back, but hardly any page became empty. New values of the same sizes use the gaps.',
    isThere: ({ arena }) =>
      ratioOf(arena.reservedBytes, arena.usedBytes) > 1.1 &&
      arena.reservedBytes - arena.usedBytes > WORTH_A_WORD_BYTES,
  },
  {
    title: 'High allocator RSS overhead',
    advice:
      'More than a tenth of what is held are empty pages kept for the next need. MEMORY PURGE gives them back to the system.',
    isThere: ({ arena }) =>
      arena.spareBytes > arena.reservedBytes * 0.1 && arena.spareBytes > WORTH_A_WORD_BYTES,
  },
  {
    title: 'High process RSS overhead',
    advice:
      'The process takes up more than 1.1 times what is held for data. The rest belongs to the runtime, to scripts and to modules.',
    isThere: ({ arena, memory }) => {
      const held = arena.reservedBytes + arena.spareBytes;
      return ratioOf(memory.rssBytes, held) > 1.1 && memory.rssBytes - held > 100 * MIB;
    },
  },
  {
    title: 'Big client buffers',
    advice:
      'Clients hold more than 200 KiB each on average: requests longer than that are on their way in, or replies on their way out are not read fast enough. CLIENT LIST tells which clients they are.',
    isThere: ({ memory, clients }) =>
      clients.size > 0 && memory.clientsBytes / clients.size > LARGE_CLIENT_BYTES,
  },
];

/** What MEMORY DOCTOR says. */
export function memoryReport(server: Server): string {
  if (server.memory.usedBytes < LITTLE_BYTES) return NOTHING_TO_SAY;
  const found = ISSUES.filter((issue) => issue.isThere(server));
  if (found.length === 0) return NO_ISSUE;
  return (
    OPENING + found.map(({ title, advice }) => ` * ${title}: ${advice}\n\n`).join('') + CLOSING
  );
}

/** What MEMORY MALLOC-STATS says: the arena's pages by size of their blocks. */
export function allocatorReport(arena: Arena): string {
  const lines = [
    '___ Begin arena statistics ___',
    `Bytes allocated: ${arena.usedBytes}, active: ${arena.reservedBytes}, spare: ${arena.spareBytes}, blocks: ${arena.liveBlocks}`,
    'size       pages      blocks     held',
  ];
  for (const { blockBytes, pages, liveBlocks, reservedBytes } of arena.classes()) {
    if (pages === 0) continue;
    const cells = [blockBytes === 0 ? 'larger' : blockBytes, pages, liveBlocks, reservedBytes];
    lines.push(
      cells
        .map((cell) => String(cell).padEnd(10))
        .join(' ')
        .trimEnd(),
    );
  }
  lines.push('--- End arena statistics ---', '');
  return lines.join('\n');
}
