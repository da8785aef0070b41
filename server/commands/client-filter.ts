/** The filters of CLIENT LIST and CLIENT KILL: which clients are meant. */
import { readInt32 } from '../../datatypes/options.js';
import { untilZero } from '../../protocol/bytes.js';
import { parseBigInt64 } from '../../protocol/numbers.js';
import {
  BAD_CLIENT_ID,
  filterDbOutOfRange,
  filterNotAnInteger,
  filterNotPositive,
  noSuchUser,
  SYNTAX_ERROR,
  unknownClientType,
  unknownLetters,
} from '../../protocol/refusals.js';
import type { Client, ClientKind } from '../client.js';
import { clientCapabilities, clientFlags, wallSecondsSince } from '../client-info.js';
import type { ServerCall } from '../server-call.js';

/** Says whether a client passes. */
type Test = (client: Client) => boolean;

/** Reads the value at argument `i` of the option that stands before it. Throws a refusal if it is none. */
type Reader = (call: ServerCall, i: number, negated: boolean) => Test;

/** Which clients a request means. */
export interface ClientFilter {
  /** Of each option the last one given; a client must pass all. */
  readonly tests: Map<string, Test>;
  skipSelf: boolean;
}

const KNOWN_FLAGS = new Set('bcdeirtuxABEIMNOPRSTU');
const KNOWN_CAPABILITIES = new Set('r');

const KINDS: Readonly<Record<string, ClientKind>> = {
  normal: 'normal',
  slave: 'replica',
  replica: 'replica',
  pubsub: 'pubsub',
  master: 'primary',
  primary: 'primary',
};

const readers: Readonly<Record<string, Reader>> = {
  type(call, i) {
    const given = call.text(i);
    const kind = KINDS[untilZero(given).toLowerCase()];
    if (kind === undefined) throw unknownClientType(given);
    return (client) => client.kind === kind;
  },
  user(call, i) {
    const user = call.text(i);
    if (!call.server.authentication.knows(user)) throw noSuchUser(user);
    return (client) => client.user === user;
  },
  addr: sameText((client) => client.transport?.remoteAddress ?? ''),
  laddr: sameText((client) => client.transport?.localAddress ?? ''),
  ip: sameText((client) => client.transport?.remoteIp ?? ''),
  name: sameText((client) => client.name),
  'lib-name': sameText((client) => client.libraryName),
  'lib-ver': sameText((client) => client.libraryVersion),
  flags: sameLetters('flags', KNOWN_FLAGS, clientFlags),
  capa: sameLetters('capa', KNOWN_CAPABILITIES, clientCapabilities),
  db(call, i, negated) {
    const filter = negated ? 'NOT-DB' : 'DB';
    const { databases } = call.keyspace;
    const malformed = filterNotAnInteger(filter);
    const index = readInt32(call, i, malformed, malformed);
    const database = databases[index];
    if (database === undefined) throw filterDbOutOfRange(filter, databases.length);
    return (client) => client.db === database;
  },
};

/** Options that have no NOT- form. */
const plainReaders: Readonly<Record<string, Reader>> = {
  maxage: atLeastSeconds('maxage', (client) => client.createdAtMs),
  idle: atLeastSeconds('idle', (client) => client.lastInteractionAtMs),
};

function sameText(of: (client: Client) => string): Reader {
  return (call, i) => {
    const wanted = untilZero(call.text(i));
    // What a client does not have is not empty: it is the same as nothing.
    return (client) => wanted !== '' && untilZero(of(client)) === wanted;
  };
}

function sameLetters(
  kind: string,
  known: ReadonlySet<string>,
  of: (client: Client) => string,
): Reader {
  return (call, i, negated) => {
    const wanted = untilZero(call.text(i));
    if (![...wanted].every((letter) => known.has(letter))) {
      const where = negated ? `NOT-${kind.toUpperCase()}` : 'provided';
      throw unknownLetters(kind, where, wanted);
    }
    return (client) => [...wanted].every((letter) => of(client).includes(letter));
  };
}

function atLeastSeconds(filter: string, atMs: (client: Client) => number): Reader {
  return (call, i) => {
    const seconds = call.bigint(i, filterNotAnInteger(filter));
    if (seconds <= 0n) throw filterNotPositive(filter);
    return (client) => BigInt(wallSecondsSince(call.server, atMs(client))) >= seconds;
  };
}

/**
 * Reads the options from argument `from` on.
 *
 * @param skipSelf - Whether the client that asks is left out, unless SKIPME says otherwise.
 */
export function readClientFilter(call: ServerCall, from: number, skipSelf: boolean): ClientFilter {
  const filter: ClientFilter = { tests: new Map(), skipSelf };
  const ids = new Map<string, Set<bigint>>();
  for (let i = from; i < call.argc; ) {
    const option = call.text(i).toLowerCase();
    const takesIds = option === 'id' || option === 'not-id';
    // Only as the one option must it have a number.
    if (i + 1 >= call.argc && !(takesIds && i > from)) throw SYNTAX_ERROR;
    if (takesIds) i = readIds(call, i + 1, filter, option, ids);
    else {
      readOption(call, i + 1, filter, option);
      i += 2;
    }
  }
  return filter;
}

function readOption(call: ServerCall, i: number, filter: ClientFilter, option: string): void {
  if (option === 'skipme') {
    if (!call.is(i, 'yes') && !call.is(i, 'no')) throw SYNTAX_ERROR;
    filter.skipSelf = call.is(i, 'yes');
    return;
  }
  const negated = option.startsWith('not-');
  const name = negated ? option.slice(4) : option;
  const reader = own(readers, name) ?? (negated ? undefined : own(plainReaders, name));
  if (reader === undefined) throw SYNTAX_ERROR;
  const test = reader(call, i, negated);
  filter.tests.set(option, negated ? (client) => !test(client) : test);
}

function own(table: Readonly<Record<string, Reader>>, name: string): Reader | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Reads the numbers of ID or NOT-ID, perhaps none; several such options add up. */
function readIds(
  call: ServerCall,
  from: number,
  filter: ClientFilter,
  option: string,
  known: Map<string, Set<bigint>>,
): number {
  const ids = known.get(option) ?? new Set();
  known.set(option, ids);
  let i = from;
  for (; i < call.argc; i++) {
    const id = parseBigInt64(call.buffer, call.start(i), call.end(i));
    if (id === null) break;
    if (id <= 0n) throw BAD_CLIENT_ID;
    ids.add(id);
  }
  const wanted = option === 'id';
  filter.tests.set(option, (client) => ids.has(BigInt(client.id)) === wanted);
  return i;
}

/** The clients that the filter lets through, in the order in which they came. */
export function filteredClients(call: ServerCall, filter: ClientFilter): Client[] {
  const tests = [...filter.tests.values()];
  return [...call.server.clients.values()].filter((client) => {
    if (filter.skipSelf && client === call.client) return false;
    return tests.every((passes) => passes(client));
  });
}
