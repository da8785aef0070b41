import { readFileSync } from 'node:fs';
import t from 'tap';
import { Config } from '../../server/config.js';
import { loadConfiguration } from '../../server/config-file.js';
import { PARAMETERS, parameterNamed } from '../../server/config-table.js';

/** Lines of a file at the root of the project. */
function linesOf(name: string): string[] {
  return readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8').split('\n');
}

const settingLines = linesOf('valkey.conf').filter((line) => line !== '' && !line.startsWith('#'));
const settingNames = settingLines.map((line) => line.split(' ')[0] ?? '');

t.test('valkey.conf shows every parameter that has an effect, by its true name', async (t) => {
  const working = [...PARAMETERS].filter(([, row]) => row.effect !== 'none' && !row.hidden);
  t.same([...new Set(settingNames)].sort(), working.map(([name]) => name).sort());
  for (const name of settingNames) t.equal(parameterNamed(name), name);
});

t.test('valkey.conf shows each parameter at its default', async (t) => {
  for (const line of settingLines) {
    const config = new Config();
    loadConfiguration(config, ['-'], { version: '', readStdin: () => line });
    const name = parameterNamed(line.split(' ')[0] ?? '');
    t.ok(name !== undefined && config.isDefault(name), line);
  }
});

t.test('docs/compatibility.md lists the parameters without effect', async (t) => {
  const lines = linesOf('docs/compatibility.md');
  const start = lines.indexOf('## Parameters accepted without effect yet');
  const end = lines.findIndex((line, i) => i > start && line.startsWith('## '));
  const section = lines.slice(start, end === -1 ? undefined : end);
  const listed = section.filter((line) => /^(?:- |\s+)`/.test(line)).join(' ');
  const names = [...listed.matchAll(/`([^`]+)`/g)].map((match) => match[1]);
  const idle = [...PARAMETERS].filter(([, row]) => row.effect === 'none').map(([name]) => name);
  t.same(names.sort(), idle.sort());
});
