/**
 * For jest, and other runners with its global hooks: `const tests = useServer()`, then `tests.server` in each
 * test.
 */
import { type Hooks, serverFor, type UseServer } from './server-for-tests.js';

export type { ServerForTests, UseServer } from './server-for-tests.js';

/** Starts a server for the tests of this file, or of the suite it is called in. */
export const useServer: UseServer = serverFor({
  beforeAll: (hook) => globalHooks().beforeAll(hook),
  beforeEach: (hook) => globalHooks().beforeEach(hook),
  afterAll: (hook) => globalHooks().afterAll(hook),
});

function globalHooks(): Hooks {
  const hooks = globalThis as unknown as Partial<Hooks>;
  if (hooks.beforeAll && hooks.beforeEach && hooks.afterAll) return hooks as Hooks;
  throw new Error('Cannot use a server: there are no global beforeAll, beforeEach and afterAll');
}
