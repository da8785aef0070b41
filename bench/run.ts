/** `npm run bench`: puts each question to this server and to the real one. */
import { appendOnly } from './append-only.js';
import { COLLECTION_ROWS, collections } from './collections.js';
import { growthStall } from './growth-stall.js';
import { inATest } from './in-a-test.js';
import { kilobyteValues } from './kilobyte-values.js';
import { memoryPerKey } from './memory-per-key.js';
import { oneAtATime } from './one-at-a-time.js';
import { readOptions } from './options.js';
import { pipelined } from './pipelined.js';
import { publishing } from './publishing.js';
import { saveLoad } from './save-load.js';
import { SCRIPT_ROWS, scripts } from './scripts.js';
import { startUp } from './start-up.js';
import { wakingClients } from './waking-clients.js';

const QUESTIONS = {
  pipelined,
  'one-at-a-time': oneAtATime,
  'kilobyte-values': kilobyteValues,
  'memory-per-key': memoryPerKey,
  'growth-stall': growthStall,
  'save-load': saveLoad,
  'append-only': appendOnly,
  'start-up': startUp,
  'in-a-test': inATest,
  publishing,
  'waking-clients': wakingClients,
} as const;

const names = [
  ...Object.keys(QUESTIONS),
  'collections',
  ...COLLECTION_ROWS,
  'scripts',
  ...SCRIPT_ROWS,
];
const { options, questions } = readOptions(names);
const isAsked = (name: string) => questions.length === 0 || questions.includes(name);
console.log(
  `${options.rounds} rounds of ${options.requests.toLocaleString('en')} requests; Node ${process.version}`,
);
for (const [name, ask] of Object.entries(QUESTIONS)) {
  if (isAsked(name)) await ask(options);
}
await collections(options, (row) => isAsked('collections') || isAsked(row));
await scripts(options, (row) => isAsked('scripts') || isAsked(row));
