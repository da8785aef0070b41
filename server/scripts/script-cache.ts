/**
 * Scripts by their SHA-1: compiled once, and run any number of times.
 *
 * What SCRIPT LOAD brought stays until SCRIPT FLUSH. Of scripts that were only ever sent by EVAL, the 500 used
 * last are kept: programs that build a new script for each call would fill the memory.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Closure } from '../../scripting/machine/values.js';

const MOST_FROM_EVAL = 500;
/** What a script takes beside its text, about. */
const SCRIPT_BYTES = 200;

export interface Script {
  readonly sha: string;
  readonly body: string;
  readonly closure: Closure;
  /** See `ScriptSource.flags`. */
  readonly flags: number | null;
}

export function sha1Of(body: string): string {
  return createHash('sha1').update(body, 'latin1').digest('hex');
}

export class ScriptCache {
  /** Scripts evicted since the last reset of the statistics. */
  evicted = 0;

  private readonly loaded = new Map<string, Script>();
  private readonly fromEval = new LRUCache<string, Script>({
    max: MOST_FROM_EVAL,
    dispose: (script, _sha, reason) => this.disposed(script, reason),
  });
  /** The same by their text: an EVAL needs no SHA-1 then. */
  private readonly byBody = new Map<string, Script>();
  private bytes = 0;

  get size(): number {
    return this.byBody.size;
  }

  get memoryBytes(): number {
    return this.bytes;
  }

  /** @param sha - 40 digits in lower case. */
  find(sha: string): Script | undefined {
    return this.loaded.get(sha) ?? this.fromEval.get(sha);
  }

  /** As `find`, but it does not count as used. */
  peek(sha: string): Script | undefined {
    return this.loaded.get(sha) ?? this.fromEval.peek(sha);
  }

  findByBody(body: string): Script | undefined {
    const script = this.byBody.get(body);
    // Notes that it was used.
    if (script !== undefined) this.fromEval.get(script.sha);
    return script;
  }

  /** @param stays - Whether it came by SCRIPT LOAD. */
  add(script: Script, stays: boolean): void {
    this.byBody.set(script.body, script);
    this.bytes += script.body.length + SCRIPT_BYTES;
    if (stays) this.loaded.set(script.sha, script);
    else this.fromEval.set(script.sha, script);
  }

  /** A script that came by EVAL came by SCRIPT LOAD too: it stays. */
  keep(script: Script): void {
    if (this.loaded.has(script.sha)) return;
    this.loaded.set(script.sha, script);
    this.fromEval.delete(script.sha);
  }

  clear(): void {
    this.loaded.clear();
    this.byBody.clear();
    this.fromEval.clear();
    this.bytes = 0;
  }

  private disposed(script: Script, reason: string): void {
    if (reason !== 'evict') return;
    this.evicted++;
    this.byBody.delete(script.body);
    this.bytes -= script.body.length + SCRIPT_BYTES;
  }
}
