/** Who stands between clients and commands: tests that watch what is sent, or get in its way. */
import type { Request } from '../protocol/request.js';
import type { Client } from './client.js';
import type { CommandEntry } from './command-table.js';

export interface Interceptor {
  /** A client has come. */
  connected(client: Client): void;
  /** A client has gone. */
  left(client: Client): void;
  /** Has the executor run a request, or not. */
  execute(client: Client, request: Request, entry: CommandEntry | undefined): void;
  /** Whether what a timer brings about is put off: then it is this one's to run. */
  defers(work: () => void): boolean;
}
