/** Pub/Sub: who gets what, in which order, and what clients that listen may do. */
import t from 'tap';
import { createServer } from '../../server/index.js';
import { converse, type Step } from '../helpers/conversation.js';
import { needReference } from '../helpers/reference.js';
import { connect } from '../helpers/wire.js';

const COMMON: readonly Step[] = [
  [0, 'UNSUBSCRIBE'],
  [0, 'PUNSUBSCRIBE', 'none', ''],
  [0, 'SUNSUBSCRIBE'],
  [0, 'SUBSCRIBE', 'news', '', 'news', '\u0000\r\n\u00ff'],
  [0, 'SUBSCRIBE'],
  [1, 'PSUBSCRIBE', 'n*', '[\u0000-\u0010]*'],
  [0, 'PSUBSCRIBE', 'new?'],
  [1, 'SSUBSCRIBE', 'news'],
  [2, 'PUBLISH', 'news', 'one'],
  [2, 'PUBLISH', '', ''],
  [2, 'PUBLISH', '\u0000\r\n\u00ff', '\u0000\r\n\u00ff'],
  [2, 'PUBLISH', 'nobody', 'x'.repeat(20_000)],
  [2, 'SPUBLISH', 'news', 'x'.repeat(70_000)],
  [2, 'SPUBLISH', 'new', 'lost'],
  [2, 'PUBSUB', 'CHANNELS', 'new*'],
  [2, 'PUBSUB', 'channels', 'old*'],
  [2, 'PUBSUB', 'CHANNELS', 'a', 'b'],
  [2, 'PUBSUB', 'NUMSUB', 'news', 'none'],
  [2, 'PUBSUB', 'NUMSUB'],
  [2, 'PUBSUB', 'NUMPAT'],
  [2, 'PUBSUB', 'SHARDCHANNELS'],
  [2, 'PUBSUB', 'SHARDNUMSUB', 'news', 'n'],
  [2, 'PUBSUB', 'SHARDCHANNELS', 'a', 'b'],
  [2, 'PUBSUB', 'NONE'],
  [2, 'PUBSUB'],
  [2, 'PUBSUB', 'HELP'],
  [0, 'PING'],
  [0, 'PING', 'word'],
  [0, 'PING', 'two', 'words'],
  [0, 'GET', 'k'],
  [0, 'GET'],
  [0, 'NOSUCH'],
  [0, 'PUBSUB', 'NUMPAT'],
  [0, 'PUBLISH', 'news', 'to myself'],
  [0, 'UNSUBSCRIBE', 'other', 'news'],
  [1, 'RESET'],
  [1, 'GET', 'k'],
  [2, 'PUBLISH', 'news', 'two'],
  [0, 'PUNSUBSCRIBE'],
  [0, 'UNSUBSCRIBE'],
  [0, 'GET', 'k'],
  [2, 'PUBSUB', 'CHANNELS'],
];

const IN_VERSION_3: readonly Step[] = [
  [0, 'HELLO', '3'],
  [1, 'HELLO', '3'],
  ...COMMON,
  [1, 'HELLO', '3'],
  [1, 'SUBSCRIBE', 'a'],
  [1, 'PSUBSCRIBE', '*'],
  [1, 'PUBLISH', 'a', 'after the reply'],
  [1, 'HELLO', '2'],
  [1, 'PUBLISH', 'a', 'not allowed any more'],
];

/** What replies to HELLO tell that differs: the client's number. */
const withoutIds = (heard: readonly string[]) =>
  heard.map((one) => one.replaceAll(/(\$2\r\nid\r\n):\d+/g, '$1'));

for (const [name, steps] of [
  ['version 2', COMMON],
  ['version 3', IN_VERSION_3],
] as const) {
  t.test(`Clients of ${name} hear what they hear from the real server`, async (t) => {
    const reference = await needReference(t);
    if (reference === null) return;
    const server = await createServer();
    t.teardown(() => server.close());
    const ours = withoutIds(await converse(server.port, steps));
    const real = withoutIds(await converse(reference.port, steps));
    for (const [i, heard] of real.entries()) t.equal(ours[i], heard, `client ${i}`);
  });
}

t.test('A message reaches a thousand clients, in order, of both versions', async (t) => {
  const server = await createServer();
  t.teardown(() => server.close());
  const listeners = await Promise.all(Array.from({ length: 1000 }, () => connect(server.port)));
  for (const [i, listener] of listeners.entries()) {
    if (i % 2 === 1) await listener.send(['HELLO', '3']);
    listener.socket.write('SUBSCRIBE all\r\n');
    await listener.nextPush();
  }
  t.equal(await server.call('PUBLISH', 'all', 'one'), 1000);
  t.equal(await server.call('PUBLISH', 'all', 'two'), 1000);
  for (const [i, listener] of listeners.entries()) {
    const mark = i % 2 === 1 ? '>' : '*';
    for (const word of ['one', 'two']) {
      const message = `${mark}3\r\n$7\r\nmessage\r\n$3\r\nall\r\n$3\r\n${word}\r\n`;
      if ((await listener.nextPush()).toString() !== message) t.fail(`client ${i}: ${word}`);
    }
    listener.close();
  }
  t.pass('all of them got both messages');
});

t.test('CLIENT REPLY OFF holds back replies, not messages', async (t) => {
  const server = await createServer();
  t.teardown(() => server.close());
  const wire = await connect(server.port);
  t.teardown(() => wire.close());
  await wire.send(['HELLO', '3']);
  wire.socket.write('CLIENT REPLY OFF\r\nSUBSCRIBE a\r\nGET k\r\nPUBLISH a mine\r\n');
  t.match((await wire.nextPush()).toString(), /^>3\r\n\$9\r\nsubscribe\r\n\$1\r\na\r\n:1\r\n$/);
  t.match((await wire.nextPush()).toString(), /^>3\r\n\$7\r\nmessage\r\n\$1\r\na\r\n\$4\r\nmine/);
  t.equal((await wire.send(['CLIENT', 'REPLY', 'ON'])).toString(), '+OK\r\n');
});

t.test('CLIENT LIST and INFO tell who listens, CLIENT KILL TYPE pubsub ends them', async (t) => {
  const server = await createServer();
  t.teardown(() => server.close());
  const wire = await connect(server.port);
  await wire.send(['SUBSCRIBE', 'a']);
  await wire.send(['PSUBSCRIBE', 'b*']);
  await wire.send(['SSUBSCRIBE', 'c']);
  const line = await server.call('CLIENT', 'LIST', 'TYPE', 'pubsub');
  t.match(line, / flags=P .* sub=1 psub=1 ssub=1 /);
  t.match(await server.call('INFO', 'clients'), /\r\npubsub_clients:1\r\n/);
  t.match(
    await server.call('INFO', 'stats'),
    /\r\npubsub_channels:1\r\npubsub_patterns:1\r\npubsubshard_channels:1\r\n/,
  );
  t.equal(await server.call('CLIENT', 'KILL', 'TYPE', 'pubsub'), 1);
  await wire.closed();
  t.match(await server.call('INFO', 'clients'), /\r\npubsub_clients:0\r\n/);
  t.same(await server.call('PUBSUB', 'CHANNELS'), []);
  t.equal(await server.call('PUBSUB', 'NUMPAT'), 0);
});

t.test('A client that does not fetch its messages is dropped at its limit', async (t) => {
  const config = { 'client-output-buffer-limit': 'pubsub 1mb 0 0' };
  const server = await createServer({ config });
  t.teardown(() => server.close());
  const wire = await connect(server.port);
  await wire.send(['SUBSCRIBE', 'a']);
  wire.socket.pause();
  const message = 'x'.repeat(100_000);
  let delivered = 0;
  while ((await server.call('PUBLISH', 'a', message)) === 1) delivered++;
  t.ok(delivered > 5, `${delivered} messages were taken`);
  t.match(await server.call('INFO', 'stats'), /client_output_buffer_limit_disconnections:1\r\n/);
  wire.close();
});

for (const resp of [2, 3] as const) {
  t.test(`A client inside the process listens too, in version ${resp}`, async (t) => {
    const server = await createServer({ listen: false });
    t.teardown(() => server.close());
    const listener = server.connect();
    const heard: unknown[] = [];
    listener.onPush = (values) => heard.push(values);
    await listener.call('HELLO', resp);
    t.same(await listener.call('SUBSCRIBE', 'a', 'b'), ['subscribe', 'a', 1]);
    t.same(await listener.call('PSUBSCRIBE', '*'), ['psubscribe', '*', 3]);
    t.equal(await server.call('PUBLISH', 'b', 'word'), 2);
    t.same(await listener.call('UNSUBSCRIBE', 'a'), ['unsubscribe', 'a', 2]);
    t.same(heard, [
      ['subscribe', 'b', 2],
      ['message', 'b', 'word'],
      ['pmessage', '*', 'b', 'word'],
    ]);
  });
}
