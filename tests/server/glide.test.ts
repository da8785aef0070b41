/** GLIDE, the client of the Valkey project: that it connects, works, and hears of what others do. */
import { once } from 'node:events';
import type * as Glide from '@valkey/valkey-glide';
import t, { type Test } from 'tap';
import { createServer } from '../../server/index.js';

/** The package; null on systems that it has no compiled core for. */
async function findGlide(): Promise<typeof Glide | null> {
  try {
    return await import('@valkey/valkey-glide');
  } catch {
    return null;
  }
}

const glide = await findGlide();
glide?.Logger.setLoggerConfig('off');
const skip = glide === null && 'GLIDE has no compiled core for this system';

type Configuration = Partial<Glide.GlideClientConfiguration>;

async function start(t: Test) {
  const { GlideClient, ProtocolVersion } = glide as typeof Glide;
  const server = await createServer();
  t.teardown(() => server.close());
  const connect = async (resp: 2 | 3, configuration: Configuration = {}) => {
    const client = await GlideClient.createClient({
      addresses: [{ host: '127.0.0.1', port: server.port }],
      protocol: resp === 3 ? ProtocolVersion.RESP3 : ProtocolVersion.RESP2,
      requestTimeout: 10_000,
      ...configuration,
    });
    t.teardown(() => client.close());
    return client;
  };
  return { server, connect };
}

for (const RESP of [2, 3] as const) {
  t.test(`GLIDE, version ${RESP} of the protocol: values of all types`, { skip }, async (t) => {
    const { connect } = await start(t);
    const client = await connect(RESP, { clientName: 'one' });
    t.match(await client.customCommand(['CLIENT', 'INFO']), /name=one .*lib-name=GlideJS/);
    t.equal(await client.set('k', 'v'), 'OK');
    t.equal(await client.get('k'), 'v');
    t.equal(await client.hset('h', { a: '1', b: '2' }), 2);
    t.same(await client.hgetall('h'), [
      { field: 'a', value: '1' },
      { field: 'b', value: '2' },
    ]);
    t.equal(await client.zadd('z', { low: 1.5, high: 2 }), 2);
    t.same(await client.zrangeWithScores('z', { start: 0, end: -1 }), [
      { element: 'low', score: 1.5 },
      { element: 'high', score: 2 },
    ]);
    t.same(await client.sadd('s', ['x', 'y']), 2);
    t.same(await client.smembers('s'), new Set(['x', 'y']));
    await t.rejects(client.incr('k'), /value is not an integer or out of range/);
  });

  t.test(`GLIDE, version ${RESP} of the protocol: batches`, { skip }, async (t) => {
    const { Batch } = glide as typeof Glide;
    const { connect } = await start(t);
    const client = await connect(RESP);
    const pipeline = new Batch(false).set('n', '1').incr('n').lpush('n', ['x']).get('n');
    const [ok, two, error, text] = (await client.exec(pipeline, false)) ?? [];
    t.same([ok, two, text], ['OK', 2, '2']);
    t.match(error, { message: /WRONGTYPE|wrong kind of value/ });
    const transaction = new Batch(true).incr('n').incrBy('n', 10);
    t.same(await client.exec(transaction, true), [3, 13]);
    await client.watch(['n']);
    await (await connect(RESP)).set('n', 'changed');
    t.equal(await client.exec(new Batch(true).incr('n'), true), null);
  });
}

t.test('GLIDE hears of messages to channels and patterns', { skip }, async (t) => {
  const { GlideClientConfiguration } = glide as typeof Glide;
  const { PubSubChannelModes } = GlideClientConfiguration;
  const { connect } = await start(t);
  const heard: Glide.PubSubMsg[] = [];
  const { emit, came } = countdown(2);
  await connect(3, {
    pubsubSubscriptions: {
      channelsAndPatterns: {
        [PubSubChannelModes.Exact]: new Set(['news']),
        [PubSubChannelModes.Pattern]: new Set(['wea*']),
      },
      callback: (message) => {
        heard.push(message);
        emit();
      },
    },
  });
  const sender = await connect(3);
  t.equal(await sender.publish('first', 'news'), 1);
  t.equal(await sender.publish('second', 'weather'), 1);
  await came;
  t.same(
    heard.map(({ message, channel, pattern }) => ({ message, channel, pattern: pattern ?? null })),
    [
      { message: 'first', channel: 'news', pattern: null },
      { message: 'second', channel: 'weather', pattern: 'wea*' },
    ],
  );
});

/** A promise that is fulfilled when `emit` was called so many times. */
function countdown(times: number): { emit: () => void; came: Promise<unknown> } {
  const events = new EventTarget();
  let left = times;
  const emit = () => {
    left--;
    if (left === 0) events.dispatchEvent(new Event('done'));
  };
  return { emit, came: once(events, 'done') };
}
