/** Pub/Sub: SUBSCRIBE and its kin, PUBLISH, and PUBSUB, which tells who listens. */
import { command, container } from '../../datatypes/command.js';
import { replyHelp } from '../../datatypes/help.js';
import { Destination } from '../../persistence/propagation.js';
import { globMatch } from '../../protocol/bytes.js';
import { PushMessage } from '../../protocol/push.js';
import { SSUBSCRIBE_NOT_ALLOWED, wrongSubcommandArity } from '../../protocol/refusals.js';
import { type CommandFlag, key, pattern, text } from '../../protocol/spec.js';
import { type Client, ReplyMode } from '../client.js';
import { countOf, plainCount, type TopicKind } from '../pubsub.js';
import type { ServerCall } from '../server-call.js';

const SUBSCRIBING: readonly CommandFlag[] = ['loading', 'noscript', 'pubsub', 'stale'];
const PUBLISHING: readonly CommandFlag[] = ['fast', 'loading', 'pubsub', 'stale'];
const LOOKING: readonly CommandFlag[] = ['loading', 'pubsub', 'stale'];

/** Tells a client of a change of its subscriptions. This is a message: CLIENT REPLY does not hold it back. */
function tell(call: ServerCall, word: string, kind: TopicKind, name: Uint8Array | null): void {
  const { client } = call;
  const message = new PushMessage([Buffer.from(word), name, toldCount(client, kind)]);
  if (client.replyMode === ReplyMode.on) call.reply.shared(message.encoded(client.resp));
  else call.server.pushes.send(client, message);
}

function toldCount(client: Client, kind: TopicKind): number {
  return kind === 'shardChannel' ? countOf(client, kind) : plainCount(client);
}

function subscribeTo(call: ServerCall, word: string, kind: TopicKind): void {
  for (let i = 1; i < call.argc; i++) {
    call.server.pubsub.subscribe(call.client, kind, call.bytes(i));
    tell(call, word, kind, call.bytes(i));
  }
}

function unsubscribeFrom(call: ServerCall, word: string, kind: TopicKind): void {
  const { client, server } = call;
  const given = Array.from({ length: call.argc - 1 }, (_, i) => call.bytes(i + 1));
  const all = [...(client.subscriptions?.[kind] ?? [])].map(({ name }) => name);
  const names = given.length > 0 ? given : all;
  for (const name of names) {
    server.pubsub.unsubscribe(client, kind, name);
    tell(call, word, kind, name);
  }
  // There is an answer in any case.
  if (names.length === 0) tell(call, word, kind, null);
}

const subscribe = command(
  {
    name: 'subscribe',
    group: 'pubsub',
    since: '2.0.0',
    arity: -2,
    flags: SUBSCRIBING,
    args: [text('channel', { multiple: true })],
    complexity: 'O(N) where N is the number of channels to subscribe to.',
    summary: 'Listens to channels.',
  },
  (call: ServerCall) => subscribeTo(call, 'subscribe', 'channel'),
);

const unsubscribe = command(
  {
    name: 'unsubscribe',
    group: 'pubsub',
    since: '2.0.0',
    arity: -1,
    flags: SUBSCRIBING,
    args: [text('channel', { optional: true, multiple: true })],
    complexity: 'O(N) where N is the number of channels to unsubscribe.',
    summary: 'No longer listens to channels: those given, or all.',
  },
  (call: ServerCall) => unsubscribeFrom(call, 'unsubscribe', 'channel'),
);

const psubscribe = command(
  {
    name: 'psubscribe',
    group: 'pubsub',
    since: '2.0.0',
    arity: -2,
    flags: SUBSCRIBING,
    args: [pattern('pattern', { multiple: true })],
    complexity: 'O(N) where N is the number of patterns to subscribe to.',
    summary: 'Listens to all channels whose names fit patterns.',
  },
  (call: ServerCall) => subscribeTo(call, 'psubscribe', 'pattern'),
);

const punsubscribe = command(
  {
    name: 'punsubscribe',
    group: 'pubsub',
    since: '2.0.0',
    arity: -1,
    flags: SUBSCRIBING,
    args: [pattern('pattern', { optional: true, multiple: true })],
    complexity: 'O(N) where N is the number of patterns to unsubscribe.',
    summary: 'No longer listens to patterns: those given, or all.',
  },
  (call: ServerCall) => unsubscribeFrom(call, 'punsubscribe', 'pattern'),
);

const ssubscribe = command(
  {
    name: 'ssubscribe',
    group: 'pubsub',
    since: '7.0.0',
    arity: -2,
    flags: SUBSCRIBING,
    keys: [key(1, ['not_key'], -1)],
    args: [text('shardchannel', { multiple: true })],
    complexity: 'O(N) where N is the number of shard channels to subscribe to.',
    summary: 'Listens to channels that belong to slots of a cluster.',
  },
  (call: ServerCall) => {
    if (!call.mayWait) throw SSUBSCRIBE_NOT_ALLOWED;
    subscribeTo(call, 'ssubscribe', 'shardChannel');
  },
);

const sunsubscribe = command(
  {
    name: 'sunsubscribe',
    group: 'pubsub',
    since: '7.0.0',
    arity: -1,
    flags: SUBSCRIBING,
    keys: [key(1, ['not_key'], -1)],
    args: [text('shardchannel', { optional: true, multiple: true })],
    complexity: 'O(N) where N is the number of shard channels to unsubscribe.',
    summary: 'No longer listens to shard channels: those given, or all.',
  },
  (call: ServerCall) => unsubscribeFrom(call, 'sunsubscribe', 'shardChannel'),
);

const publish = command(
  {
    name: 'publish',
    group: 'pubsub',
    since: '2.0.0',
    arity: 3,
    flags: PUBLISHING,
    args: [text('channel'), text('message')],
    complexity:
      'O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client).',
    summary: 'Sends a message to a channel; answers how many get it.',
  },
  (call: ServerCall) => {
    call.server.effects.propagateAnyway(Destination.replicas);
    call.reply.integer(call.server.pubsub.publish(call.bytes(1), call.bytes(2)));
  },
);

const spublish = command(
  {
    name: 'spublish',
    group: 'pubsub',
    since: '7.0.0',
    arity: 3,
    flags: PUBLISHING,
    keys: [key(1, ['not_key'])],
    args: [text('shardchannel'), text('message')],
    complexity: 'O(N) where N is the number of clients subscribed to the receiving shard channel.',
    summary: 'Sends a message to a shard channel; answers how many get it.',
  },
  (call: ServerCall) => {
    call.server.effects.propagateAnyway(Destination.replicas);
    call.reply.integer(call.server.pubsub.publishToShard(call.bytes(1), call.bytes(2)));
  },
);

/** Answers the names of a kind that somebody listens to: those that fit the pattern in argument 2, or all. */
function replyNames(call: ServerCall, kind: TopicKind): void {
  if (call.argc > 3) throw wrongSubcommandArity(call.text(1), 'PUBSUB');
  const mark = call.reply.defer();
  let count = 0;
  for (const name of call.server.pubsub.names(kind)) {
    if (call.argc === 3 && !fits(call, name)) continue;
    call.reply.bulk(name);
    count++;
  }
  call.reply.resolveArray(mark, count);
}

function fits(call: ServerCall, name: Uint8Array): boolean {
  return globMatch(call.buffer, call.start(2), call.end(2), name, 0, name.length, false);
}

/** Answers for each name given how many listen to it. */
function replyCounts(call: ServerCall, kind: TopicKind): void {
  call.reply.array((call.argc - 2) * 2);
  for (let i = 2; i < call.argc; i++) {
    const name = call.bytes(i);
    call.reply.bulk(name);
    call.reply.integer(call.server.pubsub.listeners(kind, name));
  }
}

const pubsubChannels = command(
  {
    name: 'pubsub|channels',
    group: 'pubsub',
    since: '2.8.0',
    arity: -2,
    flags: LOOKING,
    args: [pattern('pattern', { optional: true })],
    complexity:
      'O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short channels and patterns)',
    summary: 'Names the channels that somebody listens to.',
  },
  (call: ServerCall) => replyNames(call, 'channel'),
);

const pubsubNumsub = command(
  {
    name: 'pubsub|numsub',
    group: 'pubsub',
    since: '2.8.0',
    arity: -2,
    flags: LOOKING,
    args: [text('channel', { optional: true, multiple: true })],
    complexity: 'O(N) for the NUMSUB subcommand, where N is the number of requested channels',
    summary: 'Counts who listens to each of some channels.',
  },
  (call: ServerCall) => replyCounts(call, 'channel'),
);

const pubsubNumpat = command(
  {
    name: 'pubsub|numpat',
    group: 'pubsub',
    since: '2.8.0',
    arity: 2,
    flags: LOOKING,
    complexity: 'O(1)',
    summary: 'Counts the patterns that somebody listens to.',
  },
  (call: ServerCall) => call.reply.integer(call.server.pubsub.count('pattern')),
);

const pubsubShardChannels = command(
  {
    name: 'pubsub|shardchannels',
    group: 'pubsub',
    since: '7.0.0',
    arity: -2,
    flags: LOOKING,
    args: [pattern('pattern', { optional: true })],
    complexity:
      'O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively short shard channels).',
    summary: 'Names the shard channels that somebody listens to.',
  },
  (call: ServerCall) => replyNames(call, 'shardChannel'),
);

const pubsubShardNumsub = command(
  {
    name: 'pubsub|shardnumsub',
    group: 'pubsub',
    since: '7.0.0',
    arity: -2,
    flags: LOOKING,
    args: [text('shardchannel', { optional: true, multiple: true })],
    complexity:
      'O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels',
    summary: 'Counts who listens to each of some shard channels.',
  },
  (call: ServerCall) => replyCounts(call, 'shardChannel'),
);

/** What PUBSUB HELP tells, word for word as clients know it. */
const PUBSUB_HELP: readonly string[] = [
  'CHANNELS [<pattern>]',
  "    Return the currently active channels matching a <pattern> (default: '*').",
  'NUMPAT',
  '    Return number of subscriptions to patterns.',
  'NUMSUB [<channel> ...]',
  '    Return the number of subscribers for the specified channels, excluding',
  '    pattern subscriptions(default: no channels).',
  'SHARDCHANNELS [<pattern>]',
  "    Return the currently active shard level channels matching a <pattern> (default: '*').",
  'SHARDNUMSUB [<shardchannel> ...]',
  '    Return the number of subscribers for the specified shard level channel(s)',
];

const pubsubHelp = command(
  {
    name: 'pubsub|help',
    group: 'pubsub',
    since: '6.2.0',
    arity: 2,
    flags: ['loading', 'stale'],
    complexity: 'O(1)',
    summary: 'Tells what PUBSUB can do.',
  },
  (call) => replyHelp(call, 'PUBSUB', PUBSUB_HELP),
);

const pubsub = container(
  {
    name: 'pubsub',
    group: 'pubsub',
    since: '2.8.0',
    arity: -2,
    flags: [],
    complexity: 'Depends on subcommand.',
    summary: 'Commands about who listens to what.',
  },
  [pubsubChannels, pubsubHelp, pubsubNumpat, pubsubNumsub, pubsubShardChannels, pubsubShardNumsub],
);

export const PUBSUB_COMMANDS = [
  subscribe,
  unsubscribe,
  psubscribe,
  punsubscribe,
  ssubscribe,
  sunsubscribe,
  publish,
  spublish,
  pubsub,
];
