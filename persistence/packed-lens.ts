/** A look at listpacks that disturbs nobody: values are written in the middle of commands that look at others. */
import type { Keyspace } from '../datatypes/database.js';
import type { Ref } from '../datatypes/store/arena.js';
import { Listpack } from '../datatypes/store/listpack.js';

/** One stands for each keyspace: `keyspace.own(PackedLens)`. */
export class PackedLens {
  private lens: Listpack | null = null;

  /** The listpack of entry `ref`: a view, good until anything changes. */
  contentsOf(keyspace: Keyspace, ref: Ref): Uint8Array {
    this.lens ??= new Listpack(keyspace.arena);
    return this.lens.open(keyspace.entries.value(ref)).contents;
  }
}
