/** A search that asks for some of what it finds gets those that come first of all. */
import t from 'tap';
import { startServer } from '../helpers/server.js';

const SEARCH = ['GEOSEARCH', 'g', 'FROMLONLAT', '10', '47', 'BYRADIUS', '2000', 'km'];

for (const order of ['ASC', 'DESC']) {
  t.test(`COUNT takes the first of all in order, ${order}`, async (t) => {
    const { call } = await startServer(t);
    for (let i = 0; i < 300; i++) {
      // Pairs at the same place: of equal distances the order stays.
      const along = 47 + (((i >> 1) * 7919) % 150) / 20;
      await call('GEOADD', 'g', '10', `${along}`, `member:${i}`);
    }
    const all = await call(...SEARCH, order);
    for (const count of [1, 2, 9, 64, 65, 299, 300, 1000]) {
      t.same(await call(...SEARCH, order, 'COUNT', count), (all as string[]).slice(0, count));
    }
    t.equal((all as string[]).length, 300);
  });
}
