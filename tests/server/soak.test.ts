/**
 * Many clients that push, pop, wait, listen, run transactions and leave at random: every element pushed is delivered
 * exactly once, or still there, every message is heard by as many as PUBLISH tells, and nothing is left behind of
 * any client.
 *
 * `SEED` and `COUNT` in the environment give another run.
 */
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { Random } from '../../datatypes/random.js';
import type { LocalConnection, ReplyValue } from '../../server/index.js';
import { type StartedServer, startServer } from '../helpers/server.js';

const SEED = Number(process.env.SEED ?? 20_261_121);
const COUNT = Number(process.env.COUNT ?? 300_000);
const CLIENTS = 200;
const QUEUES = 12;
const CHANNELS = 8;
const STEPS_PER_ROUND = 20;

type Words = (string | number)[];

/** One client at a time has one request under way; `gone` when it left. */
interface Member {
  readonly connection: LocalConnection;
  readonly id: number;
  /** Whether it speaks version 3 of the protocol: it may listen, and do everything else besides. */
  readonly canListen: boolean;
  isBusy: boolean;
}

class Soak {
  readonly pushed: string[] = [];
  readonly delivered: string[] = [];
  waits = 0;
  /** Listeners of all messages, as PUBLISH counted them, and messages that came. */
  published = 0;
  heard = 0;
  private readonly members: Member[] = [];
  private readonly random = new Random(SEED);
  private readonly started: StartedServer;
  private elements = 0;

  constructor(started: StartedServer) {
    this.started = started;
  }

  async run(): Promise<void> {
    for (let i = 0; i < CLIENTS; i++) this.members.push(await this.join());
    for (let step = 0; step < COUNT; step++) {
      await this.step(this.random.below(CLIENTS));
      if (step % STEPS_PER_ROUND === 0) {
        await setImmediate();
        await this.started.clock.advance(1);
      }
    }
    for (const { connection } of this.members) connection.close();
    await setImmediate();
  }

  /** What still stands in any list. */
  async left(): Promise<string[]> {
    const found: string[] = [];
    for (const database of ['0', '1']) {
      await this.started.call('SELECT', database);
      for (const key of (await this.started.call('KEYS', 'q*')) as string[]) {
        found.push(...((await this.started.call('LRANGE', key, '0', '-1')) as string[]));
      }
    }
    return found;
  }

  private async join(): Promise<Member> {
    const connection = this.started.server.client();
    const canListen = this.random.below(2) === 0;
    if (canListen) await connection.call('HELLO', '3');
    connection.onPush = ([kind]) => {
      if (kind === 'message' || kind === 'pmessage') this.heard++;
    };
    const id = Number(await connection.call('CLIENT', 'ID'));
    return { connection, id, canListen, isBusy: false };
  }

  private async step(who: number): Promise<void> {
    const member = this.members[who] as Member;
    const choice = this.random.below(100);
    if (choice < 6) {
      member.connection.close();
      this.members[who] = await this.join();
    } else if (member.isBusy) {
      if (choice < 30) await this.push(await this.idle());
    } else if (choice < 30) await this.push(member);
    else if (choice < 45) await this.transact(member);
    else if (choice < 50) await this.unblock(member);
    else if (choice < 53)
      await member.connection.call('RENAMENX', this.queue(), this.queue()).catch(() => 0);
    else if (choice < 54) await member.connection.call('SWAPDB', '0', '1');
    else if (choice < 60) await this.publish(member);
    else if (choice < 66 && member.canListen) await this.listen(member);
    else this.wait(member);
  }

  /** A client of its own for pushing: so that all others may wait. */
  private idle(): Promise<Member> {
    const free = this.members.find(({ isBusy }) => !isBusy);
    return free
      ? Promise.resolve(free)
      : Promise.resolve(this.started.server.client()).then((connection) => ({
          connection,
          id: 0,
          canListen: false,
          isBusy: false,
        }));
  }

  private async publish({ connection }: Member): Promise<void> {
    this.published += Number(await connection.call('PUBLISH', this.channel(), 'message'));
  }

  private async listen({ connection }: Member): Promise<void> {
    const pattern = `*${this.random.below(CHANNELS)}`;
    const requests: Words[] = [
      ['SUBSCRIBE', this.channel(), this.channel()],
      ['PSUBSCRIBE', pattern],
      ['UNSUBSCRIBE', this.channel()],
      ['PUNSUBSCRIBE', pattern],
      ['UNSUBSCRIBE'],
    ];
    await connection.call(...(requests[this.random.below(requests.length)] as Words));
  }

  private channel(): string {
    return `channel:${this.random.below(CHANNELS)}`;
  }

  private queue(): string {
    return `q${this.random.below(QUEUES)}`;
  }

  private make(count: number): string[] {
    return Array.from({ length: count }, () => `e${this.elements++}`);
  }

  private async push(member: Member): Promise<void> {
    const elements = this.make(1 + this.random.below(4));
    await member.connection.call('RPUSH', this.queue(), ...elements);
    this.pushed.push(...elements);
    if (member.id === 0) member.connection.close();
  }

  /** Pushes and pops at once, perhaps of keys that are watched. */
  private async transact({ connection }: Member): Promise<void> {
    const elements = this.make(2);
    const [from, to] = [this.queue(), this.queue()];
    if (this.random.below(2) === 0) await connection.call('WATCH', from, to, 'hot');
    if (this.random.below(4) === 0) await this.started.call('INCR', 'hot');
    await connection.call('MULTI');
    await connection.call('LPUSH', to, ...elements);
    await connection.call('BLPOP', from, '0');
    await connection.call('LPOP', to, '2');
    await connection.call('INCR', 'hot');
    const replies = (await connection.call('EXEC')) as ReplyValue[] | null;
    if (replies === null) return;
    this.pushed.push(...elements);
    this.deliver(replies);
  }

  private async unblock({ connection }: Member): Promise<void> {
    const { id } = this.members[this.random.below(CLIENTS)] as Member;
    const how = this.random.below(2) === 0 ? 'TIMEOUT' : 'ERROR';
    await connection.call('CLIENT', 'UNBLOCK', id, how);
  }

  private wait(member: Member): void {
    const timeout = this.random.below(3) === 0 ? 0.05 : 0;
    const requests: Words[] = [
      ['BLPOP', this.queue(), this.queue(), this.queue(), timeout],
      ['BRPOP', this.queue(), timeout],
      ['BLMPOP', timeout, 2, this.queue(), this.queue(), 'RIGHT', 'COUNT', 3],
      ['BLMOVE', this.queue(), this.queue(), 'LEFT', 'RIGHT', timeout],
      ['BRPOPLPUSH', this.queue(), this.queue(), timeout],
    ];
    const words = requests[this.random.below(requests.length)] as Words;
    const moves = words[0] === 'BLMOVE' || words[0] === 'BRPOPLPUSH';
    member.isBusy = true;
    this.waits++;
    const ended = (reply: ReplyValue) => {
      member.isBusy = false;
      if (!moves) this.deliver(reply);
    };
    // It was unblocked, or the client left.
    member.connection.call(...words).then(ended, () => ended(null));
  }

  private deliver(reply: ReplyValue): void {
    if (Array.isArray(reply)) for (const one of reply) this.deliver(one);
    else if (typeof reply === 'string' && reply.startsWith('e')) this.delivered.push(reply);
  }
}

t.test(
  `${COUNT} steps of ${CLIENTS} clients deliver each element once and leave nothing, SEED=${SEED}`,
  async (t) => {
    const started = await startServer(t);
    const { blockedClients, clients, keyspace, pauses, pubsub, watchedKeys } =
      started.server.engine;
    const soak = new Soak(started);
    await soak.run();
    t.ok(soak.waits > COUNT / 10, 'clients waited');
    t.ok(soak.delivered.length > COUNT / 10, 'elements were delivered');
    t.ok(soak.published > COUNT / 10, 'there were listeners');
    t.equal(soak.heard, soak.published);
    t.same([pubsub.count('channel'), pubsub.count('pattern')], [0, 0]);
    const all = [...soak.delivered, ...(await soak.left())];
    t.same(all.sort(), soak.pushed.sort());
    t.same([blockedClients.count, blockedClients.keyCount, blockedClients.timedCount], [0, 0, 0]);
    t.same([watchedKeys.keyCount, watchedKeys.clientCount, pauses.waiting.size], [0, 0, 0]);
    t.equal(keyspace.waiters, null);
    t.equal(clients.size, 1, 'only the one that looked is left');
  },
);
