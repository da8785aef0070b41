/**
 * `oom-score-adj`: which process Linux ends first when the machine is out of memory.
 *
 * While the setting is on, the process's score is what `oom-score-adj-values` say for its role: added to the
 * score it was started with, or (`absolute`) in place of it. Turned off, the score is what it was when it was
 * turned on. Other systems have no such file: there, turning it on fails.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Config } from './config.js';
import { systemErrorText } from './config-table/system-error.js';

/** What the system takes. */
const LOWEST = -1000;
const HIGHEST = 1000;

const FAILED = 'Failed to set current oom_score_adj. Check server logs.';

export interface OomScoreParts {
  readonly config: Config;
  readonly log: { warning(message: string): void };
  /** The file that holds the score. */
  readonly path: string;
  readonly isReplica: () => boolean;
}

export class OomScore {
  private readonly parts: OomScoreParts;
  /** The score before the setting was turned on; null while it is off. */
  private base: number | null = null;
  private judged: readonly number[];

  constructor(parts: OomScoreParts) {
    this.parts = parts;
    const { config } = parts;
    this.judged = config.values.oomScoreAdjValues;
    if (falls(this.judged)) this.warn();
    config.onChange(['oom-score-adj', 'oom-score-adj-values'], () => {
      const { oomScoreAdjValues } = config.values;
      if (oomScoreAdjValues !== this.judged && falls(oomScoreAdjValues)) this.warn();
      this.judged = oomScoreAdjValues;
      return this.apply() ? undefined : FAILED;
    });
  }

  /** Sets the score for the settings and the role of now. False, and a line in the log, when that fails. */
  apply(): boolean {
    const { config, log } = this.parts;
    try {
      if (config.values.oomScoreAdj === 'no') this.turnOff();
      else this.set();
      return true;
    } catch (error) {
      log.warning(`Unable to write oom_score_adj: ${systemErrorText(error)}`);
      return false;
    }
  }

  private set(): void {
    const { config, path, isReplica } = this.parts;
    const { oomScoreAdj, oomScoreAdjValues } = config.values;
    const base = this.base ?? Number(readFileSync(path, 'latin1'));
    const own = oomScoreAdjValues[isReplica() ? 1 : 0] ?? 0;
    this.write(oomScoreAdj === 'absolute' ? own : base + own);
    this.base = base;
  }

  private turnOff(): void {
    const { base } = this;
    this.base = null;
    if (base !== null) this.write(base);
  }

  private write(score: number): void {
    writeFileSync(this.parts.path, String(Math.min(Math.max(score, LOWEST), HIGHEST)));
  }

  private warn(): void {
    this.parts.log.warning(
      'The oom-score-adj-values configuration may not work for non-privileged processes! ' +
        'Please consult the documentation.',
    );
  }
}

/** Whether a role is to have a lower score than the one before it: lowering takes a privilege. */
function falls(values: readonly number[]): boolean {
  return values.some((value, i) => i > 0 && value < (values[i - 1] ?? value));
}
