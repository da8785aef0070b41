/** What clients sent: a log to assert on. */
import { type CommandMatch, matches, type Sent } from './match.js';

export interface SentCommand {
  /** As COMMAND tells it: `get`, `client|list`; of no command, its first word. In lower case. */
  readonly name: string;
  /** All words of the request, the name as it was sent. */
  readonly args: readonly string[];
  readonly keys: readonly string[];
  /** The client's number, as CLIENT ID tells it. */
  readonly clientId: number;
  readonly clientName: string;
  /** The database it had selected. */
  readonly db: number;
  /** ms since 1970, by the server's clock. */
  readonly atMs: number;
}

/** Older ones are forgotten. */
const MOST_KEPT = 10_000;

/** The commands that clients sent, the oldest first; those of `server.call` are not among them. */
export class CommandHistory {
  private sent: { readonly command: SentCommand; readonly seen: Sent }[] = [];

  add(command: SentCommand, seen: Sent): void {
    this.sent.push({ command, seen });
    if (this.sent.length > 2 * MOST_KEPT) this.sent = this.sent.slice(-MOST_KEPT);
  }

  /** How many there are. */
  get length(): number {
    return this.all.length;
  }

  /** The last ten thousand. */
  get all(): readonly SentCommand[] {
    return this.matching({});
  }

  /** Those that fit: `matching({ command: 'set', key: 'user:*' })`. */
  matching(match: CommandMatch): readonly SentCommand[] {
    return this.sent
      .slice(-MOST_KEPT)
      .filter(({ seen }) => matches(match, seen))
      .map(({ command }) => command);
  }

  /** Forgets all. */
  clear(): void {
    this.sent = [];
  }

  [Symbol.iterator](): Iterator<SentCommand> {
    return this.all[Symbol.iterator]();
  }
}
