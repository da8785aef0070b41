/** Which arguments of a request are secret: they stay out of the command log and of MONITOR. */
import { equalsIgnoreCase, toLatin1 } from '../protocol/bytes.js';
import type { Request } from '../protocol/request.js';
import type { CommandEntry } from './command-table.js';
import { PARAMETERS, parameterNamed } from './config-table.js';

/** The indexes of secret arguments; null when there are none. */
export function secretArguments(entry: CommandEntry, request: Request): Set<number> | null {
  switch (entry.fullName) {
    case 'auth':
      return from(1, request);
    case 'acl|setuser':
    case 'acl|getuser':
    case 'acl|deluser':
      return from(2, request);
    case 'hello':
      return afterWord(request, 2, 'auth', 2);
    case 'migrate':
      return afterWord(request, 6, 'auth', 1) ?? afterWord(request, 6, 'auth2', 2);
    case 'config|set':
      return sensitiveSettings(request);
    default:
      return null;
  }
}

function from(first: number, { argc }: Request): Set<number> | null {
  return argc > first ? range(first, argc) : null;
}

function range(first: number, end: number): Set<number> {
  return new Set(Array.from({ length: end - first }, (_, i) => first + i));
}

/** The `count` arguments behind an option word, wherever it stands from `first` on. */
function afterWord(request: Request, first: number, word: string, count: number) {
  for (let i = first; i < request.argc; i++) {
    const [start, end] = [request.starts[i] as number, request.ends[i] as number];
    if (!equalsIgnoreCase(request.bytes, start, end, word)) continue;
    return range(i + 1, Math.min(i + 1 + count, request.argc));
  }
  return null;
}

function sensitiveSettings(request: Request): Set<number> | null {
  const secret = new Set<number>();
  for (let i = 2; i + 1 < request.argc; i += 2) {
    const [start, end] = [request.starts[i] as number, request.ends[i] as number];
    const name = parameterNamed(toLatin1(request.bytes, start, end));
    if (name !== undefined && PARAMETERS.get(name)?.sensitive) secret.add(i + 1);
  }
  return secret.size > 0 ? secret : null;
}
