import { Redis } from 'ioredis';

/** Sessions that end by themselves after an hour. */
export class Sessions {
  /** @param {import('ioredis').Redis} redis - Where they are kept. */
  constructor(redis = new Redis(process.env.REDIS_URL)) {
    this.redis = redis;
  }

  async open(id, user) {
    await this.redis.set(`session:${id}`, user, 'EX', 3600);
  }

  async userOf(id) {
    return this.redis.get(`session:${id}`);
  }
}
