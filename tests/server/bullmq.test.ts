/** BullMQ, the job queue most in use: everything it does is a Lua script, a stream or a blocking command. */
import {
  FlowProducer,
  type Job,
  type Processor,
  Queue,
  QueueEvents,
  RateLimitError,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import t, { type Test } from 'tap';
import { createServer, type ValkeyServer } from '../../server/index.js';

/** A queue on a server of its own, with what tests need of its surroundings. */
interface Stage {
  readonly server: ValkeyServer;
  readonly queue: Queue;
  readonly events: QueueEvents;
  readonly connection: { readonly host: string; readonly port: number };
  /** Starts a worker that is closed when the test ends. */
  work(processor: Processor, options?: Partial<WorkerOptions>): Worker;
}

async function stage(t: Test): Promise<Stage> {
  const server = await createServer();
  const connection = { host: '127.0.0.1', port: server.port };
  const queue = new Queue('jobs', { connection });
  const events = new QueueEvents('jobs', { connection, lastEventId: '0' });
  const workers: Worker[] = [];
  t.teardown(async () => {
    await Promise.all(workers.map((worker) => worker.close(true)));
    await Promise.all([queue.close(), events.close()]);
    await server.close();
  });
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  const work = (processor: Processor, options: Partial<WorkerOptions> = {}): Worker => {
    const worker = new Worker('jobs', processor, { connection, ...options });
    workers.push(worker);
    return worker;
  };
  return { server, queue, events, connection, work };
}

/** Resolves with the names of jobs in the order in which `count` of them were done. */
function namesOfCompleted(worker: Worker, count: number): Promise<string[]> {
  const names: string[] = [];
  return new Promise((resolve) => {
    worker.on('completed', (job: Job) => {
      names.push(job.name);
      if (names.length === count) resolve(names);
    });
  });
}

t.test('BullMQ does jobs in the order in which they were added, and keeps results', async (t) => {
  const { queue, events, work } = await stage(t);
  const jobs = await queue.addBulk(
    ['one', 'two', 'three'].map((name) => ({ name, data: { text: `${name} \u00e9` } })),
  );
  t.equal(await queue.getWaitingCount(), 3);
  const worker = work(async (job) => `${job.data.text}!`);
  t.same(await namesOfCompleted(worker, 3), ['one', 'two', 'three']);
  const [first] = jobs;
  t.equal(await first?.waitUntilFinished(events), 'one \u00e9!');
  t.match(await queue.getJobCounts(), { completed: 3, waiting: 0, active: 0, failed: 0 });
  t.equal(await (await queue.getJob('2'))?.getState(), 'completed');
});

t.test('BullMQ does urgent jobs first', async (t) => {
  const { queue, work } = await stage(t);
  for (const priority of [10, 1, 5]) await queue.add(`at ${priority}`, {}, { priority });
  await queue.add('at once', {});
  t.same(await queue.getCountsPerPriority([0, 1, 5, 10]), { 0: 1, 1: 1, 5: 1, 10: 1 });
  const worker = work(async () => {});
  t.same(await namesOfCompleted(worker, 4), ['at once', 'at 1', 'at 5', 'at 10']);
});

t.test('BullMQ holds delayed jobs back until their time', async (t) => {
  const { queue, work } = await stage(t);
  await queue.add('later', {}, { delay: 150 });
  await queue.add('soon', {}, { delay: 30 });
  t.equal(await queue.getDelayedCount(), 2);
  const waits = new Map<string, number>();
  const worker = work(async (job) => waits.set(job.name, Date.now() - job.timestamp));
  await queue.add('now', {});
  t.same(await namesOfCompleted(worker, 3), ['now', 'soon', 'later']);
  t.ok(Number(waits.get('later')) >= 150, `${waits.get('later')} ms`);
});

t.test('BullMQ tries jobs that fail again, with more and more delay', async (t) => {
  const { queue, events, work } = await stage(t);
  const fails = async (job: Job): Promise<string> => {
    if (job.attemptsMade < 2) throw new Error(`attempt ${job.attemptsMade}`);
    return 'done';
  };
  work(fails);
  const backoff = { type: 'exponential', delay: 10 } as const;
  const stubborn = await queue.add('stubborn', {}, { attempts: 3, backoff });
  t.equal(await stubborn.waitUntilFinished(events), 'done');
  const hopeless = await queue.add('hopeless', {}, { attempts: 2, backoff });
  await t.rejects(hopeless.waitUntilFinished(events), { message: 'attempt 1' });
  const [failed] = await queue.getFailed();
  t.match(failed, { name: 'hopeless', failedReason: 'attempt 1', attemptsMade: 2 });
  t.equal(failed?.stacktrace?.length, 2);
});

t.test('BullMQ does children before their parent, which gets what they returned', async (t) => {
  const { queue, events, connection, work } = await stage(t);
  const flows = new FlowProducer({ connection });
  t.teardown(() => flows.close());
  const child = (name: string) => ({ name, queueName: 'jobs', data: {} });
  const tree = await flows.add({
    name: 'parent',
    queueName: 'jobs',
    data: {},
    children: [{ ...child('left'), children: [child('leaf')] }, child('right')],
  });
  t.equal(await tree.job.getState(), 'waiting-children');
  const worker = work(async (job) => {
    const values = Object.values(await job.getChildrenValues());
    return [job.name, ...values.map(String).sort()].join(' ');
  });
  const names = namesOfCompleted(worker, 4);
  t.equal(await tree.job.waitUntilFinished(events), 'parent left leaf right');
  t.equal((await names).at(-1), 'parent');
  t.equal(await queue.getCompletedCount(), 4);
});

t.test('BullMQ fails a parent together with its child when that is asked for', async (t) => {
  const { events, connection, work } = await stage(t);
  const flows = new FlowProducer({ connection });
  t.teardown(() => flows.close());
  const failing = { name: 'child', queueName: 'jobs', opts: { failParentOnFailure: true } };
  const tree = await flows.add({ name: 'parent', queueName: 'jobs', children: [failing] });
  work(async (job) => {
    throw new Error(`${job.name} fails`);
  });
  await t.rejects(tree.job.waitUntilFinished(events), { message: /child .* failed/ });
});

t.test('BullMQ does no more jobs in a span of time than its limit allows', async (t) => {
  const { queue, work } = await stage(t);
  await queue.addBulk(Array.from({ length: 5 }, (_, i) => ({ name: `job ${i}`, data: {} })));
  const startsMs: number[] = [];
  const limiter = { max: 2, duration: 200 };
  const worker = work(async () => startsMs.push(performance.now()), { limiter });
  await namesOfCompleted(worker, 5);
  const [first = 0, , third = 0, , fifth = 0] = startsMs;
  t.ok(third - first > 150, `the third came after ${third - first} ms`);
  t.ok(fifth - third > 150, `the fifth came ${fifth - third} ms after the third`);
});

t.test('BullMQ puts a job back whose worker says that it must wait', async (t) => {
  const { queue, events, work } = await stage(t);
  let refusals = 0;
  const worker: Worker = work(
    async () => {
      if (refusals++ > 0) return 'at last';
      await worker.rateLimit(50);
      throw new RateLimitError();
    },
    { limiter: { max: 1, duration: 500 } },
  );
  const job = await queue.add('patient', {});
  t.equal(await job.waitUntilFinished(events), 'at last');
  t.equal(refusals, 2);
});

t.test('BullMQ tells of each step of a job', async (t) => {
  const { queue, events, work } = await stage(t);
  const heard: string[] = [];
  const done = new Promise<void>((resolve) => {
    for (const event of ['added', 'waiting', 'active', 'progress', 'completed'] as const) {
      events.on(event, (told: { jobId: string; data?: unknown }) => {
        heard.push(`${event} ${told.jobId}${told.data === undefined ? '' : ` ${told.data}`}`);
        if (event === 'completed') resolve();
      });
    }
  });
  work((job) => job.updateProgress(50));
  await queue.add('watched', {}, { jobId: 'mine' });
  await done;
  t.same(heard, [
    ...['added mine', 'waiting mine', 'active mine', 'progress mine 50', 'completed mine'],
  ]);
});

t.test('BullMQ gives a job to another worker when the first one is gone', async (t) => {
  const { queue, events, work } = await stage(t);
  const loses = { lockDuration: 100, skipLockRenewal: true, skipStalledCheck: true };
  const lost = work(() => new Promise(() => {}), loses);
  const taken = new Promise((resolve) => lost.once('active', resolve));
  const job = await queue.add('stalled', {});
  await taken;
  const stalled = new Promise((resolve) => events.once('stalled', resolve));
  work(async () => 'by another', { stalledInterval: 50, lockDuration: 2000 });
  t.match(await stalled, { jobId: job.id });
  t.equal(await job.waitUntilFinished(events), 'by another');
});

t.test('BullMQ pauses, adds no job twice, repeats jobs, and cleans up', async (t) => {
  const { queue, work } = await stage(t);
  await queue.pause();
  for (const word of ['once', 'twice']) {
    await queue.add(word, {}, { deduplication: { id: 'same' } });
  }
  t.match(await queue.getJobCounts('wait'), { wait: 1 });
  const worker = work(async () => {});
  const completed = namesOfCompleted(worker, 1);
  await queue.resume();
  t.same(await completed, ['once']);
  const repeated = namesOfCompleted(worker, 2);
  await queue.upsertJobScheduler('every', { every: 30 }, { name: 'again' });
  t.same(await repeated, ['again', 'again']);
  t.equal(await queue.removeJobScheduler('every'), true);
  t.equal((await queue.clean(0, 100, 'completed')).length >= 3, true);
});

t.test('BullMQ leaves no key behind when a queue is obliterated', async (t) => {
  const { server, queue, work } = await stage(t);
  const worker = work(async (job) => {
    if (job.name === 'bad') throw new Error('bad');
  });
  const done = namesOfCompleted(worker, 1);
  await queue.addBulk(['bad', 'good'].map((name) => ({ name, data: {} })));
  await done;
  await worker.close();
  await queue.addBulk([
    { name: 'late', data: {}, opts: { delay: 100_000 } },
    { name: 'urgent', data: {}, opts: { priority: 3 } },
    { name: 'waiting', data: {} },
  ]);
  t.ok(Number(await server.call('DBSIZE')) > 5);
  await queue.obliterate();
  t.same(await server.call('KEYS', 'bull:jobs:*'), []);
});
