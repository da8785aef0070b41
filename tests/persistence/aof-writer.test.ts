/** When what is appended is written and brought to disk, on disks that refuse. */
import t from 'tap';
import { ManualClock } from '../../datatypes/clock.js';
import { AofWriter, type AofWriterSettings } from '../../persistence/aof-writer.js';
import type { AppendFile } from '../../persistence/append-file.js';

/** A disk in memory, with room for so many bytes. */
class SmallDisk implements AppendFile {
  room = Infinity;
  refusesSync = false;
  bytes = Buffer.alloc(0);
  syncs = 0;
  readonly waiting: ((error: Error | null) => void)[] = [];
  closed = false;

  write(bytes: Uint8Array, start: number, end: number): number {
    const taken = Math.min(end - start, this.room - this.bytes.length);
    if (taken <= 0) throw new Error('No space left on device');
    this.bytes = Buffer.concat([this.bytes, bytes.slice(start, start + taken)]);
    return taken;
  }

  truncate(size: number): void {
    this.bytes = this.bytes.subarray(0, size);
  }

  sync(): void {
    if (this.refusesSync) throw new Error('Input/output error');
    this.syncs++;
  }

  syncInBackground(done: (error: Error | null) => void): void {
    this.waiting.push(done);
  }

  close(): void {
    this.closed = true;
  }
}

const SETTINGS: AofWriterSettings = {
  appendfsync: 'everysec',
  noAppendfsyncOnRewrite: false,
  aofTimestampEnabled: false,
};
const SET = Buffer.from('*1\r\n$3\r\nSET\r\n');
const SELECT_0 = '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n';

function makeWriter(settings: Partial<AofWriterSettings> = {}) {
  const clock = new ManualClock();
  const log: string[] = [];
  const state = { isSaving: false, wakes: 0 };
  const writer = new AofWriter({
    settings: { ...SETTINGS, ...settings },
    now: () => clock.now(),
    elapsedMs: () => clock.elapsedMs(),
    notice: (message) => log.push(message),
    warning: (message) => log.push(message),
    spent() {},
    isSaving: () => state.isSaving,
    textOf: (error) => (error instanceof Error ? error.message : String(error)),
    wake: () => state.wakes++,
  });
  const disk = new SmallDisk();
  writer.open(disk, 0);
  const append = (database = 0) => writer.write(database, SET, 0, SET.length);
  return { append, clock, disk, log, state, writer };
}

t.test('a database is selected when it changes, and anew in each file', async (t) => {
  const { append, disk, writer } = makeWriter();
  append();
  append();
  append(-1);
  append(12);
  writer.flush();
  const select12 = SELECT_0.replace('$1\r\n0', '$2\r\n12');
  t.equal(disk.bytes.toString(), `${SELECT_0}${SET}${SET}${SET}${select12}${SET}`);
  const next = new SmallDisk();
  writer.open(next, 0);
  append(12);
  writer.flush();
  t.equal(next.bytes.toString(), `${select12}${SET}`);
  t.ok(disk.closed);
});

t.test('each second is annotated once, when asked for', async (t) => {
  const { append, clock, disk, writer } = makeWriter({ aofTimestampEnabled: true });
  append();
  append();
  await clock.advance(1000);
  append();
  writer.flush();
  const lines = disk.bytes.toString().split('\r\n');
  t.same(
    lines.filter((line) => line.startsWith('#')),
    ['#TS:1700000000', '#TS:1700000001'],
  );
  t.equal(lines[0], '#TS:1700000000');
});

t.test('always: what one round wrote shares one fsync', async (t) => {
  const { append, disk, writer } = makeWriter({ appendfsync: 'always' });
  append();
  append();
  writer.flush();
  t.equal(disk.syncs, 1);
  writer.flush();
  t.equal(disk.syncs, 1, 'nothing new, nothing to bring to disk');
  t.equal(writer.synced, 2);
});

t.test('always: neither a write nor an fsync may fail', async (t) => {
  const full = makeWriter({ appendfsync: 'always' });
  full.disk.room = 10;
  full.append();
  t.throws(() => full.writer.flush(), {
    message: "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...",
  });
  t.equal(full.disk.bytes.length, 0, 'the part is taken back');
  const broken = makeWriter({ appendfsync: 'always' });
  broken.disk.refusesSync = true;
  broken.append();
  t.throws(() => broken.writer.flush(), {
    message:
      "Can't persist AOF for fsync error when the AOF fsync policy is 'always': Input/output error. Exiting...",
  });
});

t.test('everysec: an fsync in the background, once in a second', async (t) => {
  const { append, clock, disk, writer } = makeWriter();
  append();
  writer.flush();
  t.equal(disk.waiting.length, 0);
  await clock.advance(1000);
  writer.flush();
  t.equal(disk.waiting.length, 1, 'also without a further write');
  t.equal(writer.pendingSyncs, 1);
  t.equal(writer.synced, 0);
  disk.waiting[0]?.(null);
  t.equal(writer.pendingSyncs, 0);
  t.equal(writer.synced, 1);
});

t.test('everysec: a write waits for an fsync that is not done, but not for ever', async (t) => {
  const { append, clock, disk, log, state, writer } = makeWriter();
  append();
  writer.flush();
  await clock.advance(1000);
  writer.flush();
  const written = disk.bytes.length;
  append();
  writer.flush();
  await clock.advance(1999);
  writer.flush();
  t.equal(disk.bytes.length, written);
  await clock.advance(1);
  writer.flush();
  t.equal(disk.bytes.length, written + SET.length);
  t.equal(writer.delayedSyncs, 1);
  t.match(log[0], /^Asynchronous AOF fsync is taking too long/);
  append();
  writer.flush();
  const wakes = state.wakes;
  disk.waiting[0]?.(null);
  t.equal(state.wakes, wakes + 1, 'what was put off is written when it is done');
});

t.test('a full disk: what is written in part is taken back, and tried again', async (t) => {
  const { append, disk, log, writer } = makeWriter();
  append();
  writer.flush();
  const before = disk.bytes.length;
  disk.room = before + 5;
  append();
  writer.flush();
  t.equal(disk.bytes.length, before);
  t.equal(writer.writeError, 'No space left on device');
  t.equal(log[0], 'Short write while writing to the AOF file: (nwritten=5, expected=13)');
  writer.flush();
  t.equal(log.length, 1, 'said once in a while only');
  disk.room = Infinity;
  writer.flush();
  t.equal(writer.writeError, null);
  t.equal(disk.bytes.length, before + SET.length);
  t.equal(log[1], 'AOF write error looks solved. The server can write again.');
});

t.test('an fsync that fails in the background is an error until one succeeds', async (t) => {
  const { append, clock, disk, log, writer } = makeWriter();
  append();
  writer.flush();
  await clock.advance(1000);
  writer.flush();
  disk.waiting[0]?.(new Error('Input/output error'));
  t.equal(writer.syncError, 'Input/output error');
  t.equal(log[0], 'Fail to fsync the AOF file: Input/output error');
  await clock.advance(1000);
  writer.flush();
  disk.waiting[1]?.(null);
  t.equal(writer.syncError, null);
});

t.test('no-appendfsync-on-rewrite: no fsync while a snapshot is written', async (t) => {
  const { append, disk, state, writer } = makeWriter({
    appendfsync: 'always',
    noAppendfsyncOnRewrite: true,
  });
  state.isSaving = true;
  append();
  writer.flush();
  t.equal(disk.syncs, 0);
  state.isSaving = false;
  writer.flush();
  t.equal(disk.syncs, 1);
});
