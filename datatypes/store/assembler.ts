/**
 * WebAssembly put together from named instructions: for loops over many bytes, which go through them 64 or 128 bits
 * at a time, where JavaScript knows 32.
 *
 * A function takes and returns 32-bit integers and works on one memory of its own; what it is to work on is copied
 * there, which costs little beside what is saved. Everything is checked by the engine when a module is made: a
 * wrong program is refused, and a right one reaches nothing but its memory.
 * Source: the WebAssembly specification, release 2.0, chapter 5 ("Binary Format").
 */

/** Instructions, encoded. */
export type Code = readonly number[];

/** What a local variable holds. */
export const Local = { int32: 0x7f, int64: 0x7e, vector: 0x7b } as const;
export type Local = (typeof Local)[keyof typeof Local];

export interface MachineFunction {
  readonly name: string;
  /** How many 32-bit integers it is given: locals from 0 on. */
  readonly parameters: number;
  /** Its other variables, zero at first: the locals behind the parameters. */
  readonly locals: readonly Local[];
  /** Whether it leaves a 32-bit integer on the stack, which it returns. */
  readonly returns: boolean;
  readonly body: readonly Code[];
}

type Exports = Readonly<Record<string, unknown>>;

/** The part of the global object that is used here. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
};

const VECTOR = 0xfd;
const EMPTY_BLOCK = 0x40;
const FUNCTION_TYPE = 0x60;

const Section = { types: 1, functions: 3, memories: 5, exports: 7, code: 10 } as const;
const Exported = { function: 0, memory: 2 } as const;

/** A number below 2^31 in groups of seven bits, lowest first. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** As `unsigned`, of a number with a sign. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const low = rest & 0x7f;
    if (rest >> 6 === 0 || rest >> 6 === -1) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

const vector = (operation: number, ...rest: number[]): Code => [
  VECTOR,
  ...unsigned(operation),
  ...rest,
];

/** An access to memory, as aligned as it happens to be, `offset` bytes behind the address on the stack. */
const at = (offset: number): number[] => [0, ...unsigned(offset)];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const tee = (local: number): Code => [0x22, ...unsigned(local)];
export const constant = (value: number): Code => [0x41, ...signed(value)];

/** Goes through `body` once, and again where `again` says so. */
export const loop = (...body: readonly Code[]): Code => [0x03, EMPTY_BLOCK, ...body.flat(), 0x0b];
/** Back to the start of the loop if the number on the stack is not 0. */
export const again: Code = [0x0d, 0];
/** `body` if the number on the stack is not 0. */
export const when = (...body: readonly Code[]): Code => [0x04, EMPTY_BLOCK, ...body.flat(), 0x0b];
export const leave: Code = [0x0f];

/** Adds `by` to a local, and goes through the loop again while it is below another one. */
export const step = (local: number, by: number, end: number): Code => [
  ...[...get(local), ...constant(by), ...int32.add, ...tee(local)],
  ...[...get(end), ...int32.isBelow, ...again],
];

export const int32 = {
  load: (offset: number): Code => [0x28, ...at(offset)],
  loadByte: (offset: number): Code => [0x2d, ...at(offset)],
  store: (offset: number): Code => [0x36, ...at(offset)],
  isBelow: [0x49],
  add: [0x6a],
  shiftLeft: [0x74],
  ofInt64: [0xa7],
} as const;

export const int64 = {
  load: (offset: number): Code => [0x29, ...at(offset)],
  ofInt32: [0xac],
  differs: [0x52],
  ones: [0x7b],
  add: [0x7c],
} as const;

export const bits128 = {
  load: (offset: number): Code => vector(0x00, ...at(offset)),
  store: (offset: number): Code => vector(0x0b, ...at(offset)),
  /** Bytes of the two vectors on the stack, of which the second one's count from 16. */
  shuffle: (bytes: readonly number[]): Code => vector(0x0d, ...bytes),
  /** The number on the stack four times. */
  ofInt32: vector(0x11),
  not: vector(0x4d),
  and: vector(0x4e),
  or: vector(0x50),
  xor: vector(0x51),
  greaterBytes: vector(0x79),
  shiftLeftInt32: vector(0xab),
  shiftRightInt32: vector(0xad),
} as const;

const named = (name: string) => [...unsigned(name.length), ...Buffer.from(name)];
const listed = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const sized = (code: Code): Code => [...unsigned(code.length), ...code];
const section = (id: number, items: readonly Code[]): Code => [id, ...sized(listed(items))];

function typeOf({ parameters, returns }: MachineFunction): Code {
  const int32s = (count: number) => listed(new Array(count).fill([Local.int32]));
  return [FUNCTION_TYPE, ...int32s(parameters), ...int32s(returns ? 1 : 0)];
}

function codeOf({ locals, body }: MachineFunction): Code {
  const declared = listed(locals.map((local) => [1, local]));
  return sized([...declared, ...body.flat(), 0x0b]);
}

/** Makes the functions, and for them a memory of so many pages of 64 KiB: `memory` among what is returned. */
export function assemble(functions: readonly MachineFunction[], pages: number): Exports {
  const exported = functions.map(({ name }, i) => [...named(name), Exported.function, i]);
  const bytes = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(Section.types, functions.map(typeOf)),
    ...section(
      Section.functions,
      functions.map((_, i) => [i]),
    ),
    ...section(Section.memories, [[0, ...unsigned(pages)]]),
    ...section(Section.exports, [...exported, [...named('memory'), Exported.memory, 0]]),
    ...section(Section.code, functions.map(codeOf)),
  ]);
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
}
