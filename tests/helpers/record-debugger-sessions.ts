/** Records what the real server says in the sessions of debugger-sessions.ts: `node <this> <file.json>`. */
import { writeFileSync } from 'node:fs';
import { hold } from './debugger-session.js';
import { DEBUGGER_SESSIONS } from './debugger-sessions.js';
import { startReference } from './reference.js';

const undo: (() => unknown)[] = [];
const { port } = await startReference({ teardown: (each) => undo.push(each), plan: () => {} });
const heard: Record<string, string[]> = {};
for (const session of DEBUGGER_SESSIONS) heard[session.name] = await hold(port, session);
writeFileSync(process.argv[2] ?? '', `${JSON.stringify(heard, null, 2)}\n`);
for (const each of undo) await each();
