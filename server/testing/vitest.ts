/** For vitest: `const tests = useServer()`, then `tests.server` in each test. */
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { serverFor, type UseServer } from './server-for-tests.js';

export type { ServerForTests, UseServer } from './server-for-tests.js';

/** Starts a server for the tests of this file, or of the suite it is called in. */
export const useServer: UseServer = serverFor({
  beforeAll: (hook) => void beforeAll(hook),
  beforeEach: (hook) => void beforeEach(hook),
  afterAll: (hook) => void afterAll(hook),
});
