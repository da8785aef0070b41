/** Tells arguments that ask the program about itself from configuration. */

const SWITCHES = ['-v', '--version', '-h', '--help', '--check-system'];

/** Whether these arguments are a switch that stands alone, rather than configuration. */
export function isSwitch(args: readonly string[]): boolean {
  const [first = ''] = args;
  return first === '--test-memory' || (args.length === 1 && SWITCHES.includes(first));
}
