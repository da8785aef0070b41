/**
 * The real server and ours side by side, given the same commands: replies, keyspace events, what goes to
 * the append-only file, and what is stored in the end are recorded on both sides for comparison.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Database } from '../../datatypes/database.js';
import { ENCODING_NAMES } from '../../datatypes/store/entry.js';
import { Destination } from '../../persistence/propagation.js';
import { createServer, type ValkeyServer } from '../../server/index.js';
import { needReference, type RunningReference } from './reference.js';
import { connect, type WireConnection } from './wire.js';

/** All classes of keyspace events, those of misses and of new keys too. */
const EVENTS = 'KEAmn';

export type Words = readonly string[];

/** What one side did, as text: one character a byte. */
export interface Record {
  readonly replies: string[];
  /** `database:event:key`, in order. */
  readonly events: string[];
  /** Requests for the append-only file, words joined by spaces. */
  readonly propagated: string[];
  /** Key: encoding and moment of expiry (ms since 1970, or -1). */
  readonly stored: string[];
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const toBytes = (words: Words): Buffer[] => words.map((one) => Buffer.from(one, 'latin1'));

/** Starts both and runs the script; null, the test being skipped, when the real server is missing. */
export async function runOnBoth(
  t: Test,
  script: readonly Words[],
  resp: 2 | 3 = 2,
): Promise<{ ours: Record; real: Record } | null> {
  const reference = await needReference(t, [
    ...['--appendonly', 'yes', '--appendfsync', 'no', '--notify-keyspace-events', EVENTS],
    ...['--hz', '500', '--latency-tracking', 'no'],
  ]);
  if (reference === null) return null;
  const server = await createServer({
    seed: 1,
    config: { 'notify-keyspace-events': EVENTS, 'enable-debug-command': 'yes' },
  });
  t.teardown(() => server.close());
  const real = await runReal(reference, script, resp);
  const ours = await runOurs(server, script, resp);
  return { ours: withMomentsOf(ours, real), real };
}

async function runReal(
  reference: RunningReference,
  script: readonly Words[],
  resp: 2 | 3,
): Promise<Record> {
  const { wire } = reference;
  const listener = await reference.connect();
  await listener.send(['PSUBSCRIBE', '__keyevent@*__:*', 'end']);
  const replies: string[] = [];
  await wire.send(['HELLO', `${resp}`]);
  for (const words of script) replies.push(latin1(await wire.send(toBytes(words))));
  await wire.send(['HELLO', '2']);
  const stored = await storedOnReal(wire);
  await wire.send(['PUBLISH', 'end', '']);
  return { replies, events: await eventsOf(listener), propagated: appended(reference), stored };
}

async function eventsOf(listener: WireConnection): Promise<string[]> {
  const events: string[] = [];
  for (;;) {
    const [, , , , , , channel = '', , key = ''] = latin1(await listener.nextPush()).split('\r\n');
    if (channel === 'end') return events;
    if (channel.includes(':')) events.push(`${channel.replace(/^.*@(.*)__/, '$1')}:${key}`);
  }
}

/** The requests in the append-only file, but for those that only frame others. */
function appended(reference: RunningReference): string[] {
  const folder = join(reference.directory, 'appendonlydir');
  const name = readdirSync(folder).find((file) => file.endsWith('.incr.aof')) as string;
  const file = readFileSync(join(folder, name), 'latin1');
  return requestsOf(file).filter((request) => !/^(SELECT 0|MULTI|EXEC)$/.test(request));
}

/** Requests in RESP: the words of each, joined by spaces. */
function requestsOf(file: string): string[] {
  const requests: string[] = [];
  for (let at = 0; at < file.length; ) {
    let end = file.indexOf('\r\n', at);
    const count = Number(file.slice(at + 1, end));
    const words: string[] = [];
    at = end + 2;
    for (let i = 0; i < count; i++) {
      end = file.indexOf('\r\n', at);
      const length = Number(file.slice(at + 1, end));
      words.push(file.slice(end + 2, end + 2 + length));
      at = end + 4 + length;
    }
    requests.push(words.join(' '));
  }
  return requests;
}

async function storedOnReal(wire: WireConnection): Promise<string[]> {
  const keys = latin1(await wire.send(['KEYS', '*'])).split('\r\n');
  const stored: string[] = [];
  for (const key of keys.filter((_, i) => i > 0 && i % 2 === 0)) {
    const bytes = Buffer.from(key, 'latin1');
    const encoding = latin1(await wire.send(['OBJECT', 'ENCODING', bytes])).split('\r\n')[1];
    const moment = latin1(await wire.send(['PEXPIRETIME', bytes])).slice(1, -2);
    stored.push(`${key}: ${encoding} ${moment}`);
  }
  return stored.sort();
}

async function runOurs(
  server: ValkeyServer,
  script: readonly Words[],
  resp: 2 | 3,
): Promise<Record> {
  const { keyspace, clients } = server.engine;
  const database = keyspace.databases[0] as Database;
  const events: string[] = [];
  const propagated: string[] = [];
  recordEffects(server, events, propagated);
  const wire = await connect(server.port);
  await wire.send(['PING']);
  for (const client of clients.values()) client.resp = resp;
  const replies: string[] = [];
  for (const words of script) {
    replies.push(latin1(await wire.send(toBytes(words))));
  }
  wire.close();
  return { replies, events, propagated, stored: storedHere(database) };
}

/** Listens to everything the commands tell, and takes what would go to the append-only file. */
function recordEffects(server: ValkeyServer, events: string[], propagated: string[]): void {
  const { effects } = server.engine;
  effects.attentive = true;
  effects.notify = (database, _class, event, key) => {
    events.push(`${database.id}:${event}:${latin1(key)}`);
  };
  let selected = 0;
  effects.addSink({
    destination: Destination.appendOnlyFile,
    write: (database, bytes, start, end) => {
      // MULTI and EXEC, which only frame others.
      if (database < 0) return;
      if (database !== selected && database !== 0) propagated.push(`SELECT ${database}`);
      selected = database;
      propagated.push(...requestsOf(latin1(bytes.subarray(start, end))));
    },
  });
}

function storedHere(database: Database): string[] {
  const { entries } = database.keyspace;
  const stored: string[] = [];
  database.keys.forEach((ref) => {
    const encoding = ENCODING_NAMES[entries.encoding(ref)];
    stored.push(`${latin1(entries.key(ref))}: ${encoding} ${BigInt(entries.expireAtMs(ref))}`);
  });
  return stored.sort();
}

/** Ours, with moments that are the real server's but for some seconds replaced by the real ones. */
function withMomentsOf(ours: Record, real: Record): Record {
  const adopt = (texts: readonly string[], others: readonly string[]) =>
    texts.map((text, i) => adoptMoments(text, others[i] ?? ''));
  return {
    ...ours,
    propagated: adopt(ours.propagated, real.propagated),
    stored: adopt(ours.stored, real.stored),
  };
}

function adoptMoments(text: string, other: string): string {
  const theirs = other.split(' ');
  return text
    .split(' ')
    .map((word, i) => {
      const same = /^\d{13,}$/.test(word) && Math.abs(Number(word) - Number(theirs[i])) < 30_000;
      return same ? theirs[i] : word;
    })
    .join(' ');
}
