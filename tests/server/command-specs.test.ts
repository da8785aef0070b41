import { readFileSync } from 'node:fs';
import t from 'tap';
import { Decoder, type ReplyValue } from '../../protocol/decoder.js';
import { type CommandFacts, commandFacts } from '../helpers/command-facts.js';
import { needReference } from '../helpers/reference.js';
import { startServer } from '../helpers/server.js';

/** One command a line: what the real server's COMMAND and COMMAND DOCS tell of it. */
const FIXTURE = new URL('../../../tests/fixtures/command-facts.jsonl', import.meta.url);

function readFixture(): Map<string, CommandFacts> {
  const lines = readFileSync(FIXTURE, 'utf8').trimEnd().split('\n');
  const all: [string, CommandFacts][] = lines.map((line) => JSON.parse(line));
  return new Map(all);
}

/** Commands of ours that the real server has not, or of which we tell something else, and why. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'restore-asking': 'its documentation lacks the flag syscmd, which specs cannot tell yet',
};

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
