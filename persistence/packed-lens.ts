/** A look at listpacks that disturbs nobody: values are written in the middle of commands that look at others. */
import type { Keyspace } from '../datatypes/database.js';
import type { Ref } from '../datatypes/store/arena.js';
import { Listpack } from '../datatypes/store/listpack.js';

/** One stands for each keyspace: `keyspace.own(PackedLens)`. */
export class PackedLens {
  private lens: Listpack | null = null;

  /** A lens on nothing yet: good until the next value is looked at. */
  of({ arena }: Keyspace): Listpack {
    this.lens ??= new Listpack(arena);
    return this.lens;
  }

  /** The listpack of entry `ref`: a view, good until anything changes. */
  contentsOf(keyspace: Keyspace, ref: Ref): Uint8Array {
    return this.of(keyspace).open(keyspace.entries.value(ref)).contents;
  }
}
