/** JavaScript values as replies. */
import { ReplyError } from '../../protocol/decoder.js';
import { refusal } from '../../protocol/refusals.js';
import type { ReplyWriter } from '../../protocol/reply.js';
import type { Answer } from './define-command.js';

/** Writes a value as one reply, in the version of the client. */
export function writeAnswer(reply: ReplyWriter, answer: Answer): void {
  if (answer === undefined) reply.ok();
  else if (answer === null) reply.nil();
  else if (typeof answer === 'string') reply.bulk(Buffer.from(answer));
  else if (typeof answer === 'number') writeNumber(reply, answer);
  else if (typeof answer === 'bigint') reply.integer(answer);
  else if (typeof answer === 'boolean') reply.boolean(answer);
  else if (answer instanceof Uint8Array) reply.bulk(answer);
  else if (answer instanceof Error) reply.error(refusalOf(answer));
  else writeMany(reply, answer);
}

function writeNumber(reply: ReplyWriter, value: number): void {
  if (Number.isSafeInteger(value)) reply.integer(value);
  else reply.double(value);
}

function refusalOf(error: Error): ReturnType<typeof refusal> {
  if (!(error instanceof ReplyError)) return refusal('ERR', error.message);
  return refusal(error.code, error.message.slice(error.code.length + 1));
}

function writeMany(reply: ReplyWriter, answer: Exclude<Answer, Scalar>): void {
  if (Array.isArray(answer)) {
    reply.array(answer.length);
    for (const one of answer) writeAnswer(reply, one);
  } else if (answer instanceof Set) {
    reply.set(answer.size);
    for (const one of answer) writeAnswer(reply, one);
  } else {
    const pairs = answer instanceof Map ? [...answer] : Object.entries(answer);
    reply.map(pairs.length);
    for (const [name, value] of pairs) {
      writeAnswer(reply, name);
      writeAnswer(reply, value);
    }
  }
}

type Scalar = string | number | bigint | boolean | null | undefined | Uint8Array | Error;
