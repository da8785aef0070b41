/** A map whose keys are bytes: to look one up, no string is made of them. */
import { equalBytes } from './bytes.js';

/** Hashes `bytes[start, end)`; with a seed that nobody outside knows, where keys come from outside. */
export type BytesHash = (bytes: Uint8Array, start: number, end: number) => number;

interface Node<T> {
  readonly key: Uint8Array;
  readonly value: T;
  /** The next one of the same hash. */
  next: Node<T> | null;
}

export class BytesMap<T> {
  private readonly hash: BytesHash;
  private readonly chains = new Map<number, Node<T>>();
  private count = 0;

  constructor(hash: BytesHash) {
    this.hash = hash;
  }

  get size(): number {
    return this.count;
  }

  /** The value of key `bytes[start, end)`. */
  get(bytes: Uint8Array, start = 0, end = bytes.length): T | undefined {
    if (this.count === 0) return undefined;
    let node = this.chains.get(this.hash(bytes, start, end)) ?? null;
    while (node !== null && !equalBytes(node.key, 0, node.key.length, bytes, start, end)) {
      node = node.next;
    }
    return node?.value;
  }

  /** Adds a key that is not there; it must not change any more. */
  add(key: Uint8Array, value: T): void {
    const hash = this.hash(key, 0, key.length);
    this.chains.set(hash, { key, value, next: this.chains.get(hash) ?? null });
    this.count++;
  }

  /** Removes a key if it is there. */
  delete(key: Uint8Array): void {
    const hash = this.hash(key, 0, key.length);
    const fits = (node: Node<T>) => equalBytes(node.key, 0, node.key.length, key, 0, key.length);
    let before: Node<T> | null = null;
    let node = this.chains.get(hash) ?? null;
    while (node !== null && !fits(node)) {
      before = node;
      node = node.next;
    }
    if (node === null) return;
    this.count--;
    if (before !== null) before.next = node.next;
    else if (node.next !== null) this.chains.set(hash, node.next);
    else this.chains.delete(hash);
  }

  clear(): void {
    this.chains.clear();
    this.count = 0;
  }

  /** All values, in no order that is told. */
  *values(): Generator<T> {
    for (const first of this.chains.values()) {
      for (let node: Node<T> | null = first; node !== null; node = node.next) yield node.value;
    }
  }
}
