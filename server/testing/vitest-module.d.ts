/** What is used of vitest: the package itself is the user's. */
declare module 'vitest' {
  export function beforeAll(hook: () => Promise<void>): void;
  export function beforeEach(hook: () => void): void;
  export function afterAll(hook: () => Promise<void>): void;
}
