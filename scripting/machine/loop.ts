/**
 * The loop that runs Lua instructions.
 *
 * It is one function, for speed: the frame, its registers and the next instruction stay in local
 * variables. Whatever may look at the frame (a call, an error, a metamethod) needs `frame.pc` saved
 * first. After a call or a return the loop looks at the thread anew (`continue reload`); everything
 * is in frames then, so that is also where a script is left and taken up again.
 *
 * The cases are numbers, not the names in code.ts that stand beside them: the engine makes a jump
 * table of literals only. A test holds numbers and names together.
 */
import { type Instruction, Op } from './code.js';
import { Bytes } from './heap.js';
import type { Machine } from './machine.js';
import { formatNumber } from './numbers.js';
import {
  arithmetic,
  compare,
  concatenate,
  equal,
  index,
  length,
  modulo,
  setIndex,
  toNumber,
} from './operators.js';
import { Table } from './table.js';
import { Finish, type Frame, HOST_ROOM, type Thread } from './thread.js';
import { Closure, type LuaValue, NativeFunction, Upvalue } from './values.js';

/** Joined strings are checked for their size from here on. */
const LONG = 1_000_000;

/**
 * Runs the machine's thread until the frame `stop` is on top.
 *
 * @returns False when it was left in the middle.
 * @throws What the script throws; the frames are as they were then.
 */
export function execute(machine: Machine, stop: Frame): boolean {
  reload: for (;;) {
    const thread = machine.thread;
    const frame = thread.frame;
    if (frame === stop) return true;
    if (--machine.budget < 0 && machine.ask()) return false;
    const code = frame.code;
    if (code === null) {
      machine.goOn(thread);
      continue;
    }
    const stack = thread.stack;
    const base = frame.base;
    const closure = frame.closure as Closure;
    let pc = frame.pc;
    for (;;) {
      const i = code[pc++] as Instruction;
      switch (i.op) {
        case 0: // Op.move
          stack[base + i.a] = stack[base + i.b];
          break;
        case 1: // Op.loadConstant
          stack[base + i.a] = i.kb;
          break;
        case 2: // Op.loadBoolean
          stack[base + i.a] = i.b !== 0;
          if (i.c !== 0) pc++;
          break;
        case 3: // Op.loadNil
          for (let at = base + i.a, end = at + i.b; at <= end; at++) stack[at] = undefined;
          break;
        case 4: {
          // Op.getUpvalue
          const upvalue = closure.upvalues[i.b] as Upvalue;
          stack[base + i.a] = upvalue.slots[upvalue.index];
          break;
        }
        case 5: {
          // Op.setUpvalue
          const upvalue = closure.upvalues[i.b] as Upvalue;
          upvalue.slots[upvalue.index] = stack[base + i.a];
          break;
        }
        case 6: {
          // Op.getGlobal
          const key = i.c >= 0 ? stack[base + i.c] : i.kc;
          const globals = closure.environment;
          const node = i.node;
          const value =
            node < globals.keys.length && globals.keys[node] === key
              ? globals.values[node]
              : lookUp(globals, key, i);
          if (value !== undefined || globals.metatable === null) {
            stack[base + i.a] = value;
            break;
          }
          frame.pc = pc;
          if (index(machine, thread, globals, key, i.a, -1)) continue reload;
          break;
        }
        case 7: {
          // Op.setGlobal
          const key = i.b >= 0 ? stack[base + i.b] : i.kb;
          frame.pc = pc;
          const value = i.c >= 0 ? stack[base + i.c] : i.kc;
          if (setIndex(machine, thread, closure.environment, key, value, -1)) continue reload;
          break;
        }
        case 8: {
          // Op.getUpvalueIndex
          const upvalue = closure.upvalues[i.b] as Upvalue;
          const table = upvalue.slots[upvalue.index];
          const key = i.c >= 0 ? stack[base + i.c] : i.kc;
          if (table instanceof Table) {
            const value = table.get(key);
            if (value !== undefined || table.metatable === null) {
              stack[base + i.a] = value;
              break;
            }
          }
          frame.pc = pc;
          if (index(machine, thread, table, key, i.a, -2 - i.b)) continue reload;
          break;
        }
        case 9: {
          // Op.setUpvalueIndex
          const upvalue = closure.upvalues[i.a] as Upvalue;
          const table = upvalue.slots[upvalue.index];
          const key = i.b >= 0 ? stack[base + i.b] : i.kb;
          const value = i.c >= 0 ? stack[base + i.c] : i.kc;
          frame.pc = pc;
          if (setIndex(machine, thread, table, key, value, -2 - i.a)) continue reload;
          break;
        }
        case 10: {
          // Op.getField
          const table = stack[base + i.b];
          if (table instanceof Table) {
            const node = i.node;
            const value =
              node < table.keys.length && table.keys[node] === i.kc
                ? table.values[node]
                : lookUp(table, i.kc, i);
            if (value !== undefined || table.metatable === null) {
              stack[base + i.a] = value;
              break;
            }
          }
          frame.pc = pc;
          if (index(machine, thread, table, i.kc, i.a, i.b)) continue reload;
          break;
        }
        case 11: {
          // Op.getIndex
          const table = stack[base + i.b];
          const key = i.c >= 0 ? stack[base + i.c] : i.kc;
          if (table instanceof Table) {
            const array = table.array;
            let value: LuaValue;
            if (typeof key === 'number' && key > 0 && key < array.length && (key | 0) === key) {
              value = array[key];
            } else value = table.get(key);
            if (value !== undefined || table.metatable === null) {
              stack[base + i.a] = value;
              break;
            }
          }
          frame.pc = pc;
          if (index(machine, thread, table, key, i.a, i.b)) continue reload;
          break;
        }
        case 12: {
          // Op.setField
          const table = stack[base + i.a];
          const value = i.c >= 0 ? stack[base + i.c] : i.kc;
          if (table instanceof Table && table.metatable === null && !table.readonly) {
            const node = i.node;
            if (node < table.keys.length && table.keys[node] === i.kb) table.values[node] = value;
            else {
              frame.pc = pc;
              setField(machine, table, i, value);
            }
            break;
          }
          frame.pc = pc;
          if (setIndex(machine, thread, table, i.kb, value, i.a)) continue reload;
          break;
        }
        case 13: {
          // Op.setIndex
          const table = stack[base + i.a];
          const key = i.b >= 0 ? stack[base + i.b] : i.kb;
          const value = i.c >= 0 ? stack[base + i.c] : i.kc;
          if (table instanceof Table && table.metatable === null && !table.readonly) {
            const array = table.array;
            if (typeof key === 'number') {
              if (key > 0 && key < array.length && (key | 0) === key) {
                array[key] = value;
                break;
              }
              if (!Number.isNaN(key)) {
                frame.pc = pc;
                machine.allocate(Bytes.slot);
                table.set(key, value);
                break;
              }
            } else if (key !== undefined) {
              frame.pc = pc;
              machine.allocate(Bytes.key);
              table.set(key, value);
              break;
            }
          }
          frame.pc = pc;
          if (setIndex(machine, thread, table, key, value, i.a)) continue reload;
          break;
        }
        case 14: // Op.newTable
          frame.pc = pc;
          machine.allocate(Bytes.table + i.b * Bytes.slot + i.c * Bytes.key);
          stack[base + i.a] = new Table(i.b, i.c);
          break;
        case 15: {
          // Op.self
          const object = stack[base + i.b];
          const key = i.c >= 0 ? stack[base + i.c] : i.kc;
          stack[base + i.a + 1] = object;
          frame.pc = pc;
          if (index(machine, thread, object, key, i.a, i.b)) continue reload;
          break;
        }
        case 16: {
          // Op.add
          const x = i.b >= 0 ? stack[base + i.b] : i.kb;
          const y = i.c >= 0 ? stack[base + i.c] : i.kc;
          if (typeof x === 'number' && typeof y === 'number') {
            stack[base + i.a] = x + y;
            break;
          }
          frame.pc = pc;
          if (arithmetic(machine, thread, Op.add, i, x, y)) continue reload;
          break;
        }
        case 17: {
          // Op.addK
          const x = stack[base + i.b];
          if (typeof x === 'number') {
            stack[base + i.a] = x + (i.kc as number);
            break;
          }
          frame.pc = pc;
          if (arithmetic(machine, thread, Op.add, i, x, i.kc)) continue reload;
          break;
        }
        case 18: {
          // Op.subtract
          const x = i.b >= 0 ? stack[base + i.b] : i.kb;
          const y = i.c >= 0 ? stack[base + i.c] : i.kc;
          if (typeof x === 'number' && typeof y === 'number') {
            stack[base + i.a] = x - y;
            break;
          }
          frame.pc = pc;
          if (arithmetic(machine, thread, Op.subtract, i, x, y)) continue reload;
          break;
        }
        case 19: {
          // Op.subtractK
          const x = stack[base + i.b];
          if (typeof x === 'number') {
            stack[base + i.a] = x - (i.kc as number);
            break;
          }
          frame.pc = pc;
          if (arithmetic(machine, thread, Op.subtract, i, x, i.kc)) continue reload;
          break;
        }
        case 20: {
          // Op.multiply
          const x = i.b >= 0 ? stack[base + i.b] : i.kb;
          const y = i.c >= 0 ? stack[base + i.c] : i.kc;
          if (typeof x === 'number' && typeof y === 'number') {
            stack[base + i.a] = x * y;
            break;
          }
          frame.pc = pc;
          if (arithmetic(machine, thread, Op.multiply, i, x, y)) continue reload;
          break;
        }
        case 21: {
          // Op.divide
          const x = i.b >= 0 ? stack[base + i.b] : i.kb;
          const y = i.c >= 0 ? stack[base + i.c] : i.kc;
          if (typeof x === 'number' && typeof y === 'number') {
            stack[base + i.a] = x / y;
            break;
          }
          frame.pc = pc;
          if (arithmetic(machine, thread, Op.divide, i, x, y)) continue reload;
          break;
        }
        case 22: {
          // Op.modulo
          const x = i.b >= 0 ? stack[base + i.b] : i.kb;
          const y = i.c >= 0 ? stack[base + i.c] : i.kc;
          if (typeof x === 'number' && typeof y === 'number') {
            stack[base + i.a] = modulo(x, y);
            break;
          }
          frame.pc = pc;
          if (arithmetic(machine, thread, Op.modulo, i, x, y)) continue reload;
          break;
        }
        case 23: {
          // Op.power
          const x = i.b >= 0 ? stack[base + i.b] : i.kb;
          const y = i.c >= 0 ? stack[base + i.c] : i.kc;
          if (typeof x === 'number' && typeof y === 'number') {
            stack[base + i.a] = power(x, y);
            break;
          }
          frame.pc = pc;
          if (arithmetic(machine, thread, Op.power, i, x, y)) continue reload;
          break;
        }
        case 24: {
          // Op.negate
          const x = stack[base + i.b];
          if (typeof x === 'number') {
            stack[base + i.a] = -x;
            break;
          }
          frame.pc = pc;
          if (arithmetic(machine, thread, Op.negate, i, x, x)) continue reload;
          break;
        }
        case 25: {
          // Op.not
          const x = stack[base + i.b];
          stack[base + i.a] = x === undefined || x === false;
          break;
        }
        case 26: {
          // Op.length
          const x = stack[base + i.b];
          if (typeof x === 'string') stack[base + i.a] = x.length;
          else if (x instanceof Table) stack[base + i.a] = x.border();
          else {
            frame.pc = pc;
            if (length(machine, thread, x, i)) continue reload;
          }
          break;
        }
        case 27: {
          // Op.concat
          if (i.c === i.b + 1) {
            const x = stack[base + i.b];
            const y = stack[base + i.c];
            if (typeof x === 'string') {
              const tail = typeof y === 'number' ? formatNumber(y) : y;
              if (typeof tail === 'string' && x.length + tail.length < LONG) {
                frame.pc = pc;
                machine.allocate(Bytes.string + x.length + tail.length);
                stack[base + i.a] = x + tail;
                break;
              }
            }
          }
          frame.pc = pc;
          if (concatenate(machine, thread, i.c)) continue reload;
          break;
        }
        case 28: // Op.jump
          if (i.closes >= 0) thread.closeUpvalues(base + i.closes);
          pc = i.target;
          break;
        case 29: // Op.jumpBack
          if (i.closes >= 0) thread.closeUpvalues(base + i.closes);
          pc = i.target;
          if (--machine.budget < 0) {
            frame.pc = pc;
            if (machine.ask()) return false;
          }
          break;
        case 30: {
          // Op.equal
          const x = i.b >= 0 ? stack[base + i.b] : i.kb;
          const y = i.c >= 0 ? stack[base + i.c] : i.kc;
          // To compare strings takes a while: once is enough.
          const same = x === y;
          if (!same && typeof x === 'object' && typeof y === 'object') {
            frame.pc = pc;
            if (equal(machine, thread, x, y)) continue reload;
            pc = frame.pc;
            break;
          }
          if (same !== (i.a !== 0)) pc++;
          else {
            if (i.closes >= 0 || i.target < pc) {
              frame.pc = i.target;
              if (farJump(machine, thread, i, base)) return false;
            }
            pc = i.target;
          }
          break;
        }
        case 31: // Op.equalK
          if ((stack[base + i.b] === i.kc) !== (i.a !== 0)) pc++;
          else {
            if (i.closes >= 0 || i.target < pc) {
              frame.pc = i.target;
              if (farJump(machine, thread, i, base)) return false;
            }
            pc = i.target;
          }
          break;
        case 32: // Op.less
        case 33: {
          // Op.lessOrEqual
          const x = i.b >= 0 ? stack[base + i.b] : i.kb;
          const y = i.c >= 0 ? stack[base + i.c] : i.kc;
          let holds: boolean;
          if (
            (typeof x === 'number' && typeof y === 'number') ||
            (typeof x === 'string' && typeof y === 'string')
          ) {
            holds = i.op === Op.less ? x < y : x <= y;
          } else {
            frame.pc = pc;
            if (compare(machine, thread, i.op === Op.lessOrEqual, x, y)) continue reload;
            pc = frame.pc;
            break;
          }
          if (holds !== (i.a !== 0)) pc++;
          else {
            if (i.closes >= 0 || i.target < pc) {
              frame.pc = i.target;
              if (farJump(machine, thread, i, base)) return false;
            }
            pc = i.target;
          }
          break;
        }
        case 34: {
          // Op.test
          const x = stack[base + i.a];
          if ((x !== undefined && x !== false) !== (i.c !== 0)) pc++;
          else {
            if (i.closes >= 0 || i.target < pc) {
              frame.pc = i.target;
              if (farJump(machine, thread, i, base)) return false;
            }
            pc = i.target;
          }
          break;
        }
        case 35: {
          // Op.testSet
          const x = stack[base + i.b];
          if ((x !== undefined && x !== false) !== (i.c !== 0)) pc++;
          else {
            stack[base + i.a] = x;
            if (i.closes >= 0 || i.target < pc) {
              frame.pc = i.target;
              if (farJump(machine, thread, i, base)) return false;
            }
            pc = i.target;
          }
          break;
        }
        case 36: {
          // Op.call
          frame.pc = pc;
          const func = base + i.a;
          if (i.b !== 0) thread.top = func + i.b;
          const callee = stack[func];
          if (callee instanceof Closure) {
            const called = thread.pushLuaFrame();
            called.func = func;
            called.wanted = i.c - 1;
            machine.enter(thread, called, callee);
            continue reload;
          }
          if (callee instanceof NativeFunction) {
            const called = thread.pushLuaFrame();
            called.func = func;
            called.wanted = i.c - 1;
            if (machine.runNative(thread, called, callee)) continue reload;
            break;
          }
          if (machine.call(thread, func, i.c - 1)) continue reload;
          break;
        }
        case 37: {
          // Op.tailCall
          frame.pc = pc;
          const func = base + i.a;
          if (i.b !== 0) thread.top = func + i.b;
          let callee = stack[func];
          if (!(callee instanceof Closure) && !(callee instanceof NativeFunction)) {
            callee = machine.callHandler(thread, func);
          }
          if (callee instanceof Closure) {
            tailCall(machine, thread, frame, callee, func);
            continue reload;
          }
          // The instruction behind it returns what the host's function leaves.
          if (machine.call(thread, func, -1)) continue reload;
          break;
        }
        case 38: {
          // Op.return
          const first = base + i.a;
          const count = i.b !== 0 ? i.b - 1 : thread.top - first;
          if (i.c !== 0) thread.closeUpvalues(base);
          machine.leave(thread, first, count);
          continue reload;
        }
        case 39: {
          // Op.forLoop
          const at = base + i.a;
          const step = stack[at + 2] as number;
          const next = (stack[at] as number) + step;
          const limit = stack[at + 1] as number;
          if (step > 0 ? next <= limit : limit <= next) {
            stack[at] = next;
            stack[at + 3] = next;
            pc = i.target;
            if (--machine.budget < 0) {
              frame.pc = pc;
              if (machine.ask()) return false;
            }
          }
          break;
        }
        case 40: // Op.forPrepare
          frame.pc = pc;
          prepareFor(machine, thread, base + i.a);
          pc = i.target;
          break;
        case 41: {
          // Op.genericForCall
          const at = base + i.a;
          stack[at + 5] = stack[at + 2];
          stack[at + 4] = stack[at + 1];
          stack[at + 3] = stack[at];
          thread.top = at + 6;
          frame.pc = pc;
          if (machine.call(thread, at + 3, i.c, Finish.iterate)) continue reload;
          break;
        }
        case 42: {
          // Op.genericForLoop
          const at = base + i.a;
          const first = stack[at + 1];
          if (first !== undefined) {
            stack[at] = first;
            pc = i.target;
            if (--machine.budget < 0) {
              frame.pc = pc;
              if (machine.ask()) return false;
            }
          }
          break;
        }
        case 43: // Op.setList
          frame.pc = pc;
          setList(machine, thread, base + i.a, i);
          break;
        case 44: // Op.closure
          frame.pc = pc;
          machine.allocate(Bytes.closure);
          stack[base + i.a] = makeClosure(thread, closure, base, i.b);
          break;
        case 45: {
          // Op.varargs
          const from = frame.func + 1 + closure.code.parameters;
          const available = Math.max(base - from, 0);
          const wanted = i.b === 0 ? available : i.b - 1;
          const to = base + i.a;
          const end = to + wanted + HOST_ROOM;
          if (end > thread.claimed) thread.claim(end);
          for (let n = 0; n < wanted; n++)
            stack[to + n] = n < available ? stack[from + n] : undefined;
          if (i.b === 0) thread.top = to + wanted;
          break;
        }
        case 47: // Op.lineStart
          frame.pc = pc - 1;
          if (machine.stepper?.reached(i, thread)) return false;
          continue reload;
        default:
          break;
      }
    }
  }
}

/** Asks a table, and remembers in which node the key was. */
function lookUp(table: Table, key: LuaValue, instruction: Instruction): LuaValue {
  const node = table.find(key);
  if (node < 0) return undefined;
  instruction.node = node;
  return table.values[node];
}

function setField(machine: Machine, table: Table, instruction: Instruction, value: LuaValue): void {
  const node = table.find(instruction.kb);
  if (node < 0) {
    machine.allocate(Bytes.key);
    table.set(instruction.kb, value);
    return;
  }
  instruction.node = node;
  table.values[node] = value;
}

/** C's `pow`: JavaScript differs where a base of 1 or -1 meets infinity or NaN. */
export function power(x: number, y: number): number {
  if (x === 1 || (x === -1 && (y === Infinity || y === -Infinity))) return 1;
  return x ** y;
}

/** A jump that closes variables or goes back. @returns Whether to leave the script. */
function farJump(machine: Machine, thread: Thread, i: Instruction, base: number): boolean {
  if (i.closes >= 0) thread.closeUpvalues(base + i.closes);
  return --machine.budget < 0 && machine.ask();
}

/** Puts a call in the place of the one that makes it. */
function tailCall(
  machine: Machine,
  thread: Thread,
  frame: Frame,
  callee: Closure,
  func: number,
): void {
  const { stack } = thread;
  thread.closeUpvalues(frame.base);
  const count = thread.top - func;
  for (let n = 0; n < count; n++) stack[frame.func + n] = stack[func + n];
  thread.top = frame.func + count;
  machine.enter(thread, frame, callee);
  frame.tail = true;
}

/** Checks and prepares a numeric `for`: its first value, limit and step lie from `at` on. */
function prepareFor(machine: Machine, thread: Thread, at: number): void {
  const { stack } = thread;
  const numbers = [toNumber(stack[at]), toNumber(stack[at + 1]), toNumber(stack[at + 2])];
  const [first, limit, step] = numbers;
  if (first === undefined) throw machine.failure(thread, "'for' initial value must be a number");
  if (limit === undefined) throw machine.failure(thread, "'for' limit must be a number");
  if (step === undefined) throw machine.failure(thread, "'for' step must be a number");
  stack[at] = first - step;
  stack[at + 1] = limit;
  stack[at + 2] = step;
}

/** Items of a table constructor that come in blocks. */
const BLOCK = 50;

function setList(machine: Machine, thread: Thread, at: number, i: Instruction): void {
  const { stack } = thread;
  const count = i.b === 0 ? thread.top - at - 1 : i.b;
  const table = stack[at];
  if (!(table instanceof Table)) return;
  const last = (i.c - 1) * BLOCK + count;
  machine.allocate(count * Bytes.slot);
  table.growArray(last);
  for (let n = count, key = last; n > 0; n--, key--) table.setInteger(key, stack[at + n]);
}

function makeClosure(thread: Thread, parent: Closure, base: number, child: number): Closure {
  const code = parent.code.children[child] as Closure['code'];
  const upvalues: Upvalue[] = [];
  for (const { inStack, index: at } of code.upvalues) {
    const shared = inStack ? thread.findUpvalue(base + at) : parent.upvalues[at];
    upvalues.push(shared ?? new Upvalue([undefined], 0));
  }
  return new Closure(code, parent.environment, upvalues);
}
