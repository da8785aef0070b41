// Makes a fresh clone ready: installs the packages when the lock file is newer than what is
// installed, then compiles what changed. Runs before `npm start`, `npm test` and `npm run bench`.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

const INSTALLED = 'node_modules/.package-lock.json';
const LOCK = 'package-lock.json';

const run = (command) => {
  const { status } = spawnSync(command, { stdio: 'inherit', shell: true });
  if (status !== 0) process.exit(status ?? 1);
};

const changedAtMs = (path) => (existsSync(path) ? statSync(path).mtimeMs : -1);

if (changedAtMs(INSTALLED) < changedAtMs(LOCK)) run('npm ci --loglevel=error');
run('npx --no-install tsc -p .');
