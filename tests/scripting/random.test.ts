/** Random programs get the same answer from the real server and from the engine. */
import t from 'tap';
import { protectedEngine } from '../helpers/lua-engine.js';
import { randomProgram } from '../helpers/lua-programs.js';
import { evaluate } from '../helpers/lua-replies.js';
import { needReference } from '../helpers/reference.js';
import { seeded } from '../helpers/seeded.js';

const PROGRAMS = Number(process.env.COUNT ?? 100);

t.test('Random programs print what they print on the real server', async (t) => {
  const real = await needReference(t);
  if (real === null) return;
  const random = seeded(t);
  const engine = protectedEngine({ ticks: Number.POSITIVE_INFINITY });
  for (let i = 0; i < PROGRAMS; i++) {
    const program = randomProgram(() => random.below(2 ** 30) / 2 ** 30);
    const reply = await real.wire.send(['EVAL', Buffer.from(program, 'latin1'), '0']);
    if (evaluate(engine, program) === reply.toString('latin1')) continue;
    t.equal(evaluate(engine, program), reply.toString('latin1'), program);
    return;
  }
  t.pass(`${PROGRAMS} programs`);
});
