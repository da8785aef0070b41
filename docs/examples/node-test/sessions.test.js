import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expiring } from 'valkey-ts';
import { Redis } from 'valkey-ts/ioredis';
import { useServer } from 'valkey-ts/node-test';
import { Sessions } from './sessions.js';

const tests = useServer({ clock: 'manual', listen: false });

test('a session ends after an hour', async () => {
  const redis = new Redis();
  const sessions = new Sessions(redis);
  await sessions.open('1', 'ada');
  await tests.server.clock.advance(3_600_000);
  assert.equal(await sessions.userOf('1'), 'ada');
  await tests.server.clock.advance(1);
  assert.equal(await sessions.userOf('1'), null);
  redis.disconnect();
});

test('each test begins with an empty server', async () => {
  assert.deepEqual(tests.server.dump(), {});
  const redis = new Redis();
  await new Sessions(redis).open('2', 'bo');
  assert.deepEqual(tests.server.dump(), { 'session:2': expiring('bo', 3_600_000) });
  redis.disconnect();
});

test('a write that fails is not hidden', async () => {
  const redis = new Redis();
  tests.server.faults.outOfMemory({ key: 'session:*', times: 1 });
  await assert.rejects(new Sessions(redis).open('3', 'cy'), /^ReplyError: OOM /);
  redis.disconnect();
});
