import fc from 'fast-check';
import t from 'tap';
import { latin1 } from '../../protocol/bytes.js';
import {
  formatDouble,
  formatSeventeen,
  parseDouble,
  parseLeadingDouble,
} from '../../protocol/doubles.js';
import {
  addLongDoubleTexts,
  longDoubleToNumber,
  parseLongDouble,
} from '../../protocol/long-double.js';
import { formatBytesHuman, parseMemory } from '../../protocol/memory-sizes.js';
import { needReference } from '../helpers/reference.js';

function read(text: string): number {
  const bytes = latin1(`1${text}1`);
  return parseDouble(bytes, 1, bytes.length - 1);
}

function add(a: string, b: string): string | null {
  return addLongDoubleTexts(latin1(a), 0, a.length, latin1(b), 0, b.length);
}

function readLong(text: string): number | undefined {
  const value = parseLongDouble(latin1(text), 0, text.length);
  return value ? longDoubleToNumber(value) : undefined;
}

/** The value of a bulk or number reply; null for an error. */
function replyValue(reply: Buffer | undefined): string | null {
  const [head = '', body = ''] = `${reply}`.split('\r\n');
  return head.startsWith('-') ? null : body;
}

const NO_FLOATS = [
  '',
  ' 1',
  '1 ',
  '.',
  '+',
  '-',
  'e5',
  '1e',
  '1e+',
  '+-1',
  '1_0',
  '1f',
  'nan',
  '-nan',
];

/** Doubles of all kinds: any bits, short decimals, whole numbers, powers. */
const doubles = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc
    .tuple(fc.maxSafeInteger(), fc.integer({ min: -22, max: 22 }))
    .map(([m, e]) => Number(`${m}e${e}`)),
  fc.tuple(fc.integer(), fc.integer({ min: 0, max: 9 })).map(([m, e]) => Number(`${m}e-${e}`)),
  fc.integer({ min: -1074, max: 1023 }).map((e) => 2 ** e),
  fc.double({ min: 0, max: 1e6, noNaN: true }),
);

const floatTexts = fc.oneof(
  doubles.map(String),
  fc.stringMatching(/^[+-]?\d{0,22}\.?\d{0,22}(e[+-]?\d{1,4})?$/),
  fc.stringMatching(/^-?0[xX][\da-f]{0,20}\.?[\da-f]{0,9}(p[+-]?\d{1,3})?$/),
  fc.stringMatching(/^-?[0-3]?\d\.\d{1,9}$/),
  fc.constantFrom(...NO_FLOATS, 'inf', '-Infinity', '+INF', '1e4932', '-1.18e4932', '2e4932'),
  fc.constantFrom('3.6e-4951', '1e-4951', '0e-9999', '1e999999999999', '0x1p-16445', '0x1p-16446'),
  fc.constantFrom('18446744073709551615', '18446744073709551617', '36893488147419103233', '5e-18'),
);

t.test('formatSeventeen writes 17 digits but for zeros at their end', (t) => {
  t.equal(formatSeventeen(0.1), '0.10000000000000001');
  t.equal(formatSeventeen(12345.0009765625), '12345.0009765625');
  t.equal(formatSeventeen(1234567.0009765625), '1234567.0009765625');
  t.equal(formatSeventeen(-99999.25), '-99999.25');
  t.equal(formatSeventeen(9007199254740991), '9007199254740991');
  t.equal(formatSeventeen(1e17), '1e+17');
  t.equal(formatSeventeen(2.5e-9), '2.5000000000000001e-09');
  t.end();
});

t.test('parseDouble refuses what is no decimal, and what is out of range', async (t) => {
  const outOfRange = ['1e400', '-1e400', '1e-400', '2e-324', '0x10', '0x1p3', 'infin', 'nan()'];
  for (const text of [...NO_FLOATS, ...outOfRange]) {
    t.ok(Number.isNaN(read(text)), JSON.stringify(text));
  }
});

t.test('parseDouble reads decimals, exponents and infinities', async (t) => {
  t.equal(read('.5'), 0.5);
  t.equal(read('5.'), 5);
  t.equal(read('+1E2'), 100);
  t.equal(read('4.9e-324'), 5e-324);
  t.equal(read('0e-999'), 0);
  t.ok(Object.is(read('-0'), -0));
  t.equal(read('-Infinity'), -Infinity);
  t.equal(read('+inf'), Infinity);
});

t.test('every double is read back from what formatDouble prints', async (t) => {
  fc.assert(
    fc.property(doubles, (value) => {
      t.equal(read(formatDouble(value)), value);
    }),
    { numRuns: 1000 },
  );
});

t.test('formatDouble lays numbers out as the real server does', async (t) => {
  t.equal(formatDouble(-0), '-0');
  t.equal(formatDouble(Infinity), 'inf');
  t.equal(formatDouble(-Infinity), '-inf');
  t.equal(formatDouble(1e-7), '1e-7');
  t.equal(formatDouble(1.5e-6), '1.5e-6');
  t.equal(formatDouble(0.000015), '0.000015');
  t.equal(formatDouble(0.0012345678), '0.0012345678');
  t.equal(formatDouble(0.00012345678), '1.2345678e-4');
  t.equal(formatDouble(1234.12345678), '1234.12345678');
  t.equal(formatDouble(12345.12345678), '1.234512345678e+4');
  t.equal(formatDouble(5e-324), '5e-324');
  t.equal(formatDouble(0.0001), '0.0001');
  t.equal(formatDouble(21104209.26672053), '2.110420926672053e+7');
  t.equal(formatDouble(1e18), '1000000000000000000');
  t.equal(formatDouble(1e19), '1e+19');
  t.equal(formatDouble(2 ** 62 + 1024), '4611686018427389000');
  t.equal(
    formatDouble(0.3321013196978366),
    '0.33210131969783663',
    'one digit more than the shortest',
  );
});

t.test('scores agree with ZADD and ZSCORE of the real server', async (t) => {
  const reference = await needReference(t);
  if (!reference) return;
  const { wire } = reference;
  const texts = fc.sample(fc.oneof(doubles.map(String), floatTexts), 4000);
  texts.push(`${'0'.repeat(30_000)}1`, `0.${'0'.repeat(300)}1e301`);
  // A long member makes the set large, so that scores are kept as doubles, -0 among them.
  await wire.send(['ZADD', 'k', '0', 'x'.repeat(100)]);
  const replies = await wire.pipeline(
    texts.flatMap((text) => [
      ['ZREM', 'k', 'm'],
      ['ZADD', 'k', text, 'm'],
      ['ZSCORE', 'k', 'm'],
    ]),
  );
  for (const [i, text] of texts.entries()) {
    const value = read(text);
    if (Number.isNaN(value)) {
      t.equal(`${replies[3 * i + 1]}`, '-ERR value is not a valid float\r\n', JSON.stringify(text));
    } else {
      t.equal(replyValue(replies[3 * i + 2]), formatDouble(value), JSON.stringify(text));
    }
  }
});

t.test('sums have 64 bits and 17 decimals', async (t) => {
  t.equal(add('0.1', '0.2'), '0.3');
  t.equal(add('10.5', '-10.5'), '0');
  t.equal(add('-0', '-0'), '0');
  t.equal(add('3.0e3', '200'), '3200');
  t.equal(add('0x10', '1'), '17');
  t.equal(add('18446744073709551615', '2'), '18446744073709551616', 'a tie goes to even');
  t.equal(add('15e-18', '0'), '0.00000000000000002');
  t.equal(add('999999999999999', '1'), '1000000000000000');
  t.equal(add('1e4932', '1e4932'), null);
  t.equal(add('inf', '1'), null);
  t.equal(add('1', 'x'), null);
});

t.test('long doubles are refused when they are no number, too large, small or long', async (t) => {
  for (const text of [...NO_FLOATS, '2e4932', '1e-4951', '0x', '0x.', '0x1p', '1e99999999999']) {
    t.equal(readLong(text), undefined, JSON.stringify(text));
  }
  t.equal(readLong(`${'0'.repeat(5118)}1`), 1);
  t.equal(readLong(`${'0'.repeat(5119)}1`), undefined);
  t.equal(readLong('0x1.8p1'), 3);
  t.equal(readLong('-Inf'), -Infinity);
  t.equal(readLong('1e-400'), 0);
});

t.test('sums agree with INCRBYFLOAT and HINCRBYFLOAT of the real server', async (t) => {
  const reference = await needReference(t);
  if (!reference) return;
  const { wire } = reference;
  const pairs = fc.sample(fc.tuple(floatTexts, floatTexts), 4000);
  const replies = await wire.pipeline(
    pairs.flatMap(([a, b]) => [
      ['SET', 'k', a],
      ['INCRBYFLOAT', 'k', b],
      ['DEL', 'h'],
      ['HSET', 'h', 'f', a],
      ['HINCRBYFLOAT', 'h', 'f', b],
    ]),
  );
  for (const [i, [a, b]] of pairs.entries()) {
    const sum = add(a, b);
    t.equal(sum, replyValue(replies[5 * i + 1]), `${a} + ${b}`);
    t.equal(sum, replyValue(replies[5 * i + 4]), `${a} + ${b} in a hash`);
    if (sum !== null) continue;
    const bothFloats = readLong(a) !== undefined && readLong(b) !== undefined;
    const reason = bothFloats
      ? 'increment would produce NaN or Infinity'
      : 'value is not a valid float';
    t.equal(`${replies[5 * i + 1]}`, `-ERR ${reason}\r\n`);
  }
});

t.test('memory sizes are read and shown', async (t) => {
  t.equal(parseMemory('1Gb'), 1073741824n);
  t.equal(parseMemory('1t'), null);
  t.equal(parseMemory('18446744073709551616'), null);
  t.equal(formatBytesHuman(0), '0B');
  t.equal(formatBytesHuman(943_600), '921.48K');
});

t.test('memory sizes are read as the real server reads them', async (t) => {
  const reference = await needReference(t);
  if (!reference) return;
  const { wire } = reference;
  const sizes = [
    '',
    'b',
    'gb',
    '1',
    '007',
    '1k',
    '1KB',
    '1b',
    '1m',
    '2mb',
    '3g',
    '1152',
    '1158',
    '1331',
    '1tb',
    '-1',
  ];
  sizes.push(
    ' 1',
    '1 ',
    '1.5k',
    '+1',
    '1048575',
    '1048576',
    '999999999',
    '3tb',
    '5000000gb',
    '8000000gb',
  );
  sizes.push(
    '1023',
    '1024',
    '17179869184gb',
    '18446744073709551616',
    `${'0'.repeat(200)}1`,
    '-',
    '0x1',
  );
  for (const size of sizes) {
    await wire.send(['CONFIG', 'SET', 'maxmemory', '0']);
    const refused = `${await wire.send(['CONFIG', 'SET', 'maxmemory', size])}`.startsWith('-');
    const bytes = parseMemory(size);
    t.equal(bytes === null, refused, JSON.stringify(size));
    const info = `${await wire.send(['INFO', 'memory'])}`;
    const shown = /maxmemory_human:(.*)\r/.exec(info)?.[1];
    t.equal(formatBytesHuman(Number(bytes ?? 0n)), shown, JSON.stringify(size));
  }
});

t.test('A double is read from the start of a text, whatever follows it', (t) => {
  const read = (text: string) => {
    const bytes = Buffer.from(text, 'latin1');
    return parseLeadingDouble(bytes, 0, bytes.length);
  };
  const texts = ['0.5x', '1e', '1e5z', '.5', '5.', '1e400', '-1e400', 'infx', '-INFINITY'];
  t.same(texts.map(read), [0.5, 1, 100_000, 0.5, 5, Infinity, -Infinity, Infinity, -Infinity]);
  t.same(['', 'x', ' 1', '0x10', 'in', '--1'].map(read), [0, 0, 0, 0, 0, 0]);
  t.same(['nan', '-NaN', 'nanx'].map(read), [NaN, NaN, NaN]);
  t.end();
});
