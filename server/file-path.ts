/** File names from the settings, as the operating system wants them. */
import { resolve } from 'node:path';
import type { ConfigValues } from './config-table.js';

/**
 * An absolute path. Relative names are meant within `dir`, where the real server's process stands.
 *
 * @param name - As a byte string: one character a byte.
 */
export function filePath({ dir }: Pick<ConfigValues, 'dir'>, name: string): string {
  return resolve(fromByteString(dir), fromByteString(name));
}

function fromByteString(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
