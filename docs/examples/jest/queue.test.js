jest.mock('ioredis', () => require('valkey-ts/ioredis'));

const { useServer } = require('valkey-ts/jest');
const { add, next } = require('./queue');

const tests = useServer({ clock: 'manual', listen: false });

test('jobs come in order', async () => {
  await add({ id: 1 });
  await add({ id: 2 });
  expect(await next(1)).toEqual({ id: 1 });
  expect(tests.server.dump()).toEqual({ jobs: ['{"id":2}'] });
});

test('no job comes in time', async () => {
  const waiting = next(30);
  await new Promise(setImmediate);
  await tests.server.clock.advance(30_000);
  expect(await waiting).toBeNull();
});

test('it works beside fake timers', async () => {
  jest.useFakeTimers();
  await add({ id: 3 });
  expect(await next(1)).toEqual({ id: 3 });
  jest.useRealTimers();
});
