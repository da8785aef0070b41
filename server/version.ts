/** Which release of the real server this one answers as. */
import { readFileSync } from 'node:fs';

export const VERSION = '9.1.2';

/** The commit that the real release names, cut to 8 digits. */
export const COMMIT = '00000000';

/** 16 hexadecimal digits that tell builds apart. */
export const BUILD = '7661656b65790901';

/** What allocates memory: the arena of this server. */
export const ALLOCATOR = 'arena';

/** The answer to `--version`. */
export function versionLine(): string {
  return `Valkey server v=${VERSION} sha=${COMMIT}:0 malloc=${ALLOCATOR} bits=64 build=${BUILD}`;
}

/** The version of Redis that clients written for Redis are told. */
export const REDIS_VERSION = '7.2.4';

/** The version of this package itself. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version }: { version: string } = JSON.parse(text);
  return version;
}

/** What the server calls itself to clients. */
export interface Announcement {
  readonly name: 'valkey' | 'redis';
  /** The name as a text has it. */
  readonly title: 'Valkey' | 'Redis';
  readonly version: string;
}

const AS_VALKEY: Announcement = { name: 'valkey', title: 'Valkey', version: VERSION };
const AS_REDIS: Announcement = { name: 'redis', title: 'Redis', version: REDIS_VERSION };

/** Some clients work with nothing but Redis: `extended-redis-compatibility` has the server say that it is one. */
export function announcement(values: { extendedRedisCompatibility: boolean }): Announcement {
  return values.extendedRedisCompatibility ? AS_REDIS : AS_VALKEY;
}
