/**
 * `daemonize yes`: the program runs on behind a prompt that has come back.
 *
 * A process of Node cannot be forked, so the one that was started reads the configuration, for its
 * errors to be seen, and then starts the same program again: in a session of its own, without a
 * terminal, with the same arguments and what it read from standard input. Then it ends.
 */
/** Set for the process that stays: it must not start another one. */
const MARK = 'VALKEY_TS_IN_BACKGROUND';

/** Whether this process is the one that stays. Forgets the mark, so that no child inherits it. */
export function takeBackgroundMark(environment: NodeJS.ProcessEnv): boolean {
  const marked = environment[MARK] === '1';
  delete environment[MARK];
  return marked;
}

export interface BackgroundProgram {
  /** The script and its arguments. */
  readonly command: readonly string[];
  /** What the new process finds on its standard input; nothing when there was none. */
  readonly stdin: string | undefined;
  /** Where it starts: the directory that paths were given against. */
  readonly directory: string;
}

/** Starts the program that stays. Resolves when it has all it needs from this process. */
export async function startInBackground(program: BackgroundProgram): Promise<void> {
  const { command, stdin, directory } = program;
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, [...process.execArgv, ...command], {
    cwd: directory,
    detached: true,
    env: { ...process.env, [MARK]: '1' },
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'ignore', 'ignore'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      child.unref();
      if (child.stdin === null) resolve();
      else child.stdin.end(Buffer.from(stdin ?? '', 'latin1'), () => resolve());
    });
  });
}
