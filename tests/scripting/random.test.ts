/** Random programs get the same answer from the real server and from the engine. */
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { protectedEngine } from '../helpers/lua-engine.js';
import { brokenProgram, randomProgram, tableProgram } from '../helpers/lua-programs.js';
import { evaluate } from '../helpers/lua-replies.js';
import { readCorpus } from '../helpers/record-corpus.js';
import { needReference } from '../helpers/reference.js';
import { seeded } from '../helpers/seeded.js';

const PROGRAMS = Number(process.env.COUNT ?? 100);
const LEXER = fileURLToPath(
  new URL('../../../tests/scripting/corpus/lexer.jsonl', import.meta.url),
);

/** A reply without the sign of NaN, which JavaScript does not tell, and so without lengths. */
const comparable = (reply: string): string =>
  reply.replace(/\$\d+\r\n/g, '$\r\n').replaceAll('-nan', 'nan');

/** Evaluates programs on both sides, up to the first that differs. */
async function compare(t: Test, count: number, next: (random: () => number) => string) {
  const real = await needReference(t);
  if (real === null) return;
  const seed = seeded(t);
  const random = () => seed.below(2 ** 30) / 2 ** 30;
  const engine = protectedEngine({ ticks: Number.POSITIVE_INFINITY });
  for (let i = 0; i < count; i++) {
    const program = next(random);
    const reply = await real.wire.send(['EVAL', Buffer.from(program, 'latin1'), '0']);
    const ours = comparable(evaluate(engine, program));
    const theirs = comparable(reply.toString('latin1'));
    if (ours === theirs) continue;
    t.equal(ours, theirs, program);
    return;
  }
  t.pass(`${count} programs`);
}

t.test('Random programs print what they print on the real server', async (t) => {
  await compare(t, PROGRAMS, (random) => randomProgram(random));
});

t.test('Tables lie as on the real server, whatever was set and removed', async (t) => {
  await compare(t, PROGRAMS, (random) => tableProgram(random));
});

t.test('Broken programs are refused in the words of the real server', async (t) => {
  const programs = readCorpus(LEXER).map(({ script }) => script);
  await compare(t, 10 * PROGRAMS, (random) => compileOnly(brokenProgram(random, programs)));
});

/** A program that compiles another one and returns the error. */
function compileOnly(program: string): string {
  const escaped = program.replace(
    /[^ -!#-[\]-~]/g,
    (each) => `\\${`${each.charCodeAt(0)}`.padStart(3, '0')}`,
  );
  return `local f, problem = loadstring("${escaped}", "=chunk") return problem or "fine"`;
}
