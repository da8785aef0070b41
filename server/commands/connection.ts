/** Commands about the connection itself. */
import { command } from '../../datatypes/command.js';
import { readInt32 } from '../../datatypes/options.js';
import {
  BEYOND_INT32,
  DB_OUT_OF_RANGE,
  NO_PASSWORD_SET,
  NOT_AN_INTEGER,
  SYNTAX_ERROR,
  WRONG_PASSWORD,
  wrongArity,
} from '../../protocol/refusals.js';
import { integer, text } from '../../protocol/spec.js';
import { DEFAULT_USER } from '../authentication.js';
import { type Client, ReplyMode } from '../client.js';
import type { Server } from '../server.js';
import type { ServerCall } from '../server-call.js';
import { endTransaction } from '../transactions.js';
import { hello } from './hello.js';

const ping = command(
  {
    name: 'ping',
    group: 'connection',
    since: '1.0.0',
    arity: -1,
    flags: ['fast'],
    acl: ['connection'],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    args: [text('message', { optional: true })],
    complexity: 'O(1)',
    summary: 'Answers PONG, or the message given.',
  },
  (call: ServerCall) => {
    if (call.argc > 2) throw wrongArity('ping');
    if (call.client.subscriptions !== null && call.client.resp === 2) replyAsMessage(call);
    else if (call.argc === 2) call.reply.bulk(call.buffer, call.start(1), call.end(1));
    else call.reply.pong();
  },
);

/** PING's answer to a client that takes everything for a message. */
function replyAsMessage(call: ServerCall): void {
  call.reply.array(2);
  call.reply.text('pong');
  call.reply.bulk(call.argc === 2 ? call.bytes(1) : NO_BYTES);
}

const NO_BYTES = new Uint8Array(0);

const echo = command(
  {
    name: 'echo',
    group: 'connection',
    since: '1.0.0',
    arity: 2,
    flags: ['fast', 'loading', 'stale'],
    acl: ['connection'],
    args: [text('message')],
    complexity: 'O(1)',
    summary: 'Answers the message given.',
  },
  (call) => call.reply.bulk(call.buffer, call.start(1), call.end(1)),
);

const select = command(
  {
    name: 'select',
    group: 'connection',
    since: '1.0.0',
    arity: 2,
    flags: ['allow_busy', 'fast', 'loading', 'stale'],
    acl: ['connection'],
    args: [integer('index')],
    complexity: 'O(1)',
    summary: 'Chooses the database of the requests that follow.',
  },
  (call: ServerCall) => {
    const index = readInt32(call, 1, NOT_AN_INTEGER, BEYOND_INT32);
    const database = call.keyspace.use(index);
    if (database === undefined) throw DB_OUT_OF_RANGE;
    call.client.db = database;
    call.db = database;
    call.reply.ok();
  },
);

const auth = command(
  {
    name: 'auth',
    group: 'connection',
    since: '1.0.0',
    arity: -2,
    flags: ['allow_busy', 'fast', 'loading', 'no_auth', 'noscript', 'stale'],
    acl: ['connection'],
    args: [text('username', { since: '6.0.0', optional: true }), text('password')],
    complexity: 'O(N) where N is the number of passwords defined for the user',
    summary: 'Proves who the client is.',
    history: [['6.0.0', 'A user name may stand before the password.']],
  },
  (call: ServerCall) => {
    const { server, client } = call;
    if (call.argc > 3) throw SYNTAX_ERROR;
    if (call.argc === 2 && server.authentication.isOpen) throw NO_PASSWORD_SET;
    const user = call.argc === 3 ? call.text(1) : DEFAULT_USER;
    if (!server.authentication.accepts(user, call.text(call.argc - 1))) {
      server.stats.aclDeniedAuth++;
      throw WRONG_PASSWORD;
    }
    server.authentication.admit(client, user);
    call.reply.ok();
  },
);

const quit = command(
  {
    name: 'quit',
    group: 'connection',
    since: '1.0.0',
    arity: -1,
    flags: ['allow_busy', 'fast', 'loading', 'no_auth', 'noscript', 'stale'],
    acl: ['connection'],
    complexity: 'O(1)',
    summary: 'Closes the connection.',
  },
  (call: ServerCall) => {
    call.reply.ok();
    call.server.closeAfterReply(call.client);
  },
);

const reset = command(
  {
    name: 'reset',
    group: 'connection',
    since: '6.2.0',
    arity: 1,
    flags: ['allow_busy', 'fast', 'loading', 'no_auth', 'noscript', 'stale'],
    acl: ['connection'],
    complexity: 'O(1)',
    summary: 'Makes the connection as good as new.',
  },
  (call: ServerCall) => {
    resetClient(call.server, call.client);
    call.reply.resp = call.client.resp;
    call.reply.simple('RESET');
  },
);

/** Forgets all that a client asked for, but for what its library says of itself. */
function resetClient(server: Server, client: Client): void {
  server.monitors.remove(client);
  server.pubsub.forget(client);
  server.tracking.disable(client);
  endTransaction(server, client);
  server.authentication.reset(client);
  const [database] = server.keyspace.databases;
  if (database !== undefined) client.db = database;
  client.resp = 2;
  client.name = '';
  client.replyMode = ReplyMode.on;
  client.noEvict = false;
  client.noTouch = false;
  client.isImportSource = false;
  client.readonlyMode = false;
}

export const CONNECTION_COMMANDS = [ping, echo, select, auth, hello, quit, reset];
