// Makes a fresh clone ready: installs the packages when others than the lock file's are installed,
// then builds. Runs before `npm start`, `npm test` and `npm run bench`.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const packagesIn = (path) =>
  existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {};

const run = (command) => {
  const { status } = spawnSync(command, { stdio: 'inherit', shell: true });
  if (status !== 0) process.exit(status ?? 1);
};

const installed = packagesIn('node_modules/.package-lock.json');
// A package for another system is optional, and not installed here.
const lacking = Object.entries(packagesIn('package-lock.json')).filter(
  ([path, { version, optional }]) =>
    path !== '' && !optional && installed[path]?.version !== version,
);

// Not `npm ci`: it also wants the other systems' packages from a registry that may not have them.
if (lacking.length > 0) run('npm install --no-save --loglevel=error');
run('npm run --silent build');
