const Redis = require('ioredis');

const redis = new Redis({ host: 'queue.example' });

exports.add = (job) => redis.rpush('jobs', JSON.stringify(job));

/** The next job; null when none comes in time. */
exports.next = async (seconds) => {
  const popped = await redis.blpop('jobs', seconds);
  return popped && JSON.parse(popped[1]);
};
