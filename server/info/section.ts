/** What a section of INFO is, and how its numbers are written. */
import type { Server } from '../server.js';

export type InfoValue = string | number | bigint;
export type InfoField = readonly [name: string, value: InfoValue];

export interface InfoSection {
  /** As clients ask for it, in lower case. */
  readonly name: string;
  /** As its heading tells it. */
  readonly title: string;
  /** Where it appears unasked: in plain INFO, in INFO ALL, or nowhere. */
  readonly shown: 'default' | 'all' | 'never';
  fields(server: Server): Iterable<InfoField>;
}

/** Microseconds as seconds with all their digits. */
export function seconds(usec: number): string {
  return (usec / 1_000_000).toFixed(6);
}

/** `part` of `whole` in percent; 0 of nothing. */
export function percent(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (part / whole) * 100).toFixed(2)}%`;
}

/** `amount` for each one of `base`; 0 when there is none. */
export function ratio(amount: number, base: number): string {
  return (base === 0 ? 0 : amount / base).toFixed(2);
}
