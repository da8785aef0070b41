/**
 * The program killed under load, again and again, while it appends and while it rewrites its append-only file: what
 * was acknowledged is there after each start, and what is there is a prefix of what was sent.
 *
 * Under `everysec` what was acknowledged in the last two seconds may be missing: a write can wait so long behind an
 * fsync. `SEED` and `ROUNDS` in the environment give another run.
 */
import t from 'tap';
import type { Random } from '../../datatypes/random.js';
import { freePort, startProgram, temporaryFolder } from '../helpers/program.js';
import { seeded } from '../helpers/seeded.js';
import { connect, type WireConnection } from '../helpers/wire.js';

const ROUNDS = Number(process.env.ROUNDS ?? 15);
const WRITERS = 3;
const PIPELINE = 4;

/** A client that appends 1, 2, 3... to a list of its own, and to one that all share. */
class Writer {
  acknowledged: number;
  /** What was there when it began. */
  readonly begunAt: number;
  private sent: number;
  private readonly name: string;

  constructor(name: string, from: number) {
    this.name = name;
    this.begunAt = from;
    this.sent = from;
    this.acknowledged = from;
  }

  /** Writes until the connection breaks. */
  async run(wire: WireConnection): Promise<void> {
    try {
      for (;;) {
        const first = this.sent + 1;
        this.sent += PIPELINE;
        const requests = Array.from({ length: PIPELINE }, (_, i) => [
          ['RPUSH', this.name, `${first + i}`],
          ['RPUSH', 'all', `${this.name}:${first + i}`],
        ]).flat();
        for (const reply of await wire.pipeline(requests)) {
          if (reply[0] !== 0x3a) throw new Error(`A write was refused: ${reply}`);
        }
        this.acknowledged = this.sent;
      }
    } catch (error) {
      if (!/closed the connection|ECONNRESET|EPIPE/.test(String(error))) throw error;
    }
  }
}

async function list(wire: WireConnection, name: string): Promise<string[]> {
  const reply = (await wire.send(['LRANGE', name, '0', '-1'])).toString('latin1');
  return reply.split('\r\n').filter((_, i) => i > 0 && i % 2 === 0);
}

/** Waits a random while, then calls. */
async function soon(random: Random, mostMs: number, task: () => unknown): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, random.below(mostMs)));
  await task();
}

// A round takes a second or two, more where others are at work.
t.setTimeout(300_000);

for (const policy of ['always', 'everysec']) {
  t.test(`a server killed under ${policy} has all that it acknowledged`, async (t) => {
    const random = seeded(t);
    const directory = temporaryFolder(t);
    const port = await freePort();
    const acknowledged = new Map<string, number>();
    for (let round = 0; round <= ROUNDS; round++) {
      const program = startProgram(t, [
        ...['--port', `${port}`, '--dir', directory, '--save', '', '--appendonly', 'yes'],
        ...['--appendfsync', policy, '--auto-aof-rewrite-percentage', '0'],
        ...['--aof-use-rdb-preamble', round % 2 === 0 ? 'yes' : 'no'],
        ...['--enable-debug-command', 'yes', '--rdb-key-save-delay', '30'],
      ]);
      await program.says('Ready to accept connections');
      const control = await connect(port);
      const all = await list(control, 'all');
      const writers: Writer[] = [];
      for (let i = 0; i < WRITERS; i++) {
        const name = `w${i}`;
        const stored = await list(control, name);
        const least = acknowledged.get(name) ?? 0;
        t.ok(stored.length >= least, `round ${round}: ${stored.length} of ${least} in ${name}`);
        const isWhole = stored.every((value, n) => value === `${n + 1}`);
        t.ok(isWhole, `round ${round}: ${name} has no gap`);
        // Of the last pair the second may be missing: nothing else.
        const shared = all.filter((value) => value.startsWith(`${name}:`)).length;
        t.ok(stored.length - shared <= 1 && shared <= stored.length, `round ${round}: order`);
        if (shared < stored.length)
          await control.send(['RPUSH', 'all', `${name}:${stored.length}`]);
        writers.push(new Writer(name, stored.length));
      }
      if (round === 0) {
        await control.send(['DEBUG', 'POPULATE', '5000', 'filler', '100']);
        await control.send(['BGREWRITEAOF']);
      }
      if (round < ROUNDS) {
        const wires = await Promise.all(writers.map(() => connect(port)));
        const running = writers.map((writer, i) => writer.run(wires[i] as WireConnection));
        const rewrite = soon(random, 150, () => control.send(['BGREWRITEAOF'])).catch(() => {});
        await soon(random, 400, () => program.process.kill('SIGKILL'));
        await Promise.all([...running, rewrite]);
        for (const [i, writer] of writers.entries()) {
          acknowledged.set(`w${i}`, policy === 'always' ? writer.acknowledged : writer.begunAt);
        }
      }
      control.close();
      program.process.kill('SIGKILL');
      await program.ended();
    }
  });
}
