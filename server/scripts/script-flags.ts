/** What a script or function says of itself: `no-writes` and the like. */

/** One bit each. */
export const ScriptFlag = {
  noWrites: 1,
  allowOom: 2,
  allowStale: 4,
  noCluster: 8,
  allowCrossSlotKeys: 16,
} as const;

const BY_NAME: ReadonlyMap<string, number> = new Map([
  ['no-writes', ScriptFlag.noWrites],
  ['allow-oom', ScriptFlag.allowOom],
  ['allow-stale', ScriptFlag.allowStale],
  ['no-cluster', ScriptFlag.noCluster],
  ['allow-cross-slot-keys', ScriptFlag.allowCrossSlotKeys],
]);

/** The bit of a flag's name; 0 when there is no such flag. */
export function scriptFlag(name: string): number {
  return BY_NAME.get(name) ?? 0;
}

/** The names of all flags set. */
export function scriptFlagNames(flags: number): string[] {
  return [...BY_NAME].filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
}

/** Whether a script of these flags must not begin while memory is short. */
export function needsMemory(flags: number): boolean {
  return (flags & (ScriptFlag.noWrites | ScriptFlag.allowOom)) === 0;
}
