/** Groups of the operating system. Node knows no call for them: the file that lists them is read. */
import { readFileSync } from 'node:fs';

const GROUP_FILE = '/etc/group';

/** The number of a group; nothing when the system lists none of that name. */
export function groupNumber(name: string, file = GROUP_FILE): number | undefined {
  for (const line of linesOf(file)) {
    const [group, , number] = line.split(':');
    if (group === name && number !== undefined) return Number(number);
  }
  return undefined;
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'latin1').split('\n');
  } catch {
    return []; // Not a system that has one.
  }
}
