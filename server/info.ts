/** INFO: everything a server tells of itself, by sections. */
import { CLIENTS } from './info/clients.js';
import { COMMAND_STATS, ERROR_STATS, LATENCY_STATS } from './info/command-stats.js';
import { CPU } from './info/cpu.js';
import { KEYSPACE } from './info/keyspace.js';
import { MEMORY } from './info/memory.js';
import { CLUSTER, CLUSTER_INFO, MODULES, SCRIPTING_ENGINES } from './info/parts.js';
import { PERSISTENCE } from './info/persistence.js';
import { REPLICATION } from './info/replication.js';
import type { InfoSection } from './info/section.js';
import { SERVER } from './info/server.js';
import { DEBUG, STATS } from './info/stats.js';
import { TLS } from './info/tls.js';
import type { Server } from './server.js';

const SECTIONS: readonly InfoSection[] = [
  SERVER,
  TLS,
  CLIENTS,
  MEMORY,
  PERSISTENCE,
  STATS,
  REPLICATION,
  CPU,
  MODULES,
  COMMAND_STATS,
  ERROR_STATS,
  LATENCY_STATS,
  CLUSTER,
  CLUSTER_INFO,
  SCRIPTING_ENGINES,
  KEYSPACE,
  DEBUG,
];

/** Whether a section is among those asked for, by name or by `default`, `all` or `everything`. */
function isAskedFor({ name, shown }: InfoSection, asked: ReadonlySet<string>): boolean {
  if (asked.has(name)) return true;
  if (shown === 'never') return false;
  if (asked.has('all') || asked.has('everything')) return true;
  return shown === 'default' && (asked.size === 0 || asked.has('default'));
}

/**
 * The sections asked for, in the server's own order and each once.
 *
 * @param names - In any case; unknown ones are skipped. None: the default sections.
 */
export function infoText(server: Server, names: readonly string[]): string {
  const asked = new Set(names.map((name) => name.toLowerCase()));
  const texts: string[] = [];
  for (const section of SECTIONS) {
    if (!isAskedFor(section, asked)) continue;
    let text = `# ${section.title}\r\n`;
    for (const [name, value] of section.fields(server)) text += `${name}:${value}\r\n`;
    texts.push(text);
  }
  return texts.join('\r\n');
}
