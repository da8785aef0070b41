/** Those who wait for one key, in order of arrival. */
import Denque from 'denque';
import type { Waiting } from './blocked-clients.js';
import { TableKey } from './key-table.js';

/** So many that are gone may stand in a queue besides as many as are not. */
const SPARE = 16;

export class WaitingQueue extends TableKey {
  /** Waitings that are not over. */
  live = 0;
  /** Of these, the ones that are to hear of it when the key goes. */
  evenWithout = 0;
  /** Whether something happened to the key that those who wait have not been told. */
  isReady = false;

  /** Whether those who wait are being served: nobody changes places then. */
  isServed = false;

  private waitings = new Denque<Waiting>();

  /** Waitings, those included that are over but not dropped. */
  get length(): number {
    return this.waitings.length;
  }

  at(i: number): Waiting | undefined {
    return this.waitings.peekAt(i);
  }

  add(waiting: Waiting): void {
    this.waitings.push(waiting);
    this.live++;
    if (waiting.evenWithout) this.evenWithout++;
  }

  /** A waiting of this queue is over. It is dropped later. */
  leave(waiting: Waiting): void {
    this.live--;
    if (waiting.evenWithout) this.evenWithout--;
    if (!this.isServed && this.waitings.length > this.live * 2 + SPARE) this.dropGone();
  }

  /** Drops waitings that are over: those in front, or all when there are many. */
  dropGone(): void {
    const { waitings } = this;
    while (waitings.length > 0 && waitings.peekFront()?.isLive === false) waitings.shift();
    if (waitings.length <= this.live * 2 + SPARE) return;
    this.waitings = new Denque(waitings.toArray().filter(({ isLive }) => isLive));
  }
}
