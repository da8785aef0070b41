/** Members of sets as replies. */
import type { ReplyWriter } from '../protocol/reply.js';
import type { SetValue } from './set-value.js';
import { NONE } from './store/arena.js';
import type { MemberVisitor } from './store/member-table.js';

/** A visitor that writes each member as a bulk string. */
export function replyMember(reply: ReplyWriter): MemberVisitor {
  return (bytes, start, end, block) => {
    if (block === NONE) reply.bulk(bytes, start, end);
    else reply.bulkFrom(block, bytes, start, end);
  };
}

/** Writes all members, without a header. */
export function replyMembers(reply: ReplyWriter, set: SetValue): void {
  set.forEach(replyMember(reply));
}
