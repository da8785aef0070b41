/** File names by pattern, as a shell would find them: `*`, `?` and `[…]` within each part of a path. */

import { readdirSync } from 'node:fs';

/** A part of a path, such as `*.conf`, as a test of names. A leading dot must be named. */
function partMatcher(part: string): (name: string) => boolean {
  const source = part.replace(/\[(!?)([^\]]+)\]|[*?]|[.+^${}()|[\]\\]/g, (token, not, set) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\^]/g, '\\$&')}]`;
    if (token === '*') return '.*';
    return token === '?' ? '.' : `\\${token}`;
  });
  const whole = new RegExp(`^${source}$`, 's');
  return (name) => whole.test(name) && (part.startsWith('.') || !name.startsWith('.'));
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder === '' ? '.' : folder).sort();
  } catch {
    return []; // What cannot be read holds no file that fits.
  }
}

/** The paths that fit a pattern, sorted; none is no error. */
export function expandGlob(pattern: string): string[] {
  let found = [pattern.startsWith('/') ? '/' : ''];
  for (const part of pattern.split('/').filter((one) => one !== '')) {
    const matches = partMatcher(part);
    const magic = /[*?[]/.test(part);
    found = found.flatMap((folder) => {
      const names = magic ? entriesOf(folder).filter(matches) : [part];
      return names.map((name) =>
        folder === '' || folder === '/' ? folder + name : `${folder}/${name}`,
      );
    });
  }
  return found;
}
