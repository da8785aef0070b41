/**
 * The settings of one server: their values for the engine, their texts for clients and for the file.
 *
 * `values` is one object whose fields never come or go, so reading one costs a load. Everything else
 * here is for cold paths. Settings change through `set` (CONFIG SET: all or nothing, listeners may
 * refuse) and, before the server starts, through `load` (the file and the command line).
 */

import { globMatch, latin1 } from '../protocol/bytes.js';
import { configSetFailed, LOADING, type Refusal, unknownParameter } from '../protocol/refusals.js';
import { InvalidSetting, type Parameter, type Setting } from './config-table/parameter.js';
import {
  ALL_NAMES,
  type ConfigValues,
  fieldName,
  PARAMETERS,
  type ParameterName,
  parameterNamed,
} from './config-table.js';

/**
 * Told after new values are in place; reads them from `values`.
 *
 * @returns Nothing, or why they cannot be: then every change of the same CONFIG SET is taken back,
 *   and the listeners that had agreed are told again.
 */
export type ChangeListener = () => string | undefined;

/** Who asks for a change. */
export interface SetOptions {
  /** A data set is being loaded: some parameters must not change. */
  readonly loading?: boolean;
  /** `enable-protected-configs` lets this client change protected parameters. */
  readonly protectedAllowed?: boolean;
}

/** A part of a CONFIG SET, its name resolved. */
interface Change {
  readonly name: ParameterName;
  /** The name or alias given, in lower case: what messages about the value call it. */
  readonly called: string;
  readonly value: string;
}

/** The settings of one moment. */
export type Settings = ReadonlyMap<ParameterName, Setting<unknown>>;

export class Config {
  /** The current values. Hold this object, not its fields. */
  readonly values: ConfigValues;
  /** The configuration file, an absolute path, when there is one: what CONFIG REWRITE writes. */
  file: string | undefined;

  readonly #settings = new Map<ParameterName, Setting<unknown>>();
  /** The settings as nobody set them. */
  readonly #standard: ReadonlyMap<ParameterName, Setting<unknown>>;
  readonly #listeners = new Map<ParameterName, ChangeListener>();

  /** @param workingDirectory - What `dir` is until it is set. An absolute path. */
  constructor(workingDirectory = process.cwd()) {
    const values: Record<string, unknown> = {};
    for (const [name, parameter] of PARAMETERS) {
      const standard =
        name === 'dir' ? Buffer.from(workingDirectory).toString('latin1') : parameter.default;
      const setting = parameter.read(wordsOf(parameter, standard));
      this.#settings.set(name, setting);
      values[fieldName(name)] = setting.value;
    }
    this.#standard = new Map(this.#settings);
    // Spreading makes the object one of fixed shape; growing it by 200 fields left a hash table.
    this.values = { ...values } as ConfigValues;
  }

  /** The text that CONFIG GET shows. */
  text(name: ParameterName): string {
    return this.#setting(name).text;
  }

  /** A text as the path it names: in UTF-8, as the file system functions take it. */
  path(name: ParameterName): string {
    return Buffer.from(this.text(name), 'latin1').toString();
  }

  /** Whether the setting is what it would be if nobody had set it. */
  isDefault(name: ParameterName): boolean {
    return this.text(name) === this.#standard.get(name)?.text;
  }

  /** The lines that the file needs for this parameter, without its name; and which of them say a default. */
  lines(name: ParameterName): { readonly text: string; readonly isDefault: boolean }[] {
    const parameter = parameterOf(name);
    const standard = parameter.lines(this.#standard.get(name) ?? this.#setting(name));
    return parameter
      .lines(this.#setting(name))
      .map((text, i) => ({ text, isDefault: !parameter.alwaysWritten && text === standard[i] }));
  }

  /**
   * Finds settings by name or glob, in any case.
   *
   * @returns Names and texts in turn, in the order of names. A plain name comes back as it was asked for.
   */
  get(patterns: readonly string[]): [name: string, text: string][] {
    const found = new Map<string, [shown: string, name: ParameterName]>();
    for (const pattern of patterns) {
      for (const shown of /[*?[]/.test(pattern) ? namesLike(pattern) : [pattern]) {
        const name = parameterNamed(shown);
        const key = shown.toLowerCase();
        if (name !== undefined && !found.has(key)) found.set(key, [shown, name]);
      }
    }
    const sorted = [...found.values()].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([shown, name]) => [shown, this.text(name)]);
  }

  /** Has `listener` told of changes to any of these parameters; once for one CONFIG SET. */
  onChange(names: ParameterName | readonly ParameterName[], listener: ChangeListener): void {
    for (const name of typeof names === 'string' ? [names] : names) {
      if (this.#listeners.has(name)) {
        throw new Error(
          `Cannot listen to ${name}: a parameter has one listener: it has one already`,
        );
      }
      this.#listeners.set(name, listener);
    }
  }

  /**
   * Changes settings, all or none: CONFIG SET.
   *
   * @param pairs - Names or aliases, in any case, with the text of the argument.
   * @returns Why not; nothing when it is done.
   */
  set(
    pairs: readonly (readonly [name: string, value: string])[],
    options: SetOptions = {},
  ): Refusal | undefined {
    const changes: Change[] = [];
    for (const [given, value] of pairs) {
      const name = parameterNamed(given);
      if (name === undefined) return unknownParameter(given);
      const change = { name, called: given.toLowerCase(), value };
      if (options.loading && parameterOf(name).denyLoading) return LOADING;
      const reason = refusedBefore(change, changes, options);
      if (reason !== undefined) return configSetFailed(given, reason);
      changes.push(change);
    }
    return this.#change(changes);
  }

  /**
   * Sets a parameter from the words of a line of the file or from the command line. No listener is told.
   *
   * @throws {InvalidSetting} When the words are no setting of it.
   */
  load(name: ParameterName, words: readonly string[]): void {
    const parameter = parameterOf(name);
    this.#put(name, parameter.read(words, this.#setting(name)));
  }

  /**
   * Puts a value in place without asking anybody: for settings that the engine itself corrects, such
   * as `hz` kept within its limits, or changes, as REPLICAOF does.
   */
  override(name: ParameterName, text: string): void {
    const parameter = parameterOf(name);
    this.#put(name, parameter.read(wordsOf(parameter, text), this.#setting(name)));
  }

  /** All settings as they are now, for `restore`. */
  settings(): Settings {
    return new Map(this.#settings);
  }

  /** Puts all settings back to what they were. Listeners are told; none may refuse what was there before. */
  restore(settings: Settings): void {
    const told = new Set<ChangeListener>();
    for (const [name, setting] of settings) {
      if (this.#setting(name) === setting) continue;
      this.#put(name, setting);
      const listener = this.#listeners.get(name);
      if (listener !== undefined) told.add(listener);
    }
    for (const listener of told) listener();
  }

  #setting(name: ParameterName): Setting<unknown> {
    const setting = this.#settings.get(name);
    if (setting === undefined) throw new Error(`Cannot find the setting of ${name}`);
    return setting;
  }

  #put(name: ParameterName, setting: Setting<unknown>): void {
    this.#settings.set(name, setting);
    Object.assign(this.values, { [fieldName(name)]: setting.value });
  }

  #change(changes: readonly Change[]): Refusal | undefined {
    const before = new Map(this.#settings);
    const told = new Map<ChangeListener, Change>();
    for (const change of changes) {
      try {
        this.#changeOne(change, told);
      } catch (error) {
        this.#restore(before);
        if (error instanceof InvalidSetting) return configSetFailed(change.called, error.message);
        throw error;
      }
    }
    return this.#tell(told, before);
  }

  #changeOne(change: Change, told: Map<ChangeListener, Change>): void {
    const parameter = parameterOf(change.name);
    const current = this.#setting(change.name);
    const setting = parameter.read(wordsOf(parameter, change.value), current);
    if (setting.text === current.text && !parameter.alwaysApplied) return;
    if (parameter.refused !== undefined) throw new InvalidSetting(parameter.refused);
    this.#put(change.name, setting);
    const listener = this.#listeners.get(change.name);
    if (listener !== undefined && !told.has(listener)) told.set(listener, change);
  }

  #tell(
    told: ReadonlyMap<ChangeListener, Change>,
    before: ReadonlyMap<ParameterName, Setting<unknown>>,
  ): Refusal | undefined {
    const agreed: ChangeListener[] = [];
    for (const [listener, change] of told) {
      const reason = listener();
      if (reason !== undefined) {
        this.#restore(before);
        for (const other of agreed) other();
        return configSetFailed(change.called, reason);
      }
      agreed.push(listener);
    }
    return undefined;
  }

  #restore(before: ReadonlyMap<ParameterName, Setting<unknown>>): void {
    for (const [name, setting] of before) {
      if (this.#setting(name) !== setting) this.#put(name, setting);
    }
  }
}

function parameterOf(name: ParameterName): Parameter<unknown> {
  const parameter = PARAMETERS.get(name);
  if (parameter === undefined) throw new Error(`Cannot find the parameter ${name}`);
  return parameter;
}

/** The names and aliases that a glob finds. */
function namesLike(pattern: string): string[] {
  const glob = latin1(pattern);
  return ALL_NAMES.filter((name) => {
    const parameter = parameterNamed(name);
    if (parameter === undefined || parameterOf(parameter).hidden) return false;
    return globMatch(glob, 0, glob.length, latin1(name), 0, name.length, true);
  });
}

/** One CONFIG SET argument holds all the words of a setting: each single blank parts two. */
function wordsOf(parameter: Parameter<unknown>, argument: string): string[] {
  if (!parameter.manyWords) return [argument];
  return argument === '' ? [''] : argument.split(' ');
}

/** What speaks against a change before its value is even read. */
function refusedBefore(
  { name, called }: Change,
  earlier: readonly Change[],
  options: SetOptions,
): string | undefined {
  const parameter = parameterOf(name);
  if (parameter.immutable) return "can't set immutable config";
  if (parameter.protected && !options.protectedAllowed) return "can't set protected config";
  if (earlier.some((change) => change.called === called)) return 'duplicate parameter';
  return undefined;
}
