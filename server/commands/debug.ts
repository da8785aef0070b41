/** DEBUG: what only tests and those who look for faults should do. */
import type { Command } from '../../datatypes/command.js';
import { replyHelp } from '../../datatypes/help.js';
import { NONE, type Ref } from '../../datatypes/store/arena.js';
import { ENCODING_NAMES, NEVER, Type } from '../../datatypes/store/entry.js';
import { RdbWriter } from '../../persistence/rdb-writer.js';
import { compressorOf, valueWriterOf } from '../../persistence/value-formats.js';
import { untilZero } from '../../protocol/bytes.js';
import { parseDouble } from '../../protocol/doubles.js';
import {
  configRewriteForceAllFailed,
  DATABASE_OUT_OF_RANGE,
  debugNotHere,
  MUST_BE_POSITIVE,
  NO_SUCH_KEY,
  NOT_A_STRING_VALUE,
  wrongSubcommandArity,
} from '../../protocol/refusals.js';
import { rewriteConfigFile } from '../config-rewrite.js';
import { systemErrorText } from '../config-table/system-error.js';
import { addValue, Digest, dataDigest } from '../data-digest.js';
import { USUAL_PEAK_RESET_MS } from '../reply-buffers.js';
import type { ServerCall } from '../server-call.js';
import { serverCommand } from '../server-command.js';
import { reloadAppendOnly, slowDownWrites } from './debug-append-only.js';
import { assertion, panic, segfault } from './debug-crash.js';
import { debugListpack, debugQuicklist, setPackedThreshold } from './debug-lists.js';
import { replyShape } from './debug-protocol.js';
import { reload } from './debug-reload.js';
import { describeNodes, describeTable, valueTableStats } from './debug-values.js';

interface Subcommand {
  /** How many arguments may follow the subcommand's name. */
  readonly fewest: number;
  readonly most: number;
  run(call: ServerCall): void;
}

function subcommand(fewest: number, most: number, run: (call: ServerCall) => void): Subcommand {
  return { fewest, most, run };
}

const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map([
  ['aof-flush-sleep', subcommand(1, 1, slowDownWrites)],
  ['assert', subcommand(0, 0, assertion)],
  ['change-repl-id', subcommand(0, 0, changeReplicationId)],
  ['client-enforce-reply-list', subcommand(1, 1, countAllReplies)],
  ['config-rewrite-force-all', subcommand(0, 0, rewriteWholeConfig)],
  ['digest', subcommand(0, 0, digest)],
  ['digest-value', subcommand(0, Number.POSITIVE_INFINITY, digestValues)],
  ['error', subcommand(1, 1, replyError)],
  ['help', subcommand(0, 0, help)],
  ['htstats', subcommand(1, 2, tableStats)],
  ['htstats-key', subcommand(1, 2, valueTableStats)],
  ['listpack', subcommand(1, 1, debugListpack)],
  ['loadaof', subcommand(0, Number.POSITIVE_INFINITY, reloadAppendOnly)],
  ['log', subcommand(1, 1, log)],
  ['object', subcommand(1, 2, object)],
  ['panic', subcommand(0, 0, panic)],
  ['pause-cron', subcommand(1, 1, pauseCron)],
  ['populate', subcommand(1, 3, populate)],
  ['protocol', subcommand(1, 1, (call) => replyShape(call.reply, call.text(2).toLowerCase()))],
  ['quicklist', subcommand(1, 2, debugQuicklist)],
  ['quicklist-packed-threshold', subcommand(1, 1, setPackedThreshold)],
  ['reload', subcommand(0, Number.POSITIVE_INFINITY, reload)],
  ['replybuffer', subcommand(2, 2, replyBuffer)],
  ['sdslen', subcommand(1, 1, stringLengths)],
  ['segfault', subcommand(0, 0, segfault)],
  ['set-active-expire', subcommand(1, 1, setActiveExpire)],
  ['set-disable-deny-scripts', subcommand(1, 1, setScriptsCallAll)],
  ['set-skip-checksum-validation', subcommand(1, 1, setSkipChecksums)],
  ['sleep', subcommand(1, 1, sleep)],
]);

/** What the real server can do to itself and this one cannot: start anew, leak, look at its C memory. */
const NOT_HERE = new Set([
  'crash-and-recover',
  'leak',
  'mallctl',
  'mallctl-str',
  'oom',
  'restart',
  'structsize',
]);

const HELP = [
  'AOF-FLUSH-SLEEP <microsec>',
  '    Server will sleep before flushing the AOF, this is used for testing.',
  'ASSERT',
  '    Crash by assertion failed.',
  'CHANGE-REPL-ID',
  '    Change the replication IDs of the instance.',
  '    Dangerous: should be used only for testing the replication subsystem.',
  'CONFIG-REWRITE-FORCE-ALL',
  '    Like CONFIG REWRITE but writes all configuration options, including',
  '    keywords not listed in original configuration file or default values.',
  'DIGEST',
  '    Output a hex signature representing the current DB content.',
  'DIGEST-VALUE <key> [<key> ...]',
  '    Output a hex signature of the values of all the specified keys.',
  'ERROR <string>',
  '    Return a RESP protocol error with <string> as message. Useful for clients',
  '    unit tests to simulate error replies.',
  'LISTPACK <key>',
  '    Show low level info about the listpack encoding of <key>.',
  'LOADAOF',
  '    Flush the AOF buffers on disk and reload the AOF in memory.',
  'LOG <message>',
  '    Write <message> to the server log.',
  'HTSTATS <dbid> [full]',
  '    Return hash table statistics of the specified database.',
  'HTSTATS-KEY <key> [full]',
  "    Like HTSTATS but for the hash table stored at <key>'s value.",
  'OBJECT <key> [fast]',
  '    Show low level info about `key` and associated value.',
  '    Some fields of the default behavior may be time consuming to fetch,',
  '    and `fast` can be passed to avoid fetching them.',
  'PANIC',
  '    Crash the server simulating a panic.',
  'POPULATE <count> [<prefix>] [<size>]',
  '    Create <count> string keys named key:<num>. If <prefix> is specified then',
  "    it is used instead of the 'key' prefix. These are not propagated to",
  '    replicas. Cluster slots are not respected so keys not belonging to the',
  '    current node can be created in cluster mode.',
  'PROTOCOL <type>',
  '    Reply with a test value of the specified type. <type> can be: string,',
  '    integer, double, bignum, null, array, set, map, attrib, push, verbatim,',
  '    true, false.',
  'RELOAD [option ...]',
  '    Save the RDB on disk and reload it back to memory. Valid <option> values:',
  '    * MERGE: conflicting keys will be loaded from RDB.',
  '    * NOFLUSH: the existing database will not be removed before load, but',
  '      conflicting keys will generate an exception and kill the server.',
  '    * NOSAVE: the database will be loaded from an existing RDB file.',
  '    Examples:',
  '    * DEBUG RELOAD: verify that the server is able to persist, flush and reload',
  '      the database.',
  '    * DEBUG RELOAD NOSAVE: replace the current database with the contents of an',
  '      existing RDB file.',
  '    * DEBUG RELOAD NOSAVE NOFLUSH MERGE: add the contents of an existing RDB',
  '      file to the database.',
  'QUICKLIST <key> [<0|1>]',
  '    Show low level info about the quicklist encoding of <key>.',
  '    The optional argument (0 by default) sets the level of detail',
  'QUICKLIST-PACKED-THRESHOLD <size>',
  '    Sets the threshold for elements to be inserted as plain vs packed nodes',
  '    Default value is 1GB, allows values up to 4GB. Setting to 0 restores to default.',
  'SDSLEN <key>',
  '    Show low level SDS string info representing `key` and value.',
  'SEGFAULT',
  '    Crash the server with sigsegv.',
  'SET-ACTIVE-EXPIRE <0|1>',
  '    Setting it to 0 disables expiring keys in background when they are not',
  '    accessed (otherwise the behavior). Setting it to 1 reenables back the',
  '    default.',
  'SET-SKIP-CHECKSUM-VALIDATION <0|1>',
  "    Enables or disables checksum checks for RDB files and RESTORE's payload.",
  'SLEEP <seconds>',
  '    Stop the server for <seconds>. Decimals allowed.',
  'PAUSE-CRON <0|1>',
  '    Stop periodic cron job processing.',
  'REPLYBUFFER PEAK-RESET-TIME <NEVER||RESET|time>',
  '    Sets the time (in milliseconds) to wait between client reply buffer peak resets.',
  '    In case NEVER is provided the last observed peak will never be reset',
  '    In case RESET is provided the peak reset time will be restored to the default value',
  'REPLYBUFFER RESIZING <0|1>',
  '    Enable or disable the reply buffer resize cron job',
  'CLIENT-ENFORCE-REPLY-LIST <0|1>',
  '    When set to 1, it enforces the use of the client reply list directly',
  "    and avoids using the client's static buffer.",
];

function help(call: ServerCall): void {
  replyHelp(call, 'DEBUG', HELP);
}

const debug = serverCommand(
  {
    name: 'debug',
    group: 'server',
    since: '1.0.0',
    arity: -2,
    flags: ['admin', 'loading', 'noscript', 'stale'],
    acl: ['dangerous'],
    complexity: 'Depends on subcommand.',
    summary: 'Holds what only tests and those who look for faults should do.',
    internal: true,
  },
  (call) => {
    const name = call.text(1);
    const found = SUBCOMMANDS.get(name.toLowerCase());
    if (NOT_HERE.has(name.toLowerCase())) throw debugNotHere(name);
    const given = call.argc - 2;
    if (!found || given < found.fewest || given > found.most) {
      throw wrongSubcommandArity(name, 'DEBUG');
    }
    found.run(call);
  },
);

/** The entry of the key in argument `i`, or NONE: it may have expired, and the look leaves no trace. */
function entryAt(call: ServerCall, i: number): Ref {
  const { buffer, db, keyspace } = call;
  const [start, end] = [call.start(i), call.end(i)];
  return db.keys.find(keyspace.hash.hash(buffer, start, end), buffer, start, end);
}

/** The entry of the key in argument 2, expired or not. @throws {Refusal} NO_SUCH_KEY. */
function entryOfKey(call: ServerCall): Ref {
  const ref = entryAt(call, 2);
  if (ref === NONE) throw NO_SUCH_KEY;
  return ref;
}

/** Whether an argument turns a switch on: any number above zero that it begins with does. */
function isOn(call: ServerCall, i = 2): boolean {
  return Number.parseInt(call.text(i), 10) > 0;
}

function changeReplicationId(call: ServerCall): void {
  const { server } = call;
  server.log.notice('Changing replication IDs after receiving DEBUG change-repl-id');
  server.replicationId = server.random.hex(40);
  call.reply.ok();
}

function rewriteWholeConfig(call: ServerCall): void {
  const { config } = call.server;
  if (config.file === undefined) throw configRewriteForceAllFailed('Bad address');
  try {
    rewriteConfigFile(config.file, config, { all: true });
  } catch (error) {
    throw configRewriteForceAllFailed(systemErrorText(error));
  }
  call.reply.ok();
}

function digest(call: ServerCall): void {
  call.reply.simple(dataDigest(call.keyspace).hex);
}

function digestValues(call: ServerCall): void {
  call.reply.array(call.argc - 2);
  for (let i = 2; i < call.argc; i++) {
    const ref = entryAt(call, i);
    const one = new Digest();
    if (ref !== NONE) addValue(call.db, ref, one);
    call.reply.simple(one.hex);
  }
}

/** Only looks like an error: nothing failed, so nothing is counted. */
function replyError(call: ServerCall): void {
  call.reply.raw(Buffer.from(`-${call.text(2).replace(/[\r\n]/g, ' ')}\r\n`, 'latin1'));
}

function log(call: ServerCall): void {
  call.server.log.warning(`DEBUG LOG: ${call.text(2)}`);
  call.reply.ok();
}

function tableStats(call: ServerCall): void {
  const database = call.keyspace.databases[call.int(2)];
  if (!database) throw DATABASE_OUT_OF_RANGE;
  const text =
    `[Dictionary HT]\n${describeTable(database.keys)}` +
    `[Expires HT]\n${describeTable(database.expires)}`;
  call.reply.verbatim('txt', text);
}

function object(call: ServerCall): void {
  const ref = entryOfKey(call);
  const { entries, arena, accessClock } = call.keyspace;
  const access = entries.access(ref);
  const idleSeconds = accessClock.isLfu ? 0 : accessClock.idleSeconds(access);
  const isFast = call.argc === 4 && call.is(3, 'fast');
  const length = isFast ? '' : ` serializedlength:${serializedLength(call, ref)}`;
  call.reply.simple(
    `Value at:0x${ref.toString(16)} refcount:${arena.references(ref)} ` +
      `encoding:${ENCODING_NAMES[entries.encoding(ref)]}${length} ` +
      `lru:${access} lru_seconds_idle:${idleSeconds}${describeNodes(call, ref, isFast)}`,
  );
}

/** What the value takes in an RDB file, its type left out. */
function serializedLength(call: ServerCall, ref: Ref): number {
  const { keyspace } = call;
  const out = new RdbWriter(compressorOf(keyspace));
  valueWriterOf(keyspace, ref).write(keyspace, ref, out);
  return out.size;
}

function stringLengths(call: ServerCall): void {
  const ref = entryOfKey(call);
  const { entries } = call.keyspace;
  if (entries.type(ref) !== Type.string) throw NOT_A_STRING_VALUE;
  if (ENCODING_NAMES[entries.encoding(ref)] === 'int') throw NOT_A_STRING_VALUE;
  const { length } = call.db.stringAt(ref);
  const spare = entries.room(ref) - length;
  call.reply.simple(
    `key_sds_len:${call.length(2)} key_sds_avail:0 obj_alloc:${call.keyspace.arena.capacity(ref)} ` +
      `val_sds_len:${length} val_sds_avail:${spare} val_alloc:${length + spare}`,
  );
}

function setActiveExpire(call: ServerCall): void {
  call.keyspace.activeExpiry.enabled = isOn(call);
  call.reply.ok();
}

function setScriptsCallAll(call: ServerCall): void {
  call.server.scripts.mayCallAll = isOn(call);
  call.reply.ok();
}

function setSkipChecksums(call: ServerCall): void {
  call.keyspace.skipsChecksums = isOn(call);
  call.reply.ok();
}

function pauseCron(call: ServerCall): void {
  call.server.cron.paused = isOn(call);
  call.reply.ok();
}

function countAllReplies(call: ServerCall): void {
  call.server.replyBuffers.countsAll = isOn(call);
  call.reply.ok();
}

function replyBuffer(call: ServerCall): void {
  const { replyBuffers } = call.server;
  if (call.is(2, 'peak-reset-time')) {
    if (call.is(3, 'never')) replyBuffers.peakResetMs = -1;
    else if (call.is(3, 'reset')) replyBuffers.peakResetMs = USUAL_PEAK_RESET_MS;
    else replyBuffers.peakResetMs = call.int(3);
  } else if (call.is(2, 'resizing')) {
    replyBuffers.resizing = isOn(call, 3);
  } else {
    throw wrongSubcommandArity(call.text(1), 'DEBUG');
  }
  call.reply.ok();
}

/** Really stops: nothing else of this process runs meanwhile. */
function sleep(call: ServerCall): void {
  const seconds = parseDouble(call.buffer, call.start(2), call.end(2));
  if (seconds > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
  call.reply.ok();
}

const LONGEST_POPULATED_BYTES = 127;

function populate(call: ServerCall): void {
  const count = positive(call, 2);
  const prefix = Buffer.from(call.argc > 3 ? untilZero(call.text(3)) : 'key', 'latin1');
  const length = call.argc > 4 ? positive(call, 4) : 0;
  for (let i = 0; i < count; i++) {
    // Keys made here are no longer than those the real server makes.
    const key = Buffer.concat([prefix, Buffer.from(`:${i}`)]).subarray(0, LONGEST_POPULATED_BYTES);
    if (call.db.peek(key, 0, key.length) !== NONE) continue;
    const text = Buffer.from(`value:${i}`);
    const value = length === 0 ? text : padded(text, length);
    call.db.setString(key, 0, key.length, value, 0, value.length, NEVER);
    call.effects.changed(call.db, key, 1);
  }
  call.effects.propagateNothing();
  call.reply.ok();
}

/** `text` cut, or filled with zeros, to `length`. */
function padded(text: Uint8Array, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  bytes.set(text.subarray(0, length));
  return bytes;
}

function positive(call: ServerCall, i: number): number {
  const value = call.int(i, MUST_BE_POSITIVE);
  if (value < 0) throw MUST_BE_POSITIVE;
  return value;
}

export const DEBUG_COMMANDS: readonly Command[] = [debug];
