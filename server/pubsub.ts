/**
 * Channels, patterns and shard channels, and who listens to them.
 *
 * To publish costs one look-up, one match for each pattern that anybody has, and for each client that gets
 * the message a copy of its bytes: these are made once for each version of the protocol.
 */
import { globMatch } from '../protocol/bytes.js';
import { BytesMap } from '../protocol/bytes-map.js';
import { PushMessage } from '../protocol/push.js';
import type { Client } from './client.js';
import type { Server } from './server.js';

/** Kinds of names to subscribe to. */
export const TOPIC_KINDS = ['channel', 'pattern', 'shardChannel'] as const;
export type TopicKind = (typeof TOPIC_KINDS)[number];

/** A channel or pattern that somebody listens to. */
export interface Topic {
  readonly name: Uint8Array;
  readonly clients: Set<Client>;
}

/** What one client listens to. */
export type Subscriptions = { readonly [kind in TopicKind]: Set<Topic> };

/** What a subscription takes besides its name, in bytes; about. */
const SUBSCRIPTION_BYTES = 64;

const word = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const MESSAGE = word('message');
const PATTERN_MESSAGE = word('pmessage');
const SHARD_MESSAGE = word('smessage');

export class Pubsub {
  private readonly server: Server;
  private readonly topics: { readonly [kind in TopicKind]: BytesMap<Topic> };
  /** Clients that listen to anything. */
  clientCount = 0;

  constructor(server: Server) {
    this.server = server;
    const { hash } = server.keyspace;
    const make = () => new BytesMap<Topic>((bytes, start, end) => hash.hash(bytes, start, end));
    this.topics = { channel: make(), pattern: make(), shardChannel: make() };
  }

  /** Whether anybody listens to channels or patterns. */
  get hasListeners(): boolean {
    return this.topics.channel.size + this.topics.pattern.size > 0;
  }

  /** How many names of a kind somebody listens to. */
  count(kind: TopicKind): number {
    return this.topics[kind].size;
  }

  /** The names of a kind that somebody listens to, in no order that is told. */
  *names(kind: TopicKind): Generator<Uint8Array> {
    for (const { name } of this.topics[kind].values()) yield name;
  }

  /** How many clients listen to a name. */
  listeners(kind: TopicKind, name: Uint8Array): number {
    return this.topics[kind].get(name)?.clients.size ?? 0;
  }

  /** Has a client listen to a name, of which a copy is kept. */
  subscribe(client: Client, kind: TopicKind, name: Uint8Array): void {
    const topics = this.topics[kind];
    let topic = topics.get(name);
    if (topic === undefined) {
      topic = { name: Uint8Array.prototype.slice.call(name), clients: new Set() };
      topics.add(topic.name, topic);
    }
    if (client.subscriptions === null) {
      client.subscriptions = { channel: new Set(), pattern: new Set(), shardChannel: new Set() };
      this.clientCount++;
    }
    client.subscriptions[kind].add(topic);
    topic.clients.add(client);
  }

  /** Has a client no longer listen to a name; nothing happens when it does not. */
  unsubscribe(client: Client, kind: TopicKind, name: Uint8Array): void {
    const topic = this.topics[kind].get(name);
    if (topic === undefined || !topic.clients.has(client)) return;
    client.subscriptions?.[kind].delete(topic);
    this.leave(client, kind, topic);
    if (totalOf(client) === 0) this.forget(client);
  }

  /** Has a client listen to nothing any more. */
  forget(client: Client): void {
    const { subscriptions } = client;
    if (subscriptions === null) return;
    client.subscriptions = null;
    this.clientCount--;
    for (const kind of TOPIC_KINDS) {
      for (const topic of subscriptions[kind]) this.leave(client, kind, topic);
    }
  }

  /** Sends a message to those who listen to a channel, or to a pattern it fits. Answers how many they are. */
  publish(channel: Uint8Array, message: Uint8Array): number {
    const count = this.deliver('channel', MESSAGE, channel, message);
    return this.topics.pattern.size === 0 ? count : count + this.deliverByPattern(channel, message);
  }

  /** Sends a message to those who listen to a shard channel. Answers how many they are. */
  publishToShard(channel: Uint8Array, message: Uint8Array): number {
    return this.deliver('shardChannel', SHARD_MESSAGE, channel, message);
  }

  private deliver(
    kind: TopicKind,
    mark: Uint8Array,
    channel: Uint8Array,
    message: Uint8Array,
  ): number {
    const topic = this.topics[kind].get(channel);
    if (topic === undefined) return 0;
    return this.send(topic, new PushMessage([mark, channel, message]));
  }

  private deliverByPattern(channel: Uint8Array, message: Uint8Array): number {
    let count = 0;
    for (const topic of this.topics.pattern.values()) {
      const { name } = topic;
      if (!globMatch(name, 0, name.length, channel, 0, channel.length, false)) continue;
      count += this.send(topic, new PushMessage([PATTERN_MESSAGE, name, channel, message]));
    }
    return count;
  }

  private send({ clients }: Topic, message: PushMessage): number {
    const { pushes } = this.server;
    // Whoever has too much waiting is dropped on the way.
    const count = clients.size;
    for (const client of clients) pushes.send(client, message);
    return count;
  }

  /** Takes a client from those who listen to a topic, and the topic away with the last of them. */
  private leave(client: Client, kind: TopicKind, topic: Topic): void {
    topic.clients.delete(client);
    if (topic.clients.size === 0) this.topics[kind].delete(topic.name);
  }
}

/** Channels and patterns that a client listens to: what it is told when it subscribes. */
export function plainCount({ subscriptions }: Client): number {
  return subscriptions === null ? 0 : subscriptions.channel.size + subscriptions.pattern.size;
}

/** Names of one kind that a client listens to. */
export function countOf({ subscriptions }: Client, kind: TopicKind): number {
  return subscriptions === null ? 0 : subscriptions[kind].size;
}

function totalOf(client: Client): number {
  return plainCount(client) + countOf(client, 'shardChannel');
}

/** Bytes that a client's subscriptions take. */
export function subscriptionBytes({ subscriptions }: Client): number {
  if (subscriptions === null) return 0;
  let bytes = 0;
  for (const kind of TOPIC_KINDS) {
    for (const { name } of subscriptions[kind]) bytes += SUBSCRIPTION_BYTES + name.length;
  }
  return bytes;
}
