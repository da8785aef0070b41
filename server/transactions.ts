/** Transactions: the requests that a client queued after MULTI, to be run all at once. */
import type { Request } from '../protocol/request.js';
import type { RequestCopies } from '../protocol/request-copies.js';
import type { Client } from './client.js';
import type { CommandEntry } from './command-table.js';
import type { Server } from './server.js';
import type { WatchedKey } from './watched-keys.js';

export interface QueuedRequest {
  readonly request: Request;
  readonly entry: CommandEntry;
}

/** What a queued request takes beside its bytes, about: objects and two arrays of offsets. */
const QUEUED_BYTES = 160;
const WATCH_BYTES = 120;

/** One client's: made with its first MULTI or WATCH, and kept from then on. */
export class Transaction {
  /** Whether MULTI was sent: requests are queued. */
  isOpen = false;
  /** Whether a request was refused while it should have been queued: EXEC will run nothing. */
  isAborted = false;
  /** Whether a watched key changed: EXEC will run nothing. */
  isBroken = false;
  queue: QueuedRequest[] = [];
  /** What the client watches. */
  readonly watched: WatchedKey[] = [];
  /** Whether some queued request may take more memory. */
  isDenyOom = false;
  /** Whether any of its commands writes. */
  hasWrites = false;
  /** Whether some queued request may write, or send something to replicas. */
  mayReplicate = false;
  /** Bytes that the queue takes, about. */
  queueBytes = 0;
  private readonly copies: RequestCopies;

  constructor(copies: RequestCopies) {
    this.copies = copies;
  }

  get memoryBytes(): number {
    return this.queueBytes + this.watched.length * WATCH_BYTES;
  }

  /** Queues a copy of a request; one that will not run anyway is not kept. */
  add(request: Request, entry: CommandEntry, isDenyOom = entry.isDenyOom): void {
    if (this.isAborted || this.isBroken) return;
    const copy = this.copies.copy(request);
    this.queue.push({ request: copy, entry });
    this.isDenyOom ||= isDenyOom;
    this.hasWrites ||= entry.isWrite;
    this.mayReplicate ||= entry.mayReplicate;
    this.queueBytes += copy.spanBytes + 8 * copy.argc + QUEUED_BYTES;
  }

  /** A request was refused: what is queued will not run. */
  abort(): void {
    this.isAborted = true;
    this.empty();
  }

  /** Ends the transaction, whatever became of it. What is watched is not this one's to forget. */
  close(): void {
    this.isOpen = false;
    this.isAborted = false;
    this.isBroken = false;
    this.empty();
  }

  private empty(): void {
    this.queue = [];
    this.isDenyOom = false;
    this.hasWrites = false;
    this.mayReplicate = false;
    this.queueBytes = 0;
  }
}

/** Ends a client's transaction, if it has one, and watches nothing for it any more. */
export function endTransaction(server: Server, client: Client): void {
  server.watchedKeys.unwatchAll(client);
  client.transaction?.close();
}
