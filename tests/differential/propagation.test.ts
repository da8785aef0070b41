/**
 * Random requests to the real server and to ours: what each appends to its append-only file must be the same.
 *
 * The files are read after each request, so that a difference is told with the request that made it. Moments are
 * the same when they are near each other. `SEED` and `COUNT` in the environment give another run.
 */
import { mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Random } from '../../datatypes/random.js';
import { createServer } from '../../server/index.js';
import type { CommandFacts } from '../helpers/command-facts.js';
import { needReference } from '../helpers/reference.js';
import { type Pool, RequestGenerator, type Words } from '../helpers/request-generator.js';
import {
  between,
  COMMON_POOLS,
  hold,
  mixed,
  oddities,
  oneOf,
  SORTED_SET_POOLS,
} from '../helpers/request-pools.js';
import { STREAM_POOLS, STREAM_TEMPLATES, STREAM_WEIGHTS } from '../helpers/stream-requests.js';
import { connect, type WireConnection } from '../helpers/wire.js';

const SEED = Number(process.env.SEED ?? 20_261_122);
const COUNT = Number(process.env.COUNT ?? 6_000);
const MOST_REPORTED = Number(process.env.MOST ?? 8);
/** How far moments of one request may lie apart. ms. */
const NEAR_MS = 5_000;

const FACTS: ReadonlyMap<string, CommandFacts> = new Map(
  readFileSync(new URL('../../../tests/fixtures/command-facts.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): [string, CommandFacts] => JSON.parse(line)),
);

/** Commands that come more often than others; 0: never, as what they choose is not the same on both. */
const WEIGHTS: Readonly<Record<string, number>> = {
  ...{ spop: 0, set: 30, sadd: 20, zadd: 20, hset: 20, rpush: 15, flushall: 0.1, flushdb: 0.3 },
  ...{ swapdb: 0.5, del: 2, unlink: 2, getdel: 2, restore: 0, 'restore-asking': 0, migrate: 0 },
  ...{ blpop: 0, brpop: 0, blmove: 0, brpoplpush: 0, blmpop: 0, bzpopmin: 0, bzpopmax: 0 },
  ...{ bzmpop: 0, randomkey: 0, pfdebug: 0 },
  ...STREAM_WEIGHTS,
};

const TEMPLATES: readonly (readonly [number, string])[] = [
  [10, 'select {few}'],
  [10, 'set {key} {string} px {span}'],
  [10, 'set {key} {string} ex {span} get'],
  [6, 'setex {key} {span} {string}'],
  [6, 'psetex {key} {span} {string}'],
  [10, 'getex {key} ex {span}'],
  [4, 'getex {key} persist'],
  [10, 'expire {key} {span}'],
  [6, 'pexpire {key} {span} nx'],
  [6, 'expire {key} {long-ago}'],
  [4, 'pexpireat {key} {long-ago}'],
  [6, 'hexpire {key} {span} fields 2 {field} {field}'],
  [6, 'hpexpire {key} {span} gt fields 1 {field}'],
  [6, 'hexpireat {key} {long-ago} fields 1 {field}'],
  [6, 'hsetex {key} ex {span} fields 1 {field} {string}'],
  [6, 'hsetex {key} px {span} fnx fields 1 {field} {string}'],
  [6, 'hgetex {key} ex {span} fields 2 {field} {field}'],
  [4, 'hgetex {key} persist fields 1 {field}'],
  [4, 'spop {key}'],
  [8, 'spop {key} 100000'],
  [10, 'incrbyfloat {key} {score}'],
  [10, 'hincrbyfloat {key} {field} {score}'],
  [6, 'set {key} {few}'],
  [6, 'copy {key} {key} replace'],
  [6, 'move {key} {few}'],
  [6, 'sort {key} alpha store {key}'],
  [6, 'pfadd {key} {string} {string}'],
  [6, 'pfmerge {key} {key}'],
  // Those that find something do not wait.
  [2, 'blpop {key} {key} 0.001'],
  [2, 'brpop {key} 0.001'],
  [2, 'blmove {key} {key} left right 0.001'],
  [2, 'brpoplpush {key} {key} 0.001'],
  [2, 'blmpop 0.001 2 {key} {key} left count {few}'],
  [2, 'bzpopmin {key} 0.001'],
  [2, 'bzpopmax {key} {key} 0.001'],
  [2, 'bzmpop 0.001 2 {key} {key} max count {few}'],
  [3, 'lmpop 2 {key} {key} left count {few}'],
  [3, 'zmpop 2 {key} {key} min count {few}'],
  ...STREAM_TEMPLATES,
];

const POOLS: Readonly<Record<string, Pool>> = {
  ...COMMON_POOLS,
  member: mixed(between(-3, 12), oneOf('a', 'b', 'c', 'd', 'e', ''), COMMON_POOLS.string as Pool),
  ...SORTED_SET_POOLS,
  ...STREAM_POOLS,
  'by-pattern': oneOf('*', 'nosort'),
  'get-pattern': oneOf('*', '#', ''),
  span: oneOf('100000', '99999999', '5000000'),
  'long-ago': oneOf('1', '1000', '100000', '0', '-1'),
  field: oneOf('a', 'b', '7', '', '\u00ff\u0000', 'field', 'x'.repeat(70)),
  numfields: between(1, 3),
  few: between(0, 5),
  where: oneOf('before', 'AFTER', 'before', 'in'),
  'list-element': oneOf('a', '1', '', 'hello'),
  'list-count': between(-3, 3),
  'lset.index': between(-6, 6),
  'lindex.index': between(-6, 6),
  limit: mixed(between(0, 3), COMMON_POOLS.integer as Pool),
  'swapdb.index1': between(0, 3),
  'swapdb.index2': between(0, 3),
  index: between(0, 2),
};

/** The end of the append-only file of a server, which grows. */
class Tail {
  private readonly descriptor: number;
  private at = 0;

  constructor(directory: string) {
    const folder = join(directory, 'appendonlydir');
    const name = readdirSync(folder).find((one) => one.endsWith('.incr.aof')) as string;
    this.descriptor = openSync(join(folder, name), 'r');
  }

  /** What was appended since the last call: requests, each a list of words. */
  read(): Words[] {
    let text = '';
    const chunk = Buffer.alloc(65_536);
    for (let count = 1; count > 0; ) {
      count = readSync(this.descriptor, chunk, 0, chunk.length, this.at);
      this.at += count;
      text += chunk.toString('latin1', 0, count);
    }
    return requestsIn(text);
  }
}

function requestsIn(text: string): Words[] {
  const requests: Words[] = [];
  let at = 0;
  const number = () => {
    const end = text.indexOf('\r\n', at);
    const value = Number(text.slice(at + 1, end));
    at = end + 2;
    return value;
  };
  while (at < text.length) {
    const words: Words = [];
    for (let left = number(); left > 0; left--) {
      const length = number();
      words.push(text.slice(at, at + length));
      at += length + 2;
    }
    requests.push(words);
  }
  return requests;
}

/** Whether two words are the same, or moments near each other. */
function sameWord(ours: string | undefined, real: string | undefined): boolean {
  if (ours === real) return true;
  const moment = /^([0-9]{10,19})(-[0-9]+)?$/;
  const [mine, other] = [moment.exec(ours ?? ''), moment.exec(real ?? '')];
  if (mine === null || other === null || mine[2] !== other[2]) return false;
  return Math.abs(Number(mine[1]) - Number(other[1])) <= NEAR_MS;
}

function same(ours: readonly Words[], real: readonly Words[]): boolean {
  return (
    ours.length === real.length &&
    ours.every(
      (words, i) =>
        words.length === real[i]?.length && words.every((word, j) => sameWord(word, real[i]?.[j])),
    )
  );
}

const shown = (requests: readonly Words[]) =>
  requests.map((words) => words.join(' ').slice(0, 200)).join(' | ') || '(nothing)';

const ask = async (wire: WireConnection, words: Words) =>
  (await wire.send(words.map((word) => Buffer.from(word, 'latin1')))).toString('latin1');

t.test('each request appends to the file what the real server appends', async (t) => {
  const settings = ['--appendonly', 'yes', '--appendfsync', 'no'];
  const reference = await needReference(t, settings);
  if (reference === null) return;
  const directory = mkdtempSync(join(tmpdir(), 'appended-'));
  const config = { appendonly: 'yes', appendfsync: 'no', dir: directory };
  const server = await createServer({
    seed: SEED,
    config: { ...config, 'enable-debug-command': 'yes' },
  });
  const wire = await connect(server.port);
  t.teardown(async () => {
    wire.close();
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  for (const one of [wire, reference.wire]) await ask(one, ['DEBUG', 'SET-ACTIVE-EXPIRE', '0']);
  const random = new Random(SEED);
  const names = [...FACTS].filter(([, { info }]) => isWrite(info[1])).map(([name]) => name);
  const here = new Set(server.engine.commands.all.map(({ fullName }) => fullName));
  const generator = new RequestGenerator({
    random,
    facts: FACTS,
    pools: POOLS,
    weights: new Map(
      names
        .filter((name) => here.has(name.split('|')[0] ?? ''))
        .map((name) => [name, WEIGHTS[name] ?? 6]),
    ),
    templates: TEMPLATES,
    oddities,
    mutateOneIn: 12,
  });
  const [ours, real] = [new Tail(directory), new Tail(reference.directory)];
  const differences: string[] = [];
  for (let i = 0; i < COUNT && differences.length < MOST_REPORTED; i++) {
    const words = hold(generator.next(), random);
    const replies = await Promise.all([ask(wire, words), ask(reference.wire, words)]);
    const [mine, other] = [ours.read(), real.read()];
    if (same(mine, other)) continue;
    differences.push(
      `${words.join(' ').slice(0, 200)} -> ${replies[0].slice(0, 60)} / ${replies[1].slice(0, 60)}\n  ours ${shown(mine)}\n  real ${shown(other)}`,
    );
  }
  t.same(differences, []);
});

/** Whether what a command does may be appended. */
function isWrite(flags: unknown): boolean {
  return Array.isArray(flags) && flags.includes('write');
}
