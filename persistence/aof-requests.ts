/** Writes requests as they stand in append-only files. */
import { latin1 } from '../protocol/bytes.js';
import type { RdbWriter } from './rdb-writer.js';

/** Elements of a collection that one request takes. */
const ELEMENTS_AT_ONCE = 64;
const STAR = 0x2a;
const DOLLAR = 0x24;
const LINE_END = latin1('\r\n');

export type Word = string | Uint8Array;

export class AofRequests {
  readonly out: RdbWriter;

  constructor(out: RdbWriter) {
    this.out = out;
  }

  /** A whole request; texts are Latin-1. */
  request(...words: readonly Word[]): void {
    this.begin(words.length);
    for (const word of words) this.word(word);
  }

  /** Begins a request of `count` words. */
  begin(count: number): void {
    this.line(STAR, count);
  }

  /** One word of a request. */
  word(word: Word): void {
    this.beginWord(word.length);
    this.out.raw(typeof word === 'string' ? latin1(word) : word);
    this.endWord();
  }

  /** Begins a word of `length` bytes, which the caller writes. */
  beginWord(length: number): void {
    this.line(DOLLAR, length);
  }

  endWord(): void {
    this.out.raw(LINE_END);
  }

  private line(mark: number, count: number): void {
    this.out.byte(mark);
    this.out.raw(latin1(String(count)));
    this.out.raw(LINE_END);
  }
}

/** Parts a collection into requests. */
export class Batch {
  private readonly writer: AofRequests;
  private readonly command: string;
  private readonly key: Uint8Array;
  private readonly wordsPerElement: number;
  /** Elements to come, and those of them that the request begun takes. */
  private left: number;
  private open = 0;

  constructor(
    writer: AofRequests,
    command: string,
    key: Uint8Array,
    elements: number,
    wordsPerElement: number,
  ) {
    this.writer = writer;
    this.command = command;
    this.key = key;
    this.left = elements;
    this.wordsPerElement = wordsPerElement;
  }

  /** To be called before the words of each element. */
  next(): void {
    if (this.open === 0) {
      this.open = Math.min(this.left, ELEMENTS_AT_ONCE);
      this.writer.begin(2 + this.open * this.wordsPerElement);
      this.writer.word(this.command);
      this.writer.word(this.key);
    }
    this.open--;
    this.left--;
  }
}
