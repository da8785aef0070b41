/**
 * The program killed under load, again and again, while it appends, rewrites its append-only file or saves: what it
 * promised is there after each start, and what is there is a prefix of the history.
 *
 * The replies tell the history: each names the place in a list that all clients share. `SEED` and `ROUNDS` in the
 * environment give another run.
 */
import t, { type Test } from 'tap';
import type { Random } from '../../datatypes/random.js';
import { freePort, type Program, startProgram, temporaryFolder } from '../helpers/program.js';
import { seeded } from '../helpers/seeded.js';
import { connect, type WireConnection } from '../helpers/wire.js';

const ROUNDS = Number(process.env.ROUNDS ?? 10);
const NAMES = ['w0', 'w1', 'w2'] as const;
const PIPELINE = 4;
/** Under `everysec`, what was acknowledged so long before the kill must be there: a second, and the time of an fsync. */
const LOST_AT_MOST_MS = 1500;
/** Keys that make a save take a while, and how long each is made to take. */
const FILLERS = 5000;
const FILLER_USEC = 30;

/** Up to which element a client's list was acknowledged at some moment. */
interface Acknowledged {
  readonly atMs: number;
  readonly count: number;
}

/** What the shared list holds, as far as replies have told. */
type History = (string | undefined)[];

/** A client that appends 1, 2, 3... to a list of its own, and to one that all share. */
class Writer {
  readonly acknowledged: Acknowledged[];
  private sent: number;
  private readonly name: string;
  private readonly history: History;

  constructor(name: string, from: number, history: History) {
    this.name = name;
    this.sent = from;
    this.history = history;
    this.acknowledged = [{ atMs: -Infinity, count: from }];
  }

  /** Writes until the connection breaks. */
  async run(wire: WireConnection): Promise<void> {
    try {
      for (;;) await this.append(wire);
    } catch (error) {
      if (!/closed the connection|ECONNRESET|EPIPE/.test(String(error))) throw error;
    }
  }

  private async append(wire: WireConnection): Promise<void> {
    const first = this.sent + 1;
    this.sent += PIPELINE;
    const requests = Array.from({ length: PIPELINE }, (_, i) => [
      ['RPUSH', this.name, `${first + i}`],
      ['RPUSH', 'all', `${this.name}:${first + i}`],
    ]).flat();
    const replies = await wire.pipeline(requests);
    for (const [i, reply] of replies.entries()) {
      if (reply[0] !== 0x3a) throw new Error(`A write was refused: ${reply}`);
      const [, list, value] = requests[i] as string[];
      if (list === 'all') this.history[Number(reply.toString('latin1', 1)) - 1] = value;
    }
    this.acknowledged.push({ atMs: performance.now(), count: this.sent });
  }

  /** How much was acknowledged by the moment `atMs`. */
  acknowledgedBy(atMs: number): number {
    return this.acknowledged.findLast((one) => one.atMs <= atMs)?.count ?? 0;
  }
}

async function list(wire: WireConnection, name: string): Promise<string[]> {
  const reply = (await wire.send(['LRANGE', name, '0', '-1'])).toString('latin1');
  return reply.split('\r\n').filter((_, i) => i > 0 && i % 2 === 0);
}

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One server after the other on the same folder, and what all of them were told to keep. */
class Crashes {
  private readonly t: Test;
  private readonly directory: string;
  private readonly port: number;
  private readonly promised = new Map<string, number>();
  private history: History = [];
  private isFilled = false;

  constructor(t: Test, port: number) {
    this.t = t;
    this.port = port;
    this.directory = temporaryFolder(t);
  }

  /**
   * Starts a server, checks what it loaded, and kills it `lifeMs` after the writers began.
   *
   * @param job - Runs beside the writers; may fail when the server is gone.
   * @param promiseOf - How much of its list a writer was promised, given the moment of the kill.
   */
  async round(
    settings: readonly string[],
    lifeMs: number,
    job: (control: WireConnection) => Promise<unknown>,
    promiseOf: (writer: Writer, killedAtMs: number) => number,
  ): Promise<void> {
    const program = await this.start(settings);
    const control = await connect(this.port);
    const writers = await this.checkedWriters(control);
    if (!this.isFilled) await control.send(['DEBUG', 'POPULATE', `${FILLERS}`, 'filler', '100']);
    this.isFilled = true;
    const wires = await Promise.all(writers.map(() => connect(this.port)));
    const running = writers.map((writer, i) => writer.run(wires[i] as WireConnection));
    const beside = job(control).catch(() => {});
    await later(lifeMs);
    const killedAtMs = performance.now();
    program.process.kill('SIGKILL');
    await Promise.all([...running, beside, program.ended()]);
    control.close();
    for (const [i, writer] of writers.entries()) {
      this.promised.set(NAMES[i] as string, promiseOf(writer, killedAtMs));
    }
  }

  /** Starts a server once more, and checks what it loaded. */
  async end(settings: readonly string[]): Promise<void> {
    await this.start(settings);
    const control = await connect(this.port);
    await this.checkedWriters(control);
    control.close();
  }

  private async start(settings: readonly string[]): Promise<Program> {
    const program = startProgram(this.t, [
      ...['--port', `${this.port}`, '--dir', this.directory, '--save', ''],
      ...['--enable-debug-command', 'yes', '--rdb-key-save-delay', `${FILLER_USEC}`],
      ...settings,
    ]);
    await program.says('Ready to accept connections');
    return program;
  }

  /** Checks what is there; the writers go on from it. */
  private async checkedWriters(control: WireConnection): Promise<Writer[]> {
    const { t, history, promised } = this;
    const all = await list(control, 'all');
    const differs = all.findIndex((value, i) => (history[i] ?? value) !== value);
    t.equal(differs, -1, 'the shared list is a prefix of its history');
    const stored = new Map<string, number>();
    for (const name of NAMES) {
      const own = await list(control, name);
      const least = promised.get(name) ?? 0;
      t.ok(own.length >= least, `${name} has ${own.length}, promised ${least}`);
      t.ok(
        own.every((value, n) => value === `${n + 1}`),
        `${name} has no gap`,
      );
      // Of the last pair the second may be missing: nothing else.
      const shared = all.filter((value) => value.startsWith(`${name}:`)).length;
      t.ok(own.length - shared <= 1 && shared <= own.length, `${name} fits the shared list`);
      if (shared < own.length) {
        all.push(`${name}:${own.length}`);
        await control.send(['RPUSH', 'all', `${name}:${own.length}`]);
      }
      stored.set(name, own.length);
    }
    this.history = all;
    return NAMES.map((name) => new Writer(name, stored.get(name) ?? 0, all));
  }
}

// A round takes a second or two, more where others are at work.
t.setTimeout(300_000);

const everything = (writer: Writer) => writer.acknowledgedBy(Infinity);
const olderThanASecond = (writer: Writer, killedAtMs: number) =>
  writer.acknowledgedBy(killedAtMs - LOST_AT_MOST_MS);

/** How long the server of a round lives: mostly so short that a rewrite is caught, at times long enough to lose nothing. */
const lifeMs = (random: Random, round: number) =>
  round % 3 === 2 ? LOST_AT_MOST_MS + random.below(700) : random.below(400);

for (const [policy, promise] of [
  ['always', everything],
  ['everysec', olderThanASecond],
] as const) {
  t.test(`a server killed under ${policy} has all that it promised`, async (t) => {
    const random = seeded(t);
    const crashes = new Crashes(t, await freePort());
    const settings = ['--appendonly', 'yes', '--appendfsync', policy];
    settings.push('--auto-aof-rewrite-percentage', '0');
    for (let round = 0; round < ROUNDS; round++) {
      const preamble = ['--aof-use-rdb-preamble', round % 2 === 0 ? 'yes' : 'no'];
      const rewrite = async (control: WireConnection) => {
        await later(random.below(150));
        await control.send(['BGREWRITEAOF']);
      };
      const life = policy === 'always' ? random.below(400) : lifeMs(random, round);
      await crashes.round([...settings, ...preamble], life, rewrite, promise);
    }
    await crashes.end(settings);
  });
}

t.test('a server killed while it saves has the last whole save, of one instant', async (t) => {
  const random = seeded(t);
  const crashes = new Crashes(t, await freePort());
  let saves = 0;
  for (let round = 0; round < ROUNDS; round++) {
    /** When the last save that succeeded began. */
    let savedAtMs = -Infinity;
    const save = async (control: WireConnection) => {
      for (;;) {
        const begunAtMs = performance.now();
        await control.send(['BGSAVE']);
        while (/rdb_bgsave_in_progress:1/.test(String(await control.send(['INFO']))));
        savedAtMs = begunAtMs;
        saves++;
      }
    };
    await crashes.round([], random.below(900), save, (writer) => writer.acknowledgedBy(savedAtMs));
  }
  await crashes.end([]);
  t.ok(saves > 0, `${saves} saves were whole`);
});
