/**
 * Things that are due at some time, the soonest first: a binary heap, with one timer for all.
 *
 * Each item knows its place in the heap, so that one which is over before its time is taken out in O(log n).
 * Source: Williams, "Algorithm 232: Heapsort" (1964).
 */
import type { Timer } from '../datatypes/clock.js';
import type { Server } from './server.js';

export interface Due {
  /** ms since 1970. */
  readonly dueAtMs: number;
  /** Its place in the heap; -1 while it is in none. */
  heapAt: number;
}

/** Timers take 31 bits of milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Deadlines<T extends Due> {
  private readonly server: Server;
  private readonly isDue: (item: T) => void;
  private readonly heap: T[] = [];
  private timer: Timer | null = null;
  private timerAtMs = Number.POSITIVE_INFINITY;

  /** @param isDue - Called once for each item whose time has come; the item is taken out before. */
  constructor(server: Server, isDue: (item: T) => void) {
    this.server = server;
    this.isDue = isDue;
  }

  get size(): number {
    return this.heap.length;
  }

  add(item: T): void {
    item.heapAt = this.heap.length;
    this.heap.push(item);
    this.rise(item);
    this.arm();
  }

  /** Takes an item out; nothing when it is not in. */
  remove(item: T): void {
    const at = item.heapAt;
    if (at === -1) return;
    item.heapAt = -1;
    const last = this.heap.pop() as T;
    if (last === item) return;
    this.put(last, at);
    this.rise(last);
    this.sink(last);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  /** The timer rings when the soonest is due, or before: an item that was taken out leaves it as it is. */
  private arm(): void {
    const [first] = this.heap;
    if (first === undefined || first.dueAtMs >= this.timerAtMs) return;
    this.timer?.cancel();
    this.timerAtMs = first.dueAtMs;
    const delayMs = Math.max(0, first.dueAtMs - this.server.clock.now());
    this.timer = this.server.later(Math.min(delayMs, LONGEST_TIMER_MS), () => this.ring());
  }

  private ring(): void {
    this.timer = null;
    this.timerAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.server.clock.now();
    for (let [first] = this.heap; first && first.dueAtMs <= nowMs; [first] = this.heap) {
      this.remove(first);
      this.isDue(first);
    }
    this.arm();
  }

  private put(item: T, at: number): void {
    this.heap[at] = item;
    item.heapAt = at;
  }

  private rise(item: T): void {
    const { heap } = this;
    for (let at = item.heapAt; at > 0; at = item.heapAt) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as T;
      if (parent.dueAtMs <= item.dueAtMs) return;
      this.put(parent, at);
      this.put(item, parentAt);
    }
  }

  private sink(item: T): void {
    const { heap } = this;
    for (;;) {
      const at = item.heapAt;
      const left = heap[at * 2 + 1];
      const right = heap[at * 2 + 2];
      const least = right !== undefined && right.dueAtMs < (left as T).dueAtMs ? right : left;
      if (least === undefined || least.dueAtMs >= item.dueAtMs) return;
      const leastAt = least.heapAt;
      this.put(least, at);
      this.put(item, leastAt);
    }
  }
}
