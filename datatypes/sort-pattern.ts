/**
 * Patterns of SORT's BY and GET: `weight_*` names a key for each element, `object_*->field` a field of one, and
 * `#` is the element itself. The first `*` stands for the element; what has none names nothing.
 */
import type { Call } from './call.js';
import { FIELD_READERS } from './sort-types.js';
import { NONE } from './store/arena.js';
import { Type } from './store/entry.js';

const STAR = 0x2a;
const HASH = 0x23;

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
  return { isElement, hasStar: true, before, after, field: rest.subarray(arrow + 2) };
}

/** What `pattern` names for `element`: bytes that stay good until the next lookup; null when nothing is there. */
export function lookUp(call: Call, pattern: SortPattern, element: Uint8Array): Uint8Array | null {
  if (pattern.isElement) return element;
  if (!pattern.hasStar) return null;
  const key = Buffer.concat([pattern.before, element, pattern.after]);
  const { db, keyspace } = call;
  const ref = db.findForRead(key, 0, key.length);
  if (ref === NONE) return null;
  const type = keyspace.entries.type(ref);
  if (pattern.field !== null) {
    return FIELD_READERS.get(type)?.(keyspace, ref, pattern.field) ?? null;
  }
  if (type !== Type.string) return null;
  const { bytes, start, end } = db.stringAt(ref);
  return bytes.subarray(start, end);
}
