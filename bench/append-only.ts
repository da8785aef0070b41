/** How fast are short values, 16 requests at a time, when each is written to the append-only file? */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareWithReference, USUAL } from './compare.js';
import { SET } from './load.js';
import type { BenchOptions } from './options.js';

/** Under `always` a round waits for the disk many times: so much fewer requests will do. */
const FEWER = { everysec: 1, always: 10 } as const;

export async function appendOnly({ rounds, requests }: BenchOptions): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    for (const policy of ['everysec', 'always'] as const) {
      const settings = () => {
        const folder = ['--dir', mkdtempSync(join(root, 'server-'))];
        return [...folder, '--appendonly', 'yes', '--appendfsync', policy];
      };
      const load = { ...USUAL, rounds, requests: Math.ceil(requests / FEWER[policy]), settings };
      await compareWithReference(`SET, 32 bytes, pipeline 16, appendfsync ${policy}`, {
        ...load,
        ...{ pipeline: 16, valueBytes: 32, command: SET },
      });
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
