/** The commands on streams. */
import type { Command } from './command.js';
import { xadd } from './stream-append.js';
import { xautoclaim, xclaim } from './stream-claim.js';
import { xack, xgroup } from './stream-groups.js';
import { xinfo } from './stream-info.js';
import { xpending } from './stream-pending.js';
import { xdel, xlen, xrange, xrevrange, xsetid } from './stream-range.js';
import { xread, xreadgroup } from './stream-read.js';
import { xtrim } from './stream-trim.js';

export const STREAM_COMMANDS: readonly Command[] = [
  xadd,
  xtrim,
  xdel,
  xlen,
  xrange,
  xrevrange,
  xread,
  xreadgroup,
  xgroup,
  xack,
  xpending,
  xclaim,
  xautoclaim,
  xinfo,
  xsetid,
];
