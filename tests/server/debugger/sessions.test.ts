/** Sessions of the debugger, with what the real server said in them: sessions.json is its recording. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { hold } from '../../helpers/debugger-session.js';
import { DEBUGGER_SESSIONS } from '../../helpers/debugger-sessions.js';
import { needReference } from '../../helpers/reference.js';
import { startServer } from '../../helpers/server.js';

const RECORDING = new URL('../../../../tests/server/debugger/sessions.json', import.meta.url);

function recorded(): Record<string, string[]> {
  return JSON.parse(readFileSync(fileURLToPath(RECORDING), 'utf8'));
}

t.test('A debugger says what the real server said when it was recorded', async (t) => {
  const { port } = await startServer(t, {
    listen: true,
    config: { 'enable-debug-command': 'yes' },
  });
  const expected = recorded();
  for (const session of DEBUGGER_SESSIONS) {
    t.same(await hold(port, session), expected[session.name], session.name);
  }
});

t.test('A debugger says what the real server says', async (t) => {
  const real = await needReference(t);
  if (real === null) return;
  const { port } = await startServer(t, {
    listen: true,
    config: { 'enable-debug-command': 'yes' },
  });
  for (const session of DEBUGGER_SESSIONS) {
    t.same(await hold(port, session), await hold(real.port, session), session.name);
  }
});
