/** CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR: caches that clients keep of what they read. */
import { command } from '../../datatypes/command.js';
import {
  BROADCAST_SWITCHED,
  BROADCAST_WITH_OPTIONS,
  CACHING_NO_WITHOUT_OPTOUT,
  CACHING_WITHOUT_OPTIONS,
  CACHING_YES_WITHOUT_OPTIN,
  NO_SUCH_REDIRECTION,
  ONE_REDIRECTION_ONLY,
  OPTIN_SWITCHED,
  OPTIN_WITH_OPTOUT,
  PREFIX_WITHOUT_BROADCAST,
  prefixOverlaps,
  SYNTAX_ERROR,
} from '../../protocol/refusals.js';
import { integer, oneOf, text, word } from '../../protocol/spec.js';
import type { Client } from '../client.js';
import type { ServerCall } from '../server-call.js';
import type { TrackingOptions, TrackingState } from '../tracking.js';

interface GivenOptions extends TrackingOptions {
  readonly prefixes: readonly Uint8Array[];
}

export const clientTracking = command(
  {
    name: 'client|tracking',
    group: 'connection',
    since: '6.0.0',
    arity: -3,
    flags: ['loading', 'noscript', 'stale'],
    acl: ['connection'],
    args: [
      oneOf('status', [word('ON'), word('OFF')]),
      integer('client-id', { token: 'REDIRECT', optional: true }),
      text('prefix', { token: 'PREFIX', optional: true, multiple: true, multipleToken: true }),
      word('BCAST', { optional: true }),
      word('OPTIN', { optional: true }),
      word('OPTOUT', { optional: true }),
      word('NOLOOP', { optional: true }),
    ],
    complexity: 'O(1). Some options may introduce additional complexity.',
    summary: 'Has this connection told when keys change that it may have in a cache.',
  },
  (call: ServerCall) => {
    const { client, server } = call;
    const options = readOptions(call);
    if (call.is(2, 'on')) {
      checkOptions(client.tracking, options);
      const { prefixes, ...others } = options;
      server.tracking.enable(client, others, prefixes);
    } else if (call.is(2, 'off')) server.tracking.disable(client);
    else throw SYNTAX_ERROR;
    call.reply.ok();
  },
);

function readOptions(call: ServerCall): GivenOptions {
  const given = { broadcasts: false, optIn: false, optOut: false, noLoop: false, redirection: 0 };
  const prefixes: Uint8Array[] = [];
  for (let i = 3; i < call.argc; i++) {
    const hasValue = i + 1 < call.argc;
    if (call.is(i, 'redirect') && hasValue) {
      if (given.redirection !== 0) throw ONE_REDIRECTION_ONLY;
      given.redirection = readClientId(call, ++i);
    } else if (call.is(i, 'bcast')) given.broadcasts = true;
    else if (call.is(i, 'optin')) given.optIn = true;
    else if (call.is(i, 'optout')) given.optOut = true;
    else if (call.is(i, 'noloop')) given.noLoop = true;
    else if (call.is(i, 'prefix') && hasValue) {
      prefixes.push(Uint8Array.prototype.slice.call(call.bytes(++i)));
    } else throw SYNTAX_ERROR;
  }
  return { ...given, prefixes };
}

function readClientId(call: ServerCall, i: number): number {
  const id = Number(call.bigint(i));
  if (!call.server.clients.has(id)) throw NO_SUCH_REDIRECTION;
  return id;
}

/** Throws a refusal when options do not go together, or with those that are in force. */
function checkOptions(current: TrackingState | null, given: GivenOptions): void {
  if (!given.broadcasts && given.prefixes.length > 0) throw PREFIX_WITHOUT_BROADCAST;
  if (current !== null && current.broadcasts !== given.broadcasts) throw BROADCAST_SWITCHED;
  if (given.broadcasts && (given.optIn || given.optOut)) throw BROADCAST_WITH_OPTIONS;
  if (given.optIn && given.optOut) throw OPTIN_WITH_OPTOUT;
  if ((given.optIn && current?.optOut) || (given.optOut && current?.optIn)) throw OPTIN_SWITCHED;
  checkPrefixes(current?.prefixes ?? [], given.prefixes);
}

function checkPrefixes(known: readonly Uint8Array[], given: readonly Uint8Array[]): void {
  const words = given.map(asText);
  // The first in their order is the one named.
  const knownWords = known.map(asText).sort();
  for (const [i, one] of words.entries()) {
    for (const other of knownWords) {
      if (overlap(one, other)) throw prefixOverlaps(one, 'an existing', other);
    }
    for (const other of words.slice(i + 1)) {
      if (overlap(one, other)) throw prefixOverlaps(one, 'another provided', other);
    }
  }
}

const asText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const overlap = (one: string, other: string): boolean =>
  one.startsWith(other) || other.startsWith(one);

export const clientCaching = command(
  {
    name: 'client|caching',
    group: 'connection',
    since: '6.0.0',
    arity: 3,
    flags: ['allow_busy', 'loading', 'noscript', 'stale'],
    acl: ['connection'],
    args: [oneOf('mode', [word('YES'), word('NO')])],
    complexity: 'O(1)',
    summary: 'Says whether what the next command reads goes into a cache.',
  },
  (call: ServerCall) => {
    const { tracking } = call.client;
    if (tracking === null) throw CACHING_WITHOUT_OPTIONS;
    if (call.is(2, 'yes')) {
      if (!tracking.optIn) throw CACHING_YES_WITHOUT_OPTIN;
    } else if (call.is(2, 'no')) {
      if (!tracking.optOut) throw CACHING_NO_WITHOUT_OPTOUT;
    } else throw SYNTAX_ERROR;
    call.client.cachingChosen = true;
    call.reply.ok();
  },
);

export const clientTrackingInfo = command(
  {
    name: 'client|trackinginfo',
    group: 'connection',
    since: '6.2.0',
    arity: 2,
    flags: ['loading', 'noscript', 'stale'],
    acl: ['connection'],
    complexity: 'O(1)',
    summary: 'Tells how this connection is told of keys that change.',
  },
  (call: ServerCall) => {
    const { reply, client } = call;
    const flags = flagsOf(client);
    reply.map(3);
    reply.text('flags');
    reply.set(flags.length);
    for (const flag of flags) reply.text(flag);
    reply.text('redirect');
    reply.integer(client.tracking?.redirection ?? -1);
    reply.text('prefixes');
    // Known in the order of their bytes.
    const prefixes = (client.tracking?.prefixes ?? []).toSorted(Buffer.compare);
    reply.array(prefixes.length);
    for (const prefix of prefixes) reply.bulk(prefix);
  },
);

function flagsOf({ tracking, cachingChosen }: Client): string[] {
  if (tracking === null) return ['off'];
  const flags = ['on'];
  if (tracking.broadcasts) flags.push('bcast');
  if (tracking.optIn) flags.push('optin', ...(cachingChosen ? ['caching-yes'] : []));
  if (tracking.optOut) flags.push('optout', ...(cachingChosen ? ['caching-no'] : []));
  if (tracking.noLoop) flags.push('noloop');
  if (tracking.isBroken) flags.push('broken_redirect');
  return flags;
}

export const clientGetRedir = command(
  {
    name: 'client|getredir',
    group: 'connection',
    since: '6.0.0',
    arity: 2,
    flags: ['allow_busy', 'loading', 'noscript', 'stale'],
    acl: ['connection'],
    complexity: 'O(1)',
    summary: 'Answers who gets the messages of keys that change; 0: this connection; -1: nobody.',
  },
  (call: ServerCall) => call.reply.integer(call.client.tracking?.redirection ?? -1),
);
