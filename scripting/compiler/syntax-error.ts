/** A chunk that is no Lua 5.1. */

/** Thrown by the compiler; `text` is the message scripts and clients see, place included. */
export class ScriptSyntaxError {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
