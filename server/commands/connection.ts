/** Commands about the connection itself. */
import { command } from '../../datatypes/command.js';
import { text } from '../../protocol/spec.js';

export const ping = command(
  {
    name: 'ping',
    group: 'connection',
    since: '1.0.0',
    arity: -1,
    flags: ['fast'],
    acl: ['connection'],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    args: [text('message', { optional: true })],
    complexity: 'O(1)',
    summary: 'Answers PONG, or the message given.',
  },
  (call) => {
    if (call.argc === 2) call.reply.bulk(call.buffer, call.start(1), call.end(1));
    else call.reply.pong();
  },
);
