import { useServer } from 'valkey-ts/vitest';
import { expect, test, vi } from 'vitest';
import { visit } from './visits.js';

vi.mock('ioredis', () => import('valkey-ts/ioredis'));

const tests = useServer({ clock: 'manual', listen: false });

test('visits are counted for a minute', async () => {
  expect(await visit('home')).toBe(1);
  expect(await visit('home')).toBe(2);
  await tests.server.clock.advance(60_001);
  expect(await visit('home')).toBe(1);
});

test('it works beside fake timers', async () => {
  vi.useFakeTimers();
  expect(await visit('home')).toBe(1);
  vi.useRealTimers();
});

test('a visit is one transaction', async () => {
  await visit('about');
  const names = tests.server.commands.all.map(({ name }) => name);
  expect(names.filter((name) => name !== 'info')).toEqual(['multi', 'incr', 'expire', 'exec']);
});
