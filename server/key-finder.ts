/**
 * Which arguments of a request are keys, and what becomes of them: from the command's key specs, or by
 * its own `findKeys` where specs cannot tell. COMMAND GETKEYS answers it; ACL and cluster routing act on it.
 */
import type { Call } from '../datatypes/call.js';
import type { Command, FoundKey } from '../datatypes/command.js';
import { equalsIgnoreCase } from '../protocol/bytes.js';
import { parseSafeInteger } from '../protocol/numbers.js';
import type { Request } from '../protocol/request.js';
import type { FindKeys, KeySpec } from '../protocol/spec.js';

/** Whether requests of this command can name keys at all. */
export function mayHaveKeys(command: Command): boolean {
  return command.findKeys !== undefined || command.spec.keys !== undefined;
}

/** The keys of a request in the order of its specs; null when the request's shape is wrong. */
export function findKeys(command: Command, call: Call): readonly FoundKey[] | null {
  const specs = command.spec.keys ?? [];
  if (command.findKeys) {
    const flags = specs[0]?.flags ?? [];
    const found = command.findKeys(call);
    if (found === null) return null;
    return found.map((key) => (typeof key === 'number' ? { index: key, flags } : key));
  }
  const keys: FoundKey[] = [];
  for (const spec of specs) {
    if (!addKeysOf(spec, call.request, keys)) return null;
  }
  return keys;
}

/** Adds the keys that one spec tells of. False when they would lie outside the request. */
function addKeysOf(spec: KeySpec, request: Request, keys: FoundKey[]): boolean {
  const begin = beginOf(spec, request);
  if (begin === 0) return true;
  const { find } = spec;
  if (find === 'unknown') return true;
  const range = rangeOf(find, request, begin);
  if (range === null || range.last >= request.argc) return false;
  for (let i = range.first; i <= range.last; i += find.step) {
    keys.push({ index: i, flags: spec.flags });
  }
  return true;
}

/** The argument from where a spec counts; 0 when this request has none. */
function beginOf({ begin }: KeySpec, request: Request): number {
  if (begin === 'unknown') return 0;
  if ('index' in begin) return begin.index;
  const step = begin.from > 0 ? 1 : -1;
  const word = begin.keyword.toLowerCase();
  const from = begin.from > 0 ? begin.from : request.argc + begin.from;
  // A word in last place has no keys behind it.
  for (let i = from; i > 0 && i < request.argc - (step > 0 ? 1 : 0); i += step) {
    const [start, end] = [request.starts[i] as number, request.ends[i] as number];
    if (equalsIgnoreCase(request.bytes, start, end, word)) return i + 1;
  }
  return 0;
}

interface ArgumentRange {
  readonly first: number;
  readonly last: number;
}

function rangeOf(
  find: Exclude<FindKeys, 'unknown'>,
  request: Request,
  begin: number,
): ArgumentRange | null {
  const { argc } = request;
  if ('countAt' in find) {
    const at = begin + find.countAt;
    if (at >= argc) return null;
    const [start, end] = [request.starts[at] as number, request.ends[at] as number];
    const count = parseSafeInteger(request.bytes, start, end);
    if (!(count > 0)) return null;
    const first = begin + find.first;
    return { first, last: first + (count - 1) * find.step };
  }
  if (find.last >= 0) return { first: begin, last: begin + find.last };
  if (find.limit <= 1) return { first: begin, last: argc + find.last };
  return { first: begin, last: begin + Math.floor((argc - begin) / find.limit) + find.last };
}
