import { readFileSync } from 'node:fs';
import t from 'tap';
import { Decoder, type ReplyValue } from '../../protocol/decoder.js';
import { Request } from '../../protocol/request.js';
import { type CommandSpec, type KeySpec, key } from '../../protocol/spec.js';
import { findKeys } from '../../server/key-finder.js';
import { ServerCall } from '../../server/server-call.js';
import { type CommandFacts, commandFacts } from '../helpers/command-facts.js';
import { needReference } from '../helpers/reference.js';
import { refusalOf, startServer } from '../helpers/server.js';

/** One command a line: what the real server's COMMAND and COMMAND DOCS tell of it. */
const FIXTURE = new URL('../../../tests/fixtures/command-facts.jsonl', import.meta.url);

const SPEC: CommandSpec = {
  name: 'x',
  group: 'generic',
  since: '1.0.0',
  arity: -1,
  flags: [],
  complexity: 'O(1)',
  summary: 'A command of a test.',
};

function readFixture(): Map<string, CommandFacts> {
  const lines = readFileSync(FIXTURE, 'utf8').trimEnd().split('\n');
  const all: [string, CommandFacts][] = lines.map((line) => JSON.parse(line));
  return new Map(all);
}

/** Commands of ours that the real server has not, or of which we tell something else, and why. */
const DIFFERENT: Readonly<Record<string, string>> = {};

t.test('COMMAND and COMMAND DOCS tell of every command what the real server tells', async (t) => {
  const { call } = await startServer(t);
  const ours = commandFacts(await call('COMMAND'), await call('COMMAND', 'DOCS'));
  const expected = readFixture();
  for (const [name, facts] of ours) {
    if (DIFFERENT[name]) t.comment(`${name}: ${DIFFERENT[name]}`);
    else t.same(facts, expected.get(name), name);
  }
});

t.test('the facts the test above compares with are those of the real server', async (t) => {
  const reference = await needReference(t);
  if (!reference) return;
  const ask = async (...request: string[]): Promise<ReplyValue> => {
    const decoder = new Decoder();
    decoder.add(await reference.wire.send(request));
    return decoder.next() as ReplyValue;
  };
  const real = commandFacts(await ask('COMMAND'), await ask('COMMAND', 'DOCS'));
  const fixture = readFixture();
  t.equal(fixture.size, real.size);
  for (const [name, facts] of fixture) t.same(facts, real.get(name), name);
});

t.test('COMMAND GETKEYS finds keys by the key specs', async (t) => {
  const { call } = await startServer(t);
  t.same(await call('COMMAND', 'GETKEYS', 'get', 'a'), ['a']);
  t.same(await call('COMMAND', 'GETKEYS', 'MSET', 'a', '1', 'b', '2'), ['a', 'b']);
  t.same(await call('COMMAND', 'GETKEYSANDFLAGS', 'get', 'a'), [['a', ['RO', 'access']]]);
  const set = ['set', 'a', 'b'];
  t.same(await call('COMMAND', 'GETKEYSANDFLAGS', ...set), [['a', ['OW', 'update']]]);
  t.same(await call('COMMAND', 'GETKEYSANDFLAGS', ...set, 'NX', 'get'), [
    ['a', ['RW', 'access', 'update']],
  ]);
});

t.test('COMMAND GETKEYS refuses what is no request, or has no keys', async (t) => {
  const { call } = await startServer(t);
  const refused = (...request: string[]) => refusalOf(call('COMMAND', 'GETKEYS', ...request));
  t.equal(await refused('nosuch'), 'ERR Invalid command specified');
  t.equal(await refused('config', 'nosuch'), 'ERR Invalid command specified');
  t.equal(await refused('ping'), 'ERR The command has no key arguments');
  t.equal(await refused('get'), 'ERR Invalid number of arguments specified for command');
});

t.test('findKeys follows every kind of key spec', async (t) => {
  const { server } = await startServer(t);
  const client = server.engine.makeClient(null);
  const found = (keys: readonly KeySpec[], ...request: string[]) => {
    const call = new ServerCall(server.engine, client);
    call.request = Request.of(request);
    const spec = { ...SPEC, keys };
    return findKeys({ spec, run() {} }, call)?.map(({ index }) => index) ?? null;
  };
  const streams: KeySpec = {
    flags: ['RO'],
    begin: { keyword: 'STREAMS', from: 1 },
    find: { last: -1, step: 1, limit: 2 },
  };
  t.same(found([streams], 'x', 'count', '2', 'streams', 'a', 'b', '1', '2'), [4, 5]);
  t.same(found([streams], 'x', 'count', '2', 'a', 'b'), []);
  const counted: KeySpec = {
    flags: ['RO'],
    begin: { index: 1 },
    find: { countAt: 0, first: 1, step: 1 },
  };
  t.same(found([counted], 'x', '2', 'a', 'b', 'c'), [2, 3]);
  t.equal(found([counted], 'x', '4', 'a', 'b', 'c'), null);
  t.equal(found([counted], 'x', '0', 'a'), null);
  t.equal(found([counted], 'x', 'many', 'a'), null);
  const last: KeySpec = {
    flags: ['RO'],
    begin: { keyword: 'keys', from: -2 },
    find: { last: -1, step: 1, limit: 0 },
  };
  t.same(found([key(1, ['RW']), last], 'x', 'a', '0', 'KEYS', 'b', 'c'), [1, 4, 5]);
});

t.test('COMMAND INFO knows no name of other parts than a command and its subcommand', async (t) => {
  const { call } = await startServer(t);
  const names = ['config|get|key', 'config|', '|get', 'get|x'];
  t.same(
    await call('COMMAND', 'INFO', ...names),
    names.map(() => null),
  );
});

t.test('COMMAND LIST filters by category, pattern and module', async (t) => {
  const { call } = await startServer(t);
  const listed = (...filter: string[]) => call('COMMAND', 'LIST', 'FILTERBY', ...filter);
  t.same(await listed('PATTERN', 'COMMAND|GETK*'), ['command|getkeys', 'command|getkeysandflags']);
  t.same(await listed('MODULE', 'lua'), []);
  t.same(await listed('ACLCAT', 'nosuch'), []);
  t.ok(((await listed('ACLCAT', 'CONNECTION')) as string[]).includes('ping'));
  t.equal(await refusalOf(listed('PATTERN')), 'ERR syntax error');
  t.equal(await refusalOf(call('COMMAND', 'LIST', 'x')), 'ERR syntax error');
});
