/** HELP of containers: the same frame around each container's own lines. */
import type { Call } from './call.js';

/** Answers lines about the subcommands of `container`, a name in capitals; HELP itself comes last. */
export function replyHelp(call: Call, container: string, lines: readonly string[]): void {
  const all = [
    `${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...lines,
    'HELP',
    '    Print this help.',
  ];
  call.reply.array(all.length);
  for (const line of all) call.reply.simple(line);
}
