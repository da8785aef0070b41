/** How much a run of the benchmarks measures. */
import { Command, InvalidArgumentError } from 'commander';

export interface BenchOptions {
  /** How often each question is put to both servers, in turn. */
  readonly rounds: number;
  /** Requests of a round. */
  readonly requests: number;
  /** Keys that are there when memory is measured. */
  readonly memoryKeys: number;
  /** Keys inserted while stalls are looked for. */
  readonly growthKeys: number;
}

const FULL: BenchOptions = {
  rounds: 5,
  requests: 1_000_000,
  memoryKeys: 2_000_000,
  growthKeys: 5_000_000,
};

const QUICK: BenchOptions = {
  rounds: 2,
  requests: 200_000,
  memoryKeys: 200_000,
  growthKeys: 500_000,
};

function positive(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

/** Reads the command line: options, and the names of the questions to ask (none: all of them). */
export function readOptions(names: readonly string[]): {
  readonly options: BenchOptions;
  readonly questions: readonly string[];
} {
  const program = new Command('bench')
    .description('Compares this server with the real one. Nothing is asserted.')
    .argument('[question...]', `which of: ${names.join(', ')}`)
    .option('--quick', 'a first impression in little time')
    .option('--rounds <count>', 'rounds of each question', positive)
    .option('--requests <count>', 'requests of each round', positive)
    .parse();
  const { quick, ...given } = program.opts<Partial<BenchOptions> & { quick?: true }>();
  const unknown = program.args.find((name) => !names.includes(name));
  if (unknown !== undefined) program.error(`error: no question is called '${unknown}'`);
  return { options: { ...(quick ? QUICK : FULL), ...given }, questions: program.args };
}
