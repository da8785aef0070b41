/** What COMMAND and COMMAND DOCS tell of commands, brought into one form that can be compared. */
import type { ReplyValue } from '../../protocol/decoder.js';

/** Facts of one command; words about it (summary, history, notes) are left out: ours are our own. */
export interface CommandFacts {
  /** arity, flags, first, last, step, ACL categories, tips, key specs. */
  readonly info: readonly unknown[];
  /** since, group, complexity, … as flat lists of names and values. */
  readonly docs: Readonly<Record<string, unknown>>;
}

const PROSE = new Set(['summary', 'history', 'subcommands', 'notes']);

/** A flat list of names and values, as version 2 sends a map, without the prose. */
function fields(flat: readonly unknown[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (let i = 0; i < flat.length; i += 2) {
    const name = String(flat[i]);
    if (PROSE.has(name)) continue;
    result[name] =
      name === 'arguments' ? list(flat[i + 1]).map((one) => fields(list(one))) : flat[i + 1];
  }
  return result;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`Not an array: ${JSON.stringify(value)}`);
  return value;
}

function addInfo(value: unknown, into: Map<string, readonly unknown[]>): void {
  const [name, ...facts] = list(value);
  const subcommands = list(facts.pop());
  const keys = list(facts.pop()).map((key) => fields(list(key)));
  into.set(String(name), [...facts, keys]);
  for (const subcommand of subcommands) addInfo(subcommand, into);
}

function addDocs(flat: readonly unknown[], into: Map<string, Record<string, unknown>>): void {
  for (let i = 0; i < flat.length; i += 2) {
    const docs = list(flat[i + 1]);
    into.set(String(flat[i]), fields(docs));
    const at = docs.indexOf('subcommands');
    if (at !== -1) addDocs(list(docs[at + 1]), into);
  }
}

/** Facts by full name, from the replies (in RESP2) of COMMAND and COMMAND DOCS. */
export function commandFacts(info: ReplyValue, docs: ReplyValue): Map<string, CommandFacts> {
  const infos = new Map<string, readonly unknown[]>();
  for (const one of list(info)) addInfo(one, infos);
  const allDocs = new Map<string, Record<string, unknown>>();
  addDocs(list(docs), allDocs);
  const facts = new Map<string, CommandFacts>();
  for (const [name, one] of infos) facts.set(name, { info: one, docs: allDocs.get(name) ?? {} });
  return facts;
}
