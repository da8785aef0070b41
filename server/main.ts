#!/usr/bin/env node
/** The program `valkey-ts`: the command line of the server. */
import module from 'node:module';
import { argv } from 'node:process';
import v8 from 'node:v8';

// Node 22 and later keep compiled code on disk: asked for first, it serves all that is loaded below.
const { enableCompileCache } = module as { enableCompileCache?: () => void };
enableCompileCache?.();

// A request passes many small functions, one after the other: V8 may inline more of them than it usually does.
v8.setFlagsFromString('--max-inlined-bytecode-size-cumulative=3000');
v8.setFlagsFromString('--max-inlined-bytecode-size=1000');
v8.setFlagsFromString('--reserve-inline-budget-scale-factor=3');

const [, script = '', ...args] = argv;
const { isSwitch } = await import('./switches.js');
if (isSwitch(args)) (await import('./usage.js')).answerSwitch(args);
else await (await import('./program.js')).run({ script, args });
