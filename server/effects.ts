/** Spreads the news of what commands did: to the dirty count, and to all who listen. */
import type { Effects, EventClass } from '../datatypes/call.js';
import type { Database } from '../datatypes/database.js';
import { Destination, Propagation, type PropagationSink } from '../persistence/propagation.js';
import type { ServerCall } from './server-call.js';

/** Somebody who wants to know which keys change: WATCH, client-side caches. */
export interface KeyListener {
  /**
   * `key` holds for this call only.
   *
   * @param unasked - Whether no command changed it: its time had come, or memory was needed.
   */
  keyChanged(database: Database, key: Uint8Array, unasked: boolean): void;
  /** All keys of these databases are about to go. */
  flushed(databases: readonly Database[]): void;
  /** Two databases exchanged their contents. */
  swapped(one: Database, other: Database): void;
}

/** Somebody who wants to know what becomes of whole databases. */
export type DatabaseListener = Pick<KeyListener, 'flushed' | 'swapped'>;

/** Somebody who gathers news, and acts on them when the command, transaction or script is done. */
export interface UnitListener {
  unitEnded(): void;
}

/** Sends keyspace events on. */
export type EventSender = (
  database: Database,
  eventClass: EventClass,
  event: string,
  key: Uint8Array,
) => void;

type Words = readonly (string | Uint8Array)[];

export class ServerEffects implements Effects {
  dirty = 0;
  attentive = false;
  propagates = false;
  readonly propagation = new Propagation();

  /** Who may get what commands write: a script may leave some of them out. */
  destinations: number = Destination.all;

  /** Replaced, never changed: one may come or go while all are told. */
  private listeners: readonly KeyListener[] = [];
  private readonly databaseListeners: DatabaseListener[] = [];
  private readonly unitListeners: UnitListener[] = [];
  private isMuted = false;
  private sendEvent: EventSender | null = null;
  /** Units that run, one within the other: a transaction, its command. */
  private depth = 0;
  /** Whether somebody waits for the end of the unit. */
  private unsettled = false;
  /** The number of the database that the command that runs works in. */
  private database = 0;
  /** Whether the command that runs said what is to be sent in place of its request. */
  private replaced = false;
  /** Whether the request of the command that runs goes out though it changed nothing: to whom. */
  private forced = 0;

  /** From now on, `listener` is told of each key that changes. */
  listen(listener: KeyListener): void {
    this.listeners = [...this.listeners, listener];
    this.listenersChanged();
  }

  unlisten(listener: KeyListener): void {
    this.listeners = this.listeners.filter((one) => one !== listener);
    this.listenersChanged();
  }

  /** From now on, `listener` is told what becomes of whole databases, though of no single key. */
  listenToDatabases(listener: DatabaseListener): void {
    this.databaseListeners.push(listener);
  }

  /** Sets who sends keyspace events on; null when nobody wants any. */
  set onEvent(sender: EventSender | null) {
    this.sendEvent = sender;
    this.listenersChanged();
  }

  /** `listener` is told of the end of each unit in which somebody called `wakeAtEnd`, in the order of these calls. */
  atUnitEnd(listener: UnitListener): void {
    this.unitListeners.push(listener);
  }

  /** Something waits for the end of the unit. */
  wakeAtEnd(): void {
    this.unsettled = true;
  }

  /** Whether nothing runs: neither a command nor a transaction or script. */
  get isIdle(): boolean {
    return this.depth === 0;
  }

  /** While it is true nothing goes to sinks: what runs came from where they had it already. */
  set muted(muted: boolean) {
    this.isMuted = muted;
    this.propagates = !muted && this.propagation.isWanted;
  }

  /** Whether the command that runs is part of a transaction or a script. */
  get isNested(): boolean {
    return this.depth > 1;
  }

  private listenersChanged(): void {
    this.attentive = this.listeners.length > 0 || this.sendEvent !== null;
  }

  /** From now on, what changes data goes to `sink` too. */
  addSink(sink: PropagationSink): void {
    this.propagation.add(sink);
    this.propagates = !this.isMuted;
  }

  removeSink(sink: PropagationSink): void {
    this.propagation.remove(sink);
    this.propagates = !this.isMuted && this.propagation.isWanted;
  }

  /** A command begins, in a database of this number. */
  begin(database: number): void {
    this.depth++;
    this.database = database;
    this.replaced = false;
    this.forced = 0;
  }

  /**
   * A command ended. Its request goes to the append-only file and replicas if it changed anything.
   *
   * @param dirtyBefore - `dirty` when it began.
   */
  end(call: ServerCall, dirtyBefore: number): void {
    if (this.propagates && !this.replaced) {
      const all = this.dirty !== dirtyBefore ? Destination.all : this.forced;
      const destinations = all & this.destinations;
      if (destinations !== 0) {
        this.propagation.gather(this.database, call.request, destinations);
        this.unsettled = true;
      }
    }
    this.replaced = false;
    this.forced = 0;
    this.depth--;
    if (this.depth === 0 && this.unsettled) this.settle();
  }

  /** What happened outside of any command, by a timer, is told to those who wait for the end of units. */
  settleOutside(): void {
    if (this.unsettled && this.depth === 0) this.settle();
  }

  /** Everything that waited for the end of the unit. */
  settle(): void {
    this.unsettled = false;
    if (this.propagation.isPending) this.propagation.settle();
    for (const listener of this.unitListeners) listener.unitEnded();
  }

  changed(database: Database, key: Uint8Array, changes: number): void {
    this.dirty += changes;
    for (const listener of this.listeners) listener.keyChanged(database, key, false);
  }

  /** A key changed though no command asked for it: its time had come, or memory was needed. */
  changedUnasked(database: Database, key: Uint8Array): void {
    for (const listener of this.listeners) listener.keyChanged(database, key, true);
  }

  notify(database: Database, eventClass: EventClass, event: string, key: Uint8Array): void {
    this.sendEvent?.(database, eventClass, event, key);
  }

  propagateAs(request: Words): void {
    this.replaced = true;
    if (!this.propagates) return;
    this.propagation.gatherWords(this.database, request, this.destinations);
    this.unsettled = true;
  }

  propagateBefore(database: Database, request: Words): void {
    if (!this.propagates) return;
    this.propagation.gatherWords(database.id, request);
    // Outside of any command each is a unit of its own.
    if (this.depth === 0) this.propagation.settle();
    else this.unsettled = true;
  }

  propagateNothing(): void {
    this.replaced = true;
  }

  /** Sends the request of the command that runs to `destinations` even if it changes no data. */
  propagateAnyway(destinations: number = Destination.all): void {
    this.forced = destinations;
  }

  flushed(databases: readonly Database[], changes: number): void {
    this.dirty += changes;
    for (const listener of this.databaseListeners) listener.flushed(databases);
    for (const listener of this.listeners) listener.flushed(databases);
  }

  swapped(one: Database, other: Database): void {
    this.dirty++;
    if (one === other) return;
    for (const listener of this.databaseListeners) listener.swapped(one, other);
    for (const listener of this.listeners) listener.swapped(one, other);
  }
}
