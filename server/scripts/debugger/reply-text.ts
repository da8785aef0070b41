/** Replies of commands as the debugger shows them. */

const CR = 13;
/** Bytes that have an escape of their own. */
const NAMED = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['"', '\\"'],
  ['\\', '\\\\'],
]);

/** The reply in `bytes` from `start` on, of which all is there. */
export function showReply(bytes: Buffer, start: number): string {
  return new ReplyText(bytes, start).next();
}

/** Text in quotes; what cannot be printed is escaped. One character a byte. */
function quoted(text: string): string {
  const escaped = text.replace(/[^\x20-\x7e]|["\\]/g, (byte) => {
    const code = byte.charCodeAt(0).toString(16).padStart(2, '0');
    return NAMED.get(byte) ?? `\\x${code}`;
  });
  return `"${escaped}"`;
}

class ReplyText {
  private readonly bytes: Buffer;
  private at: number;

  constructor(bytes: Buffer, start: number) {
    this.bytes = bytes;
    this.at = start;
  }

  next(): string {
    const mark = String.fromCharCode(this.bytes[this.at] as number);
    const line = this.line();
    switch (mark) {
      case '+':
      case '-':
        return quoted(mark + line);
      case ':':
        return line;
      case '$':
        return this.bulk(Number(line));
      case '*':
      case '>':
        return line === '-1' ? 'NULL' : `[${this.items(Number(line))}]`;
      case '~':
        return `~(${this.items(Number(line))})`;
      case '%':
        return `{${this.pairs(Number(line))}}`;
      default:
        return this.newerScalar(mark, line);
    }
  }

  private newerScalar(mark: string, line: string): string {
    if (mark === '_') return '(null)';
    if (mark === '#') return line === 't' ? '#true' : '#false';
    if (mark === ',') return `(double) ${line}`;
    // The real server shows nothing of the others.
    if (mark === '=') this.at += Number(line) + 2;
    if (mark === '|') {
      this.pairs(Number(line));
      this.next();
    }
    return '';
  }

  private line(): string {
    const { bytes, at } = this;
    const end = bytes.indexOf(CR, at);
    this.at = end + 2;
    return bytes.toString('latin1', at + 1, end);
  }

  private bulk(length: number): string {
    if (length < 0) return 'NULL';
    const start = this.at;
    this.at = start + length + 2;
    return quoted(this.bytes.toString('latin1', start, start + length));
  }

  private items(count: number): string {
    return Array.from({ length: count }, () => this.next()).join(',');
  }

  private pairs(count: number): string {
    return Array.from({ length: count }, () => `${this.next()} => ${this.next()}`).join(',');
  }
}
