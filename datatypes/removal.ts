/** Why entries go, which says whether what large values take may be given back later. */
import type { KeyspaceSettings } from './settings.js';

export const Removal = {
  /** A command put another value in its place, or left nothing of it. */
  replaced: 0,
  /** DEL. */
  deleted: 1,
  /** UNLINK. */
  unlinked: 2,
  /** Its time has come. */
  expired: 3,
  /** It made way for others. */
  evicted: 4,
} as const;
export type Removal = (typeof Removal)[keyof typeof Removal];

/** Whether large values that go for this reason are freed between the turns of clients, rather than at once. */
export function isLazy(removal: Removal, settings: KeyspaceSettings): boolean {
  switch (removal) {
    case Removal.replaced:
      return settings.lazyfreeLazyServerDel;
    case Removal.deleted:
      return settings.lazyfreeLazyUserDel;
    case Removal.unlinked:
      return true;
    case Removal.expired:
      return settings.lazyfreeLazyExpire;
    case Removal.evicted:
      return settings.lazyfreeLazyEviction;
  }
}
