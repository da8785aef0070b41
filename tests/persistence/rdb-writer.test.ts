import t from 'tap';
import { RdbWriter } from '../../persistence/rdb-writer.js';

t.test('What is written is there, wherever the bytes had to grow', async (t) => {
  for (let before = 0; before < 64; before++) {
    const writer = new RdbWriter(null, 32);
    writer.raw(new Uint8Array(before).fill(1));
    writer.byte(0x24);
    writer.length(5);
    writer.word64(0x01020304, 0x05060708);
    writer.moment(-1);
    writer.string(Buffer.from('abc'));
    const expected = Buffer.concat([
      Buffer.alloc(before, 1),
      Buffer.from('24050807060504030201ffffffffffffffff03616263', 'hex'),
    ]);
    t.same(Buffer.from(writer.finish()).toString('hex'), expected.toString('hex'), `${before}`);
  }
});
