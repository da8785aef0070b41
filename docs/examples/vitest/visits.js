import Redis from 'ioredis';

const redis = new Redis('redis://cache.example:6379');

/** Counts a visit; answers how many there were in this minute. */
export async function visit(page) {
  const [[, count]] = await redis
    .multi()
    .incr(`visits:${page}`)
    .expire(`visits:${page}`, 60, 'NX')
    .exec();
  return count;
}
