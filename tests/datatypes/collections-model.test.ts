/**
 * Each collection against a plain model: many random operations, with thresholds so small that values change form all
 * the time. `startServer` looks for leaks when a test ends.
 */
import t, { type Test } from 'tap';
import type { Random } from '../../datatypes/random.js';
import type { ReplyValue } from '../../server/index.js';
import { oneOf, seeded } from '../helpers/seeded.js';
import { startServer } from '../helpers/server.js';

const OPERATIONS = Number(process.env.OPERATIONS ?? 100_000);
/** Operations between two looks at all there is. */
const PERIOD = 500;
/** Operations for which values grow, shrink, and only shrink. */
const PHASE = 500;
/** Chances in ten to grow, by phase. */
const GROWTH = [7, 3, 0] as const;
/** Operations sent at a time. */
const BATCH = 10;

/** One request, and what the model says to it. */
interface Step {
  readonly request: readonly (string | number)[];
  readonly reply: unknown;
}

interface Model {
  /** Whether the order of all there is says nothing: the model then sorts. */
  readonly isUnordered: boolean;
  /** Makes a request of its own by chance; `grows` tells whether it should rather add than take away. */
  step(random: Random, grows: boolean): Step;
  /** Asks for everything. */
  all(): Step;
}

/** What a reply holds: maps and sets in their order as arrays, so that they compare. */
function plain(value: ReplyValue): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  return value;
}

async function compare(
  t: Test,
  model: Model,
  settings: Readonly<Record<string, string>>,
  expectedForms: readonly string[],
): Promise<void> {
  const random = seeded(t);
  const { call } = await startServer(t, { config: settings });
  const forms = new Set<unknown>();
  for (let from = 0; from < OPERATIONS; from += BATCH) {
    const asked = Array.from({ length: BATCH }, (_, n) => nextStep(model, random, from + n));
    const form = call('OBJECT', 'ENCODING', 'k');
    const answers = await Promise.all(asked.map(({ request }) => call(...request)));
    for (const [n, { request, reply, sorts }] of asked.entries()) {
      const answer = plain(answers[n] ?? null);
      const found = JSON.stringify(sorts && Array.isArray(answer) ? answer.sort() : answer);
      if (found === reply) continue;
      t.equal(found, reply, `operation ${from + n}: ${request.join(' ')}`);
      return;
    }
    forms.add(await form);
  }
  forms.delete(null);
  t.same([...forms].sort(), expectedForms);
}

/** A step with its reply as text: the model goes on changing. */
function nextStep(model: Model, random: Random, i: number) {
  const looks = i % PERIOD === PERIOD - 1;
  const grows = random.below(10) < (GROWTH[Math.floor(i / PHASE) % 3] ?? 0);
  const { request, reply } = looks ? model.all() : model.step(random, grows);
  return { request, reply: JSON.stringify(reply), sorts: looks && model.isUnordered };
}

const VALUES = ['', 'a', 'b', '7', '-12', 'x'.repeat(20), 'y'.repeat(70), '9007199254740993'];

class ListModel implements Model {
  readonly isUnordered = false;
  private items: string[] = [];

  step(random: Random, grows: boolean): Step {
    const { items } = this;
    const value = oneOf(random, VALUES);
    const index = random.below(items.length + 2);
    if (!grows) return this.shrink(random, index, value);
    switch (random.below(5)) {
      case 0:
        return { request: ['LINDEX', 'k', index], reply: items[index] ?? null };
      case 1:
        return { request: ['LPUSH', 'k', value], reply: items.unshift(value) };
      case 2: {
        const pivot = oneOf(random, VALUES);
        const at = items.indexOf(pivot);
        if (at >= 0) items.splice(at + 1, 0, value);
        const reply = at >= 0 ? items.length : items.length === 0 ? 0 : -1;
        return { request: ['LINSERT', 'k', 'AFTER', pivot, value], reply };
      }
      case 3:
        if (index >= items.length) return { request: ['LLEN', 'k'], reply: items.length };
        items[index] = value;
        return { request: ['LSET', 'k', index, value], reply: 'OK' };
      default:
        return { request: ['RPUSH', 'k', value], reply: items.push(value) };
    }
  }

  private shrink(random: Random, index: number, value: string): Step {
    const { items } = this;
    switch (random.below(5)) {
      case 0: {
        const at = items.indexOf(value);
        if (at >= 0) items.splice(at, 1);
        return { request: ['LREM', 'k', 1, value], reply: at >= 0 ? 1 : 0 };
      }
      case 1: {
        const stop = index + random.below(4);
        return { request: ['LRANGE', 'k', index, stop], reply: items.slice(index, stop + 1) };
      }
      case 2: {
        this.items = items.slice(1, Math.max(1, items.length - 1));
        return { request: ['LTRIM', 'k', 1, -2], reply: 'OK' };
      }
      case 3:
        return { request: ['LPOP', 'k'], reply: items.shift() ?? null };
      default:
        return { request: ['RPOP', 'k'], reply: items.pop() ?? null };
    }
  }

  all(): Step {
    return { request: ['LRANGE', 'k', 0, -1], reply: this.items };
  }
}

class HashModel implements Model {
  readonly isUnordered = true;
  private readonly fields = new Map<string, string>();

  step(random: Random, grows: boolean): Step {
    const { fields } = this;
    const field = `f${random.below(40)}`;
    const value = oneOf(random, VALUES);
    const kind = random.below(4);
    if (kind === 0) return { request: ['HGET', 'k', field], reply: fields.get(field) ?? null };
    if (kind === 1) return { request: ['HLEN', 'k'], reply: fields.size };
    if (!grows) return { request: ['HDEL', 'k', field], reply: fields.delete(field) ? 1 : 0 };
    const reply = fields.has(field) ? 0 : 1;
    fields.set(field, value);
    return { request: ['HSET', 'k', field, value], reply };
  }

  all(): Step {
    return { request: ['HKEYS', 'k'], reply: [...this.fields.keys()].sort() };
  }
}

class SetModel implements Model {
  readonly isUnordered = true;
  private readonly members = new Set<string>();

  step(random: Random, grows: boolean): Step {
    const { members } = this;
    const few = random.below(8);
    const member = few === 0 ? oneOf(random, VALUES) : `${random.below(30)}`;
    const isMember = members.has(member);
    switch (random.below(4)) {
      case 0:
        return { request: ['SISMEMBER', 'k', member], reply: isMember ? 1 : 0 };
      case 1:
        return { request: ['SCARD', 'k'], reply: members.size };
      default:
        if (grows) members.add(member);
        else members.delete(member);
        return {
          request: [grows ? 'SADD' : 'SREM', 'k', member],
          reply: grows !== isMember ? 1 : 0,
        };
    }
  }

  all(): Step {
    return { request: ['SMEMBERS', 'k'], reply: [...this.members].sort() };
  }
}

class SortedSetModel implements Model {
  readonly isUnordered = false;
  private readonly scores = new Map<string, number>();

  private order(): string[] {
    const before = (one: string, other: string) => (one < other ? -1 : 1);
    return [...this.scores]
      .sort(([one, a], [other, b]) => a - b || before(one, other))
      .map(([member]) => member);
  }

  step(random: Random, grows: boolean): Step {
    const { scores } = this;
    const member = `m${random.below(60)}`;
    const score = random.below(20) - 10;
    const known = scores.get(member);
    switch (random.below(6)) {
      case 0: {
        const rank = this.order().indexOf(member);
        return { request: ['ZRANK', 'k', member], reply: rank < 0 ? null : rank };
      }
      case 1: {
        const count = [...scores.values()].filter((one) => one >= score && one < 7).length;
        return { request: ['ZCOUNT', 'k', score, '(7'], reply: count };
      }
      case 2: {
        if (grows) return { request: ['ZCARD', 'k'], reply: scores.size };
        const first = this.order().slice(2, 4);
        for (const one of first) scores.delete(one);
        return { request: ['ZREMRANGEBYRANK', 'k', 2, 3], reply: first.length };
      }
      default:
        if (grows) scores.set(member, score);
        else scores.delete(member);
        return grows
          ? { request: ['ZADD', 'k', score, member], reply: known === undefined ? 1 : 0 }
          : { request: ['ZREM', 'k', member], reply: known === undefined ? 0 : 1 };
    }
  }

  all(): Step {
    return { request: ['ZRANGE', 'k', 0, -1], reply: this.order() };
  }
}

class StreamModel implements Model {
  readonly isUnordered = false;
  private entries: [string, string[]][] = [];
  private last = 0;

  step(random: Random, grows: boolean): Step {
    const { entries } = this;
    const at = random.below(entries.length + 1);
    const id = entries[at]?.[0] ?? '1-9';
    switch (random.below(5)) {
      case 0:
        return { request: ['XLEN', 'k'], reply: entries.length };
      case 1:
        return {
          request: ['XRANGE', 'k', id, '+', 'COUNT', 3],
          reply: entries.slice(at === entries.length && id === '1-9' ? 0 : at).slice(0, 3),
        };
      case 2: {
        if (grows) break;
        const kept = Math.max(0, entries.length - 2);
        const removed = entries.length - kept;
        this.entries = entries.slice(removed);
        return { request: ['XTRIM', 'k', 'MAXLEN', kept], reply: removed };
      }
      default:
    }
    if (!grows) {
      entries.splice(at, 1);
      return { request: ['XDEL', 'k', id], reply: id === '1-9' ? 0 : 1 };
    }
    this.last += 1 + random.below(3);
    const fields = [oneOf(random, ['f', 'g']), oneOf(random, VALUES)];
    const added = `${10 + this.last}-${random.below(5)}`;
    entries.push([added, fields]);
    return { request: ['XADD', 'k', added, ...fields], reply: added };
  }

  all(): Step {
    return { request: ['XRANGE', 'k', '-', '+'], reply: this.entries };
  }
}

t.test('a list agrees with an array', (t) =>
  compare(t, new ListModel(), { 'list-max-listpack-size': '5', 'list-compress-depth': '1' }, [
    'listpack',
    'quicklist',
  ]),
);

t.test('a hash agrees with a map', (t) =>
  compare(t, new HashModel(), { 'hash-max-listpack-entries': '12' }, ['hashtable', 'listpack']),
);

t.test('a set agrees with a set', (t) =>
  compare(t, new SetModel(), { 'set-max-intset-entries': '6', 'set-max-listpack-entries': '10' }, [
    'hashtable',
    'intset',
    'listpack',
  ]),
);

t.test('a sorted set agrees with a sorted array', (t) =>
  compare(t, new SortedSetModel(), { 'zset-max-listpack-entries': '20' }, ['listpack', 'skiplist']),
);

t.test('a stream agrees with an array', (t) =>
  compare(t, new StreamModel(), { 'stream-node-max-entries': '5' }, ['stream']),
);
