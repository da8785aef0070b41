/**
 * Scripts by their SHA-1: compiled once, and run any number of times.
 *
 * What SCRIPT LOAD brought stays until SCRIPT FLUSH. Of scripts that were only ever sent by EVAL, the 500 used
 * last are kept: programs that build a new script for each call would fill the memory.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ByteViews } from '../../protocol/byte-views.js';
import { latin1, toLatin1 } from '../../protocol/bytes.js';
import type { Closure } from '../../scripting/machine/values.js';

/** Digits of a SHA-1. */
export const SHA_LENGTH = 40;
const MOST_FROM_EVAL = 500;
/** What a script takes beside its text, about. */
const SCRIPT_BYTES = 200;

export interface Script {
  readonly sha: string;
  /** The same digits, to compare requests with. */
  readonly digits: DataView;
  readonly body: string;
  readonly closure: Closure;
  /** See `ScriptSource.flags`. */
  readonly flags: number | null;
  /** Whether it came by SCRIPT LOAD, and so is never evicted. */
  stays: boolean;
}

export function sha1Of(body: string): string {
  return createHash('sha1').update(body, 'latin1').digest('hex');
}

/** A script as the cache keeps it. @param closure - What `body` was compiled to. @param stays - See `Script`. */
export function makeScript(
  body: string,
  closure: Closure,
  flags: number | null,
  stays: boolean,
): Script {
  const sha = sha1Of(body);
  const digits = new DataView(latin1(sha).buffer);
  return { sha, digits, body, closure, flags, stays };
}

/** A number for the first eight digits: that of two scripts is hardly ever the same. */
function prefixOf(digits: DataView, at: number): number {
  return (Math.imul(digits.getInt32(at), 31) + digits.getInt32(at + 4)) | 0;
}

/** Whether the 40 bytes from `at` on are a script's SHA-1 in lower case. */
function isShaOf({ digits }: Script, view: DataView, at: number): boolean {
  let difference = 0;
  for (let i = 0; i < SHA_LENGTH; i += 4) difference |= digits.getInt32(i) ^ view.getInt32(at + i);
  return difference === 0;
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
  /** The one found last of those whose SHA-1 begins alike, see `prefixOf`: most requests need no string then. */
  private readonly byPrefix = new Map<number, Script>();
  private readonly views = new ByteViews();
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

  /** As `find`, for the 40 bytes from `start` on, in any case. */
  findIn(bytes: Uint8Array, start: number): Script | undefined {
    const view = this.views.of(bytes);
    const prefix = prefixOf(view, start);
    const known = this.byPrefix.get(prefix);
    if (known !== undefined && isShaOf(known, view, start)) {
      if (!known.stays) this.fromEval.get(known.sha);
      return known;
    }
    const found = this.find(toLatin1(bytes, start, start + SHA_LENGTH).toLowerCase());
    if (found !== undefined && isShaOf(found, view, start)) this.byPrefix.set(prefix, found);
    return found;
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

  add(script: Script): void {
    this.byBody.set(script.body, script);
    this.bytes += script.body.length + SCRIPT_BYTES;
    if (script.stays) this.loaded.set(script.sha, script);
    else this.fromEval.set(script.sha, script);
  }

  /** A script that came by EVAL came by SCRIPT LOAD too: it stays. */
  keep(script: Script): void {
    if (script.stays) return;
    script.stays = true;
    this.loaded.set(script.sha, script);
    this.fromEval.delete(script.sha);
  }

  clear(): void {
    this.loaded.clear();
    this.byBody.clear();
    this.byPrefix.clear();
    this.fromEval.clear();
    this.bytes = 0;
  }

  private disposed(script: Script, reason: string): void {
    if (reason !== 'evict') return;
    this.evicted++;
    this.byBody.delete(script.body);
    const prefix = prefixOf(script.digits, 0);
    if (this.byPrefix.get(prefix) === script) this.byPrefix.delete(prefix);
    this.bytes -= script.body.length + SCRIPT_BYTES;
  }
}
