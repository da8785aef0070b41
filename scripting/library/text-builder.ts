/**
 * Long text made of many short pieces.
 *
 * JavaScript joins strings only when it must: until then each piece costs more than its characters,
 * and a script could fill the memory with what is not even long. So pieces are joined for good from
 * time to time, and what they come to is charged for.
 */
import type { Machine } from '../machine/machine.js';

/** Pieces are joined at this size, in bytes. */
const CHUNK = 16 * 1024;
/** From this size on, in bytes, the whole is charged for: it may be too long. */
const LONG = 64 * 1024 * 1024;

export class TextBuilder {
  private readonly machine: Machine;
  private done = '';
  private chunk = '';

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** @throws {LuaError} When it gets too long, or memory is short. */
  add(text: string): void {
    this.chunk += text;
    if (this.chunk.length > CHUNK) this.join();
  }

  private join(): void {
    // Asking for a character makes the engine join the pieces.
    this.chunk.charCodeAt(0);
    this.done += this.chunk;
    this.machine.charge(this.done.length > LONG ? this.done.length : this.chunk.length);
    this.chunk = '';
  }

  /** All of it. @throws {LuaError} When it is too long. */
  end(): string {
    if (this.done === '') {
      this.machine.charge(this.chunk.length);
      return this.chunk;
    }
    this.join();
    return this.done;
  }
}

/** Text is searched for what to replace in pieces of this size, in bytes. */
const PIECE = 64 * 1024;

/**
 * `text.replace(pattern, change)` for patterns whose matches may be cut anywhere.
 *
 * With very many matches in one text JavaScript's engine ends the process.
 */
export function replaceEach(
  text: string,
  pattern: RegExp,
  change: (found: string) => string,
): string {
  if (text.length <= PIECE) return text.replace(pattern, change);
  let out = '';
  for (let at = 0; at < text.length; at += PIECE) {
    out += text.slice(at, at + PIECE).replace(pattern, change);
  }
  return out;
}
