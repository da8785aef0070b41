/**
 * Lua as scripts see it: snippets whose replies were recorded from the real server.
 *
 * `tests/helpers/record-corpus.ts` records them.
 */
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { protectedEngine } from '../helpers/lua-engine.js';
import { evaluate } from '../helpers/lua-replies.js';
import { readCorpus } from '../helpers/record-corpus.js';

const FOLDER = fileURLToPath(new URL('../../../tests/scripting/corpus/', import.meta.url));

const FILES = [
  ...['numbers', 'lexer', 'operators', 'tables', 'errors', 'coroutines', 'base-with-libraries'],
];

/** Addresses of objects are no one's to compare. */
const withoutAddresses = (reply: string): string => reply.replace(/0x[0-9a-f]{12}/g, '0x');

for (const file of [...FILES, 'insecure-api']) {
  t.test(`Snippets of ${file} get the reply of the real server`, async (t) => {
    const engine = protectedEngine({ insecure: file === 'insecure-api' });
    for (const { script, reply } of readCorpus(`${FOLDER}${file}.jsonl`)) {
      t.equal(withoutAddresses(evaluate(engine, script)), withoutAddresses(reply), script);
    }
  });
}

t.test('Snippets get the same reply when they are left at every call and turn', async (t) => {
  const engine = protectedEngine({ ticks: Number.POSITIVE_INFINITY, leaveEvery: 1 });
  for (const file of FILES) {
    for (const { script, reply } of readCorpus(`${FOLDER}${file}.jsonl`)) {
      if (/[0-9]{5}/.test(script)) continue; // loops so long that leaving them takes minutes
      t.equal(withoutAddresses(evaluate(engine, script)), withoutAddresses(reply), script);
    }
  }
});
