/** The real server and ours are sent the same broken bytes; and the real server's own fuzzer is let loose. */
import { spawn } from 'node:child_process';
import net from 'node:net';
import t from 'tap';
import { createServer } from '../../server/index.js';
import { ODD_FRAMES, randomPieces, randomStream, withoutIds } from '../helpers/frames.js';
import { freePort, startProgram } from '../helpers/program.js';
import { findReference, needReference } from '../helpers/reference.js';
import { seeded } from '../helpers/seeded.js';
import { connect } from '../helpers/wire.js';

/** Connects, writes the pieces, closes its half, and gives all that came until the server closed too. */
function talk(port: number, pieces: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    // Bytes that came behind an error are never read: the connection then ends by a reset.
    socket.once('error', () => {});
    socket.once('end', () => socket.end());
    socket.once('close', () => resolve(withoutIds(text)));
    for (const piece of pieces) socket.write(piece, 'latin1');
    socket.end();
  });
}

/** Whether the server closes the connection of its own accord, up to the moment it answers another one. */
async function closes(port: number, bytes: string): Promise<boolean> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let closed = false;
  socket.once('error', () => {});
  socket.resume().once('end', () => {
    closed = true;
  });
  await new Promise((resolve) => socket.write(bytes, 'latin1', resolve));
  const other = await connect(port);
  for (let i = 0; i < 20 && !closed; i++) await other.send(['PING']);
  other.close();
  socket.destroy();
  return closed;
}

t.test('both answer the same to odd frames, and close the same connections', async (t) => {
  const reference = await needReference(t);
  if (reference === null) return;
  const server = await createServer();
  t.teardown(() => server.close());
  for (const frame of ODD_FRAMES) {
    const shown = JSON.stringify(frame.slice(0, 60));
    t.equal(await talk(server.port, [frame]), await talk(reference.port, [frame]), shown);
    t.equal(await closes(server.port, frame), await closes(reference.port, frame), shown);
  }
});

t.test('both answer the same to random streams of requests, some of them damaged', async (t) => {
  const random = seeded(t);
  const reference = await needReference(t);
  if (reference === null) return;
  const server = await createServer();
  t.teardown(() => server.close());
  for (let i = 0; i < 1000; i++) {
    const stream = `FLUSHALL\r\n${randomStream(random)}`;
    const ours = await talk(server.port, randomPieces(random, stream, 4));
    const real = await talk(reference.port, [stream]);
    if (ours !== real) t.equal(ours, real, JSON.stringify(stream));
  }
  t.equal(server.engine.stats.unexpectedErrors, 0);
});

/**
 * A port where COMMAND DOCS is the real server's reply, and all else ours: the fuzzer takes what it sends from
 * there, and crashes when a command that it counts on is missing.
 */
async function withMenuOf(t: Tap, realPort: number, port: number): Promise<number> {
  const real = await connect(realPort);
  const menu = await real.send(['COMMAND', 'DOCS']);
  real.close();
  const front = net.createServer((socket) => {
    const behind = net.connect(port, '127.0.0.1');
    const drop = () => {
      socket.destroy();
      behind.destroy();
    };
    for (const one of [socket, behind]) one.on('error', drop).on('close', drop);
    behind.pipe(socket, { end: false });
    socket.on('data', (bytes: Buffer) => {
      if (bytes.includes('COMMAND\r\n$4\r\nDOCS\r\n')) socket.write(menu);
      else behind.write(bytes);
    });
  });
  const frontPort = await freePort();
  await new Promise<void>((resolve) => front.listen(frontPort, '127.0.0.1', resolve));
  t.teardown(() => front.close());
  return frontPort;
}

type Tap = Parameters<typeof needReference>[0];

/** Runs the fuzzer to its end. Resolves to what it said. */
function fuzz(port: number, options: readonly string[]): Promise<string> {
  const { benchmark = '' } = findReference() ?? {};
  const args = ['-p', `${port}`, '-c', '8', '--fuzz', '--fuzz-loglevel', 'info', ...options];
  const child = spawn(benchmark, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve) => {
    let log = '';
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding('latin1').on('data', (text: string) => {
        log += text;
      });
    }
    child.once('close', () => resolve(log));
  });
}

for (const modes of [[], ['--fuzz-mode', 'malformed-commands,config-commands']]) {
  t.test(`valkey-benchmark --fuzz ${modes.join(' ')} finds no fault`, async (t) => {
    const reference = await needReference(t);
    if (reference === null) return;
    const port = await freePort();
    const program = startProgram(t, ['--port', `${port}`, '--save', '']);
    await program.says('Ready to accept connections');
    // How it ends says nothing: the fuzzer now and then crashes, or drops its own clients, on the real server too.
    const log = await fuzz(await withMenuOf(t, reference.port, port), [
      ...['-n', '20000'],
      ...modes,
    ]);
    t.match(log, 'Running fuzzer with 8 clients');
    t.notMatch(log, /Malformed replies: [1-9]/);
    const wire = await connect(port);
    t.equal(`${await wire.send(['ECHO', 'there'])}`, '$5\r\nthere\r\n');
    t.match(`${await wire.send(['INFO', 'stats'])}`, 'unexpected_error_replies:0\r\n');
    wire.close();
    t.notMatch(program.stdout(), 'Unexpected error');
  });
}
