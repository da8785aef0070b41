/** All functions of a server, in their libraries. */
import {
  functionExists,
  LIBRARY_NOT_FOUND,
  libraryDoesNotCompile,
  libraryExists,
  libraryFailed,
  Refusal,
  restoredLibraryExists,
} from '../../protocol/refusals.js';
import { LuaError, ScriptSyntaxError } from '../../scripting/engine.js';
import { Table } from '../../scripting/machine/table.js';
import { Library, type LibraryFunction, readLibrarySource } from './function-library.js';
import { showError } from './script-errors.js';
import { type FunctionWorld, WORLD_BYTES } from './worlds.js';

/** What FUNCTION RESTORE does about libraries that are there already. */
export type RestorePolicy = 'flush' | 'append' | 'replace';

export class Functions {
  private readonly openWorld: () => FunctionWorld;
  private opened: FunctionWorld | null = null;
  private byName = new Map<string, Library>();
  /** By name in lower case: calls tell no case apart. */
  private readonly functions = new Map<string, LibraryFunction>();
  private bytes = 0;

  constructor(openWorld: () => FunctionWorld) {
    this.openWorld = openWorld;
  }

  /** The Lua world they live in; made when it is first needed. */
  get world(): FunctionWorld {
    this.opened ??= this.openWorld();
    return this.opened;
  }

  get libraries(): Iterable<Library> {
    return this.byName.values();
  }

  get libraryCount(): number {
    return this.byName.size;
  }

  get functionCount(): number {
    let count = 0;
    for (const library of this.byName.values()) count += library.functions.length;
    return count;
  }

  get memoryBytes(): number {
    return this.bytes;
  }

  /** What its Lua world takes up, in bytes, about; 0 before there is one. */
  get worldBytes(): number {
    return this.opened === null ? 0 : WORLD_BYTES + this.bytes;
  }

  find(name: string): LibraryFunction | undefined {
    return this.functions.get(name) ?? this.functions.get(name.toLowerCase());
  }

  /**
   * Loads a library.
   *
   * @param source - One character per byte.
   * @param replaces - Whether it may take the place of one of the same name.
   * @returns Its name.
   * @throws {Refusal} And all is as before.
   */
  load(source: string, replaces: boolean): string {
    const { name, code } = readLibrarySource(source);
    const former = this.byName.get(name);
    if (former !== undefined && !replaces) throw libraryExists(name);
    const library = this.read(name, source, code);
    this.checkNames([library], former === undefined ? [] : [former]);
    if (former !== undefined) this.remove(former);
    this.add(library);
    return name;
  }

  /**
   * Loads the libraries of a payload: all, or none.
   *
   * @param sources - One character per byte.
   * @throws {Refusal} And all is as before.
   */
  restore(sources: readonly string[], policy: RestorePolicy): void {
    const loaded = new Map<string, Library>();
    for (const source of sources) {
      const { name, code } = readLibrarySource(source);
      if (loaded.has(name)) throw libraryExists(name);
      const library = this.read(name, source, code);
      this.checkAmong(library, loaded.values());
      loaded.set(name, library);
    }
    const leaving = this.leaving(loaded, policy);
    this.checkNames([...loaded.values()], leaving);
    for (const library of leaving) this.remove(library);
    for (const library of loaded.values()) this.add(library);
  }

  /** @throws {Refusal} When there is none of that name. */
  delete(name: string): void {
    const library = this.byName.get(name);
    if (library === undefined) throw LIBRARY_NOT_FOUND;
    this.remove(library);
  }

  /** The text of each library, for files. */
  get sources(): Uint8Array[] {
    return [...this.byName.values()].map(({ source }) => Buffer.from(source, 'latin1'));
  }

  /** Loads a library that a file holds. @returns Why it cannot be loaded, or null. */
  loadFromFile(code: Uint8Array, replaces: boolean): string | null {
    try {
      this.load(Buffer.from(code).toString('latin1'), replaces);
      return null;
    } catch (thrown) {
      if (thrown instanceof Refusal) return thrown.message;
      throw thrown;
    }
  }

  /** Forgets all, and the Lua world with them. */
  flush(): void {
    this.byName = new Map();
    this.functions.clear();
    this.bytes = 0;
    this.opened = null;
  }

  /** The libraries that go when these come. */
  private leaving(coming: ReadonlyMap<string, Library>, policy: RestorePolicy): Library[] {
    if (policy === 'flush') return [...this.byName.values()];
    const same: Library[] = [];
    for (const name of coming.keys()) {
      const library = this.byName.get(name);
      if (library === undefined) continue;
      if (policy === 'append') throw restoredLibraryExists(name);
      same.push(library);
    }
    return same;
  }

  private read(name: string, source: string, code: string): Library {
    let registered: readonly LibraryFunction[];
    try {
      registered = this.world.load(code);
    } catch (thrown) {
      throw loadRefusal(thrown);
    }
    return new Library(name, source, registered);
  }

  /** No two libraries have a function of the same name. */
  private checkNames(coming: readonly Library[], leaving: readonly Library[]): void {
    const going = new Set(leaving.flatMap((library) => library.functions));
    for (const library of coming) {
      for (const { name } of library.functions) {
        const known = this.find(name);
        if (known !== undefined && !going.has(known)) throw functionExists(name);
      }
    }
  }

  private checkAmong(library: Library, others: Iterable<Library>): void {
    const names = new Set(library.functions.map(({ name }) => name.toLowerCase()));
    for (const other of others) {
      for (const { name } of other.functions) {
        if (names.has(name.toLowerCase())) throw functionExists(name);
      }
    }
  }

  private add(library: Library): void {
    this.byName.set(library.name, library);
    this.bytes += library.memoryBytes;
    for (const each of library.functions) {
      const name = each.name.toLowerCase();
      // Of two names of a library that differ only in case, calls find the first.
      if (!this.functions.has(name)) this.functions.set(name, each);
    }
  }

  private remove(library: Library): void {
    this.byName.delete(library.name);
    this.bytes -= library.memoryBytes;
    for (const { name } of library.functions) this.functions.delete(name.toLowerCase());
  }
}

/** Why a library could not be loaded. */
function loadRefusal(thrown: unknown): Refusal | unknown {
  if (thrown instanceof ScriptSyntaxError) return libraryDoesNotCompile(thrown.text);
  if (thrown instanceof LuaError) {
    const { value } = thrown;
    const text = value instanceof Table ? value.getString('err') : undefined;
    return libraryFailed(typeof text === 'string' ? text : showError(value));
  }
  return thrown;
}
