/**
 * Data as plain JavaScript values: what a test loads, and what it compares with.
 *
 * | value                              | key                                                    |
 * | ---------------------------------- | ------------------------------------------------------ |
 * | a string, number or bytes          | a string                                               |
 * | an array                           | a list                                                 |
 * | a Set                              | a set                                                  |
 * | an object                          | a hash; `expiring(...)` for a field that expires       |
 * | a Map from member to score         | a sorted set                                           |
 * | `stream(...)`                      | a stream, with its groups                              |
 * | `expiring(...)` around any of them | a key that expires                                     |
 */

/** Text or bytes. A number stands for its digits. */
export type PlainText = string | number | bigint | Uint8Array;

export type PlainValue =
  | PlainText
  | readonly PlainText[]
  | ReadonlySet<PlainText>
  | ReadonlyMap<PlainText, number>
  | PlainHash
  | Stream
  | Expiring;

export interface PlainHash {
  readonly [field: string]: PlainText | Expiring<PlainText>;
}

/** Keys and their values. */
export interface PlainData {
  readonly [key: string]: PlainValue;
}

/** What dump answers: text, or bytes where they are no text in UTF-8. */
export type DumpedText = string | Uint8Array;

/** A key, or a field of a hash, that expires. */
export class Expiring<T = PlainValue> {
  readonly value: T;
  /** From now. ms. */
  readonly afterMs: number;

  constructor(value: T, afterMs: number) {
    this.value = value;
    this.afterMs = afterMs;
  }
}

/** A value that expires `afterMs` from now. */
export function expiring<T>(value: T, afterMs: number): Expiring<T> {
  return new Expiring(value, afterMs);
}

/** An entry of a stream. */
export interface StreamEntry {
  /** `ms-sequence`. */
  readonly id: string;
  /** An object, or pairs where a name comes more than once. */
  readonly fields:
    | { readonly [name: string]: PlainText }
    | readonly (readonly [PlainText, PlainText])[];
}

/** An entry that a consumer was given, and has not acknowledged. */
export interface PendingEntry {
  readonly id: string;
  readonly consumer: string;
  /** ms since 1970. */
  readonly deliveredAtMs: number;
  readonly deliveries: number;
}

export interface StreamGroup {
  readonly lastDeliveredId: string;
  /** Null when that is not known. */
  readonly entriesRead: number | null;
  readonly consumers: readonly string[];
  readonly pending: readonly PendingEntry[];
}

/** What a stream knows besides its entries. What is left out follows from the entries. */
export interface StreamState {
  readonly lastId?: string;
  readonly entriesAdded?: number;
  readonly maxDeletedId?: string;
  readonly groups?: { readonly [name: string]: StreamGroup };
}

export class Stream {
  readonly entries: readonly StreamEntry[];
  readonly state: StreamState;

  constructor(entries: readonly StreamEntry[], state: StreamState = {}) {
    this.entries = entries;
    this.state = state;
  }
}

/** A stream with these entries. */
export function stream(entries: readonly StreamEntry[], state: StreamState = {}): Stream {
  return new Stream(entries, state);
}
