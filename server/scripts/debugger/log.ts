/** What a debugging session tells its client: lines that go out together, as an array of status replies. */
import type { ReplyWriter } from '../../../protocol/reply.js';

/** Bytes of a line that shows a value, until the client asks for more or fewer. */
const USUAL_BYTES = 256;
const FEWEST_BYTES = 60;

export class DebugLog {
  /** Bytes of a line that shows a value; 0 for all. */
  maxBytes = USUAL_BYTES;

  private lines: string[] = [];
  private toldOfTrimming = false;

  /** Adds a line. */
  add(line: string): void {
    this.lines.push(line);
  }

  /** Adds a line that shows a value: a long one is cut. */
  addValue(line: string): void {
    const { maxBytes } = this;
    if (maxBytes === 0 || line.length <= maxBytes) return this.add(line);
    this.add(`${line.slice(0, maxBytes)} ...`);
    if (this.toldOfTrimming) return;
    this.toldOfTrimming = true;
    this.add("<hint> The above reply was trimmed. Use 'maxlen 0' to disable trimming.");
  }

  /** Has values cut at so many bytes; 0 for never. */
  limit(bytes: number): void {
    this.maxBytes = bytes === 0 ? 0 : Math.max(bytes, FEWEST_BYTES);
    this.toldOfTrimming = true;
  }

  /** Writes the lines, and begins anew. */
  flush(reply: ReplyWriter): void {
    reply.array(this.lines.length);
    for (const line of this.lines) reply.simple(line.replace(/[\r\n]/g, ' '));
    this.lines = [];
  }
}
