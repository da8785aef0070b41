import t from 'tap';
import { Destination, Propagation, type PropagationSink } from '../../persistence/propagation.js';
import { RequestParser } from '../../protocol/parser.js';
import { Request } from '../../protocol/request.js';
import { startServer } from '../helpers/server.js';

/** Keeps what it is given, one text a request: the database's number, then the words. */
class Recorder implements PropagationSink {
  readonly destination: number;
  readonly requests: string[] = [];

  constructor(destination: number = Destination.all) {
    this.destination = destination;
  }

  write(database: number, bytes: Uint8Array, start: number, end: number): void {
    const words = Buffer.from(bytes.subarray(start, end)).toString('latin1').split('\r\n');
    this.requests.push(
      [database, ...words.filter((_, i) => i % 2 === 0 && i > 0)].join(' ').trim(),
    );
  }

  take(): string[] {
    return this.requests.splice(0);
  }
}

t.test('One request of a unit goes alone, several between MULTI and EXEC', async (t) => {
  const propagation = new Propagation();
  const recorder = new Recorder();
  propagation.add(recorder);
  propagation.gatherWords(3, ['SET', Buffer.from('k'), 'x'.repeat(5000)]);
  t.equal(propagation.isPending, true);
  propagation.settle();
  t.equal(propagation.isPending, false);
  t.same(recorder.take(), [`3 SET k ${'x'.repeat(5000)}`]);
  propagation.gatherWords(3, ['DEL', 'a']);
  propagation.gatherWords(4, ['DEL', 'b']);
  propagation.settle();
  t.same(recorder.take(), ['-1 MULTI', '3 DEL a', '4 DEL b', '-1 EXEC']);
  propagation.settle();
  t.same(recorder.take(), [], 'an empty unit sends nothing');
});

t.test('A request is handed on in its shortest form, however it came', async (t) => {
  const written: string[] = [];
  const propagation = new Propagation();
  propagation.add({
    destination: Destination.all,
    write: (_database, bytes, start, end) => {
      written.push(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
    },
  });
  const long = 'y'.repeat(300);
  const shortest = `*2\r\n$3\r\nDEL\r\n$300\r\n${long}\r\n`;
  const forms = [shortest, `DEL ${long}\r\n`];
  for (const form of forms) {
    const parser = new RequestParser();
    const request = new Request();
    const limits = { maxBulkBytes: 512, authenticated: true };
    const bytes = Buffer.from(`xx${form}PING\r\n`, 'latin1');
    // It comes in two pieces, the second after what stood before it was dropped.
    parser.rewind(2);
    parser.parse(bytes, 14, request, limits);
    parser.moved(0, request);
    parser.parse(bytes.subarray(2), bytes.length - 2, request, limits);
    propagation.gather(0, request);
    propagation.settle();
  }
  t.same(written, [shortest, shortest]);
});

t.test('A request goes only where it is meant to', async (t) => {
  const propagation = new Propagation();
  const file = new Recorder(Destination.appendOnlyFile);
  const replica = new Recorder(Destination.replicas);
  propagation.add(file);
  propagation.gatherWords(0, ['PUBLISH', 'c', 'm'], Destination.replicas);
  t.equal(propagation.isPending, false, 'nobody is there to get it');
  propagation.add(replica);
  propagation.gatherWords(0, ['PUBLISH', 'c', 'm'], Destination.replicas);
  propagation.gatherWords(0, ['DEL', 'a']);
  propagation.settle();
  t.same(file.take(), ['0 DEL a']);
  t.same(replica.take(), ['-1 MULTI', '0 PUBLISH c m', '0 DEL a', '-1 EXEC']);
  propagation.remove(replica);
  propagation.gatherWords(0, ['PUBLISH', 'c', 'm'], Destination.replicas);
  t.equal(propagation.isPending, false);
});

t.test('What commands changed is sent as it was asked for, or in another form', async (t) => {
  const { call, clock, server } = await startServer(t);
  const recorder = new Recorder();
  server.engine.effects.addSink(recorder);
  await call('set', 'k', 'v');
  await call('get', 'k');
  t.same(recorder.take(), ['0 set k v'], 'reading sends nothing');
  await call('del', 'absent');
  t.same(recorder.take(), [], 'nor does what changed nothing');
  await call('incrbyfloat', 'n', '1.5');
  t.same(recorder.take(), ['0 SET n 1.5 KEEPTTL']);
  await call('set', 'k', 'v', 'px', '100');
  t.same(recorder.take(), [`0 set k v PXAT ${clock.now() + 100}`]);
  await clock.advance(200);
  await call('get', 'k');
  t.same(recorder.take(), ['0 UNLINK k'], 'the end of a key is sent by itself');
  await call('select', '5');
  await call('flushdb');
  t.same(recorder.take(), ['5 flushdb']);
  server.engine.effects.removeSink(recorder);
  await call('set', 'k', 'v');
  t.same(recorder.take(), []);
});
