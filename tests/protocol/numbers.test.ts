import fc from 'fast-check';
import t from 'tap';
import { latin1 } from '../../protocol/bytes.js';
import {
  INT64_MAX,
  INT64_MIN,
  integerLength,
  parseBigInt64,
  parseBigUint64,
  parseLenientUint64,
  parseSafeInteger,
  writeInteger,
} from '../../protocol/numbers.js';
import { needReference } from '../helpers/reference.js';

const NOT_CANONICAL = [
  '',
  '-',
  '-0',
  '+1',
  ' 1',
  '1 ',
  '01',
  '-01',
  '1.0',
  '0x1',
  '1a',
  '--1',
  '00',
];

function safe(text: string): number {
  const bytes = latin1(`1${text}1`);
  return parseSafeInteger(bytes, 1, bytes.length - 1);
}

function big(text: string): bigint | null {
  const bytes = latin1(`1${text}1`);
  return parseBigInt64(bytes, 1, bytes.length - 1);
}

t.test('integers that are not canonical are refused', async (t) => {
  for (const text of NOT_CANONICAL) {
    t.ok(Number.isNaN(safe(text)), JSON.stringify(text));
    t.equal(big(text), null, JSON.stringify(text));
    t.equal(parseBigUint64(latin1(text), 0, text.length), null, JSON.stringify(text));
  }
});

t.test('parseSafeInteger ends at 2^53-1 and parseBigInt64 at the 64-bit range', async (t) => {
  t.equal(safe('9007199254740991'), 9007199254740991);
  t.equal(safe('-9007199254740991'), -9007199254740991);
  t.ok(Number.isNaN(safe('9007199254740992')));
  t.ok(Number.isNaN(safe('9007199254740993')));
  t.ok(Number.isNaN(safe('12345678901234567')));
  t.equal(big('9223372036854775807'), INT64_MAX);
  t.equal(big('-9223372036854775808'), INT64_MIN);
  t.equal(big('9223372036854775808'), null);
  t.equal(big('-9223372036854775809'), null);
  t.equal(big('999999999999999999999'), null);
  t.equal(parseBigUint64(latin1('18446744073709551615'), 0, 20), 18446744073709551615n);
  t.equal(parseBigUint64(latin1('18446744073709551616'), 0, 20), null);
  t.equal(parseBigUint64(latin1('-1'), 0, 2), null);
});

t.test('every signed 64-bit integer is read back', async (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: INT64_MIN, max: INT64_MAX }), (value) => {
      t.equal(big(`${value}`), value);
    }),
  );
});

t.test('writeInteger writes and parseSafeInteger reads every safe integer', async (t) => {
  const into = new Uint8Array(32);
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -2000, max: 2000 })), (value) => {
      const end = writeInteger(value, into, 3);
      t.equal(Buffer.from(into.subarray(3, end)).toString(), `${value}`);
      t.equal(integerLength(value), `${value}`.length);
      t.equal(parseSafeInteger(into, 3, end), value);
    }),
    { examples: [[0], [9], [10], [2147483647], [2147483648], [-9007199254740991]] },
  );
});

t.test('parseLenientUint64 reads as strtoull does', async (t) => {
  const read = (text: string) => parseLenientUint64(latin1(text), 0, text.length);
  t.equal(read('18446744073709551615'), 18446744073709551615n);
  t.equal(read('+007'), 7n);
  t.equal(read(' \t6'), 6n);
  t.equal(read('-0'), 0n);
  t.equal(read('-5'), null);
  t.equal(read('-9223372036854775809'), 9223372036854775807n);
  for (const text of ['', ' ', '+', '-', '5x', '+-5', '18446744073709551616']) {
    t.equal(read(text), null, JSON.stringify(text));
  }
});

t.test('strict and lenient integers agree with INCR and SCAN of the real server', async (t) => {
  const reference = await needReference(t);
  if (!reference) return;
  const { wire } = reference;
  const digits = fc.string({ unit: fc.constantFrom(...'00123456789999'), maxLength: 21 });
  const mixed = fc.string({ unit: fc.constantFrom(...'0019+- \tx'), maxLength: 6 });
  const signed = fc
    .tuple(fc.constantFrom('', '-', '+', ' '), digits)
    .map((parts) => parts.join(''));
  const texts = fc.sample(fc.oneof(signed, mixed), 3000);
  texts.push(
    ...NOT_CANONICAL,
    '9223372036854775806',
    '-9223372036854775808',
    '-9223372036854775809',
  );
  const replies = await wire.pipeline(
    texts.flatMap((text) => [
      ['SET', 'k', text],
      ['INCRBY', 'k', '0'],
      ['SCAN', text, 'COUNT', '1'],
    ]),
  );
  for (const [i, text] of texts.entries()) {
    const value = big(text);
    const expected = value === null ? '-ERR value is not an integer or out of range' : `:${value}`;
    t.equal(`${replies[3 * i + 1]}`.trim(), expected, JSON.stringify(text));
    const cursor = parseLenientUint64(latin1(text), 0, text.length);
    t.equal(cursor === null, replies[3 * i + 2]?.[0] === 0x2d, `cursor ${JSON.stringify(text)}`);
  }
});
