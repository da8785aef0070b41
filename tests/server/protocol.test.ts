/** What the server makes of bytes: broken frames, pieces, and connections that end in the middle. */
import { once } from 'node:events';
import net from 'node:net';
import t from 'tap';
import type { ReplyValue } from '../../protocol/decoder.js';
import type { ValkeyServer } from '../../server/index.js';
import { openFileLimit } from '../../server/startup-checks.js';
import { BytesClient } from '../helpers/bytes-client.js';
import { ODD_FRAMES, randomPieces, randomStream, withoutIds } from '../helpers/frames.js';
import { seeded } from '../helpers/seeded.js';
import { startServer } from '../helpers/server.js';

interface Outcome {
  readonly text: string;
  readonly isClosed: boolean;
}

/** What a new connection gets for these pieces, on a server without data. */
function outcomeOf({ engine }: ValkeyServer, pieces: Iterable<string>): Outcome {
  for (const database of engine.keyspace.databases) database.clear();
  const client = new BytesClient(engine);
  for (const piece of pieces) client.write(piece);
  const { isClosed } = client;
  const text = withoutIds(client.text);
  client.disconnect();
  return { text, isClosed };
}

/** Connects, writes, and gives what comes until the server closes. */
function talk(port: number, bytes: string, end: 'half-close' | 'reset'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.once('error', reject);
    socket.once('end', () => socket.end());
    socket.once('close', () => resolve(text));
    socket.write(bytes, 'latin1', () => {
      if (end === 'half-close') socket.end();
      else socket.resetAndDestroy();
    });
  });
}

async function untilOneClient(call: (...words: string[]) => Promise<ReplyValue>): Promise<void> {
  const giveUpAtMs = performance.now() + 10_000;
  while (!`${await call('INFO', 'clients')}`.includes('connected_clients:1\r\n')) {
    if (performance.now() > giveUpAtMs) throw new Error('A connection is never forgotten');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

for (const [what, bytes, reply] of [
  ['a count that is no number', '*abc\r\n', 'invalid multibulk length'],
  ['a count beyond 32 bits', '*2147483648\r\n', 'invalid multibulk length'],
  ['a count without end', `*${'1'.repeat(70_000)}`, 'too big mbulk count string'],
  ['a length that is no number', '*1\r\n$x\r\n', 'invalid bulk length'],
  ['a negative length', '*1\r\n$-1\r\n', 'invalid bulk length'],
  ['a length beyond proto-max-bulk-len', '*1\r\n$536870913\r\n', 'invalid bulk length'],
  ['a length without end', `*1\r\n$${'1'.repeat(70_000)}`, 'too big bulk count string'],
  ['an argument of another type', '*1\r\n:5\r\n', "expected '$', got ':'"],
  ['an argument that is longer than it says', '*1\r\n$4\r\nPINGS\r\n', 'invalid CRLF in request'],
  ['an inline request without end', 'x'.repeat(70_000), 'too big inline request'],
  ['a quote that is not closed', 'ECHO "a\r\n', 'unbalanced quotes in request'],
] as const) {
  t.test(`${what} is a protocol error, and the connection is closed`, async (t) => {
    const { server } = await startServer(t);
    t.same(outcomeOf(server, [bytes]), {
      text: `-ERR Protocol error: ${reply}\r\n`,
      isClosed: true,
    });
  });
}

t.test('before AUTH only ten arguments of 16384 bytes are read', async (t) => {
  const { server } = await startServer(t, { config: { requirepass: 'secret' } });
  t.match(outcomeOf(server, ['*11\r\n']).text, 'unauthenticated multibulk length');
  t.match(outcomeOf(server, ['*1\r\n$16385\r\n']).text, 'unauthenticated bulk length');
  t.same(outcomeOf(server, ['*10\r\n$16384\r\n']), { text: '', isClosed: false });
});

t.test(
  'a client that wants no replies stays connected, unheard, after QUIT and the like',
  async (t) => {
    const { server } = await startServer(t);
    const unheard = { text: '', isClosed: false };
    t.same(
      outcomeOf(server, ['CLIENT REPLY OFF\r\nQUIT\r\nCLIENT REPLY ON\r\n', 'PING\r\n']),
      unheard,
    );
    t.same(outcomeOf(server, ['CLIENT REPLY SKIP\r\nQUIT\r\n', 'PING\r\n']), unheard);
    const kill = 'CLIENT KILL TYPE normal SKIPME no\r\n';
    t.same(outcomeOf(server, [`CLIENT REPLY OFF\r\n${kill}`, 'PING\r\n']), unheard);
    t.same(outcomeOf(server, ['CLIENT REPLY OFF\r\nPING\r\n*1\r\n$-1\r\n', 'PING\r\n']), unheard);
    t.same(outcomeOf(server, ['CLIENT REPLY SKIP\r\n*1\r\n$-1\r\n', 'PING\r\n']), unheard);
    const told = { text: '+PONG\r\n', isClosed: true };
    t.same(outcomeOf(server, ['PING\r\nCLIENT REPLY OFF\r\nQUIT\r\n']), told);
  },
);

const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
const LOG_LENGTH = 'COMMANDLOG LEN slow\r\n';
const ONLY_SUBSCRIBERS =
  '(P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context';

for (const [change, requests, replies] of [
  ['MULTI', 'GET k\r\n', '+OK\r\n+QUEUED\r\n'],
  ['SELECT 1', 'GET k\r\n', '+OK\r\n$-1\r\n'],
  ['CONFIG SET maxmemory 1', 'SET k v\r\n', `+OK\r\n${OOM}`],
  ['CLIENT REPLY OFF', 'GET k\r\nGET k\r\n', ''],
  ['CLIENT REPLY SKIP', 'GET k\r\nSTRLEN k\r\n', ':1\r\n'],
  ['CLIENT PAUSE 1000', 'GET k\r\n', '+OK\r\n'],
  [
    'CONFIG SET commandlog-execution-slower-than 0',
    `GET k\r\n${LOG_LENGTH}`,
    '+OK\r\n$1\r\nv\r\n:2\r\n',
  ],
  ['MONITOR', 'GET k\r\n', "+OK\r\n-ERR Replica can't interact with the keyspace\r\n"],
  [
    'SUBSCRIBE c',
    'GET k\r\n',
    `*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n-ERR Can't execute 'get': only ${ONLY_SUBSCRIBERS}\r\n`,
  ],
] as const) {
  t.test(`${change} holds for the next request of the same read`, async (t) => {
    const { server, call } = await startServer(t);
    await call('SET', 'k', 'v');
    const client = new BytesClient(server.engine);
    client.write(`GET k\r\n${change}\r\n${requests}`);
    server.engine.flush();
    t.equal(client.text, `$1\r\nv\r\n${replies}`);
  });
}

t.test('what is read is remembered from the request on that asked for it', async (t) => {
  const { server, call } = await startServer(t);
  const client = new BytesClient(server.engine);
  client.write('HELLO 3\r\nGET k\r\nCLIENT TRACKING ON\r\nGET k\r\n');
  await call('SET', 'k', 'v');
  server.engine.flush();
  t.ok(client.text.endsWith('>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n'), client.text);
});

t.test('bytes behind a protocol error are not run', async (t) => {
  const { server, call } = await startServer(t);
  const client = new BytesClient(server.engine);
  client.write('*1\r\n$-1\r\nSET k v\r\n');
  client.write('SET k v\r\n');
  t.equal(await call('GET', 'k'), null);
});

t.test('odd frames are answered alike, whole and in pieces of any size', async (t) => {
  const { server } = await startServer(t);
  // What a browser sends is cut off at once, with the replies of the same read.
  const frames = ODD_FRAMES.filter((one) => one.length < 1000 && !one.includes('Host:'));
  for (const frame of frames) {
    const whole = outcomeOf(server, [frame]);
    t.same(outcomeOf(server, frame), whole, `byte by byte: ${JSON.stringify(frame)}`);
    for (let at = 1; at < frame.length; at++) {
      const halves = outcomeOf(server, [frame.slice(0, at), frame.slice(at)]);
      if (halves.text !== whole.text || halves.isClosed !== whole.isClosed) {
        t.same(halves, whole, `cut at ${at}: ${JSON.stringify(frame)}`);
      }
    }
  }
});

t.test('random streams are answered alike, whole and in pieces', async (t) => {
  const random = seeded(t);
  const { server, call } = await startServer(t);
  for (let i = 0; i < 3000; i++) {
    const stream = randomStream(random);
    const whole = outcomeOf(server, [stream]);
    const pieces = outcomeOf(server, randomPieces(random, stream, 20));
    const bytes = outcomeOf(server, stream);
    if (whole.text !== pieces.text || whole.text !== bytes.text) {
      t.same([pieces, bytes], [whole, whole], JSON.stringify(stream));
    }
  }
  t.equal(await call('PING'), 'PONG');
  t.equal(server.engine.stats.unexpectedErrors, 0);
});

t.test('random bytes are never more than an error', async (t) => {
  const random = seeded(t);
  const { server, call } = await startServer(t);
  for (let i = 0; i < 2000; i++) {
    const bytes = Buffer.from(
      Array.from({ length: 1 + random.below(200) }, () => random.below(256)),
    );
    const start = random.below(2) ? '*2\r\n$' : '';
    outcomeOf(server, [start + bytes.toString('latin1')]);
  }
  t.equal(await call('PING'), 'PONG');
  t.equal(server.engine.stats.unexpectedErrors, 0);
});

t.test('a client that closed its half gets the replies to all it had sent', async (t) => {
  const { port } = await startServer(t, { listen: true });
  t.equal(await talk(port, 'PING\r\n'.repeat(5000), 'half-close'), '+PONG\r\n'.repeat(5000));
});

t.test('connections that end in the middle of a request are forgotten', async (t) => {
  const { port, call } = await startServer(t, { listen: true });
  for (const bytes of ['', '*2\r\n$4\r\nEC', '*1\r\n$500000000\r\nabc', 'PING', '*1\r\n$-1\r\nx']) {
    await talk(port, bytes, 'half-close');
    await talk(port, bytes, 'reset');
  }
  await untilOneClient(call);
  t.equal(await call('PING'), 'PONG');
});

t.test('connections that end in the middle of a reply leave no block behind', async (t) => {
  const { port, call } = await startServer(t, { listen: true });
  await call('SET', 'k', 'v'.repeat(4_000_000));
  for (let i = 0; i < 5; i++) await talk(port, 'GET k\r\n'.repeat(10), 'reset');
  await untilOneClient(call);
  t.equal(await call('STRLEN', 'k'), 4_000_000);
});

t.test('thousands of idle connections cost little, and the server goes on answering', async (t) => {
  const { port, call, server } = await startServer(t, { listen: true });
  // Both ends of each connection are files of this process.
  const count = Math.min(3000, Math.floor((openFileLimit() - 200) / 2));
  const sockets = Array.from({ length: count }, () => net.connect(port, '127.0.0.1'));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (const socket of sockets) socket.write('PING\r\n');
  const replies = await Promise.all(sockets.map((socket) => once(socket, 'data')));
  t.equal(new Set(replies.map(String)).size, 1);
  t.match(await call('INFO', 'clients'), `connected_clients:${count + 1}\r\n`);
  const pending = [...server.engine.clients.values()].map((client) => client.pending.length);
  t.equal(Math.max(...pending), 0, 'no buffer is kept for a client that sends nothing');
});
