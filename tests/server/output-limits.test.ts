import t, { type Test } from 'tap';
import { startServer } from '../helpers/server.js';
import { connect, type WireConnection } from '../helpers/wire.js';

/** A server that listens, with `requirepass secret`, 1000 bytes at `k` and 100,000 at `big`. */
async function guarded(t: Test) {
  const server = await startServer(t, {
    listen: true,
    config: { 'enable-debug-command': 'yes', requirepass: 'secret' },
  });
  await server.call('SET', 'k', 'v'.repeat(1000));
  await server.call('SET', 'big', 'v'.repeat(100_000));
  const open = async (): Promise<WireConnection> => {
    const wire = await connect(server.port);
    t.teardown(() => wire.close());
    return wire;
  };
  const member = async (): Promise<WireConnection> => {
    const wire = await open();
    await wire.send(['AUTH', 'secret']);
    return wire;
  };
  return { ...server, open, member };
}

/** Sends a request `count` times in one write; all come back, or the connection is closed before. */
function repeat(wire: WireConnection, request: string, count: number): Promise<unknown> {
  return wire.sendRaw(`${request}\r\n`.repeat(count), count);
}

const CLOSED = { message: /closed the connection|ECONNRESET/ };

t.test('a client that never said who it is may have its reply buffer full, no more', async (t) => {
  const { open, call } = await guarded(t);
  await repeat(await open(), 'PING', 480);
  await t.rejects(repeat(await open(), 'PING', 500), CLOSED);
  t.match(await call('INFO', 'stats'), 'client_output_buffer_limit_disconnections:1\r\n');
});

t.test('a client that said once who it is has no such limit, not even after RESET', async (t) => {
  const { member } = await guarded(t);
  const wire = await member();
  await wire.send(['RESET']);
  t.match(`${await wire.send(['PING'])}`, '-NOAUTH');
  await repeat(wire, 'PING', 500);
});

t.test('a client is no stranger any more once the password is taken away', async (t) => {
  const { call, open } = await guarded(t);
  const wire = await open();
  await wire.send(['PING']);
  await call('CONFIG', 'SET', 'requirepass', '');
  await repeat(wire, 'GET k', 40);
});

t.test('requests behind the one whose reply exceeds the hard limit do not run', async (t) => {
  const { call, member } = await guarded(t);
  await call('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 20000 0 0');
  const wire = await member();
  await t.rejects(wire.sendRaw(`${'GET k\r\n'.repeat(20)}SET after 1\r\n`, 21), CLOSED);
  t.equal(await call('EXISTS', 'after'), 0);
  await repeat(await member(), 'GET k', 16);
});

t.test(
  'values sent from where they are stored do not count while the network takes them',
  async (t) => {
    const { call, member } = await guarded(t);
    await call('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 20000 0 0');
    await repeat(await member(), 'GET big', 3);
  },
);

t.test('values of any size count when all are copied', async (t) => {
  const { call, member } = await guarded(t);
  await call('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 20000 0 0');
  await call('CONFIG', 'SET', 'min-string-size-avoid-copy-reply', '0');
  await t.rejects((await member()).send(['GET', 'big']), CLOSED);
  t.match(await call('INFO', 'stats'), 'client_output_buffer_limit_disconnections:1\r\n');
});

t.test('DEBUG CLIENT-ENFORCE-REPLY-LIST has every reply count', async (t) => {
  const { call, open, member } = await guarded(t);
  const wire = await member();
  t.equal(await call('DEBUG', 'CLIENT-ENFORCE-REPLY-LIST', '1'), 'OK');
  await t.rejects((await open()).send(['PING']), CLOSED);
  t.equal(`${await wire.send(['PING'])}`, '+PONG\r\n');
  await call('DEBUG', 'CLIENT-ENFORCE-REPLY-LIST', '0');
  t.match(`${await (await open()).send(['PING'])}`, '-NOAUTH');
});

/** The size of a client's reply buffer and the most it took lately, as CLIENT LIST tells them. */
async function replyBufferOf(wire: WireConnection): Promise<string | undefined> {
  return /rbs=\d+ rbp=\d+/.exec(`${await wire.send(['CLIENT', 'INFO'])}`)?.[0];
}

t.test('the reply buffer of a client follows what its replies take', async (t) => {
  const { call, clock, member } = await guarded(t);
  const wire = await member();
  t.equal(await replyBufferOf(wire), 'rbs=16384 rbp=16384');
  await clock.advance(100);
  await repeat(wire, 'GET k', 3);
  await clock.advance(100);
  t.equal(await replyBufferOf(wire), 'rbs=3072 rbp=3027');
  await repeat(wire, 'GET k', 4);
  t.equal(await replyBufferOf(wire), 'rbs=3072 rbp=3072');
  await clock.advance(100);
  t.equal(await replyBufferOf(wire), 'rbs=6144 rbp=3072');
  await clock.advance(5100);
  t.match(await replyBufferOf(wire), /^rbs=1024 /);
  t.match(await call('INFO', 'stats'), 'reply_buffer_expands:1\r\n');
  await call('CONFIG', 'RESETSTAT');
  t.match(await call('INFO', 'stats'), 'reply_buffer_shrinks:0\r\nreply_buffer_expands:0\r\n');
});

t.test(
  'DEBUG REPLYBUFFER sets how long a peak is remembered, and whether buffers change',
  async (t) => {
    const { call, clock, member } = await guarded(t);
    const wire = await member();
    const debug = (...words: string[]) => call('DEBUG', 'REPLYBUFFER', ...words);
    await debug('PEAK-RESET-TIME', 'NEVER');
    await clock.advance(20_000);
    t.equal(await replyBufferOf(wire), 'rbs=16384 rbp=16384');
    await debug('RESIZING', '0');
    await debug('PEAK-RESET-TIME', 'RESET');
    await clock.advance(20_000);
    t.equal(await replyBufferOf(wire), 'rbs=16384 rbp=16384');
    await debug('RESIZING', '1');
    await debug('PEAK-RESET-TIME', '200');
    await clock.advance(400);
    t.match(await replyBufferOf(wire), /^rbs=1024 /);
    await t.rejects(debug('PEAK-RESET-TIME', 'x'), { message: /not an integer/ });
    await t.rejects(debug('FOO', '1'), { message: /^ERR unknown subcommand .* 'REPLYBUFFER'/ });
  },
);

t.test('a reply beyond the hard limit is not made to its end', async (t) => {
  const { call, member } = await guarded(t);
  await call('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 1000000 0 0');
  await call('HSET', 'h', 'field', 'value');
  await call('SADD', 's', 'member');
  await call('ZADD', 'z', '1', 'member');
  // To their ends, these would have tens of gigabytes.
  for (const request of ['HRANDFIELD h', 'SRANDMEMBER s', 'ZRANDMEMBER z']) {
    const wire = await member();
    await t.rejects(wire.sendRaw(`${request} -999999999\r\n`, 1), CLOSED, request);
  }
  t.match(await call('INFO', 'stats'), 'client_output_buffer_limit_disconnections:3\r\n');
  t.equal(await call('HGET', 'h', 'field'), 'value', 'replies to others are whole');
});
