/** Who a client is: passwords of the one user there is, `default`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Client } from './client.js';
import type { Server } from './server.js';

export const DEFAULT_USER = 'default';

export class Authentication {
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
    server.config.onChange('requirepass', () => this.passwordChanged());
  }

  /** Whether the default user has no password: then everybody is that user from the start. */
  get isOpen(): boolean {
    return this.server.config.values.requirepass === '';
  }

  /** Whether there is a user of this name. */
  knows(user: string): boolean {
    return user === DEFAULT_USER;
  }

  /**
   * Whether the password is the user's; any will do for a user without one. Both are byte strings.
   * Their digests are compared, so the time taken tells nothing of the password.
   */
  accepts(user: string, password: string): boolean {
    if (!this.knows(user)) return false;
    return this.isOpen || sameText(password, this.server.config.values.requirepass);
  }

  /** The client has proved to be `user`. */
  admit(client: Client, user: string): void {
    client.user = user;
    client.authenticated = true;
    client.everAuthenticated = true;
    client.limits.authenticated = true;
  }

  /** Makes a client what a new one is: the default user, admitted only if that one has no password. */
  reset(client: Client): void {
    client.user = DEFAULT_USER;
    client.authenticated = this.isOpen;
    client.limits.authenticated = this.isOpen;
  }

  /** Clients that were let in stay so; the others may now be free to come in, or no longer. */
  private passwordChanged(): undefined {
    for (const client of this.server.clients.values()) {
      client.limits.authenticated = client.authenticated || this.isOpen;
    }
  }
}

function sameText(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest();
}
