/** Figures as people read them: both servers side by side, their ratio, and how far it spread. */

/** One measure of both servers, round by round. */
export interface Measure {
  readonly name: string;
  readonly ours: readonly number[];
  readonly real: readonly number[];
  /** Digits behind the point. */
  readonly digits: number;
}

export function title(text: string): void {
  console.log(`\n${text}`);
  console.log(row('', 'valkey-ts', 'Valkey', 'ratio', 'spread of the ratio'));
}

/** The ratio ours/real of each round. */
export function ratiosOf({ ours, real }: Pick<Measure, 'ours' | 'real'>): number[] {
  return ours.map((value, i) => value / (real[i] ?? Number.NaN));
}

/** The medians, and the ratio ours/real of each round: its median, smallest and greatest. */
export function report({ name, ours, real, digits }: Measure): void {
  const ratios = ratiosOf({ ours, real });
  const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  const ratio = shown(median(ratios), 2);
  console.log(
    row(
      name,
      shown(median(ours), digits),
      shown(median(real), digits),
      ratio,
      ratios.length > 1 ? spread : '',
    ),
  );
}

function shown(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'not told';
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

function row(name: string, ours: string, real: string, ratio: string, spread: string): string {
  const cells = [ours, real, ratio].map((cell) => cell.padStart(12)).join('');
  return `  ${name.padEnd(30)}${cells}   ${spread}`.trimEnd();
}
