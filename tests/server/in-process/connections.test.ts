/** Ways to a server inside the process: values, a Duplex, a URL. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { createServer, ManualClock } from '../../../server/index.js';
import { startServer } from '../../helpers/server.js';

/** What is there to read next. */
async function nextReply(stream: NodeJS.ReadableStream): Promise<string> {
  const [bytes] = await once(stream, 'data');
  return String(bytes);
}

t.test('connect answers requests written to the Duplex', async (t) => {
  const { server } = await startServer(t);
  const stream = server.connect();
  stream.write('SET k v\r\nGET k\r\n');
  t.equal(await nextReply(stream), '+OK\r\n$1\r\nv\r\n');
});

t.test('connect takes a request in pieces', async (t) => {
  const { server } = await startServer(t);
  const stream = server.connect();
  for (const piece of ['*2\r\n$4\r\nEC', 'HO\r\n$3\r', '\nabc\r\n']) stream.write(piece);
  t.equal(await nextReply(stream), '$3\r\nabc\r\n');
});

t.test('connect answers no request before write returns', async (t) => {
  const { server, call } = await startServer(t);
  const stream = server.connect();
  stream.write('SET k v\r\n');
  t.equal(await call('GET', 'k'), null);
  await nextReply(stream);
  t.equal(await call('GET', 'k'), 'v');
});

t.test('a reader of the Duplex may write within its data event', async (t) => {
  const { server } = await startServer(t);
  const stream = server.connect();
  let read = '';
  stream.on('data', (bytes) => {
    read += bytes;
    if (read === '+PONG\r\n') stream.end('ECHO again\r\n');
  });
  stream.write('PING\r\n');
  await once(stream, 'close');
  t.equal(read, '+PONG\r\n$5\r\nagain\r\n');
});

t.test('end lets replies arrive, then the client is gone', async (t) => {
  const { server, call } = await startServer(t);
  const stream = server.connect();
  stream.end('PING\r\n');
  t.equal(await text(stream), '+PONG\r\n');
  t.notMatch(await call('CLIENT', 'LIST'), /\n.*\n/);
});

t.test('QUIT ends the Duplex after its reply', async (t) => {
  const { server } = await startServer(t);
  const stream = server.connect();
  stream.write('QUIT\r\n');
  t.equal(await text(stream), '+OK\r\n');
  t.ok(stream.destroyed);
});

t.test('destroy takes the client out of the server at once', async (t) => {
  const { server, call } = await startServer(t);
  const stream = server.connect();
  stream.write('CLIENT SETNAME gone\r\n');
  await nextReply(stream);
  t.match(await call('CLIENT', 'LIST'), /name=gone/);
  stream.destroy();
  t.notMatch(await call('CLIENT', 'LIST'), /name=gone/);
});

t.test('CLIENT KILL closes the Duplex', async (t) => {
  const { server, call } = await startServer(t);
  const stream = server.connect();
  stream.write('CLIENT ID\r\n');
  const id = (await nextReply(stream)).slice(1).trim();
  await call('CLIENT', 'KILL', 'ID', id);
  if (!stream.closed) await once(stream, 'close');
  t.ok(stream.destroyed);
});

t.test('replies wait while nobody reads, and are all there in order', async (t) => {
  const { server, call } = await startServer(t);
  await call('SET', 'long', 'x'.repeat(100_000));
  const stream = server.connect();
  stream.write('GET long\r\n'.repeat(5));
  stream.write('CLIENT ID\r\n');
  stream.pause();
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  t.ok(stream.unreadBytes > 400_000);
  stream.end();
  const read = await text(stream);
  t.match(read, /^(\$100000\r\nx+\r\n){5}:\d+\r\n$/);
  t.equal(stream.unreadBytes, 0);
});

t.test('a client that reads nothing is closed beyond its output limit', async (t) => {
  const { server, call } = await startServer(t, {
    config: { 'client-output-buffer-limit': 'normal 200000 0 0' },
  });
  await call('SET', 'long', 'x'.repeat(100_000));
  const stream = server.connect();
  stream.write('GET long\r\n'.repeat(9));
  await once(stream, 'close');
  t.match(await call('INFO', 'stats'), /client_output_buffer_limit_disconnections:1\r/);
});

t.test('a subscriber is closed beyond its output limit too', async (t) => {
  const { server, call } = await startServer(t, {
    config: { 'client-output-buffer-limit': 'pubsub 200000 0 0' },
  });
  const stream = server.connect();
  stream.write('SUBSCRIBE news\r\n');
  await nextReply(stream);
  stream.pause();
  for (let i = 0; i < 9; i++) await call('PUBLISH', 'news', 'x'.repeat(100_000));
  if (!stream.closed) await once(stream, 'close');
  t.match(await call('INFO', 'stats'), /client_output_buffer_limit_disconnections:1\r/);
});

t.test('connect is refused beyond maxclients, as on a socket', async (t) => {
  const { server } = await startServer(t, { config: { maxclients: '1' } });
  server.connect();
  t.equal(await text(server.connect()), '-ERR max number of clients reached\r\n');
});

t.test('a message reaches a subscriber on the Duplex', async (t) => {
  const { server, call } = await startServer(t);
  const stream = server.connect();
  stream.write('SUBSCRIBE news\r\n');
  await nextReply(stream);
  const message = nextReply(stream);
  await call('PUBLISH', 'news', 'hello');
  t.equal(await message, '*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n');
});

t.test('the Duplex must authenticate, as a socket must', async (t) => {
  const { server } = await startServer(t, { config: { requirepass: 'secret' } });
  const stream = server.connect();
  stream.write('PING\r\n');
  t.equal(await nextReply(stream), '-NOAUTH Authentication required.\r\n');
});

t.test('setTimeout tells of a Duplex on which nothing happens', async (t) => {
  const { server } = await startServer(t);
  const stream = server.connect();
  await new Promise<void>((resolve) => stream.setTimeout(1, resolve));
  stream.setTimeout(0);
});

t.test('closing the server closes its connections', async (t) => {
  const server = await createServer({ listen: false });
  const stream = server.connect();
  await server.close();
  if (!stream.closed) await once(stream, 'close');
  t.ok(stream.destroyed);
});

t.test('url is where the server listens, with its password', async (t) => {
  const { server, port } = await startServer(t, {
    listen: true,
    config: { requirepass: 'p@ss word' },
  });
  t.equal(server.url, `redis://:p%40ss%20word@127.0.0.1:${port}`);
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.write('AUTH "p@ss word"\r\n');
  t.equal(await nextReply(socket), '+OK\r\n');
  socket.destroy();
});

t.test('a server that does not listen has no URL', async (t) => {
  const { server } = await startServer(t);
  t.throws(() => server.url, /made with listen: false/);
});

t.test('await using closes the server', async (t) => {
  let port = 0;
  {
    await using server = await createServer();
    port = server.port;
  }
  const socket = connect(port, '127.0.0.1');
  const [error] = await once(socket, 'error');
  t.equal(error.code, 'ECONNREFUSED');
});

t.test('servers may share a clock of their own', async (t) => {
  const clock = new ManualClock(1_000_000);
  await using one = await createServer({ listen: false, clock });
  await using other = await createServer({ listen: false, clock });
  for (const server of [one, other]) await server.call('SET', 'k', 'v', 'PX', '100');
  await one.clock.advance(101);
  t.same(await one.call('TIME'), ['1000', '101000']);
  t.equal(await one.call('GET', 'k'), null);
  t.equal(await other.call('GET', 'k'), null);
});
