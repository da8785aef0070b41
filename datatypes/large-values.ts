/**
 * Values too large to be packed into one block: JavaScript objects over blocks of the arena.
 *
 * An entry names such a value by a handle, a number above 0, where a packed value's block would stand. Its
 * encoding tells the two apart. Handles count owners as blocks do.
 */
import type { Ref } from './store/arena.js';
import type { Dict } from './store/dict.js';
import { Encoding } from './store/entry.js';

/** What every such value can do, whatever its type. */
export interface LargeValue {
  /** Elements: what it costs to free or to copy it. */
  readonly size: number;
  /** Whether elements of it expire. */
  readonly isVolatile?: boolean;
  /** The table of its elements, if it has one. */
  readonly table?: Dict;
  /** Gives back about a thousand elements; true when nothing is left. Nothing else is asked of it from then on. */
  freeSome(): boolean;
  /** A copy that changes on its own. */
  duplicate(): LargeValue;
  /** Bytes of the arena that it takes, told from `samples` of its elements; 0 for all of them. */
  bytes(samples: number): number;
}

/** Whether a value of this encoding is named by a handle. */
export function isLarge(encoding: Encoding): boolean {
  return (
    encoding === Encoding.quicklist ||
    encoding === Encoding.hashtable ||
    encoding === Encoding.skiplist ||
    encoding === Encoding.stream
  );
}

export class LargeValues {
  /** Values that somebody owns. */
  live = 0;
  /** By handle; 0 names none. */
  private readonly values: (LargeValue | null)[] = [null];
  private readonly owners: number[] = [0];
  private readonly free: Ref[] = [];

  /** Takes a value in; its one owner holds the handle. */
  add(value: LargeValue): Ref {
    const handle = this.free.pop() ?? this.values.length;
    this.values[handle] = value;
    this.owners[handle] = 1;
    this.live++;
    return handle;
  }

  /** @throws {Error} When the handle names no value: something was freed too early. */
  get(handle: Ref): LargeValue {
    const value = this.values[handle];
    if (!value) throw new Error(`No value has the handle ${handle}`);
    return value;
  }

  retain(handle: Ref): void {
    this.owners[handle] = (this.owners[handle] as number) + 1;
  }

  /** Gives up one hold. The last one gets the value, to free it; others null. */
  release(handle: Ref): LargeValue | null {
    const value = this.get(handle);
    const owners = (this.owners[handle] as number) - 1;
    this.owners[handle] = owners;
    if (owners > 0) return null;
    this.values[handle] = null;
    this.free.push(handle);
    this.live--;
    return value;
  }
}
