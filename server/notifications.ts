/**
 * Keyspace events on their way to those who listen: each is published in one or two channels, one named
 * after the key and one after the event, as `notify-keyspace-events` asks.
 */
import type { EventClass } from '../datatypes/call.js';
import type { Database } from '../datatypes/database.js';
import { EventChannel } from './config-table/keyspace-events.js';
import type { Server } from './server.js';

export class Notifications {
  private readonly server: Server;
  /** Each event's name in bytes, once it was sent. */
  private readonly names = new Map<string, Uint8Array>();

  constructor(server: Server) {
    this.server = server;
    server.config.onChange('notify-keyspace-events', () => this.settingChanged());
    this.settingChanged();
  }

  private settingChanged(): undefined {
    const { config, effects } = this.server;
    const asked = config.values.notifyKeyspaceEvents !== 0;
    effects.onEvent = asked ? (...event) => this.send(...event) : null;
  }

  private send(database: Database, eventClass: EventClass, event: string, key: Uint8Array): void {
    const { config, pubsub } = this.server;
    const asked = config.values.notifyKeyspaceEvents;
    if ((asked & eventClass) === 0 || !pubsub.hasListeners) return;
    const name = this.nameOf(event);
    if (asked & EventChannel.keyspace) pubsub.publish(channel('keyspace', database, key), name);
    if (asked & EventChannel.keyevent) pubsub.publish(channel('keyevent', database, name), key);
  }

  private nameOf(event: string): Uint8Array {
    let name = this.names.get(event);
    if (name === undefined) {
      name = Buffer.from(event, 'latin1');
      this.names.set(event, name);
    }
    return name;
  }
}

function channel(kind: string, database: Database, about: Uint8Array): Uint8Array {
  const prefix = `__${kind}@${database.id}__:`;
  const bytes = Buffer.allocUnsafe(prefix.length + about.length);
  bytes.write(prefix, 'latin1');
  bytes.set(about, prefix.length);
  return bytes;
}
