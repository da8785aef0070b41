/** The text of the script that is debugged, line by line, with the lines to stop at. */

const MOST_BREAKPOINTS = 64;
/** Lines around one that is listed, on either side. */
const CONTEXT = 5;

export class DebuggedSource {
  /** The line that runs next; from 1. */
  current = 0;
  readonly breakpoints: number[] = [];
  private readonly lines: readonly string[];

  constructor(text: string) {
    this.lines = text.replace(/[\r\n]+$/, '').split('\n');
  }

  get isAtBreakpoint(): boolean {
    return this.breakpoints.includes(this.current);
  }

  /** A line as the debugger shows it: `->#12  return 1`. */
  show(line: number): string {
    const text = this.lines[line - 1] ?? '<out of range source code line>';
    const arrow = line === this.current ? '->' : '  ';
    const mark = this.breakpoints.includes(line) ? '#' : ' ';
    return `${arrow}${mark}${String(line).padEnd(3)} ${text}`;
  }

  /** Lines around one; around the current one for 0. */
  list(around: number, context = CONTEXT): string[] {
    const middle = around > 0 ? around : this.current;
    const shown: string[] = [];
    const last = Math.min(this.lines.length, middle + context);
    for (let line = Math.max(1, middle - context); line <= last; line++) {
      shown.push(this.show(line));
    }
    return shown;
  }

  all(): string[] {
    return this.lines.map((_, i) => this.show(i + 1));
  }

  /** Sets a breakpoint. @returns Why not; null when it is done. */
  setBreakpoint(line: number): string | null {
    const { breakpoints } = this;
    if (breakpoints.length >= MOST_BREAKPOINTS) return 'Too many breakpoints set.';
    if (line > this.lines.length || breakpoints.includes(line)) return 'Wrong line number.';
    breakpoints.push(line);
    return null;
  }

  /** @returns Whether there was one. */
  removeBreakpoint(line: number): boolean {
    const i = this.breakpoints.indexOf(line);
    if (i >= 0) this.breakpoints.splice(i, 1);
    return i >= 0;
  }
}
