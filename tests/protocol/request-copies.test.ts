/** Requests that are kept: their bytes outlive the buffer they were read into, and share another. */
import fc from 'fast-check';
import t from 'tap';
import { Request } from '../../protocol/request.js';
import { RequestCopies } from '../../protocol/request-copies.js';

function argumentsOf(request: Request): string[] {
  return Array.from({ length: request.argc }, (_, i) =>
    Buffer.from(request.argument(i)).toString('latin1'),
  );
}

t.test('copies keep their arguments, however many are made and whatever comes after', async (t) => {
  const argument = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.constantFrom('x'.repeat(700), 'y'.repeat(5000)),
  );
  fc.assert(
    fc.property(fc.array(fc.array(argument, { maxLength: 6 }), { maxLength: 60 }), (requests) => {
      const copies = new RequestCopies();
      const kept = requests.map((args) => {
        const read = Request.of(args.map((arg) => Buffer.from(arg, 'latin1')));
        const copy = copies.copy(read);
        read.bytes.fill(0);
        return copy;
      });
      t.same(
        kept.map(argumentsOf),
        requests.map((args) => args.map((arg) => Buffer.from(arg, 'latin1').toString('latin1'))),
      );
    }),
  );
});

t.test('a copy takes what its arguments take, not what it shares with others', async (t) => {
  const copies = new RequestCopies();
  copies.copy(Request.of(['SET', 'k', 'value']));
  t.equal(copies.copy(Request.of(['GET', 'key'])).spanBytes, 6);
  t.equal(copies.copy(new Request()).spanBytes, 0);
});
