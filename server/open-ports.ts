/** Opens what the settings `bind`, `port` and `unixsocket` ask for, and says so in the log. */
import { existsSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemErrorText } from './config-table/system-error.js';
import { filePath } from './file-path.js';
import type { Server } from './server.js';

/** The server cannot start. The message is for the log. */
export class StartRefused extends Error {}

/** An address of `bind`, taken apart. */
export interface BindAddress {
  /** As the log names it. */
  readonly shown: string;
  readonly host: string;
  /** A leading `-`: that there is no such address here does not matter. */
  readonly optional: boolean;
}

/** Errors that say: this machine has no such address, or no such family of addresses. */
export const NOT_HERE = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EPROTONOSUPPORT'];

export function bindAddress(word: string): BindAddress {
  const optional = word.startsWith('-');
  const shown = optional ? word.slice(1) : word;
  if (shown === '*') return { shown, host: '0.0.0.0', optional };
  if (shown === '::*') return { shown, host: '::', optional };
  return { shown, host: shown, optional };
}

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/**
 * Listens on everything that is set.
 *
 * @returns The kinds opened, in the order the log tells them: `tcp`, `unix`.
 * @throws {StartRefused} When one of them cannot be opened, or none is set.
 */
export async function openPorts(server: Server): Promise<string[]> {
  const { port, unixsocket } = server.config.values;
  const opened: string[] = [];
  if (port !== 0) {
    await openTcp(server, port);
    opened.push('tcp');
  }
  if (unixsocket !== '') {
    await openUnixSocket(server, filePath(server.config.values, unixsocket));
    opened.push('unix');
  }
  server.listener.followsSettings = true;
  // A port alone is not enough: `bind` may name no address, or none that is here.
  const isListening = unixsocket !== '' || server.listener.tcpListening.length > 0;
  if (!isListening) throw new StartRefused('Configured to not listen anywhere, exiting.');
  return opened;
}

async function openTcp(server: Server, port: number): Promise<void> {
  for (const word of server.config.values.bind) {
    const { shown, host, optional } = bindAddress(word);
    try {
      await server.listener.listen(port, host);
    } catch (error) {
      const call = errorCode(error) === 'ENOTFOUND' ? '' : 'bind: ';
      server.log.warning(
        `Warning: Could not create server TCP listening socket ${shown}:${port}: ${call}${systemErrorText(error)}`,
      );
      if (!(optional && NOT_HERE.includes(errorCode(error)))) throw new StartRefused(failed(port));
    }
  }
}

function failed(port: number): string {
  return `Failed listening on port ${port} (tcp), aborting.`;
}

async function openUnixSocket(server: Server, path: string): Promise<void> {
  // A socket that a crashed server left behind would be in the way.
  removeFile(path);
  try {
    await server.listener.listenUnix(path, server.config.values.unixsocketperm);
  } catch (error) {
    throw new StartRefused(`Failed opening Unix socket: bind: ${bindErrorText(error, path)}`);
  }
  server.shutdown.tidy.push(() => {
    server.log.notice('Removing the unix socket file.');
    removeFile(path);
  });
}

/** Node says "permission denied" also of a folder that is not there. */
function bindErrorText(error: unknown, path: string): string {
  return existsSync(dirname(path)) ? systemErrorText(error) : 'No such file or directory';
}

/** Whatever stands in the way of that will be told by what comes next. */
function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Nothing was there, or it is no file.
  }
}
