/**
 * The manifest of the append-only file: which files it is made of, and in which order they are read.
 *
 * Each line tells of one file: `file <name> seq <number> type <letter>`, further pairs are passed over. There is
 * at most one base (b), files with what came after it (i), and files that a rewrite made needless but that are not
 * deleted yet (h). Names are byte strings, one character a byte.
 */
import { latin1 } from '../protocol/bytes.js';
import { splitWords } from '../protocol/parser.js';

export const AofFileType = { base: 'b', history: 'h', increment: 'i' } as const;
export type AofFileType = (typeof AofFileType)[keyof typeof AofFileType];

/** One file of the append-only file. */
export interface AofFile {
  readonly name: string;
  readonly sequence: number;
  readonly type: AofFileType;
}

/** A manifest that cannot be read. The message is what the log tells, in as many entries as there are lines. */
export class ManifestError extends Error {
  readonly entries: readonly string[];

  constructor(entries: readonly string[]) {
    super(entries.join(' '));
    this.entries = entries;
  }
}

/** The longest line, in bytes, its end included. */
const LONGEST_LINE_BYTES = 1024;
const FATAL = '\n*** FATAL AOF MANIFEST FILE ERROR ***\n';

export class AofManifest {
  base: AofFile | null = null;
  /** Needless files, the latest first. */
  history: AofFile[] = [];
  increments: AofFile[] = [];
  /** The greatest sequence numbers given so far. */
  baseSequence = 0;
  incrementSequence = 0;

  /** Whether there is no file that holds data. */
  get isEmpty(): boolean {
    return this.base === null && this.increments.length === 0;
  }

  /** The files that hold data, in the order in which they are read. */
  get files(): readonly AofFile[] {
    return this.base === null ? this.increments : [this.base, ...this.increments];
  }

  /** The file that is being written to. */
  get lastIncrement(): AofFile | null {
    return this.increments.at(-1) ?? null;
  }

  copy(): AofManifest {
    const copy = new AofManifest();
    copy.base = this.base;
    copy.history = [...this.history];
    copy.increments = [...this.increments];
    copy.baseSequence = this.baseSequence;
    copy.incrementSequence = this.incrementSequence;
    return copy;
  }

  /**
   * Names a new base; the one there is becomes history.
   *
   * @param prefix - The setting `appendfilename`.
   */
  addBase(prefix: string, format: 'rdb' | 'aof'): AofFile {
    if (this.base !== null) this.retire(this.base);
    this.baseSequence++;
    const name = `${prefix}.${this.baseSequence}.base.${format}`;
    this.base = { name, sequence: this.baseSequence, type: AofFileType.base };
    return this.base;
  }

  /** Takes a file that has a name already as the base: one from before there were manifests. */
  adoptBase(name: string): void {
    this.baseSequence = 1;
    this.base = { name, sequence: 1, type: AofFileType.base };
  }

  /** Names a new file for what comes next. */
  addIncrement(prefix: string): AofFile {
    this.incrementSequence++;
    const name = `${prefix}.${this.incrementSequence}.incr.aof`;
    const file = { name, sequence: this.incrementSequence, type: AofFileType.increment };
    this.increments.push(file);
    return file;
  }

  /** Makes history of all increments but the last `kept`. */
  retireIncrements(kept: number): void {
    const retired = this.increments.splice(0, Math.max(0, this.increments.length - kept));
    for (const file of retired.reverse()) this.retire(file);
  }

  private retire(file: AofFile): void {
    this.history.unshift({ ...file, type: AofFileType.history });
  }

  /** The text of the file. */
  toString(): string {
    const files = [...(this.base === null ? [] : [this.base]), ...this.history, ...this.increments];
    return files.map(lineOf).join('');
  }

  /**
   * Reads the text of a manifest, a byte string.
   *
   * @throws {ManifestError} When it is none.
   */
  static parse(text: string): AofManifest {
    if (text === '') throw new ManifestError([FATAL, 'Found an empty AOF manifest\n']);
    const manifest = new AofManifest();
    for (let at = 0, number = 1; at < text.length; number++) {
      const end = text.indexOf('\n', at);
      if (end === -1 || end - at >= LONGEST_LINE_BYTES) {
        throw new ManifestError([FATAL, 'The AOF manifest file contains too long line\n']);
      }
      const line = text.slice(at, end);
      at = end + 1;
      if (line.startsWith('#')) continue;
      const problem = manifest.read(line.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ''));
      if (problem !== null) {
        const shown = line.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
        throw new ManifestError([
          FATAL,
          `Reading the manifest file, at line ${number}\n`,
          `>>> '${shown}'\n`,
          `${problem}\n`,
        ]);
      }
    }
    return manifest;
  }

  /** Takes in a line. Returns what is wrong with it, or null. */
  private read(line: string): string | null {
    const read = readLine(line);
    if (typeof read === 'string') return read;
    switch (read.type) {
      case AofFileType.base:
        if (this.base !== null) return 'Found duplicate base file information';
        this.base = read;
        this.baseSequence = read.sequence;
        return null;
      case AofFileType.history:
        this.history.push(read);
        return null;
      default:
        if (read.sequence <= this.incrementSequence) return 'Found a non-monotonic sequence number';
        this.increments.push(read);
        this.incrementSequence = read.sequence;
        return null;
    }
  }
}

const INVALID = 'Invalid AOF manifest file format';

/** The file that a line tells of, or what is wrong with the line. */
function readLine(line: string): AofFile | string {
  const words = splitWords(latin1(line))?.map((word) => String.fromCharCode(...word));
  if (words === undefined || words.length < 6 || words.length % 2 !== 0) return INVALID;
  let [name, sequence, type] = ['', 0, ''];
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1] ?? '';
    const key = words[i]?.toLowerCase();
    if (key === 'file') {
      if (value.includes('/')) return "File can't be a path, just a filename";
      name = value;
    } else if (key === 'seq') {
      sequence = Number.parseInt(value, 10) || 0;
    } else if (key === 'type') {
      type = value.slice(0, 1);
    }
  }
  if (name === '' || sequence === 0 || type === '') return INVALID;
  if (!isFileType(type)) return 'Unknown AOF file type';
  return { name, sequence, type };
}

function isFileType(letter: string): letter is AofFileType {
  return letter === 'b' || letter === 'h' || letter === 'i';
}

function lineOf({ name, sequence, type }: AofFile): string {
  return `file ${quoted(name)} seq ${sequence} type ${type}\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\u0007': '\\a',
  '\b': '\\b',
};

/** A name as it stands in a line: between quotes when it could be misread without. */
function quoted(name: string): string {
  if (/^[!#-[\]-~]+$/.test(name)) return name;
  const escaped = name.replace(
    /[^ !#-[\]-~]/g,
    (character) =>
      ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `"${escaped}"`;
}
