/** The examples of the guide, and the package in projects of those who install it. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const EXAMPLES = join(ROOT, 'docs/examples');
const INSTALL_TIMEOUT_MS = 300_000;

/** A folder of its own, gone when the test ends. */
function folder(t: Test): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'valkey-ts-')));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Runs a program; its output when it fails is the test's message. */
function run(cwd: string, program: string, ...args: string[]): string {
  // A test runner within this one must not take itself for a part of it.
  const { NODE_OPTIONS, NODE_TEST_CONTEXT, TAP, ...env } = process.env;
  return execFileSync(program, args, { cwd, env, encoding: 'utf8', stdio: 'pipe' });
}

/** Why packages cannot be installed here; false when they can. */
function offline(): string | false {
  if (!process.env.CONSUMER_TESTS) return 'CONSUMER_TESTS is not set';
  try {
    run(ROOT, 'npm', 'view', 'ioredis', 'version', '--fetch-retries=0', '--fetch-timeout=5000');
    return false;
  } catch {
    return 'no package registry can be reached';
  }
}

const CONSUMER_OF_MODULES = `
  import { createServer } from 'valkey-ts';
  const server = await createServer({ listen: false, clock: 'manual', seed: 7 });
  await server.call('SET', 'session', 'open', 'EX', '10');
  await server.clock.advance(10_001);
  console.log(await server.call('GET', 'session'));
  await server.close();
`;
const CONSUMER_OF_COMMONJS = `
  const { createServer } = require('valkey-ts');
  createServer().then(async (server) => {
    console.log(server.url.startsWith('redis://127.0.0.1:'));
    await server.close();
  });
`;
const CONSUMER_IN_TYPESCRIPT = `
  import { createServer, expiring, type ReplyValue } from 'valkey-ts';
  import { Redis } from 'valkey-ts/ioredis';
  import { useServer } from 'valkey-ts/jest';
  export async function main(): Promise<ReplyValue> {
    await using server = await createServer({ clock: 'manual', data: { k: expiring('v', 10) } });
    await server.clock.advance(5);
    const redis = new Redis({ server });
    const text: string | null = await redis.get('k');
    redis.disconnect();
    return server.call('ECHO', text ?? '');
  }
  export const tests = useServer;
`;
const TYPESCRIPT_OPTIONS = JSON.stringify({
  compilerOptions: {
    ...{ strict: true, target: 'ES2022', module: 'Node16', noEmit: true, types: ['node'] },
    lib: ['ES2023', 'ESNext.Disposable'],
  },
  files: ['module.mts', 'common.cts'],
});

t.test('the example for node:test passes', async (t) => {
  const path = folder(t);
  cpSync(join(EXAMPLES, 'node-test'), path, { recursive: true });
  mkdirSync(join(path, 'node_modules'));
  symlinkSync(ROOT, join(path, 'node_modules/valkey-ts'));
  symlinkSync(join(ROOT, 'node_modules/ioredis'), join(path, 'node_modules/ioredis'));
  t.match(run(path, process.execPath, '--test'), /^# pass 3\n# fail 0$/m);
});

t.test('the package serves those who install it', { skip: offline() }, async (t) => {
  t.setTimeout(INSTALL_TIMEOUT_MS);
  const path = folder(t);
  const tarball = run(ROOT, 'npm', 'pack', '--silent', '--pack-destination', path).trim();
  writeFileSync(join(path, 'package.json'), '{ "private": true }');
  const tools = ['publint', '@arethetypeswrong/cli', 'typescript@5', '@types/node@20'];
  const packages = [`./${tarball}`, 'ioredis', 'vitest', 'jest', ...tools];
  run(path, 'npm', 'install', '--silent', ...packages);

  await t.test('publint and attw have nothing to say', async (t) => {
    t.match(run(path, 'npx', 'publint', 'node_modules/valkey-ts'), /All good!/);
    run(path, 'npx', 'attw', tarball, '--profile', 'node16');
  });

  await t.test('modules, CommonJS and TypeScript', async (t) => {
    writeFileSync(join(path, 'consumer.mjs'), CONSUMER_OF_MODULES);
    t.equal(run(path, process.execPath, 'consumer.mjs'), 'null\n');
    writeFileSync(join(path, 'consumer.cjs'), CONSUMER_OF_COMMONJS);
    t.equal(run(path, process.execPath, 'consumer.cjs'), 'true\n');
    writeFileSync(join(path, 'module.mts'), CONSUMER_IN_TYPESCRIPT);
    writeFileSync(join(path, 'common.cts'), CONSUMER_IN_TYPESCRIPT);
    writeFileSync(join(path, 'tsconfig.json'), TYPESCRIPT_OPTIONS);
    t.equal(run(path, 'npx', 'tsc', '-p', '.'), '');
  });

  for (const runner of ['vitest', 'jest']) {
    await t.test(`the example for ${runner} passes`, async () => {
      cpSync(join(EXAMPLES, runner), join(path, runner), { recursive: true });
      run(join(path, runner), 'npm', 'test', '--silent');
    });
  }
});
