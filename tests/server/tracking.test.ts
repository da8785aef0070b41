/** Client-side caching: who is told of which keys, when, and how. */
import t, { type Test } from 'tap';
import type { Random } from '../../datatypes/random.js';
import { createServer, type ServerOptions } from '../../server/index.js';
import { converse, type Step } from '../helpers/conversation.js';
import { needReference } from '../helpers/reference.js';
import { seeded } from '../helpers/seeded.js';
import { connect, type WireConnection } from '../helpers/wire.js';

async function start(t: Test, options: ServerOptions = {}) {
  const server = await createServer(options);
  t.teardown(() => server.close());
  return server;
}

async function speaker(t: Test, port: number, resp: '2' | '3' = '3'): Promise<WireConnection> {
  const wire = await connect(port);
  t.teardown(() => wire.close());
  await wire.send(['HELLO', resp]);
  return wire;
}

const say = async (wire: WireConnection, line: string): Promise<string> =>
  (await wire.send(line.split(' '))).toString('latin1').replaceAll('\r\n', '|');

const pushed = async (wire: WireConnection): Promise<string> =>
  (await wire.nextPush()).toString('latin1').replaceAll('\r\n', '|');

const steps = (...lines: readonly string[]): Step[] =>
  lines.map((line) => {
    const [who, ...words] = line.split(' ');
    return [Number(who), ...words];
  });

const CONVERSATIONS: Readonly<Record<string, readonly Step[]>> = {
  'what it read': steps(
    ...['0 HELLO 3', '0 CLIENT TRACKING ON', '0 GET k', '1 SET k 1', '1 SET k 2', '0 GET k'],
    ...['0 MGET k l m', '1 MSET k 1 m 2', '0 EXISTS n', '1 LPUSH n a', '0 LRANGE n 0 -1'],
    ...['0 SET k 9', '0 GET k', '0 SET k 8', '0 DEL k', '1 RENAME n o', '0 LLEN o', '1 LPOP o'],
    ...['0 OBJECT ENCODING k', '1 APPEND k x', '0 SORT p LIMIT 0 0', '1 RPUSH p 1'],
    ...['0 XREAD STREAMS s 0', '1 XADD s 1-1 a b', '0 SUBSTR k 0 0', '1 DEL k', '1 DEL k'],
    ...['0 SELECT 1', '0 GET j', '1 SET j 1', '0 GET j', '1 SWAPDB 0 1', '1 SET j 2'],
    ...['0 GET j', '1 FLUSHDB', '1 SET j 3', '0 GET j', '0 FLUSHALL', '0 CLIENT TRACKING OFF'],
    ...['0 GET j', '1 SET j 4', '0 GET'],
  ),
  'what others changed, with NOLOOP': steps(
    ...['0 HELLO 3', '0 CLIENT TRACKING ON NOLOOP', '0 MGET k l', '0 SET k 1', '1 SET k 2'],
    ...['1 SET l 2', '0 FLUSHALL', '0 GET k', '1 FLUSHALL'],
  ),
  'what it chose, with OPTIN': steps(
    ...['0 HELLO 3', '0 CLIENT TRACKING ON OPTIN', '0 GET k', '1 SET k 1', '0 CLIENT CACHING YES'],
    ...['0 CLIENT TRACKINGINFO', '0 GET k', '0 GET l', '1 SET l 1', '1 SET k 2'],
    ...['0 CLIENT CACHING YES', '0 PING', '0 GET k', '1 SET k 3', '0 CLIENT CACHING YES'],
    ...['0 NOSUCH', '0 GET k', '1 SET k 3', '0 CLIENT CACHING NO', '0 CLIENT CACHING MAYBE'],
    ...['0 CLIENT CACHING YES', '0 CLIENT TRACKING ON OPTIN', '0 CLIENT TRACKINGINFO'],
  ),
  'what it did not exclude, with OPTOUT': steps(
    ...['0 HELLO 3', '0 CLIENT TRACKING ON OPTOUT', '0 GET k', '1 SET k 1', '0 CLIENT CACHING NO'],
    ...['0 CLIENT TRACKINGINFO', '0 GET k', '0 GET l', '1 SET k 2', '1 SET l 1'],
    ...['0 CLIENT CACHING YES', '0 CLIENT TRACKING OFF', '0 CLIENT CACHING NO'],
  ),
  'all keys, with BCAST': steps(
    ...['0 HELLO 3', '2 HELLO 3', '0 CLIENT TRACKING ON BCAST', '1 MSET b 1 a 2 c 3', '1 DEL x'],
    ...['2 CLIENT TRACKING ON BCAST PREFIX a PREFIX bb NOLOOP', '1 SET bba 1', '2 SET bba 2'],
    ...['1 MSET aa 1 a 2 ab 1 bb 3', '0 SET own 1', '1 FLUSHDB', '0 CLIENT TRACKINGINFO'],
    ...['2 CLIENT TRACKINGINFO', '2 CLIENT TRACKING ON BCAST PREFIX c', '1 SET cc 1', '2 RESET'],
    ...['2 HELLO 3', '1 SET aa 1', '0 CLIENT TRACKING ON', '0 CLIENT TRACKING OFF', '1 SET k 1'],
  ),
  'its own changes, after the reply and its messages': steps(
    ...['0 HELLO 3', '0 CONFIG SET notify-keyspace-events KA', '0 CLIENT TRACKING ON'],
    ...['0 SUBSCRIBE __keyspace@0__:k', '0 MGET k l', '0 MSET k 1 l 2', '0 GET k', '0 DEL k'],
    '0 PING',
  ),
  'binary keys': [
    [0, 'HELLO', '3'],
    [0, 'CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', '\u0000\u00ff', 'PREFIX', '\r\n'],
    [1, 'MSET', '\u0000\u00ff', '1', '\u0000\u00ff\u0000', '2', '\r\n$1\r\n', '3', 'a', '4'],
    [2, 'HELLO', '3'],
    [2, 'CLIENT', 'TRACKING', 'ON'],
    [2, 'MGET', '', '\u0000\u00ff'],
    [1, 'MSET', '', '1', '\u0000\u00ff', '2'],
  ],
};

for (const [name, conversation] of Object.entries(CONVERSATIONS)) {
  t.test(`A client is told of ${name} as by the real server`, async (t) => {
    const reference = await needReference(t);
    if (reference === null) return;
    const server = await start(t);
    const known = (all: readonly string[]) =>
      all.map((one) => one.replaceAll(/(\$2\r\nid\r\n):\d+/g, '$1'));
    const ours = known(await converse(server.port, conversation));
    const real = known(await converse(reference.port, conversation));
    for (const [i, heard] of real.entries()) t.equal(ours[i], heard, `client ${i}`);
  });
}

/** Words that CLIENT TRACKING may be given, in any order and number; SELF and OTHER are numbers of clients. */
const OPTIONS = [
  ...['REDIRECT SELF', 'REDIRECT OTHER', 'REDIRECT 999999', 'REDIRECT x', 'REDIRECT', 'PREFIX a'],
  ...['PREFIX ab', 'PREFIX b', 'PREFIX ', 'PREFIX', 'BCAST', 'bcast', 'BCAST', 'BCAST', 'OPTIN'],
  ...['OPTOUT', 'NOLOOP', 'noloop', 'NOSUCH', 'PREFIX c', 'PREFIX d', 'PREFIX \u0000x'],
];

function randomOptions(random: Random): string[] {
  const words = ['CLIENT', 'TRACKING', random.below(8) === 0 ? 'OFF' : 'ON'];
  if (random.below(40) === 0) words[2] = 'MAYBE';
  for (let count = random.below(5); count > 0; count--) {
    words.push(...(OPTIONS[random.below(OPTIONS.length)] ?? '').split(' '));
  }
  return words;
}

const randomChoice = (random: Random): string[] => {
  return ['CLIENT', 'CACHING', ['YES', 'NO', 'yes', 'MAYBE'][random.below(4)] ?? ''];
};

t.test('CLIENT TRACKING takes and refuses options as the real server does', async (t) => {
  const reference = await needReference(t);
  if (reference === null) return;
  const server = await start(t);
  const random = seeded(t);
  const requests = Array.from({ length: 1500 }, () =>
    random.below(6) === 0 ? randomChoice(random) : randomOptions(random),
  );
  const answers: string[][] = [];
  for (const port of [server.port, reference.port]) {
    const wire = await speaker(t, port);
    const other = await speaker(t, port);
    const numberOf = async (one: WireConnection) => (await say(one, 'CLIENT ID')).slice(1, -1);
    const [self, friend] = [await numberOf(wire), await numberOf(other)];
    const own: string[] = [];
    for (const request of requests) {
      const words = request.map((word) => word.replace('SELF', self).replace('OTHER', friend));
      const reply = (await wire.send(words)).toString('latin1');
      const state = await say(wire, 'CLIENT TRACKINGINFO');
      const shown = state.replace(`:${self}|`, ':SELF|').replace(`:${friend}|`, ':OTHER|');
      own.push(`${request.join(' ')} ${reply} ${shown} ${await say(wire, 'CLIENT GETREDIR')}`);
    }
    answers.push(own.map((one) => one.replace(`:${self}|`, '').replace(`:${friend}|`, '')));
  }
  const [ours = [], real = []] = answers;
  const at = ours.findIndex((answer, i) => answer !== real[i]);
  t.equal(ours[at], real[at]);
});

t.test('Version 2 is told through another connection that listens', async (t) => {
  const server = await start(t);
  const listener = await speaker(t, server.port, '2');
  const id = (await say(listener, 'CLIENT ID')).slice(1, -1);
  const wire = await speaker(t, server.port, '2');
  t.equal(await say(wire, `CLIENT TRACKING ON REDIRECT ${id}`), '+OK|');
  await say(wire, 'GET k');
  // It does not listen to anything yet: nobody is told.
  await server.call('SET', 'k', '1');
  await say(listener, 'SUBSCRIBE __redis__:invalidate');
  await say(wire, 'GET k');
  await server.call('SET', 'k', '2');
  t.equal(await pushed(listener), '*3|$7|message|$20|__redis__:invalidate|*1|$1|k|');
  await server.call('FLUSHALL');
  t.equal(await pushed(listener), '*3|$7|message|$20|__redis__:invalidate|$-1|');
});

t.test('A client in version 3 is told that the connection it redirects to is gone', async (t) => {
  const server = await start(t);
  const listener = await speaker(t, server.port);
  const id = (await say(listener, 'CLIENT ID')).slice(1, -1);
  const wire = await speaker(t, server.port);
  await say(wire, `CLIENT TRACKING ON REDIRECT ${id}`);
  await say(wire, 'GET k');
  await server.call('CLIENT', 'KILL', 'ID', id);
  await server.call('SET', 'k', '1');
  t.equal(await pushed(wire), `>2|$21|tracking-redir-broken|:${id}|`);
  t.match(await say(wire, 'CLIENT TRACKINGINFO'), /\|\$15\|broken_redirect\|/);
  t.match(await server.call('CLIENT', 'LIST'), new RegExp(` flags=tR .* redir=${id} `));
});

t.test('Keys that expire or are evicted are told, to NOLOOP too', async (t) => {
  const server = await createServer({ clock: 'manual' });
  t.teardown(() => server.close());
  const wire = await speaker(t, server.port);
  await say(wire, 'CLIENT TRACKING ON BCAST NOLOOP');
  await say(wire, 'SET short 1 PX 10');
  await server.clock.advance(11);
  t.equal(await say(wire, 'GET short'), '_|');
  t.equal(await pushed(wire), '>2|$10|invalidate|*1|$5|short|');
  await say(wire, 'SET victim 1');
  await say(wire, 'CONFIG SET maxmemory-policy allkeys-random');
  await say(wire, 'CONFIG SET maxmemory 1');
  await say(wire, 'PING');
  t.equal(await pushed(wire), '>2|$10|invalidate|*1|$6|victim|');
});

t.test('No more keys are remembered than tracking-table-max-keys', async (t) => {
  const server = await start(t, { config: { 'tracking-table-max-keys': '100' } });
  const wire = await speaker(t, server.port);
  await say(wire, 'CLIENT TRACKING ON');
  for (let i = 0; i < 101; i++) await say(wire, `GET key:${i}`);
  const stats = () => server.call('INFO', 'stats', 'clients');
  t.match(await stats(), /tracking_clients:1\r\n[\s\S]*tracking_total_keys:100\r\n/);
  t.equal(await pushed(wire), '>2|$10|invalidate|*1|$5|key:0|');
  t.match(await stats(), /tracking_total_keys:100\r\ntracking_total_items:100\r\n/);
  await server.call('FLUSHALL', 'ASYNC');
  t.match(await stats(), /tracking_total_keys:0\r\ntracking_total_items:0\r\n/);
});

t.test('Nobody listens to changes once the last client that tracked is gone', async (t) => {
  const server = await start(t);
  const wire = await speaker(t, server.port);
  await say(wire, 'CLIENT TRACKING ON BCAST PREFIX a');
  t.ok(server.engine.effects.attentive);
  t.match(await server.call('INFO', 'stats'), /tracking_total_prefixes:1\r\n/);
  await server.call('CLIENT', 'KILL', 'TYPE', 'normal');
  await wire.closed();
  t.notOk(server.engine.effects.attentive);
  t.match(await server.call('INFO', 'stats'), /tracking_total_prefixes:0\r\n/);
});
