/**
 * What a Lua value is here: a plain JavaScript value wherever there is one.
 *
 * nil is `undefined`, booleans and numbers are themselves (every number is an IEEE double, as in
 * Lua 5.1), a string is a JavaScript string whose characters are the bytes 0 to 255 ("latin-1"):
 * comparing, slicing, hashing and concatenating such strings is what engines do best, `<` orders
 * them by byte, and they are table keys as they are. No string that holds a character above 255 may
 * get in. Everything else is an instance of one of the classes below.
 */
import type { Code } from './code.js';
import type { Table } from './table.js';
import type { Thread } from './thread.js';

/** Any Lua value. `undefined` is nil. */
export type LuaValue =
  | undefined
  | boolean
  | number
  | string
  | Table
  | Closure
  | NativeFunction
  | Thread
  | Userdata;

/**
 * A variable of an enclosing function: while that runs, a slot of its stack, afterwards the only
 * slot of an array of its own. So both are read as `slots[index]`.
 */
export class Upvalue {
  slots: LuaValue[];
  index: number;

  constructor(slots: LuaValue[], index: number) {
    this.slots = slots;
    this.index = index;
  }

  /** Takes the value along when the function whose variable it is goes. */
  close(): void {
    this.slots = [this.slots[this.index]];
    this.index = 0;
  }
}

/** A Lua function: code and the variables of its surroundings. */
export class Closure {
  /** Where its globals are; `setfenv` changes it. */
  environment: Table;
  readonly code: Code;
  readonly upvalues: Upvalue[];

  constructor(code: Code, environment: Table, upvalues: Upvalue[]) {
    this.code = code;
    this.environment = environment;
    this.upvalues = upvalues;
  }
}

/**
 * The body of a function of the host.
 *
 * Its arguments are `thread.stack[thread.base]` up to `thread.top` (exclusive). It pushes results
 * and returns their number, or what `Thread.callThen` and its relatives return.
 */
export type NativeBody = (thread: Thread) => number;

/** A function of the host that scripts can call. */
export class NativeFunction {
  readonly name: string;
  readonly run: NativeBody;
  readonly environment: Table | null;

  /**
   * @param name - For tracing only: messages name a function by how it was called.
   * @param environment - What `getfenv` answers; the globals when left out.
   */
  constructor(name: string, run: NativeBody, environment: Table | null = null) {
    this.name = name;
    this.run = run;
    this.environment = environment;
  }
}

/** A value scripts can hold but not look into: `cjson.null`, the result of `newproxy`. */
export class Userdata {
  metatable: Table | null = null;
  readonly light: boolean;
  readonly address: number;

  /** @param light - Whether it is a bare pointer, such as `cjson.null`, and `address` its value. */
  constructor(light = false, address = 0) {
    this.light = light;
    this.address = address;
  }
}

/** Whether a condition takes it as true: all but nil and false. */
export function isTrue(value: LuaValue): boolean {
  return value !== undefined && value !== false;
}
