/** One client's state: who it is, what it asked for, what is on its way to it. No socket is known here. */

import type { Command } from '../datatypes/command.js';
import type { Database } from '../datatypes/database.js';
import { type ParserLimits, RequestParser } from '../protocol/parser.js';
import type { BlockHolder } from '../protocol/reply.js';
import { type ReplySink, ReplyWriter, type RespVersion } from '../protocol/reply.js';
import type { Request } from '../protocol/request.js';
import type { Waiting } from './blocked-clients.js';
import { type Subscriptions, subscriptionBytes } from './pubsub.js';
import { LARGEST_REPLY_BUFFER_BYTES } from './reply-buffers.js';
import { PREFIX_BYTES, type TrackingState } from './tracking.js';
import type { Transaction } from './transactions.js';

/** What carries a client's bytes: a socket, or nothing for a client inside the process. */
export interface Transport extends ReplySink {
  /** Bytes handed over and not yet written. */
  readonly unsentBytes: number;
  /** `ip:port`, or a path and `:0` for a Unix socket. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly fileDescriptor: number;
  /** Whether there is a network connection: false for a client inside the process. */
  readonly isSocket: boolean;
  readonly isUnixSocket: boolean;
  /** The peer's address without its port; empty for a Unix socket. */
  readonly remoteIp: string;
  /** The path of a Unix socket, else empty. */
  readonly socketPath: string;
  /** Closes at once; what was not written is dropped. */
  destroy(): void;
  /** Closes once everything is written. */
  end(): void;
  /** Looks again at requests that were left waiting, e.g. by CLIENT PAUSE. */
  resume(): void;
}

/** CLIENT REPLY: whether replies go out; `skipNext` and `skip` leave out those of one command. */
export const ReplyMode = { on: 0, off: 1, skipNext: 2, skip: 3 } as const;
export type ReplyMode = (typeof ReplyMode)[keyof typeof ReplyMode];

/** SCRIPT DEBUG: how scripts are debugged, on a copy of the data or on the data itself. */
export type DebugMode = 'copy' | 'sync';

/** Who gets what a client sends, in place of the parser of requests. */
export interface TakenOver {
  /** Bytes came: `bytes[0, end)`, which may be reused after the call. */
  receive(bytes: Uint8Array, end: number): void;
  /** The connection is gone. */
  left(): void;
}

export type ClientKind = 'normal' | 'replica' | 'pubsub' | 'primary';

export class Client {
  readonly id: number;
  readonly transport: Transport | null;
  readonly createdAtMs: number;
  readonly parser = new RequestParser();
  readonly limits: ParserLimits;
  /** The request being read, when it does not stand whole in one read. */
  partial: Request | null = null;
  /** Bytes read and not yet parsed: `pending[0, pendingEnd)`. */
  pending: Uint8Array = NO_BYTES;
  pendingEnd = 0;
  /** The longest request buffer of the last seconds, for CLIENT LIST. */
  pendingPeak = 0;

  db: Database;
  resp: RespVersion = 2;
  name = '';
  libraryName = '';
  libraryVersion = '';
  user = 'default';
  authenticated: boolean;
  /** Whether it was let in at some time, even if RESET forgot that since. */
  everAuthenticated: boolean;
  capabilities = 0;

  replyMode: ReplyMode = ReplyMode.on;
  isMonitor = false;
  /** What it listens to; null for nothing. */
  subscriptions: Subscriptions | null = null;
  /** How it is told of keys that change; null when it is not. */
  tracking: TrackingState | null = null;
  /** Whether CLIENT CACHING said that the next command is not like others. */
  cachingChosen = false;
  noEvict = false;
  noTouch = false;
  isImportSource = false;
  readonlyMode = false;
  /** How its next script is debugged; null when it is not. */
  debugMode: DebugMode | null = null;
  /** Who reads what it sends; null for the server itself. */
  takenOver: TakenOver | null = null;
  /**
   * No more requests are read, and the connection closes with the replies that are sent: one that wants none
   * stays open until its other end goes.
   */
  closing = false;
  /** The connection is gone. */
  closed = false;
  /** The client is in a queue until something happens; its requests wait. */
  blocked = false;
  /** What it waits for, if it is keys or acknowledgements. */
  waiting: Waiting | null = null;
  /** A request that waited for keys and then was held by CLIENT PAUSE. */
  postponed: Waiting | null = null;
  /** Its transaction, open or not, and the keys it watches; null before the first MULTI or WATCH. */
  transaction: Transaction | null = null;
  /** Requests wait until CLIENT PAUSE ends. */
  paused = false;

  /** Who its requests come from: of a script's client, the one that called the script. */
  origin: Client = this;

  lastInteractionAtMs: number;
  lastCommand: Command | null = null;
  /** The place in the history of changes behind the last one that it made: see acknowledgements.ts. */
  writtenOffset = 0;
  commandsProcessed = 0;
  netInputBytes = 0;
  netOutputBytes = 0;
  /** Bytes of replies that do not count against the output limit; see reply-buffers.ts. */
  replyBufferBytes = LARGEST_REPLY_BUFFER_BYTES;
  /** The most bytes of replies that one turn brought lately, as far as they fit the reply buffer. */
  replyPeakBytes = LARGEST_REPLY_BUFFER_BYTES;
  /** Since when that is so; long ago for a new client. ms. */
  replyPeakAtMs = 0;
  /** `memoryBytes` when the server last counted it in. */
  notedBytes = 0;
  /** When the output first exceeded the soft limit; 0 while it does not. ms. */
  softLimitSinceMs = 0;

  private own: ReplyWriter | null = null;
  private readonly holder: BlockHolder;

  constructor(parts: ClientParts) {
    this.id = parts.id;
    this.transport = parts.transport;
    this.db = parts.db;
    this.createdAtMs = parts.nowMs;
    this.lastInteractionAtMs = parts.nowMs;
    this.authenticated = parts.authenticated;
    this.everAuthenticated = parts.authenticated;
    this.holder = parts.holder;
    this.limits = { maxBulkBytes: parts.maxBulkBytes, authenticated: parts.authenticated };
  }

  /** A writer for replies that come while the client is not the one being served: pushes, MONITOR. */
  get pushes(): ReplyWriter {
    this.own ??= new ReplyWriter(this.holder, OWN_BUFFER_BYTES);
    this.own.resp = this.resp;
    return this.own;
  }

  /** Gives back the buffer for pushes while there is nothing in it. */
  releasePushes(): void {
    if (this.own?.pendingBytes === 0) this.own = null;
  }

  /** Bytes of the buffer for pushes that is this client's own. */
  private get pushBufferBytes(): number {
    return this.own?.bufferBytes ?? 0;
  }

  /** Whether a further request would have to wait, or would not be taken any more. */
  get isHeldUp(): boolean {
    return this.blocked || this.paused || this.pendingEnd > 0 || this.closing || this.closed;
  }

  /** Bytes in the request buffer that are not parsed yet. */
  get unreadBytes(): number {
    return this.pendingEnd === 0 ? 0 : this.pendingEnd - this.parser.at;
  }

  /** Bytes of replies that have not been written to the network. */
  get unsentBytes(): number {
    return (this.transport?.unsentBytes ?? 0) + (this.own?.pendingBytes ?? 0);
  }

  /** What counts against the client-eviction limit: its buffers, in bytes. */
  get memoryBytes(): number {
    return (
      CLIENT_BYTES +
      this.pending.length +
      this.pushBufferBytes +
      this.unsentBytes +
      subscriptionBytes(this) +
      (this.tracking?.prefixes.length ?? 0) * PREFIX_BYTES +
      (this.transaction?.memoryBytes ?? 0) +
      (this.waiting?.request.spanBytes ?? 0)
    );
  }

  get kind(): ClientKind {
    return this.subscriptions === null ? 'normal' : 'pubsub';
  }

  /** Drops replies still held for this client: its connection is gone. */
  discard(): void {
    this.own?.discard();
    this.pending = NO_BYTES;
    this.pendingEnd = 0;
    this.partial = null;
  }
}

export interface ClientParts {
  readonly id: number;
  readonly transport: Transport | null;
  readonly db: Database;
  readonly nowMs: number;
  readonly authenticated: boolean;
  readonly maxBulkBytes: number;
  readonly holder: BlockHolder;
}

/** Where pushes are written to at first. */
const OWN_BUFFER_BYTES = 512;
const NO_BYTES = new Uint8Array(0);
/** What the real server's client object takes, about. */
const CLIENT_BYTES = 1920;
