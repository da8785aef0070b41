/** What does a message cost that a thousand clients listen for? */
import { once } from 'node:events';
import type { WireConnection } from '../tests/helpers/wire.js';
import { connect } from '../tests/helpers/wire.js';
import type { BenchOptions } from './options.js';
import { report, title } from './report.js';
import { type MeasuredServer, withBoth } from './servers.js';

const CLIENTS = 1000;
/** Messages of a round, each sent when the one before has come to all. */
const MESSAGES = 50;
const MESSAGE = 'x'.repeat(100);

interface Round {
  readonly deliveriesPerSecond: number;
  readonly cpuMicrosPerDelivery: number;
  /** From PUBLISH to the last client's message. */
  readonly lastMessageMs: number;
}

/** Clients that listen; what they are sent is only counted. */
class Listeners {
  private readonly clients: WireConnection[] = [];
  private expected = 0;
  private received = 0;
  private done: () => void = () => {};

  async connect(server: MeasuredServer): Promise<void> {
    for (let i = 0; i < CLIENTS; i++) {
      const client = await connect(server.port);
      client.socket.removeAllListeners('data');
      client.socket.write('SUBSCRIBE channel\r\n');
      await once(client.socket, 'data');
      client.socket.on('data', (bytes: Buffer) => this.count(bytes.length));
      this.clients.push(client);
    }
  }

  /** Resolves when so many more bytes came. */
  receive(bytes: number): Promise<void> {
    this.expected = this.received + bytes;
    return new Promise((resolve) => {
      this.done = resolve;
    });
  }

  close(): void {
    for (const client of this.clients) client.close();
  }

  private count(bytes: number): void {
    this.received += bytes;
    if (this.received === this.expected) this.done();
  }
}

async function measure(server: MeasuredServer): Promise<Round> {
  const listeners = new Listeners();
  await listeners.connect(server);
  const publisher = await connect(server.port);
  const messageBytes = `*3\r\n$7\r\nmessage\r\n$7\r\nchannel\r\n$100\r\n${MESSAGE}\r\n`.length;
  const before = server.cpuMicros();
  const startMs = performance.now();
  for (let i = 0; i < MESSAGES; i++) {
    const received = listeners.receive(messageBytes * CLIENTS);
    await Promise.all([publisher.send(['PUBLISH', 'channel', MESSAGE]), received]);
  }
  const tookMs = performance.now() - startMs;
  const deliveries = MESSAGES * CLIENTS;
  const round = {
    deliveriesPerSecond: (deliveries / tookMs) * 1000,
    cpuMicrosPerDelivery: (server.cpuMicros() - before) / deliveries,
    lastMessageMs: tookMs / MESSAGES,
  };
  listeners.close();
  publisher.close();
  return round;
}

export async function publishing({ rounds }: BenchOptions): Promise<void> {
  const ours: Round[] = [];
  const real: Round[] = [];
  await withBoth(async (oursServer, realServer) => {
    for (let round = 0; round < rounds; round++) {
      ours.push(await measure(oursServer));
      real.push(await measure(realServer));
    }
  });
  const both = (figure: keyof Round) => ({
    ours: ours.map((round) => round[figure]),
    real: real.map((round) => round[figure]),
  });
  title(`${CLIENTS.toLocaleString('en')} clients that listen to a channel, 100-byte messages`);
  report({ name: 'deliveries/s', ...both('deliveriesPerSecond'), digits: 0 });
  report({ name: 'CPU µs/delivery', ...both('cpuMicrosPerDelivery'), digits: 2 });
  report({ name: 'PUBLISH to last message, ms', ...both('lastMessageMs'), digits: 1 });
}
