/** Requests of a client inside the process: one writer puts down many, one after the other. */
import fc from 'fast-check';
import t from 'tap';
import type { Request } from '../../protocol/request.js';
import { type RequestArgument, RequestWriter } from '../../protocol/request-writer.js';

function argumentsOf(request: Request): string[] {
  return Array.from({ length: request.argc }, (_, i) =>
    Buffer.from(request.argument(i)).toString('utf8'),
  );
}

t.test('requests of any names and arguments, in any order', async (t) => {
  const name = fc.constantFrom(
    'get',
    'set',
    'größe',
    'a name longer than what is copied unit by unit',
  );
  const argument: fc.Arbitrary<RequestArgument> = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.integer(),
    fc.string().map((text) => Buffer.from(text)),
  );
  const request = fc.tuple(name, fc.array(argument, { maxLength: 20 }), fc.boolean());
  fc.assert(
    fc.property(fc.array(request), (requests) => {
      const writer = new RequestWriter();
      for (const [name, args, named] of requests) {
        const written = named ? writer.writeCommand(name, args) : writer.write([name, ...args]);
        t.same(argumentsOf(written), [name, ...args.map(String)]);
      }
    }),
  );
});

t.test('a large request is let go of, and the name before it is found again', async (t) => {
  const writer = new RequestWriter();
  const large = 'x'.repeat(4 << 20);
  t.same(argumentsOf(writer.writeCommand('set', ['k', large])), ['set', 'k', large]);
  const next = writer.writeCommand('set', ['k', 'v']);
  t.same(argumentsOf(next), ['set', 'k', 'v']);
  t.ok(next.bytes.length < large.length);
});
