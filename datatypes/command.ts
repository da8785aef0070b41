/** A command: what it tells of itself, and the function that runs it, side by side. */
import type { CommandSpec, KeyFlag } from '../protocol/spec.js';
import type { Call } from './call.js';

export interface Command {
  readonly spec: CommandSpec;
  /** Runs the command. Throws a refusal, or writes exactly one reply. */
  run(call: Call): void;
  /** Finds key positions that the key specs cannot tell: argument indexes, first to last. */
  readonly findKeys?: KeyFinder;
  /** The commands a container holds: `CLIENT LIST` is one of CLIENT's. */
  readonly subcommands?: readonly Command[];
}

/** A key of a request: the index of its argument, and what the command does with it. */
export interface FoundKey {
  readonly index: number;
  readonly flags: readonly KeyFlag[];
}

/**
 * Answers a request's keys; null when the request is malformed. A plain index has the flags of the
 * command's first key spec.
 */
export type KeyFinder = (call: Call) => readonly (number | FoundKey)[] | null;

export interface CommandExtras {
  readonly findKeys?: KeyFinder;
}

/** Declares a command. */
export function command(
  spec: CommandSpec,
  run: Command['run'],
  extras: CommandExtras = {},
): Command {
  return { spec, run, ...extras };
}

/**
 * Declares a container of subcommands. Called without one it refuses by arity; with a wrong one the gate refuses.
 */
export function container(spec: CommandSpec, subcommands: readonly Command[]): Command {
  const run = () => {
    throw new Error(`Cannot run ${spec.name}: it is a container of subcommands`);
  };
  return { spec, run, subcommands };
}
