/** How words with odd bytes are written, and how a line is split into words: the file's one syntax. */

const NAMED: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
  '"': '\\"',
  '\\': '\\\\',
};

const BY_LETTER: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  a: '\x07',
};

/** A text in double quotes that `splitWords` reads back, whatever its bytes. */
export function quoted(text: string): string {
  const inside = text.replace(/[^ !#-[\]-~]/gs, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, '0');
    return NAMED[character] ?? `\\x${code}`;
  });
  return `"${inside}"`;
}

/** A step of the splitter: the text read, and the offset behind it. */
interface Piece {
  readonly text: string;
  readonly next: number;
}

const BLANK = /[\s\0]/;

function readEscape(line: string, at: number): Piece {
  const letter = line[at + 1] ?? '';
  const code = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4))?.[1];
  if (code !== undefined) {
    return { text: String.fromCharCode(Number.parseInt(code, 16)), next: at + 4 };
  }
  return { text: BY_LETTER[letter] ?? letter, next: at + 2 };
}

/** Reads up to the closing quote. Null when there is none. */
function readQuoted(line: string, from: number, quote: string): Piece | null {
  let text = '';
  let at = from;
  while (at < line.length && line[at] !== quote) {
    if (line[at] === '\\' && at + 1 < line.length && (quote === '"' || line[at + 1] === "'")) {
      const piece = readEscape(line, at);
      text += piece.text;
      at = piece.next;
    } else {
      text += line[at++];
    }
  }
  return at < line.length ? { text, next: at + 1 } : null;
}

/** Reads up to a blank outside quotes: quoted and plain parts may follow each other at once. */
function readWord(line: string, from: number): Piece | null {
  let text = '';
  let at = from;
  for (let c = line[at]; c !== undefined && !BLANK.test(c); c = line[at]) {
    const piece = c === '"' || c === "'" ? readQuoted(line, at + 1, c) : { text: c, next: at + 1 };
    if (piece === null) return null;
    text += piece.text;
    at = piece.next;
  }
  return { text, next: at };
}

/**
 * Splits a line at blanks. `"…"` takes \n \r \t \b \a \xHH and any escaped character; `'…'` only \'.
 *
 * @returns The words, or null when a quote is not closed.
 */
export function splitWords(line: string): string[] | null {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && BLANK.test(line[at] ?? '')) at++;
    if (at >= line.length) return words;
    const piece = readWord(line, at);
    if (piece === null) return null;
    words.push(piece.text);
    at = piece.next;
  }
}
