/**
 * The libraries of scripts: snippets whose replies were recorded from the real server.
 *
 * `tests/helpers/record-corpus.ts` records them.
 */
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { protectedEngine } from '../helpers/lua-engine.js';
import { evaluate } from '../helpers/lua-replies.js';
import { readCorpus } from '../helpers/record-corpus.js';

const FOLDER = fileURLToPath(new URL('../../../tests/scripting/corpus/library-', import.meta.url));

const FILES = ['string', 'pattern', 'table', 'math', 'bit', 'cjson', 'cmsgpack', 'struct'];

for (const file of FILES) {
  t.test(`Snippets of ${file} get the reply of the real server`, async (t) => {
    const engine = protectedEngine();
    for (const { script, reply } of readCorpus(`${FOLDER}${file}.jsonl`)) {
      t.equal(evaluate(engine, script), reply, script);
    }
  });
}
