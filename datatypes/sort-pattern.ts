/**
 * Patterns of SORT's BY and GET: `weight_*` names a key for each element, `object_*->field` a field of one, and
 * `#` is the element itself. The first `*` stands for the element; what has none names nothing.
 */
import { scratchBytes } from '../protocol/byte-views.js';
import type { Call } from './call.js';
import { FIELD_READERS } from './sort-types.js';
import { NONE } from './store/arena.js';
import { Type, ValueView } from './store/entry.js';

const STAR = 0x2a;
const HASH = 0x23;
const SHORT_NAME_BYTES = 128;

export interface SortPattern {
  /** Whether it is `#`. */
  readonly isElement: boolean;
  /** Whether an element makes a difference. */
  readonly hasStar: boolean;
  /** What of the key's name stands before the element, and after it. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** Null when the whole value is meant. */
  readonly field: Uint8Array | null;
}

export function readPattern(bytes: Uint8Array): SortPattern {
  const isElement = bytes.length === 1 && bytes[0] === HASH;
  const star = bytes.indexOf(STAR);
  if (star < 0) return { isElement, hasStar: false, before: bytes, after: bytes, field: null };
  const before = bytes.subarray(0, star);
  const rest = Buffer.from(bytes.buffer, bytes.byteOffset + star + 1, bytes.length - star - 1);
  const arrow = rest.indexOf('->');
  // An arrow that nothing follows is part of the name.
  if (arrow < 0 || arrow + 2 === rest.length) {
    return { isElement, hasStar: true, before, after: rest, field: null };
  }
  const after = rest.subarray(0, arrow);
  const field = scratchBytes(rest.length - arrow - 2);
  field.set(rest.subarray(arrow + 2));
  return { isElement, hasStar: true, before, after, field };
}

/** What a pattern names for an element: bytes that stay good until the next lookup. A command needs one. */
export class NamedValue extends ValueView {
  private readonly call: Call;
  /** The name of the key that is looked up. */
  private name = scratchBytes(SHORT_NAME_BYTES);

  constructor(call: Call) {
    super();
    this.call = call;
  }

  /** Points at what `pattern` names for the element `bytes[start, end)`; false when nothing is there. */
  find(pattern: SortPattern, bytes: Uint8Array, start: number, end: number): boolean {
    if (pattern.isElement) {
      this.bytes = bytes;
      this.start = start;
      this.end = end;
      return true;
    }
    if (!pattern.hasStar) return false;
    const { db, keyspace } = this.call;
    const length = this.writeName(pattern, bytes, start, end);
    const ref = db.findForRead(this.name, 0, length);
    if (ref === NONE) return false;
    const type = keyspace.entries.type(ref);
    if (pattern.field !== null) {
      return FIELD_READERS.get(type)?.(keyspace, ref, pattern.field, this) ?? false;
    }
    if (type !== Type.string) return false;
    keyspace.entries.view(ref, this);
    return true;
  }

  private writeName(
    { before, after }: SortPattern,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const from = before.length;
    const to = from + end - start;
    const length = to + after.length;
    if (length > this.name.length) this.name = scratchBytes(2 * length);
    const { name } = this;
    for (let i = 0; i < from; i++) name[i] = before[i] as number;
    if (end - start < SHORT_NAME_BYTES) {
      for (let i = start; i < end; i++) name[from + i - start] = bytes[i] as number;
    } else name.set(bytes.subarray(start, end), from);
    for (let i = to; i < length; i++) name[i] = after[i - to] as number;
    return length;
  }
}
