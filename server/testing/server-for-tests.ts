/** One server for all tests of a file or worker, as new before each of them. */
import {
  type Clock,
  createServer,
  type ManualClock,
  type ServerOptions,
  type ValkeyServer,
} from '../index.js';
import { expectServer, setServer, unsetServer } from './server-in-use.js';

/** The hooks of a test runner. */
export interface Hooks {
  beforeAll(hook: () => Promise<void>): void;
  beforeEach(hook: () => void): void;
  afterAll(hook: () => Promise<void>): void;
}

/** Leads to the server while tests run. */
export class ServerForTests<C extends Clock = Clock> {
  private started: ValkeyServer<C> | null = null;

  /** @throws {Error} Before the first test, and after the last. */
  get server(): ValkeyServer<C> {
    if (this.started === null) throw new Error('Cannot reach the server: no tests are running');
    return this.started;
  }

  async start(options: ServerOptions): Promise<void> {
    this.started = (await createServer(options)) as unknown as ValkeyServer<C>;
    await setServer(this.started);
  }

  async stop(): Promise<void> {
    const { started } = this;
    this.started = null;
    if (started === null) return;
    unsetServer(started);
    await started.close();
  }
}

/** What `useServer` of each test runner is. */
export interface UseServer {
  /**
   * Starts a server before the first test of a file, makes it as new before each, and closes it after the last.
   * Clients of `valkey-ts/ioredis` talk to it; others find it at `server.url`.
   */
  (options: ServerOptions & { readonly clock: 'manual' }): ServerForTests<ManualClock>;
  (options?: ServerOptions): ServerForTests;
}

/** What a test runner's hooks make of it. Code under test may make its clients before `useServer` is called. */
export function serverFor(hooks: Hooks): UseServer {
  expectServer();
  const useServer = (options: ServerOptions = {}) => {
    const tests = new ServerForTests<ManualClock>();
    hooks.beforeAll(() => tests.start({ recordCommands: true, ...options }));
    hooks.beforeEach(() => tests.server.reset());
    hooks.afterAll(() => tests.stop());
    return tests;
  };
  return useServer;
}
