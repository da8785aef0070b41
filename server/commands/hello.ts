/** HELLO: which version of the protocol to speak, and with whom. */
import { command } from '../../datatypes/command.js';
import {
  BAD_CLIENT_NAME,
  BAD_PROTOCOL_VERSION,
  badHelloOption,
  HELLO_NEEDS_AUTH,
  UNSUPPORTED_PROTOCOL,
  WRONG_PASSWORD,
} from '../../protocol/refusals.js';
import type { RespVersion } from '../../protocol/reply.js';
import { block, integer, text } from '../../protocol/spec.js';
import { isFitForLine } from '../client-info.js';
import type { ServerCall } from '../server-call.js';
import { announcement } from '../version.js';

interface HelloOptions {
  readonly version: RespVersion | null;
  readonly user: string | null;
  readonly password: string;
  readonly name: string | null;
}

export const hello = command(
  {
    name: 'hello',
    group: 'connection',
    since: '6.0.0',
    arity: -1,
    flags: ['allow_busy', 'fast', 'loading', 'no_auth', 'noscript', 'stale'],
    acl: ['connection'],
    args: [
      block(
        'arguments',
        [
          integer('protover'),
          block('auth', [text('username'), text('password')], { token: 'AUTH', optional: true }),
          text('clientname', { token: 'SETNAME', optional: true }),
        ],
        { optional: true },
      ),
    ],
    complexity: 'O(1)',
    summary: 'Agrees on the version of the protocol; tells about the server.',
    history: [
      ['8.1.0', 'The reply names the availability zone, where one is set.'],
      ['6.2.0', 'The version may be left out: nothing of the connection changes then.'],
    ],
  },
  (call: ServerCall) => {
    const { server, client, reply } = call;
    const options = readOptions(call);
    if (options.user !== null) {
      if (!server.authentication.accepts(options.user, options.password)) {
        server.stats.aclDeniedAuth++;
        throw WRONG_PASSWORD;
      }
      server.authentication.admit(client, options.user);
    }
    if (!client.limits.authenticated) throw HELLO_NEEDS_AUTH;
    if (options.name !== null) client.name = options.name;
    if (options.version !== null) client.resp = options.version;
    reply.resp = client.resp;
    tellAboutServer(call);
  },
);

function readOptions(call: ServerCall): HelloOptions {
  let user: string | null = null;
  let password = '';
  let name: string | null = null;
  const version = call.argc > 1 ? readVersion(call) : null;
  for (let i = 2; i < call.argc; i++) {
    const left = call.argc - 1 - i;
    if (call.is(i, 'auth') && left >= 2) {
      user = call.text(i + 1);
      password = call.text(i + 2);
      i += 2;
    } else if (call.is(i, 'setname') && left >= 1) {
      name = call.text(++i);
      if (!isFitForLine(name)) throw BAD_CLIENT_NAME;
    } else throw badHelloOption(call.text(i));
  }
  return { version, user, password, name };
}

function readVersion(call: ServerCall): RespVersion {
  const version = call.bigint(1, BAD_PROTOCOL_VERSION);
  if (version !== 2n && version !== 3n) throw UNSUPPORTED_PROTOCOL;
  return version === 2n ? 2 : 3;
}

function tellAboutServer({ server, client, reply }: ServerCall): void {
  const { availabilityZone, clusterEnabled } = server.config.values;
  const { name, version } = announcement(server.config.values);
  reply.map(availabilityZone === '' ? 7 : 8);
  reply.text('server');
  reply.text(name);
  reply.text('version');
  reply.text(version);
  reply.text('proto');
  reply.integer(client.resp);
  reply.text('id');
  reply.integer(client.id);
  reply.text('mode');
  reply.text(clusterEnabled ? 'cluster' : 'standalone');
  reply.text('role');
  reply.text('master');
  reply.text('modules');
  reply.array(1);
  tellAboutLua(reply);
  if (availabilityZone === '') return;
  reply.text('availability_zone');
  reply.bulk(Buffer.from(availabilityZone, 'latin1'));
}

/** The engine of scripts is a module that is always there. */
function tellAboutLua(reply: ServerCall['reply']): void {
  reply.map(4);
  reply.text('name');
  reply.text('lua');
  reply.text('ver');
  reply.integer(1);
  reply.text('path');
  reply.text('lua');
  reply.text('args');
  reply.array(0);
}
