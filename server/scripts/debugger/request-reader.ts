/**
 * What a debugger's client sends: arrays of bulk strings, none of them empty. Whoever debugs is no ordinary
 * client: the real server reads this with a parser of its own, which takes no inline requests.
 */

/** A number ends at the first byte that is no digit of it, and its line with it. */
const HEADER = /^([*$])(\d*)[^\r\n]*\r\n/;
/** A header that is not whole is no longer than that. */
const LONGEST_HEADER = 64;
const MOST_WORDS = 1024 * 1024;
const LONGEST_WORD = 1024 * 1024;

export class RequestReader {
  /** Latin-1. */
  private rest = '';

  add(bytes: Uint8Array): void {
    this.rest += Buffer.from(bytes).toString('latin1');
  }

  /**
   * The next request, one character a byte; null while it is not whole, `malformed` when it is none: nothing of
   * what came is left then.
   */
  next(): readonly string[] | 'malformed' | null {
    const request = this.read();
    if (request === 'malformed') this.rest = '';
    return request;
  }

  private read(): readonly string[] | 'malformed' | null {
    const { rest } = this;
    const count = readHeader(rest, 0, '*', MOST_WORDS);
    if (count === null || count === 'malformed') return count;
    const words: string[] = [];
    let { end } = count;
    for (let i = 0; i < count.value; i++) {
      const length = readHeader(rest, end, '$', LONGEST_WORD);
      if (length === null || length === 'malformed') return length;
      const stop = length.end + length.value;
      const close = rest.slice(stop, stop + 2);
      if (!'\r\n'.startsWith(close)) return 'malformed';
      if (close.length < 2) return null;
      words.push(rest.slice(length.end, stop));
      end = stop + 2;
    }
    this.rest = rest.slice(end);
    return words;
  }
}

interface Header {
  readonly value: number;
  /** Where the next thing begins. */
  readonly end: number;
}

function readHeader(
  text: string,
  at: number,
  mark: string,
  most: number,
): Header | 'malformed' | null {
  if (at === text.length) return null;
  if (text[at] !== mark) return 'malformed';
  const line = text.slice(at, at + LONGEST_HEADER);
  const found = HEADER.exec(line);
  if (found === null) return line.length === LONGEST_HEADER ? 'malformed' : null;
  const value = Number(found[2]);
  if (value < 1 || value > most) return 'malformed';
  return { value, end: at + found[0].length };
}
