/**
 * Caches that are told of all keys that change, or of those with some prefix, whether they read them or not.
 *
 * Keys are gathered until all requests of one round of the event loop were run, and told in one message for
 * each prefix. A key's prefixes are found by length: one look-up for each length that some prefix has.
 */
import { compareBytes, latin1 } from '../protocol/bytes.js';
import { type BytesHash, BytesMap } from '../protocol/bytes-map.js';
import type { Client } from './client.js';

interface Prefix {
  readonly bytes: Uint8Array;
  readonly clients: Set<Client>;
  /** Keys that changed, one character a byte, each with who changed it last; null for the server itself. */
  changed: Map<string, Client | null>;
}

/** Tells a client of keys that changed. */
export type Tell = (client: Client, keys: readonly Uint8Array[]) => void;

export class TrackingBroadcast {
  private readonly prefixes: BytesMap<Prefix>;
  /** How many prefixes there are of each length. */
  private readonly lengths = new Map<number, number>();
  /** Prefixes of keys that changed. */
  private touched = new Set<Prefix>();

  constructor(hash: BytesHash) {
    this.prefixes = new BytesMap(hash);
  }

  get prefixCount(): number {
    return this.prefixes.size;
  }

  /** Whether some clients are to be told of changes. */
  get isPending(): boolean {
    return this.touched.size > 0;
  }

  /** Has a client told of keys with a prefix. False when it is told of them already. */
  add(client: Client, bytes: Uint8Array): boolean {
    let prefix = this.prefixes.get(bytes);
    if (prefix === undefined) {
      prefix = { bytes, clients: new Set(), changed: new Map() };
      this.prefixes.add(bytes, prefix);
      this.lengths.set(bytes.length, (this.lengths.get(bytes.length) ?? 0) + 1);
    }
    if (prefix.clients.has(client)) return false;
    prefix.clients.add(client);
    return true;
  }

  /** Takes back `add`. What was gathered for the last client of a prefix is told nobody. */
  remove(client: Client, bytes: Uint8Array): void {
    const prefix = this.prefixes.get(bytes);
    if (prefix === undefined) return;
    prefix.clients.delete(client);
    if (prefix.clients.size > 0) return;
    this.prefixes.delete(bytes);
    this.touched.delete(prefix);
    const left = (this.lengths.get(bytes.length) ?? 1) - 1;
    if (left > 0) this.lengths.set(bytes.length, left);
    else this.lengths.delete(bytes.length);
  }

  /** A key changed: `text` is the same as `key`, one character a byte. */
  note(key: Uint8Array, text: string, by: Client | null): void {
    for (const length of this.lengths.keys()) {
      if (length > key.length) continue;
      const prefix = this.prefixes.get(key, 0, length);
      if (prefix === undefined) continue;
      prefix.changed.set(text, by);
      this.touched.add(prefix);
    }
  }

  /** Has all clients told of what changed since the last time: prefixes in their order, keys in theirs. */
  tellAll(tell: Tell): void {
    const prefixes = [...this.touched].sort((one, other) => compare(one.bytes, other.bytes));
    this.touched = new Set();
    for (const prefix of prefixes) {
      const { changed } = prefix;
      prefix.changed = new Map();
      const names = [...changed.keys()].sort();
      const keys = names.map(latin1);
      for (const client of prefix.clients) {
        const own = client.tracking?.noLoop === true;
        const told = own ? keys.filter((_, i) => changed.get(names[i] ?? '') !== client) : keys;
        if (told.length > 0) tell(client, told);
      }
    }
  }
}

function compare(one: Uint8Array, other: Uint8Array): number {
  return compareBytes(one, 0, one.length, other, 0, other.length);
}
