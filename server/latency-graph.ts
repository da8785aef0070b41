/** LATENCY GRAPH: the samples of an event as columns of characters, each with its age below. */
import type { LatencyEvent, LatencySample } from './latency.js';

const COLUMNS = 80;
const ROWS = 4;
/** The top of a column, at three heights within a row; what is below it. */
const TOPS = ['_', 'o', '#'] as const;
const BELOW = '|';
const STEPS = ROWS * TOPS.length;

const UNITS = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'm'],
] as const;

function age(seconds: number): string {
  for (const [length, letter] of UNITS) {
    if (seconds >= length) return `${Math.floor(seconds / length)}${letter}`;
  }
  return `${seconds}s`;
}

/** A heading with the extremes, a line, and the graph. */
export function latencyGraph(name: string, event: LatencyEvent, nowSeconds: number): string {
  const samples = event.samples.toArray();
  const all = samples.map(({ ms }) => ms);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  let text = `${name} - high ${high} ms, low ${low} ms (all time high ${event.worstMs} ms)\n`;
  text += `${'-'.repeat(COLUMNS)}\n`;
  for (let from = 0; from < samples.length; from += COLUMNS) {
    if (from > 0) text += '\n';
    text += band(samples.slice(from, from + COLUMNS), low, high, nowSeconds);
  }
  return text;
}

function band(samples: LatencySample[], low: number, high: number, nowSeconds: number): string {
  const steps = samples.map(({ ms }) => stepOf(ms, low, high));
  const labels = samples.map(({ atSeconds }) => age(nowSeconds - atSeconds));
  let text = '';
  for (let row = ROWS - 1; row >= 0; row--) text += `${rowOf(steps, row)}\n`;
  text += `${' '.repeat(samples.length)}\n`;
  const longest = Math.max(...labels.map((label) => label.length));
  for (let i = 0; i < longest; i++) text += `${labels.map((label) => label[i] ?? ' ').join('')}\n`;
  return text;
}

/** How high a column is: 0 to STEPS - 1. */
function stepOf(ms: number, low: number, high: number): number {
  if (high === low) return 0;
  return Math.min(Math.floor(((ms - low) / (high - low)) * STEPS), STEPS - 1);
}

function rowOf(steps: readonly number[], row: number): string {
  const bottom = row * TOPS.length;
  return steps.map((step) => (step < bottom ? ' ' : (TOPS[step - bottom] ?? BELOW))).join('');
}
