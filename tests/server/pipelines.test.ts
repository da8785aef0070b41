import net from 'node:net';
import t from 'tap';
import type { Client } from '../../server/client.js';
import { ProcessTransport } from '../../server/process-transport.js';
import { startServer } from '../helpers/server.js';
import { connect, encodeRequest } from '../helpers/wire.js';

const KEYS = 12_000;
const ROUNDS = 100;

/** Replies as text. */
const texts = (replies: readonly Buffer[]) => replies.map((reply) => reply.toString('latin1'));

t.test('long replies stay as they are while other clients get theirs', async (t) => {
  const { call, port } = await startServer(t, { listen: true });
  const expected: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) {
    const elements = Array.from({ length: 9000 }, (_, i) => `${name}${i}`.padEnd(40, name));
    await call('RPUSH', name, ...elements);
    expected.push(`*9000\r\n${elements.map((text) => `$40\r\n${text}\r\n`).join('')}`);
  }
  const wires = await Promise.all(expected.map(() => connect(port)));
  const keys = ['a', 'b', 'c', 'd'] as const;
  for (let round = 0; round < 3; round++) {
    const replies = await Promise.all(
      wires.map((wire, i) => {
        const request = ['LRANGE', keys[i] ?? '', '0', '-1'];
        return wire.pipeline([request, request, request]);
      }),
    );
    replies.forEach((three, i) => {
      for (const reply of three) t.ok(reply.toString('latin1') === expected[i], `reply to ${i}`);
    });
  }
  for (const wire of wires) wire.close();
});

t.test('who reads late gets all replies, whole and in order', async (t) => {
  const { call, port } = await startServer(t, { listen: true });
  const values = Array.from({ length: 29 }, (_, i) => `${i}:`.padEnd(4000 + i * 7, `<${i}>`));
  for (const [i, value] of values.entries()) await call('SET', `k${i}`, value);
  const socket = net.connect(port, '127.0.0.1').pause();
  const round = values.map((_, i) => `GET k${i}\r\n`).join('');
  // More than the network takes: the rest waits in the server.
  for (let i = 1; i <= ROUNDS; i++) {
    socket.write(round);
    const done = `cmdstat_get:calls=${i * values.length},`;
    while (!`${await call('INFO', 'commandstats')}`.includes(done)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  t.match(await call('CLIENT', 'LIST'), / omem=[1-9]\d{6}/);
  socket.end();
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  const expected = values.map((value) => `$${value.length}\r\n${value}\r\n`).join('');
  t.ok(Buffer.concat(chunks).toString('latin1') === expected.repeat(ROUNDS));
});

t.test('each request of a pipeline sees what those before it did', async (t) => {
  const { call, port } = await startServer(t, { listen: true });
  // Enough keys that their places are read ahead.
  for (let i = 0; i < KEYS; i += 100) {
    const pairs = Array.from({ length: 100 }, (_, n) => [`key:${i + n}`, `${i + n}`]);
    await call('MSET', ...pairs.flat());
  }
  const wire = await connect(port);
  const replies = await wire.pipeline([
    ['GET', 'key:7'],
    ['SET', 'key:7', 'seven'],
    ['GET', 'key:7'],
    ['DEL', 'key:7'],
    ['GET', 'key:7'],
    ['SET', 'key:7', '7', 'PX', '1'],
    ['APPEND', 'key:8', '8'],
    ['GET', 'key:8'],
    ['RENAME', 'key:8', 'key:7'],
    ['GET', 'key:7'],
    ['GET', 'key:8'],
    ['SELECT', '1'],
    ['GET', 'key:9'],
    ['SELECT', '0'],
    ['GET', 'key:9'],
    ['NOSUCHCOMMAND', 'key:9'],
    ['GET'],
    ['FLUSHALL'],
    ['GET', 'key:9'],
  ]);
  t.strictSame(texts(replies), [
    '$1\r\n7\r\n',
    '+OK\r\n',
    '$5\r\nseven\r\n',
    ':1\r\n',
    '$-1\r\n',
    '+OK\r\n',
    ':2\r\n',
    '$2\r\n88\r\n',
    '+OK\r\n',
    '$2\r\n88\r\n',
    '$-1\r\n',
    '+OK\r\n',
    '$-1\r\n',
    '+OK\r\n',
    '$1\r\n9\r\n',
    "-ERR unknown command 'NOSUCHCOMMAND', with args beginning with: 'key:9' \r\n",
    "-ERR wrong number of arguments for 'get' command\r\n",
    '+OK\r\n',
    '$-1\r\n',
  ]);
  wire.close();
});

t.test('what is allowed after AUTH in a pipeline is not refused before it', async (t) => {
  const { port } = await startServer(t, { listen: true, config: { requirepass: 'secret' } });
  const wire = await connect(port);
  const keys = Array.from({ length: 20 }, (_, i) => `key:${i}`);
  const [auth, exists] = await wire.pipeline([
    ['AUTH', 'secret'],
    // More arguments than a stranger may send.
    ['EXISTS', ...keys],
  ]);
  t.strictSame([`${auth}`, `${exists}`], ['+OK\r\n', ':0\r\n']);
  wire.close();
});

t.test('requests behind a protocol error do not run, those before it do', async (t) => {
  const { call, port } = await startServer(t, { listen: true });
  const wire = await connect(port);
  const bytes = Buffer.concat([
    encodeRequest(['SET', 'k', '1']),
    Buffer.from('*1\r\n!4\r\nPING\r\n'),
    encodeRequest(['SET', 'k', '2']),
  ]);
  const replies = await wire.sendRaw(bytes, 2);
  t.strictSame(texts(replies), ['+OK\r\n', "-ERR Protocol error: expected '$', got '!'\r\n"]);
  await wire.closed();
  t.equal(await call('GET', 'k'), '1');
});

t.test('requests behind QUIT do not run', async (t) => {
  const { call, port } = await startServer(t, { listen: true });
  const wire = await connect(port);
  const bytes = Buffer.concat([['QUIT'], ['SET', 'k', '1']].map(encodeRequest));
  t.strictSame(texts(await wire.sendRaw(bytes, 1)), ['+OK\r\n']);
  await wire.closed();
  t.equal(await call('GET', 'k'), null);
});

t.test('a pause in a pipeline holds what follows, once', async (t) => {
  const { call, clock, port } = await startServer(t, { listen: true });
  const wire = await connect(port);
  const replies = wire.pipeline([
    ['INCR', 'n'],
    ['CLIENT', 'PAUSE', '1000', 'WRITE'],
    ['INCR', 'n'],
    ['INCR', 'n'],
  ]);
  const other = await connect(port);
  // The answer to a later request of another client shows that the pipeline came in.
  while (`${await other.send(['GET', 'n'])}` !== '$1\r\n1\r\n');
  t.equal(await call('GET', 'n'), '1');
  await clock.advance(1001);
  t.strictSame(texts(await replies), [':1\r\n', '+OK\r\n', ':2\r\n', ':3\r\n']);
  wire.close();
  other.close();
});

t.test('a request in two reads goes on where it was left, after whole ones', async (t) => {
  const { port } = await startServer(t, { listen: true });
  const wire = await connect(port);
  const long = 'v'.repeat(1000);
  const bytes = Buffer.concat(
    [['SET', 'a', '1'], ['PING'], ['SET', 'b', long], ['GET', 'b']].map(encodeRequest),
  );
  for (const cut of [41, 42, 52, 60, 70, 500, bytes.length - 24]) {
    const first = wire.sendRaw(bytes.subarray(0, cut), 2);
    t.strictSame(texts(await first), ['+OK\r\n', '+PONG\r\n'], `cut at ${cut}`);
    const rest = await wire.sendRaw(bytes.subarray(cut), 2);
    t.strictSame(texts(rest), ['+OK\r\n', `$1000\r\n${long}\r\n`], `cut at ${cut}`);
  }
  wire.close();
});

/** A socket that keeps what is written to it. */
class FakeSocket extends ProcessTransport {
  override readonly isSocket = true;
  /** Each write by itself. */
  readonly writes: string[] = [];

  send(bytes: Uint8Array, start?: number, end?: number): boolean {
    this.writes.push(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
    return true;
  }

  destroy(): void {}
  end(): void {}
}

t.test('what one round of the event loop brings is written at its end, in order', async (t) => {
  const { server } = await startServer(t);
  const { engine } = server;
  const sockets = [new FakeSocket(), new FakeSocket()] as const;
  const [watching, busy] = sockets.map((socket) => engine.connect(socket)) as [Client, Client];
  const receive = (client: Client, ...args: string[]) => {
    const bytes = encodeRequest(args);
    engine.receive(client, bytes, bytes.length);
  };
  receive(watching, 'MONITOR');
  receive(busy, 'SET', 'k', 'v');
  t.strictSame([sockets[0].writes, sockets[1].writes], [[], []], 'nothing while requests come in');
  receive(watching, 'PING');
  receive(busy, 'GET', 'k');
  receive(busy, 'ECHO', 'x'.repeat(100_000));
  receive(busy, 'GET', 'k');
  await new Promise((resolve) => setImmediate(resolve));
  const [seen, replies] = sockets.map(({ writes }) => writes.join('')) as [string, string];
  t.equal(replies, `+OK\r\n$1\r\nv\r\n$100000\r\n${'x'.repeat(100_000)}\r\n$1\r\nv\r\n`);
  const lines = seen.split('\r\n').map((line) => line.replace(/^\+[0-9.]+ \[0 [^\]]*\] /, ''));
  t.strictSame(lines.slice(0, 5), ['+OK', '"SET" "k" "v"', '+PONG', '"PING"', '"GET" "k"']);
  engine.closeNow(watching);
  engine.closeNow(busy);
});
