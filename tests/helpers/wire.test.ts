import t from 'tap';
import { needReference } from './reference.js';
import { replyEnd } from './wire.js';

const REPLIES = [
  '+OK\r\n',
  '-ERR no\r\n',
  ':-12\r\n',
  '$-1\r\n',
  '$0\r\n\r\n',
  '$4\r\na\r\nb\r\n',
  '*-1\r\n',
  '*0\r\n',
  '*2\r\n$1\r\na\r\n*1\r\n:1\r\n',
  '_\r\n',
  '#t\r\n',
  ',1.5\r\n',
  '(12345678901234567890\r\n',
  '=7\r\ntxt:a\r\n\r\n',
  '!5\r\nERR x\r\n',
  '%1\r\n+a\r\n~2\r\n:1\r\n:2\r\n',
  '>2\r\n+pubsub\r\n+x\r\n',
  '|1\r\n+ttl\r\n:5\r\n*1\r\n+a\r\n',
];

t.test('replyEnd finds the end of every RESP type, and -1 on every shorter piece', async (t) => {
  for (const reply of REPLIES) {
    const bytes = Buffer.from(reply, 'latin1');
    const padded = Buffer.concat([bytes, Buffer.from('+next\r\n')]);
    t.equal(replyEnd(padded, 0), bytes.length, JSON.stringify(reply));
    for (let cut = 0; cut < bytes.length; cut++) t.equal(replyEnd(bytes.subarray(0, cut), 0), -1);
  }
  t.throws(() => replyEnd(Buffer.from('?\r\n'), 0), SyntaxError);
});

t.test('a connection returns raw replies in order and keeps pushes apart', async (t) => {
  const reference = await needReference(t);
  if (!reference) return;
  const { wire } = reference;
  const [ok, value, missing] = await wire.pipeline([
    ['SET', 'k', 'v'],
    ['GET', 'k'],
    ['GET', 'none'],
  ]);
  t.equal(`${ok}`, '+OK\r\n');
  t.equal(`${value}`, '$1\r\nv\r\n');
  t.equal(`${missing}`, '$-1\r\n');
  t.match(`${await wire.send(['HELLO', '3'])}`, /^%7\r\n/);
  t.equal((await wire.sendRaw('SUBSCRIBE news\r\n', 0)).length, 0);
  t.equal(`${await wire.nextPush()}`, '>3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n');
  t.equal(`${await wire.send(['GET', 'none'])}`, '_\r\n');
  const large = 'x'.repeat(3_000_000);
  await wire.send(['SET', 'large', large]);
  t.equal((await wire.send(['GET', 'large'])).length, large.length + '$3000000\r\n\r\n'.length);
});

t.test('a connection rejects what waits when the server goes away', async (t) => {
  const reference = await needReference(t);
  if (!reference) return;
  const waiting = reference.wire.send(['BLPOP', 'none', '0']);
  reference.process.kill('SIGKILL');
  // A process that dies with unread bytes resets the connection rather than closing it.
  await t.rejects(waiting, /closed|ECONNRESET/);
});
