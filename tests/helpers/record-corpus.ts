/**
 * Records what the real server answers to Lua snippets: the corpus of tests/scripting/corpus.
 *
 * `node dist/tests/helpers/record-corpus.js <file.jsonl> [server options] [< snippets]`, with a
 * private real server found as in reference.ts. Each line of the file is `{"script", "reply"}`; the reply is the bytes
 * of the wire, one character per byte. Scripts of the file are recorded again; those on standard
 * input (one per line, `<NL>` in it for a newline) are added to them, each once.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { startReference } from './reference.js';

/** One recorded script. */
export interface Recorded {
  readonly script: string;
  readonly reply: string;
}

/** The recorded scripts of a file. */
export function readCorpus(path: string): Recorded[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded);
}

async function record(
  path: string,
  added: readonly string[],
  options: readonly string[],
): Promise<void> {
  const undo: (() => unknown)[] = [];
  const server = await startReference(
    { teardown: (each) => undo.push(each), plan: () => {} },
    options,
  );
  const known = existsSync(path) ? readCorpus(path).map(({ script }) => script) : [];
  const lines: string[] = [];
  for (const script of new Set([...known, ...added])) {
    const bytes = Buffer.from(script, 'latin1');
    const reply = (await server.wire.send(['EVAL', bytes, '0'])).toString('latin1');
    lines.push(JSON.stringify({ script, reply }));
  }
  writeFileSync(path, `${lines.join('\n')}\n`);
  for (const each of undo) await each();
}

const [program, path, ...options] = process.argv.slice(1);
if (program?.endsWith('record-corpus.js') && path !== undefined) {
  const input = process.stdin.isTTY ? '' : readFileSync(0, 'latin1');
  const snippets = input.split('\n').filter((line) => line.trim() !== '');
  await record(
    path,
    snippets.map((line) => line.replaceAll('<NL>', '\n')),
    options,
  );
}
