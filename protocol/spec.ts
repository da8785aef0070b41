/** What a command tells of itself: the facts behind COMMAND, COMMAND DOCS, ACL categories, arity and key checks. */

export type CommandGroup =
  | 'string'
  | 'generic'
  | 'connection'
  | 'server'
  | 'list'
  | 'set'
  | 'sorted_set'
  | 'hash'
  | 'stream'
  | 'bitmap'
  | 'hyperloglog'
  | 'geo'
  | 'transactions'
  | 'pubsub'
  | 'scripting'
  | 'cluster';

export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'pubsub'
  | 'noscript'
  | 'blocking'
  | 'loading'
  | 'stale'
  | 'skip_monitor'
  | 'skip_commandlog'
  | 'asking'
  | 'fast'
  | 'no_auth'
  | 'may_replicate'
  | 'no_mandatory_keys'
  | 'no_async_loading'
  | 'no_multi'
  | 'movablekeys'
  | 'allow_busy'
  | 'module'
  | 'sentinel';

export type KeyFlag =
  | 'RW'
  | 'RO'
  | 'OW'
  | 'RM'
  | 'access'
  | 'update'
  | 'insert'
  | 'delete'
  | 'not_key'
  | 'incomplete'
  | 'variable_flags';

/** Where to start looking for keys: at an argument, or behind a word. */
export type BeginSearch =
  | { readonly index: number }
  | { readonly keyword: string; readonly from: number }
  | 'unknown';

/** Which arguments from there on are keys: a range, or as many as a count says. */
export type FindKeys =
  | { readonly last: number; readonly step: number; readonly limit: number }
  | { readonly countAt: number; readonly first: number; readonly step: number }
  | 'unknown';

export interface KeySpec {
  readonly flags: readonly KeyFlag[];
  readonly begin: BeginSearch;
  readonly find: FindKeys;
  readonly notes?: string;
}

export type ArgumentType =
  | 'string'
  | 'integer'
  | 'double'
  | 'key'
  | 'pattern'
  | 'unix-time'
  | 'pure-token'
  | 'oneof'
  | 'block';

export interface ArgumentSpec {
  readonly name: string;
  readonly type: ArgumentType;
  readonly token?: string;
  readonly summary?: string;
  readonly since?: string;
  readonly deprecatedSince?: string;
  readonly keySpec?: number;
  readonly optional?: boolean;
  readonly multiple?: boolean;
  readonly multipleToken?: boolean;
  readonly displayText?: string;
  readonly arguments?: readonly ArgumentSpec[];
}

export interface CommandSpec {
  /** In lower case; a subcommand's is `container|subcommand`. */
  readonly name: string;
  readonly group: CommandGroup;
  readonly since: string;
  /** The exact count of words, the command's name included; negative: at least as many. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /** Categories beyond those that follow from group and flags, such as `keyspace` or `dangerous`. */
  readonly acl?: readonly string[];
  readonly tips?: readonly string[];
  readonly keys?: readonly KeySpec[];
  readonly args?: readonly ArgumentSpec[];
  readonly complexity: string;
  readonly summary: string;
  readonly deprecatedSince?: string;
  readonly replacedBy?: string;
  /** For the server's own use: COMMAND DOCS marks it `syscmd`. */
  readonly internal?: boolean;
  /** Versions and what changed in them. */
  readonly history?: readonly (readonly [since: string, change: string])[];
}

/** A key at argument `index`, or every `step`th argument from there to `last` (negative: from the end). */
export function key(
  index: number,
  flags: readonly KeyFlag[],
  last = 0,
  step = 1,
  limit = 0,
): KeySpec {
  return { flags, begin: { index }, find: { last, step, limit } };
}

type Extras = Omit<Partial<ArgumentSpec>, 'name' | 'type' | 'arguments'>;

const OPTIONAL = { optional: true } as const;

function argument(type: ArgumentType) {
  return (name: string, extras: Extras = {}): ArgumentSpec => ({ name, type, ...extras });
}

export const text = argument('string');
export const integer = argument('integer');
export const double = argument('double');
export const pattern = argument('pattern');
export const unixTime = argument('unix-time');

/** A key argument; `keySpec` names the key spec it belongs to. */
export function keyArg(name = 'key', extras: Extras = {}): ArgumentSpec {
  return { name, type: 'key', keySpec: 0, ...extras };
}

/** A fixed word. */
export function word(
  token: string,
  extras: Extras & { readonly name?: string } = {},
): ArgumentSpec {
  return { type: 'pure-token', token, ...extras, name: extras.name ?? token.toLowerCase() };
}

export function oneOf(
  name: string,
  choices: readonly ArgumentSpec[],
  extras: Extras = {},
): ArgumentSpec {
  return { name, type: 'oneof', ...extras, arguments: choices };
}

export function block(
  name: string,
  parts: readonly ArgumentSpec[],
  extras: Extras = {},
): ArgumentSpec {
  return { name, type: 'block', ...extras, arguments: parts };
}

export function optional(spec: ArgumentSpec): ArgumentSpec {
  return { ...spec, ...OPTIONAL };
}

export function many(spec: ArgumentSpec): ArgumentSpec {
  return { ...spec, multiple: true };
}
