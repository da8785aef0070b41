/** DEBUG PROTOCOL: one reply of each shape, for tests of clients. */
import { RESP2_NOT_SUPPORTED, UNKNOWN_PROTOCOL_TYPE } from '../../protocol/refusals.js';
import type { ReplyWriter } from '../../protocol/reply.js';

type Shape = (reply: ReplyWriter) => void;

function numbers(reply: ReplyWriter): void {
  for (let i = 0; i < 3; i++) reply.integer(i);
}

const SHAPES: Readonly<Record<string, Shape>> = {
  string: (reply) => reply.text('Hello World'),
  integer: (reply) => reply.integer(12345),
  double: (reply) => reply.double(3141 / 1000),
  null: (reply) => reply.nil(),
  array: (reply) => {
    reply.array(3);
    numbers(reply);
  },
  set: (reply) => {
    reply.set(3);
    numbers(reply);
  },
  map: (reply) => {
    reply.map(3);
    for (let i = 0; i < 3; i++) {
      reply.integer(i);
      reply.boolean(i === 1);
    }
  },
  attrib: (reply) => {
    if (reply.resp === 3) {
      reply.attribute(1);
      reply.text('key-popularity');
      reply.array(2);
      reply.text('key:123');
      reply.integer(90);
    }
    reply.text('Some real reply following the attribute');
  },
  push: (reply) => {
    if (reply.resp === 2) throw RESP2_NOT_SUPPORTED;
    reply.push(2);
    reply.text('server-cpu-usage');
    reply.integer(42);
    reply.text('Some real reply following the push reply');
  },
  true: (reply) => reply.boolean(true),
  false: (reply) => reply.boolean(false),
  verbatim: (reply) => reply.verbatim('txt', 'This is a verbatim\nstring'),
  bignum: (reply) => reply.bigNumber('1234567999999999999999999999999999999'),
};

/** Replies with the shape called `name`. @throws {Refusal} When there is none. */
export function replyShape(reply: ReplyWriter, name: string): void {
  const shape = Object.hasOwn(SHAPES, name) ? SHAPES[name] : undefined;
  if (!shape) throw UNKNOWN_PROTOCOL_TYPE;
  shape(reply);
}
