/** CONFIG SET of `bind` and `port` while the server runs: other sockets listen, connections stay. */
import net from 'node:net';
import { systemErrorText } from './config-table/system-error.js';
import type { TcpListening } from './listener.js';
import { bindAddress, errorCode, NOT_HERE } from './open-ports.js';
import type { Server } from './server.js';

interface Address {
  readonly host: string;
  readonly port: number;
}

interface WantedAddress extends Address {
  readonly shown: string;
  readonly optional: boolean;
}

/** Names are not looked up here: that takes longer than a reply may wait. This one has one meaning. */
const LOCAL_HOST = '127.0.0.1';

/** Has the server listen wherever the settings say, from now on. */
export function followBind(server: Server): void {
  // Before the program has opened its ports, and inside another program, the settings open none.
  const rebindOr = (reason: string) => () =>
    server.listener.followsSettings && !rebind(server) ? reason : undefined;
  server.config.onChange('bind', rebindOr('Failed to bind to specified addresses.'));
  server.config.onChange('port', rebindOr('Unable to listen on this port. Check server logs.'));
}

/** Listens as the settings say; false, and all is as it was, when that cannot be. */
function rebind(server: Server): boolean {
  const { listener } = server;
  const wanted = wantedAddresses(server);
  const before: Address[] = [...listener.tcpListening];
  const dropped = listener.tcpListening.filter((one) => !wanted.some((other) => same(one, other)));
  for (const one of dropped) listener.unbind(one);
  const opened: TcpListening[] = [];
  for (const address of withoutOnce(wanted, listener.tcpListening)) {
    try {
      if (!net.isIP(address.host)) throw Object.assign(new Error(), { code: 'ENOTFOUND' });
      opened.push(listener.bind(address.port, address.host));
    } catch (error) {
      warn(server, address, error);
      if (address.optional && NOT_HERE.includes(errorCode(error))) continue;
      for (const one of opened) listener.unbind(one);
      for (const one of withoutOnce(before, listener.tcpListening))
        listener.bind(one.port, one.host);
      return false;
    }
  }
  return true;
}

function wantedAddresses(server: Server): WantedAddress[] {
  const { bind, port } = server.config.values;
  if (port === 0) return [];
  return bind.map((word) => {
    const { shown, host, optional } = bindAddress(word);
    return { shown, host: host === 'localhost' ? LOCAL_HOST : host, port, optional };
  });
}

function same(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}

/** `all` without those of `present`, each once: an address named twice is asked for twice. */
function withoutOnce<T extends Address>(all: readonly T[], present: readonly Address[]): T[] {
  const left = [...present];
  return all.filter((one) => {
    const index = left.findIndex((other) => same(one, other));
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

function warn(server: Server, { shown, host, port }: WantedAddress, error: unknown): void {
  const call = net.isIP(host) ? 'bind: ' : '';
  server.log.warning(
    `Warning: Could not create server TCP listening socket ${shown}:${port}: ${call}${systemErrorText(error)}`,
  );
}
