/**
 * MODULE: parts that are loaded at run time. The real server's are C libraries, which cannot be loaded here; Lua, which
 * is one of them there, is told of as it tells of it, as clients look for it.
 */
import { command, container } from '../../datatypes/command.js';
import { replyHelp } from '../../datatypes/help.js';
import { LUA_STAYS, MODULE_NOT_LOADED, NO_SUCH_MODULE } from '../../protocol/refusals.js';
import { block, text } from '../../protocol/spec.js';
import { LUA_MODULE } from '../info/parts.js';
import type { ServerCall } from '../server-call.js';

const SHARED = { group: 'server', since: '4.0.0', complexity: 'O(1)' } as const;
const CHANGES = {
  ...SHARED,
  flags: ['admin', 'no_async_loading', 'noscript'],
  acl: ['dangerous'],
} as const;

const HELP = [
  'LIST',
  '    Return a list of loaded modules.',
  'LOAD <path> [<arg> ...]',
  '    Load a module library from <path>, passing to it any optional arguments.',
  'LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]',
  '    Load a module library from <path>, while passing it module configurations and optional arguments.',
  'UNLOAD <name>',
  '    Unload a module.',
];

const help = command(
  {
    ...SHARED,
    name: 'module|help',
    since: '5.0.0',
    arity: 2,
    flags: ['loading', 'stale'],
    summary: 'Tells what the subcommands are for.',
  },
  (call) => replyHelp(call, 'MODULE', HELP),
);

const list = command(
  {
    ...SHARED,
    name: 'module|list',
    arity: 2,
    flags: ['admin', 'noscript'],
    acl: ['dangerous'],
    tips: ['nondeterministic_output_order'],
    complexity: 'O(N) where N is the number of loaded modules.',
    summary: 'Tells which modules are loaded.',
  },
  ({ reply }) => {
    const { name, version } = LUA_MODULE;
    reply.array(1);
    reply.map(4);
    reply.text('name');
    reply.text(name);
    reply.text('ver');
    reply.integer(version);
    reply.text('path');
    reply.text(name);
    reply.text('args');
    reply.array(0);
  },
);

function refuseToLoad(call: ServerCall): never {
  const path = call.text(2);
  call.server.log.warning(`Module ${path} failed to load: this server loads no C libraries`);
  throw MODULE_NOT_LOADED;
}

const load = command(
  {
    ...CHANGES,
    name: 'module|load',
    arity: -3,
    args: [text('path'), text('arg', { optional: true, multiple: true })],
    summary: 'Loads a module.',
  },
  refuseToLoad,
);

const loadex = command(
  {
    ...CHANGES,
    name: 'module|loadex',
    since: '7.0.0',
    arity: -3,
    args: [
      text('path'),
      block('configs', [text('name'), text('value')], {
        token: 'CONFIG',
        optional: true,
        multiple: true,
        multipleToken: true,
      }),
      text('args', { token: 'ARGS', optional: true, multiple: true }),
    ],
    summary: 'Loads a module with settings of its own.',
  },
  refuseToLoad,
);

const unload = command(
  {
    ...CHANGES,
    name: 'module|unload',
    arity: 3,
    args: [text('name')],
    summary: 'Gives up a module.',
  },
  (call: ServerCall) => {
    const name = call.text(2);
    const refused = name === LUA_MODULE.name ? LUA_STAYS : NO_SUCH_MODULE;
    call.server.log.warning(`Error unloading module ${name}: ${refused.message}`);
    throw refused;
  },
);

export const module = container(
  {
    ...SHARED,
    name: 'module',
    arity: -2,
    flags: [],
    complexity: 'Depends on subcommand.',
    summary: 'Commands for modules.',
  },
  [help, list, load, loadex, unload],
);
