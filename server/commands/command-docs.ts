/** The replies of COMMAND INFO and COMMAND DOCS, written from specs. */
import type { ReplyWriter } from '../../protocol/reply.js';
import type { ArgumentSpec, CommandSpec, KeySpec } from '../../protocol/spec.js';
import { aclCategories, keyRange, orderedFlags, orderedKeyFlags } from '../command-facts.js';
import type { CommandEntry } from '../command-table.js';

/** A command as COMMAND and COMMAND INFO tell it. */
export function writeInfo(reply: ReplyWriter, entry: CommandEntry): void {
  const { spec } = entry.command;
  const { first, last, step } = keyRange(spec);
  reply.array(10);
  reply.text(entry.fullName);
  reply.integer(spec.arity);
  writeWords(reply, orderedFlags(spec));
  reply.integer(first);
  reply.integer(last);
  reply.integer(step);
  writeWords(
    reply,
    aclCategories(spec).map((category) => `@${category}`),
  );
  const tips = spec.tips ?? [];
  reply.set(tips.length);
  for (const tip of tips) reply.text(tip);
  const keys = spec.keys ?? [];
  reply.set(keys.length);
  for (const key of keys) writeKeySpec(reply, key);
  const subcommands = entry.subcommands?.all ?? [];
  reply.array(subcommands.length);
  for (const subcommand of subcommands) writeInfo(reply, subcommand);
}

/** A set of status replies. */
export function writeWords(reply: ReplyWriter, words: readonly string[]): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}

function writeKeySpec(reply: ReplyWriter, key: KeySpec): void {
  reply.map(key.notes === undefined ? 3 : 4);
  if (key.notes !== undefined) {
    reply.text('notes');
    reply.text(key.notes);
  }
  reply.text('flags');
  writeWords(reply, orderedKeyFlags(key.flags));
  reply.text('begin_search');
  writeBegin(reply, key);
  reply.text('find_keys');
  writeFind(reply, key);
}

function writeBegin(reply: ReplyWriter, { begin }: KeySpec): void {
  if (begin === 'unknown') return writeSearch(reply, 'unknown', []);
  if ('index' in begin) return writeSearch(reply, 'index', [['index', begin.index]]);
  writeSearch(reply, 'keyword', [
    ['keyword', begin.keyword],
    ['startfrom', begin.from],
  ]);
}

function writeFind(reply: ReplyWriter, { find }: KeySpec): void {
  if (find === 'unknown') return writeSearch(reply, 'unknown', []);
  if ('countAt' in find) {
    return writeSearch(reply, 'keynum', [
      ['keynumidx', find.countAt],
      ['firstkey', find.first],
      ['keystep', find.step],
    ]);
  }
  writeSearch(reply, 'range', [
    ['lastkey', find.last],
    ['keystep', find.step],
    ['limit', find.limit],
  ]);
}

function writeSearch(
  reply: ReplyWriter,
  type: string,
  facts: readonly (readonly [name: string, value: string | number])[],
): void {
  reply.map(2);
  reply.text('type');
  reply.text(type);
  reply.text('spec');
  reply.map(facts.length);
  for (const [name, value] of facts) {
    reply.text(name);
    if (typeof value === 'number') reply.integer(value);
    else reply.text(value);
  }
}

/** A field of a documentation map: its name, and how its value is written. */
type Field = readonly [name: string, write: () => void];

/** Writes a map of those fields that are there. */
function writeFields(reply: ReplyWriter, fields: readonly (Field | null)[]): void {
  const present = fields.filter((field) => field !== null);
  reply.map(present.length);
  for (const [name, write] of present) {
    reply.text(name);
    write();
  }
}

/** A command as COMMAND DOCS tells it, its subcommands included. */
export function writeDocs(reply: ReplyWriter, entry: CommandEntry): void {
  const { spec } = entry.command;
  const text = (name: string, value: string | undefined): Field | null =>
    value === undefined ? null : [name, () => reply.text(value)];
  writeFields(reply, [
    text('summary', spec.summary),
    text('since', spec.since),
    text('group', spec.group.replace('_', '-')),
    text('complexity', spec.complexity === '' ? undefined : spec.complexity),
    docFlags(reply, spec),
    text('deprecated_since', spec.deprecatedSince),
    text('replaced_by', spec.replacedBy),
    history(reply, spec),
    argumentsField(reply, spec.args),
    subcommandsField(reply, entry),
  ]);
}

function docFlags(reply: ReplyWriter, spec: CommandSpec): Field | null {
  const flags: string[] = [];
  if (spec.deprecatedSince !== undefined) flags.push('deprecated');
  if (spec.internal) flags.push('syscmd');
  return flags.length === 0 ? null : ['doc_flags', () => writeWords(reply, flags)];
}

function history(reply: ReplyWriter, { history }: CommandSpec): Field | null {
  if (history === undefined) return null;
  const write = () => {
    reply.set(history.length);
    for (const [since, change] of history) {
      reply.array(2);
      reply.text(since);
      reply.text(change);
    }
  };
  return ['history', write];
}

function subcommandsField(reply: ReplyWriter, entry: CommandEntry): Field | null {
  const { subcommands } = entry;
  if (subcommands === null) return null;
  const write = () => {
    reply.map(subcommands.all.length);
    for (const subcommand of subcommands.all) {
      reply.text(subcommand.fullName);
      writeDocs(reply, subcommand);
    }
  };
  return ['subcommands', write];
}

function argumentsField(
  reply: ReplyWriter,
  args: readonly ArgumentSpec[] | undefined,
): Field | null {
  if (args === undefined || args.length === 0) return null;
  const write = () => {
    reply.array(args.length);
    for (const argument of args) writeArgument(reply, argument);
  };
  return ['arguments', write];
}

function writeArgument(reply: ReplyWriter, argument: ArgumentSpec): void {
  const { name, type, keySpec } = argument;
  const text = (name: string, value: string | undefined): Field | null =>
    value === undefined ? null : [name, () => reply.text(value)];
  const isGroup = type === 'oneof' || type === 'block';
  const flags: string[] = [];
  if (argument.optional) flags.push('optional');
  if (argument.multiple) flags.push('multiple');
  if (argument.multipleToken) flags.push('multiple_token');
  writeFields(reply, [
    text('name', name),
    text('type', type),
    text('display_text', isGroup ? argument.displayText : (argument.displayText ?? name)),
    keySpec === undefined ? null : ['key_spec_index', () => reply.integer(keySpec)],
    text('token', argument.token),
    text('summary', argument.summary),
    text('since', argument.since),
    text('deprecated_since', argument.deprecatedSince),
    flags.length === 0 ? null : ['flags', () => writeWords(reply, flags)],
    argumentsField(reply, argument.arguments),
  ]);
}
