/** Random requests about scripts and functions. */

import type { Pool } from './request-generator.js';
import { oneOf } from './request-pools.js';

/** Scripts of one key and two arguments. */
const SCRIPTS = [
  "return redis.call('get', KEYS[1])",
  "redis.call('set', KEYS[1], ARGV[1]) return redis.call('strlen', KEYS[1])",
  "return redis.pcall('incr', KEYS[1])",
  "return redis.pcall('hlen', KEYS[1])",
  "redis.setresp(3) return redis.pcall('zrange', KEYS[1], 0, -1, 'withscores')",
  "return redis.pcall('lpush', KEYS[1], ARGV[1], ARGV[2])",
  "return redis.call('lpop', KEYS[1])",
  "redis.call('zadd', KEYS[1], ARGV[2], ARGV[1]) return redis.call('zscore', KEYS[1], ARGV[1])",
  'return {KEYS, ARGV, #ARGV[1]}',
  "return redis.call('type', KEYS[1])",
  "return redis.call('object', 'encoding', KEYS[1])",
  "return redis.call('exists', KEYS[1], KEYS[1])",
  'return tonumber(ARGV[2])',
  'return redis.call(ARGV[1], KEYS[1])',
  "if redis.call('exists', KEYS[1]) == 1 then return redis.call('del', KEYS[1]) end",
  "#!lua flags=no-writes\nreturn redis.call('set', KEYS[1], ARGV[1])",
  "redis.call('select', 1) return redis.call('get', KEYS[1])",
  'error(ARGV[1])',
  'error({err=ARGV[1]})',
];

/** Libraries of one function. */
const LIBRARIES = SCRIPTS.slice(0, 8).map((script, i) => {
  const body = script.replaceAll('KEYS', 'keys').replaceAll('ARGV', 'args');
  return `#!lua name=lib${i % 3}\nredis.register_function('f${i % 4}', function(keys, args) ${body} end)`;
});

export const SCRIPT_POOLS: Readonly<Record<string, Pool>> = {
  script: oneOf(...SCRIPTS),
  library: oneOf(...LIBRARIES),
  function: oneOf('f0', 'f1', 'F2', 'f3', 'f4'),
  'library-name': oneOf('lib0', 'lib1', 'lib2'),
};

export const SCRIPT_TEMPLATES: readonly (readonly [number, string])[] = [
  [40, 'eval {script} 1 {key} {member} {score}'],
  [4, 'eval_ro {script} 1 {key} {member} {score}'],
  [4, 'function load replace {library}'],
  [8, 'fcall {function} 1 {key} {member} {score}'],
  [2, 'fcall_ro {function} 1 {key} {member} {score}'],
  [1, 'function delete {library-name}'],
];

export const SCRIPT_WEIGHTS: Readonly<Record<string, number>> = {
  // It answers otherwise behind other requests of the same read.
  'script|debug': 0,
  // Libraries and functions come in an order by chance: one library is asked for at a time elsewhere.
  ...{ 'function|list': 0, 'function|dump': 0, 'script|flush': 0.3, 'function|flush': 0.3 },
};
