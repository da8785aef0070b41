/**
 * Coroutines.
 *
 * Resuming one makes it the machine's running thread; the call of `resume` waits in the thread that
 * made it. So a script can be left within a coroutine as anywhere else.
 */
import { LuaError } from '../machine/error.js';
import { Bytes } from '../machine/heap.js';
import type { Machine } from '../machine/machine.js';
import { formatNumber } from '../machine/numbers.js';
import { Table } from '../machine/table.js';
import { PENDING, Thread } from '../machine/thread.js';
import { Closure, type NativeBody, NativeFunction } from '../machine/values.js';
import { argumentError, fail, register } from './arguments.js';

/** Coroutines that resume each other, one in the other: more would be endless. */
const MAXIMUM_NESTED = 200;

/** Copies values from one thread's stack to the top of another's. */
function transfer(from: Thread, first: number, to: Thread): void {
  const count = from.top - first;
  to.reserve(count);
  for (let i = 0; i < count; i++) to.push(from.stack[first + i]);
}

/** Lets the one who resumed a thread go on, with what lies there from `first` on. */
function giveBack(thread: Thread, first: number): number {
  const { machine, resumer } = thread;
  if (resumer === null) throw new Error('Cannot end a coroutine: no one has resumed it');
  resumer.top = resumer.frame.callee;
  transfer(thread, first, resumer);
  thread.resumer = null;
  resumer.status = 'running';
  machine.thread = resumer;
  return PENDING;
}

const finished: NativeBody = (thread) => {
  const first = thread.frame.callee;
  thread.status = 'dead';
  return giveBack(thread, first);
};

function create(thread: Thread, body: Closure): Thread {
  thread.machine.allocate(Bytes.coroutine);
  const made = new Thread(thread.machine);
  made.stack[1] = body;
  made.top = 2;
  return made;
}

function checkLuaFunction(thread: Thread): Closure {
  const body = thread.arg(1);
  if (!(body instanceof Closure)) throw argumentError(thread, 1, 'Lua function expected');
  return body;
}

/** Why a thread cannot be resumed, null when it can. */
function obstacle(thread: Thread, target: Thread): string | null {
  if (target.status !== 'suspended') return `cannot resume ${target.status} coroutine`;
  let nested = 0;
  for (let each: Thread | null = thread; each !== null; each = each.resumer) nested++;
  return nested >= MAXIMUM_NESTED ? 'C stack overflow' : null;
}

/** Runs `target` with the arguments from `first` on; `after` gets what it yields or returns. */
function resumeThread(
  thread: Thread,
  target: Thread,
  first: number,
  after: NativeBody,
  rescue: NativeBody,
): number {
  const { frame, machine } = thread;
  const started = target.depth > 0;
  transfer(thread, first, target);
  thread.top = first;
  frame.after = after;
  frame.callee = first;
  frame.rescue = rescue;
  thread.status = 'normal';
  target.status = 'running';
  target.resumer = thread;
  machine.thread = target;
  if (!started) {
    target.frame.after = finished;
    target.frame.callee = 1;
    machine.call(target, 1, -1);
  }
  return PENDING;
}

const resumed: NativeBody = (thread) => {
  const first = thread.frame.callee;
  thread.stack[first - 1] = true;
  return thread.top - first + 1;
};

const failed: NativeBody = (thread) => {
  const value = thread.result(0);
  thread.push(false);
  thread.push(value);
  return 2;
};

const resume: NativeBody = (thread) => {
  const target = thread.arg(1);
  if (!(target instanceof Thread)) throw argumentError(thread, 1, 'coroutine expected');
  const problem = obstacle(thread, target);
  if (problem !== null) {
    thread.push(false);
    thread.push(problem);
    return 2;
  }
  return resumeThread(thread, target, thread.base + 1, resumed, failed);
};

const wrapResumed: NativeBody = (thread) => thread.top - thread.frame.callee;

const wrapFailed: NativeBody = (thread) => {
  const value = thread.result(0);
  if (typeof value !== 'string' && typeof value !== 'number') throw new LuaError(value);
  throw fail(thread, typeof value === 'number' ? formatNumber(value) : value);
};

const wrap: NativeBody = (thread) => {
  const target = create(thread, checkLuaFunction(thread));
  const call: NativeBody = (caller) => {
    const problem = obstacle(caller, target);
    if (problem !== null) throw fail(caller, problem);
    return resumeThread(caller, target, caller.base, wrapResumed, wrapFailed);
  };
  return thread.answer(new NativeFunction('wrap', call));
};

const yieldNow: NativeBody = (thread) => {
  const { frame } = thread;
  if (thread.resumer === null || frame.hostCalls > 1) {
    throw thread.machine.failure(thread, 'attempt to yield across metamethod/C-call boundary');
  }
  // When it is resumed, the arguments of that call are pushed from here on: they are the results.
  const first = thread.base;
  frame.after = (later) => later.top - first;
  thread.status = 'suspended';
  giveBack(thread, first);
  thread.top = first;
  return PENDING;
};

const status: NativeBody = (thread) => {
  const target = thread.arg(1);
  if (!(target instanceof Thread)) throw argumentError(thread, 1, 'coroutine expected');
  return thread.answer(target.status);
};

const running: NativeBody = (thread) =>
  thread.answer(thread === thread.machine.main ? undefined : thread);

/** Makes the table `coroutine`. */
export function openCoroutine(machine: Machine): void {
  const library = new Table();
  register(library, {
    create: (thread) => thread.answer(create(thread, checkLuaFunction(thread))),
    ...{ resume, running, status, wrap, yield: yieldNow },
  });
  machine.globals.set('coroutine', library);
}
