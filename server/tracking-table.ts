/**
 * Which clients may have which keys in a cache of their own.
 *
 * Clients are known by number: those that went are found out when a key of theirs changes. Most keys are
 * read by one client only, so a set is made for the second one. Databases are not told apart: a key that
 * changes in one may be fetched anew from another.
 */

/** A Map takes no more than 2^24. */
const MOST_KEYS = 16_000_000;
/** Keys that are forgotten at a time when there are too many; more each time that was not enough. */
const FORGOTTEN_AT_ONCE = 100;

export class TrackingTable {
  /** By key, one character a byte: the number of the one client that read it, or those of several. */
  private readonly readers = new Map<string, number | Set<number>>();
  private itemCount = 0;
  private effort = FORGOTTEN_AT_ONCE;

  get keyCount(): number {
    return this.readers.size;
  }

  /** Pairs of a key and a client. */
  get items(): number {
    return this.itemCount;
  }

  add(key: string, clientId: number): void {
    const known = this.readers.get(key);
    if (known === undefined) this.readers.set(key, clientId);
    else if (typeof known !== 'number') {
      if (known.has(clientId)) return;
      known.add(clientId);
    } else if (known !== clientId) this.readers.set(key, new Set([known, clientId]));
    else return;
    this.itemCount++;
  }

  /** Forgets a key. Answers the numbers of the clients that read it. */
  take(key: string): Iterable<number> {
    const known = this.readers.get(key);
    if (known === undefined) return NOBODY;
    this.readers.delete(key);
    if (typeof known === 'number') {
      this.itemCount--;
      return [known];
    }
    this.itemCount -= known.size;
    return known;
  }

  clear(): void {
    this.readers.clear();
    this.itemCount = 0;
  }

  /**
   * Some keys to be taken because there are too many, the oldest first.
   *
   * @param limit - How many there may be; 0 for as many as can be.
   */
  excess(limit: number): readonly string[] {
    const most = limit === 0 ? MOST_KEYS : Math.min(limit, MOST_KEYS);
    const over = this.readers.size - most;
    if (over <= 0) {
      this.effort = FORGOTTEN_AT_ONCE;
      return [];
    }
    const count = Math.min(over, this.effort);
    this.effort = count === over ? FORGOTTEN_AT_ONCE : this.effort + FORGOTTEN_AT_ONCE;
    const keys: string[] = [];
    for (const key of this.readers.keys()) {
      if (keys.length === count) break;
      keys.push(key);
    }
    return keys;
  }
}

const NOBODY: readonly number[] = [];
