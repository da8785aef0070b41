/** How words with odd bytes are written, and how a line is split into words: the file's one syntax. */

import { splitWords as splitInline } from '../../protocol/parser.js';

const NAMED: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
  '"': '\\"',
  '\\': '\\\\',
};

/** A text in double quotes that `splitWords` reads back, whatever its bytes. */
export function quoted(text: string): string {
  const inside = text.replace(/[^ !#-[\]-~]/gs, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, '0');
    return NAMED[character] ?? `\\x${code}`;
  });
  return `"${inside}"`;
}

/**
 * Splits a line into words by the rules of inline requests: see the parser's `splitWords`.
 *
 * @returns The words, or null when a quote is not closed.
 */
export function splitWords(line: string): string[] | null {
  // A zero byte ends a line of C; and as it is there to be read, the last byte before it may be an escaped one.
  const zero = line.indexOf('\0');
  const bytes = Buffer.from(zero === -1 ? line : line.slice(0, zero), 'latin1');
  const words = splitInline(bytes, bytes.length + 1);
  return words?.map((word) => Buffer.from(word).toString('latin1')) ?? null;
}
