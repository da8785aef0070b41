/** For `node:test`: `const tests = useServer()`, then `tests.server` in each test. */
import { after, before, beforeEach } from 'node:test';
import { serverFor, type UseServer } from './server-for-tests.js';

export type { ServerForTests, UseServer } from './server-for-tests.js';

/** Starts a server for the tests of this file, or of the suite it is called in. */
export const useServer: UseServer = serverFor({
  beforeAll: (hook) => before(hook),
  beforeEach: (hook) => beforeEach(hook),
  afterAll: (hook) => after(hook),
});
