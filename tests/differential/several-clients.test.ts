/**
 * Several clients with random transactions and commands that wait, on the real server and on ours: what each
 * client is sent after each step must be the same, and so must the keyspace events and what is propagated.
 *
 * `SEED` and `COUNT` in the environment give another run.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Random } from '../../datatypes/random.js';
import { createServer, type ValkeyServer } from '../../server/index.js';
import { needReference, type RunningReference } from '../helpers/reference.js';
import { playSteps, type Step } from '../helpers/several-clients.js';
import { connect, type WireConnection } from '../helpers/wire.js';

const SEED = Number(process.env.SEED ?? 20_261_121);
const COUNT = Number(process.env.COUNT ?? 4000);
const CLIENTS = 6;
const MOST_REPORTED = 6;
const EVENTS = 'KEAmn';

/** Client 0 never waits, so that there is always somebody to wake the others. */
const TEMPLATES: readonly (readonly [weight: number, request: string])[] = [
  [6, 'BLPOP {k} {k} 0'],
  [4, 'BRPOP {k} 0'],
  [4, 'BLMOVE {k} {k} {side} {side} 0'],
  [2, 'BRPOPLPUSH {k} {k} 0'],
  [3, 'BLMPOP 0 2 {k} {k} {side} COUNT 2'],
  [3, 'BZPOPMIN {k} {k} 0'],
  [2, 'BZPOPMAX {k} 0'],
  [2, 'BZMPOP 0 2 {k} {k} MIN COUNT 2'],
  [3, 'XREAD BLOCK 0 STREAMS {k} $'],
  [1, 'XREAD COUNT 1 BLOCK 0 STREAMS {k} {k} $ 0-1'],
  [1, 'XREAD BLOCK 0 STREAMS {k} +'],
  [4, 'XREADGROUP GROUP g {c} BLOCK 0 STREAMS {k} >'],
  [1, 'XREADGROUP GROUP g {c} NOACK BLOCK 0 STREAMS {k} {k} > >'],
  [1, 'WAIT 1 0'],
];

/** Not what changes whole databases: in which order the real server looks at their keys then is by chance. */
const ANYBODYS: readonly (readonly [weight: number, request: string])[] = [
  [8, 'LPUSH {k} {v} {v}'],
  [8, 'RPUSH {k} {v}'],
  [3, 'LPOP {k}'],
  [2, 'LMOVE {k} {k} {side} {side}'],
  [6, 'ZADD {k} {n} {v} {n} {v}'],
  [2, 'ZUNIONSTORE {k} 2 {k} {k}'],
  [6, 'XADD {k} {next}-1 f {v}'],
  [4, 'XGROUP CREATE {k} g $ MKSTREAM'],
  [1, 'XGROUP DESTROY {k} g'],
  [1, 'XGROUP SETID {k} g 0'],
  [4, 'SET {k} {v}'],
  [8, 'DEL {k}'],
  [4, 'RENAME {k} {k}'],
  [2, 'COPY {k} {k} REPLACE'],
  [2, 'SORT {k} ALPHA STORE {k}'],
  [2, 'MOVE {k} 1'],
  [2, 'EXPIRE {k} 100'],
  [1, 'PEXPIREAT {k} 1'],
  [2, 'GEOADD {k} 1 2 {v}'],
  [2, 'GEOSEARCHSTORE {k} {k} FROMLONLAT 1 2 BYRADIUS 9 km'],
  [3, 'GET {k}'],
  [2, 'LRANGE {k} 0 -1'],
  [2, 'TYPE {k}'],
  [4, 'CLIENT UNBLOCK {id}'],
  [4, 'CLIENT UNBLOCK {id} ERROR'],
  [2, 'SELECT {db}'],
  [6, 'WATCH {k} {k}'],
  [1, 'UNWATCH'],
  [10, 'MULTI'],
  [14, 'EXEC'],
  [2, 'DISCARD'],
  [1, 'NOTHING'],
  [1, 'GET'],
  [1, 'CLIENT REPLY ON'],
  [1, 'RESET'],
  [1, 'INFO clients'],
  [1, 'DEBUG SLEEP 0'],
];

const POOLS: Readonly<Record<string, (random: Random) => string>> = {
  k: (random) => pick(random, ['a', 'b', 'c', 'd']),
  v: (random) => `${random.below(100)}`,
  n: (random) => `${random.below(5)}`,
  c: (random) => pick(random, ['one', 'two']),
  db: (random) => `${random.below(2)}`,
  side: (random) => pick(random, ['LEFT', 'RIGHT']),
  id: (random) => `{id:${1 + random.below(CLIENTS - 1)}}`,
};

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.below(choices.length)] as T;
}

function choose(random: Random, choices: readonly (readonly [number, string])[]): string {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  let at = random.unit() * total;
  for (const [weight, choice] of choices) {
    at -= weight;
    if (at < 0) return choice;
  }
  throw new RangeError('There is nothing to choose from');
}

function randomSteps(random: Random): Step[] {
  let next = 1;
  return Array.from({ length: COUNT }, () => {
    const who = random.below(CLIENTS);
    const waits = who !== 0 && random.below(3) === 0;
    const template = choose(random, waits ? TEMPLATES : ANYBODYS);
    const fill = (_: string, name: string) =>
      (name === 'next' ? `${next++}` : POOLS[name]?.(random)) ?? '';
    return [
      who,
      ...template
        .split(' ')
        .map((word) => word.replace(/^\{(\w+)\}/, (whole, name: string) => fill(whole, name))),
    ];
  });
}

/** The numbers of INFO that tell of waiting and watching; other replies as they are. */
function comparable(line: string): string {
  if (!line.includes('# Clients')) return line;
  const told =
    line.match(/(blocked_clients|watch\w*|total_\w+|clients_in_timeout_table):\d+/g) ?? [];
  return `${line.split(' => ')[0]} => ${told.join(' ')}`;
}

async function eventsOf(listener: WireConnection): Promise<string[]> {
  const events: string[] = [];
  for (;;) {
    const parts = (await listener.nextPush()).toString('latin1').split('\r\n');
    const [, , , , , , channel = '', , key = ''] = parts;
    if (channel === 'end') return events;
    if (channel.includes(':')) events.push(`${channel.replace(/^__keyevent@(.*)__/, '$1')}:${key}`);
  }
}

/** The requests in the append-only file; moments are not the same on both. */
function appended({ directory }: RunningReference): string[] {
  const folder = join(directory, 'appendonlydir');
  const name = readdirSync(folder).find((file) => file.endsWith('.incr.aof')) as string;
  return requestsIn(readFileSync(join(folder, name), 'latin1'));
}

function requestsIn(text: string): string[] {
  const requests: string[] = [];
  for (let at = 0; at < text.length; ) {
    let end = text.indexOf('\r\n', at);
    const count = Number(text.slice(at + 1, end));
    const words: string[] = [];
    at = end + 2;
    for (let i = 0; i < count; i++) {
      end = text.indexOf('\r\n', at);
      const length = Number(text.slice(at + 1, end));
      words.push(text.slice(end + 2, end + 2 + length));
      at = end + 4 + length;
    }
    requests.push(words.join(' ').replace(/\d{13}/g, '(moment)'));
  }
  return requests;
}

/** Records what our server tells: events, and what is propagated as the append-only file would have it. */
function record({ engine }: ValkeyServer) {
  const events: string[] = [];
  let file = '';
  let selected = 0;
  engine.effects.onEvent = (database, _class, event, key) => {
    events.push(`${database.id}:${event}:${Buffer.from(key).toString('latin1')}`);
  };
  engine.effects.addSink({
    destination: 1,
    write(database, bytes, start, end) {
      if (database !== -1 && database !== selected) {
        selected = database;
        file += `*2\r\n$6\r\nSELECT\r\n$${`${database}`.length}\r\n${database}\r\n`;
      }
      file += Buffer.from(bytes.subarray(start, end)).toString('latin1');
    },
  });
  return { events, requests: () => requestsIn(file) };
}

const isOdd = (client: number) => client % 2 === 1;

t.test(
  `${COUNT} random steps of ${CLIENTS} clients bring the same to all of them, SEED=${SEED}`,
  async (t) => {
    const reference = await needReference(t, [
      ...['--appendonly', 'yes', '--appendfsync', 'no', '--notify-keyspace-events', EVENTS],
      ...['--enable-debug-command', 'yes', '--databases', '2'],
    ]);
    if (reference === null) return;
    const server = await createServer({
      seed: 1,
      config: {
        'notify-keyspace-events': EVENTS,
        'enable-debug-command': 'yes',
        databases: '2',
      },
    });
    t.teardown(() => server.close());
    const { events, requests } = record(server);
    const steps = randomSteps(new Random(SEED));
    const listener = await reference.connect();
    await listener.send(['PSUBSCRIBE', '__keyevent@*__:*', 'end']);
    const seldom = new Random(SEED);
    const goesAhead = () => seldom.below(8) === 0;
    const played = await playSteps(reference.port, CLIENTS, steps, isOdd, goesAhead);
    const real = played.heard.map(comparable);
    await reference.wire.send(['PUBLISH', 'end', '']);
    const { heard } = await playSteps(server.port, CLIENTS, played.steps, isOdd);
    const ours = heard.map(comparable);
    const differences = ours.flatMap((line, i) =>
      line === real[i]
        ? []
        : [`${i} ours ${JSON.stringify(line)}`, `${i} real ${JSON.stringify(real[i])}`],
    );
    t.same(differences.slice(0, MOST_REPORTED), []);
    t.same(events, await eventsOf(listener), 'keyspace events');
    const told = appended(reference);
    t.same(requests(), told[0] === 'SELECT 0' ? told.slice(1) : told, 'what is propagated');
    const wire = await connect(server.port);
    t.teardown(() => wire.close());
    const digest = ['DEBUG', 'DIGEST'];
    t.same(await wire.send(digest), await reference.wire.send(digest));
    const { blockedClients, watchedKeys } = server.engine;
    t.same([blockedClients.count, blockedClients.keyCount, watchedKeys.keyCount], [0, 0, 0]);
  },
);
