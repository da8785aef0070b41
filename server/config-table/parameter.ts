/**
 * What one configuration parameter is: how its words are read, what the engine sees, what texts show it.
 *
 * Every text is a byte string: one character per byte (latin1), so that a password of any bytes comes
 * back as it went in. Turn one into a path or a message with `Buffer.from(text, 'latin1')`.
 */

/** The greatest numbers of the C types in which the real server keeps its settings. */
export const INT_MAX = 2_147_483_647n;
export const INT_MIN = -2_147_483_648n;
export const UINT_MAX = 4_294_967_295n;
export const LONG_MAX = 9_223_372_036_854_775_807n;
export const LONG_MIN = -9_223_372_036_854_775_808n;
export const ULONG_MAX = 18_446_744_073_709_551_615n;

/** What was read from the words of a setting. */
export interface Setting<T> {
  /** What the engine reads. Integers beyond 2^53 are the nearest double here. */
  readonly value: T;
  /** What CONFIG GET shows: exact, and in canonical form. */
  readonly text: string;
}

/** Words that are no setting of this parameter. The message is the reason as clients see it. */
export class InvalidSetting extends Error {}

/** Facts about a parameter beside its type. */
export interface Flags {
  /** A second name, as good as the first. */
  readonly alias?: string;
  /** Only the command line and the file may set it. */
  readonly immutable?: boolean;
  /** CONFIG GET shows it only when asked for by its whole name. */
  readonly hidden?: boolean;
  /** Its value stays out of the command log and of MONITOR. */
  readonly sensitive?: boolean;
  /** CONFIG SET needs `enable-protected-configs`. */
  readonly protected?: boolean;
  /** CONFIG SET is refused while a data set is being loaded. */
  readonly denyLoading?: boolean;
  /** Setting it to what it already is still reaches its listeners. */
  readonly alwaysApplied?: boolean;
  /** Every CONFIG SET of it fails for this reason: this build lacks the feature. */
  readonly refused?: string;
  /** `none`: accepted and shown, and nothing reads it. The list in docs/compatibility.md says the same. */
  readonly effect?: 'none';
}

/** How a type of parameter reads and writes its words. */
export interface Kind<T> {
  /** The setting when nobody sets it, in CONFIG GET's form. */
  readonly default: string;
  /** Takes several words, in the file and in one CONFIG SET argument (split at each blank). */
  readonly manyWords?: boolean;
  /**
   * Reads the words of a setting.
   *
   * @param current - What is in force: some parameters are changed in part.
   * @throws {InvalidSetting} When they are none.
   */
  read(words: readonly string[], current?: Setting<T>): Setting<T>;
  /** The rest of each line that CONFIG REWRITE writes for this parameter, quoted where need be. */
  lines(setting: Setting<T>): string[];
  /** A second line of the file adds to the first instead of replacing it. */
  readonly accumulates?: boolean;
  /** Whether CONFIG REWRITE writes the lines even though they say the default. */
  readonly alwaysWritten?: boolean;
}

export interface Parameter<T> extends Kind<T>, Flags {}

/** A theme's parameters by name. */
export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

/** Marks parameters whose feature does not exist, or cannot: they are kept and shown, and change nothing. */
export function withoutEffect<const P extends Parameters>(parameters: P): P {
  const marked = Object.entries(parameters).map(([name, parameter]) => [
    name,
    { ...parameter, effect: 'none' },
  ]);
  return Object.fromEntries(marked) as P;
}
