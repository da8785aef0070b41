/**
 * SCRIPT DEBUG: who debugs scripts on this server, and who has to wait for that.
 *
 * A script is debugged on the data itself (SYNC): then nobody else is served before the session ends, and what
 * the script writes stays. Or on a copy (YES): see `ServerCopy`.
 */
import { Refusal } from '../../../protocol/refusals.js';
import type { LuaEngine } from '../../../scripting/lua-engine.js';
import type { Closure } from '../../../scripting/machine/values.js';
import type { Client } from '../../client.js';
import type { Server } from '../../server.js';
import type { ServerCall } from '../../server-call.js';
import type { ScriptWatcher } from '../script-run.js';
import { copyOf, type MakeServer, ServerCopy } from './server-copy.js';
import { DebugSession } from './session.js';

/** Begins a session with a script that was compiled for it. */
type BeginSession = (engine: LuaEngine, script: Closure) => ScriptWatcher;

export class Debugging {
  private readonly server: Server;
  private readonly makeServer: MakeServer;
  private session: DebugSession | null = null;
  private debugger: Client | null = null;
  /** Clients with a request that waits for the end of the session, in the order they began to. */
  private readonly waiting = new Set<Client>();
  private readonly copies = new Set<ServerCopy>();

  constructor(server: Server, makeServer: MakeServer) {
    this.server = server;
    this.makeServer = makeServer;
  }

  /** Whether a script is debugged on the data itself. */
  get inProgress(): boolean {
    return this.session !== null;
  }

  /** Debugs the script of an EVAL on the data itself. @param run - Has it compiled and run. */
  debug(call: ServerCall, run: (begin: BeginSession) => void): void {
    const { client, server } = call;
    const text = server.scripts.args.text(call.request, 1);
    const session = new DebugSession(server, client, text, () => this.ended());
    this.session = session;
    this.debugger = client;
    client.takenOver = session;
    try {
      run((engine, script) => session.begin(engine, script));
    } catch (thrown) {
      if (thrown instanceof Refusal) session.ended();
      throw thrown;
    }
  }

  /** Debugs the script of an EVAL on a copy of the data: this server has nothing more to do with its client. */
  debugCopy(call: ServerCall): void {
    const { client, request, server } = call;
    const twin = copyOf(server, this.makeServer);
    const copy = new ServerCopy(server, client, twin, () => this.copies.delete(copy));
    this.copies.add(copy);
    client.takenOver = copy;
    server.clients.delete(client.id);
    server.stats.snapshots++;
    copy.run(request);
  }

  /** Whether the client's request has to wait for the end of a session. It is then parsed anew. */
  holds(client: Client): boolean {
    const { session } = this;
    if (session === null || client === this.debugger || client.id === 0) return false;
    if (!session.isStopped && this.takesTooLong(session)) return false;
    client.paused = true;
    this.waiting.add(client);
    return true;
  }

  /** The client is gone. */
  forget(client: Client): void {
    this.waiting.delete(client);
    client.takenOver?.left();
  }

  /** The server closes: no script goes on. */
  async stop(): Promise<void> {
    if (this.debugger !== null) this.debugger.takenOver = null;
    await Promise.all([...this.copies].map((copy) => copy.close()));
  }

  /** Whether others are to be told BUSY, as with any script that takes so long. */
  private takesTooLong({ wentOnAtMs }: DebugSession): boolean {
    const { clock, config } = this.server;
    const threshold = config.values.busyReplyThreshold;
    return threshold > 0 && clock.elapsedMs() - wentOnAtMs >= threshold;
  }

  private ended(): void {
    this.session = null;
    this.debugger = null;
    const clients = [...this.waiting];
    this.waiting.clear();
    for (const client of clients) client.paused = false;
    this.server.resumeSoon(clients);
  }
}
