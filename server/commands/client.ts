/** CLIENT: what a connection says of itself, and how it wants to be treated. */
import { command, container } from '../../datatypes/command.js';
import { replyHelp } from '../../datatypes/help.js';
import {
  BAD_CLIENT_NAME,
  badClientAttribute,
  NOT_IN_IMPORT_MODE,
  SYNTAX_ERROR,
  unrecognizedOption,
} from '../../protocol/refusals.js';
import { type CommandFlag, oneOf, text, word } from '../../protocol/spec.js';
import { ReplyMode } from '../client.js';
import { CAPABILITY_REDIRECT, isFitForLine } from '../client-info.js';
import type { ServerCall } from '../server-call.js';
import { CLIENT_HELP } from './client-help.js';
import { clientInfo, clientKill, clientList } from './client-list.js';
import { clientPause, clientUnblock, clientUnpause } from './client-pause.js';
import {
  clientCaching,
  clientGetRedir,
  clientTracking,
  clientTrackingInfo,
} from './client-tracking.js';

const ANYWHERE: readonly CommandFlag[] = ['allow_busy', 'loading', 'noscript', 'stale'];
const TO_ALL_NODES = ['request_policy:all_nodes', 'response_policy:all_succeeded'];
const ON_OFF = [oneOf('enabled', [word('ON'), word('OFF')])];

const clientId = command(
  {
    name: 'client|id',
    group: 'connection',
    since: '5.0.0',
    arity: 2,
    flags: ANYWHERE,
    acl: ['connection'],
    complexity: 'O(1)',
    summary: 'Answers the number of this connection: later ones have greater ones.',
  },
  (call: ServerCall) => call.reply.integer(call.client.id),
);

const clientSetName = command(
  {
    name: 'client|setname',
    group: 'connection',
    since: '2.6.9',
    arity: 3,
    flags: ANYWHERE,
    acl: ['connection'],
    tips: TO_ALL_NODES,
    args: [text('connection-name')],
    complexity: 'O(1)',
    summary: 'Names this connection; an empty name takes that back.',
  },
  (call: ServerCall) => {
    const name = call.text(2);
    if (!isFitForLine(name)) throw BAD_CLIENT_NAME;
    call.client.name = name;
    call.reply.ok();
  },
);

const clientGetName = command(
  {
    name: 'client|getname',
    group: 'connection',
    since: '2.6.9',
    arity: 2,
    flags: ANYWHERE,
    acl: ['connection'],
    complexity: 'O(1)',
    summary: 'Answers the name of this connection.',
  },
  (call: ServerCall) => {
    const { name } = call.client;
    if (name === '') call.reply.nil();
    else call.reply.bulk(Buffer.from(name, 'latin1'));
  },
);

const clientSetInfo = command(
  {
    name: 'client|setinfo',
    group: 'connection',
    since: '7.2.0',
    arity: 4,
    flags: ANYWHERE,
    acl: ['connection'],
    tips: TO_ALL_NODES,
    args: [
      oneOf('attr', [text('libname', { token: 'LIB-NAME' }), text('libver', { token: 'LIB-VER' })]),
    ],
    complexity: 'O(1)',
    summary: 'Tells which library, of which version, this connection is made by.',
  },
  (call: ServerCall) => {
    const isName = call.is(2, 'lib-name');
    if (!isName && !call.is(2, 'lib-ver')) throw unrecognizedOption(call.text(2));
    const value = call.text(3);
    if (!isFitForLine(value)) throw badClientAttribute(call.text(2));
    if (isName) call.client.libraryName = value;
    else call.client.libraryVersion = value;
    call.reply.ok();
  },
);

/** Reads ON or OFF. Throws a syntax error on other words. */
function readOnOff(call: ServerCall): boolean {
  if (call.is(2, 'on')) return true;
  if (call.is(2, 'off')) return false;
  throw SYNTAX_ERROR;
}

const clientNoEvict = command(
  {
    name: 'client|no-evict',
    group: 'connection',
    since: '7.0.0',
    arity: 3,
    flags: ['admin', ...ANYWHERE],
    acl: ['connection', 'dangerous'],
    args: ON_OFF,
    complexity: 'O(1)',
    summary: 'Spares this connection when clients take too much memory.',
  },
  (call: ServerCall) => {
    call.client.noEvict = readOnOff(call);
    call.reply.ok();
  },
);

const clientNoTouch = command(
  {
    name: 'client|no-touch',
    group: 'connection',
    since: '7.2.0',
    arity: 3,
    flags: ANYWHERE,
    acl: ['connection'],
    args: ON_OFF,
    complexity: 'O(1)',
    summary: 'Has the requests of this connection not count as use of keys.',
  },
  (call: ServerCall) => {
    call.client.noTouch = readOnOff(call);
    call.reply.ok();
  },
);

const clientReply = command(
  {
    name: 'client|reply',
    group: 'connection',
    since: '3.2.0',
    arity: 3,
    flags: ['allow_busy', 'loading', 'no_multi', 'noscript', 'stale'],
    acl: ['connection'],
    args: [oneOf('action', [word('ON'), word('OFF'), word('SKIP')])],
    complexity: 'O(1)',
    summary: 'Says whether this connection wants replies.',
  },
  (call: ServerCall) => {
    const { client } = call;
    if (call.is(2, 'on')) {
      client.replyMode = ReplyMode.on;
      call.reply.ok();
    } else if (call.is(2, 'off')) client.replyMode = ReplyMode.off;
    else if (!call.is(2, 'skip')) throw SYNTAX_ERROR;
    else if (client.replyMode !== ReplyMode.off) client.replyMode = ReplyMode.skipNext;
  },
);

const clientCapa = command(
  {
    name: 'client|capa',
    group: 'connection',
    since: '8.0.0',
    arity: -3,
    flags: ANYWHERE,
    acl: ['connection'],
    args: [text('capability', { multiple: true })],
    complexity: 'O(1)',
    summary: 'Tells what the client can do; unknown words do not matter.',
  },
  (call: ServerCall) => {
    for (let i = 2; i < call.argc; i++) {
      if (call.is(i, 'redirect')) call.client.capabilities |= CAPABILITY_REDIRECT;
    }
    call.reply.ok();
  },
);

const clientImportSource = command(
  {
    name: 'client|import-source',
    group: 'connection',
    since: '8.1.0',
    arity: 3,
    flags: ['loading', 'noscript', 'stale'],
    acl: ['connection'],
    args: ON_OFF,
    complexity: 'O(1)',
    summary: 'Shows this connection keys whose time has come, while data is being imported.',
  },
  (call: ServerCall) => {
    if (!call.server.config.values.importMode && !call.is(2, 'off')) throw NOT_IN_IMPORT_MODE;
    call.client.isImportSource = readOnOff(call);
    call.reply.ok();
  },
);

const clientHelp = command(
  {
    name: 'client|help',
    group: 'connection',
    since: '5.0.0',
    arity: 2,
    flags: ['loading', 'stale'],
    acl: ['connection'],
    complexity: 'O(1)',
    summary: 'Tells what CLIENT can do.',
  },
  (call) => replyHelp(call, 'CLIENT', CLIENT_HELP),
);

export const client = container(
  {
    name: 'client',
    group: 'connection',
    since: '2.4.0',
    arity: -2,
    flags: [],
    complexity: 'Depends on subcommand.',
    summary: 'Commands about connections.',
  },
  [
    clientCaching,
    clientCapa,
    clientGetName,
    clientGetRedir,
    clientHelp,
    clientId,
    clientImportSource,
    clientInfo,
    clientKill,
    clientList,
    clientNoEvict,
    clientNoTouch,
    clientPause,
    clientReply,
    clientSetInfo,
    clientSetName,
    clientTracking,
    clientTrackingInfo,
    clientUnblock,
    clientUnpause,
  ],
);
