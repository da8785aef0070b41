/** The HELP of a container of subcommands: one status line each. */
import type { Call } from '../../datatypes/call.js';

/** Replies with the help of container `name` (in capitals): `lines`, and what HELP itself does. */
export function replyHelp(call: Call, name: string, lines: readonly string[]): void {
  const all = [
    `${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...lines,
    'HELP',
    '    Print this help.',
  ];
  call.reply.array(all.length);
  for (const line of all) call.reply.simple(line);
}
