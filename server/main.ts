#!/usr/bin/env node
/** The program `valkey-ts`: the command line of the server. */
import module from 'node:module';
import { argv } from 'node:process';

// Node 22 and later keep compiled code on disk: asked for first, it serves all that is loaded below.
const { enableCompileCache } = module as { enableCompileCache?: () => void };
enableCompileCache?.();

const [, script = '', ...args] = argv;
const { isSwitch } = await import('./switches.js');
if (isSwitch(args)) (await import('./usage.js')).answerSwitch(args);
else await (await import('./program.js')).run({ script, args });
