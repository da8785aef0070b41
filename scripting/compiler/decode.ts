/**
 * The parser's functions as ours: instructions with their constants put in, see machine/code.ts.
 */
import { toLatin1 } from '../../protocol/bytes.js';
import { CONSTANT, type Code, Instruction, Op, type RawInstruction } from '../machine/code.js';
import type { LuaValue } from '../machine/values.js';
import { linesOf } from './call-lines.js';
import type { ParserString, ParserValue, Prototype } from './modules.js';

/** The name the compiler gives the globals; see compiler.ts. */
const isEnvironment = (name: string): boolean => name.startsWith('\0');

function textOf(string: ParserString): string {
  const bytes = string.getstr();
  return toLatin1(bytes, 0, bytes.length);
}

function isParserString(value: unknown): value is ParserString {
  return typeof value === 'object' && value !== null && 'getstr' in value;
}

function constantOf({ value }: ParserValue): LuaValue {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return isParserString(value) ? textOf(value) : undefined;
}

/** Operations that are the same in both, but for their number. */
const PLAIN: Readonly<Record<string, number>> = {
  OP_MOVE: Op.move,
  OP_LOADBOOL: Op.loadBoolean,
  OP_LOADNIL: Op.loadNil,
  OP_GETUPVAL: Op.getUpvalue,
  OP_SETUPVAL: Op.setUpvalue,
  OP_NEWTABLE: Op.newTable,
  OP_UNM: Op.negate,
  OP_NOT: Op.not,
  OP_LEN: Op.length,
  OP_CONCAT: Op.concat,
  OP_CALL: Op.call,
  OP_TAILCALL: Op.tailCall,
  OP_RETURN: Op.return,
  OP_TFORCALL: Op.genericForCall,
  OP_VARARG: Op.varargs,
  OP_EXTRAARG: Op.none,
};

/** Operations whose operands b and c are registers or constants. */
const BINARY: Readonly<Record<string, number>> = {
  OP_ADD: Op.add,
  OP_SUB: Op.subtract,
  OP_MUL: Op.multiply,
  OP_DIV: Op.divide,
  OP_MOD: Op.modulo,
  OP_POW: Op.power,
  OP_EQ: Op.equal,
  OP_LT: Op.less,
  OP_LE: Op.lessOrEqual,
};

/** Tests, each followed by the jump it makes when it holds. */
const TESTS: ReadonlySet<string> = new Set(['OP_EQ', 'OP_LT', 'OP_LE', 'OP_TEST', 'OP_TESTSET']);

const JUMPS: Readonly<Record<string, number>> = {
  OP_FORLOOP: Op.forLoop,
  OP_FORPREP: Op.forPrepare,
  OP_TFORLOOP: Op.genericForLoop,
};

/** A size as a constructor states it: a byte of three bits mantissa and five bits exponent. */
function sizeOf(byte: number): number {
  const exponent = byte >> 3;
  return exponent === 0 ? byte : ((byte & 7) + 8) * 2 ** (exponent - 1);
}

class Decoder {
  private readonly constants: LuaValue[];
  private readonly environment: number;
  private readonly prototype: Prototype;
  private readonly names: readonly string[];

  constructor(prototype: Prototype, names: readonly string[]) {
    this.prototype = prototype;
    this.names = names;
    this.constants = prototype.k.map(constantOf);
    this.environment = prototype.upvalues.findIndex(({ name }) => isEnvironment(textOf(name)));
  }

  code(chunk: string, children: readonly Code[]): Code {
    const { prototype } = this;
    const usesVarargs = prototype.code.some(({ opcode }) => this.names[opcode] === 'OP_VARARG');
    const isMain = prototype.linedefined === 0;
    const needsArg = prototype.is_vararg && !usesVarargs && !isMain;
    const instructions = prototype.code.map((raw, at) => this.instruction(raw, at));
    if (needsArg) skipFirstNil(instructions[0], prototype.numparams);
    return {
      instructions,
      raw: prototype.code,
      constants: this.constants,
      children,
      upvalues: prototype.upvalues.map(({ name, instack, idx }) => ({
        name: textOf(name),
        inStack: instack,
        index: idx,
      })),
      environmentIndex: this.environment,
      lines: linesOf(prototype.code, prototype.lineinfo),
      locals: prototype.locvars.map(({ varname, startpc, endpc }) => ({
        name: textOf(varname),
        start: startpc,
        end: endpc,
      })),
      parameters: prototype.numparams,
      isVararg: prototype.is_vararg,
      needsArg,
      registers: prototype.maxstacksize + 1,
      chunk,
      line: prototype.linedefined,
      lastLine: prototype.lastlinedefined,
    };
  }

  private instruction(raw: RawInstruction, at: number): Instruction {
    const name = this.names[raw.opcode] ?? '';
    const jump = JUMPS[name];
    if (jump !== undefined) return this.jump(jump, raw.A, at + 1 + raw.sBx, -1);
    const binary = BINARY[name];
    const made = binary === undefined ? this.other(name, raw, at) : this.withOperands(binary, raw);
    if (TESTS.has(name)) this.followJump(made, at + 1);
    return this.specialized(made);
  }

  private other(name: string, raw: RawInstruction, at: number): Instruction {
    const { A, B, C } = raw;
    switch (name) {
      case 'OP_LOADK':
        return this.withConstant(Op.loadConstant, A, raw.Bx);
      case 'OP_LOADKX':
        return this.withConstant(Op.loadConstant, A, this.extra(at));
      case 'OP_CLOSURE':
        return new Instruction(Op.closure, A, raw.Bx, 0);
      case 'OP_JMP': {
        const op = raw.sBx < 0 ? Op.jumpBack : Op.jump;
        return this.jump(op, A, at + 1 + raw.sBx, A - 1);
      }
      case 'OP_TEST':
        return new Instruction(Op.test, A, A, C);
      case 'OP_TESTSET':
        return new Instruction(Op.testSet, A, B, C);
      case 'OP_NEWTABLE':
        return new Instruction(Op.newTable, A, sizeOf(B), sizeOf(C));
      case 'OP_SETLIST':
        return new Instruction(Op.setList, A, B, C === 0 ? this.extra(at) : C);
      case 'OP_GETTABUP':
        return this.withOperands(B === this.environment ? Op.getGlobal : Op.getUpvalueIndex, raw);
      case 'OP_SETTABUP':
        return this.withOperands(A === this.environment ? Op.setGlobal : Op.setUpvalueIndex, raw);
      case 'OP_GETTABLE':
        return this.withOperands(Op.getIndex, raw);
      case 'OP_SETTABLE':
        return this.withOperands(Op.setIndex, raw);
      case 'OP_SELF':
        return this.withOperands(Op.self, raw);
      default: {
        const plain = PLAIN[name];
        if (plain === undefined)
          throw new Error(`Cannot decode ${name}: 5.1 has no such operation`);
        // A return that leaves variables behind which closures hold must close them.
        const children = this.prototype.p.length > 0 ? 1 : 0;
        return new Instruction(plain, A, B, plain === Op.return ? children : C);
      }
    }
  }

  /** The instruction that only carries a number too large for the one before it. */
  private extra(at: number): number {
    const next = this.prototype.code[at + 1] as (RawInstruction & { Ax?: number }) | undefined;
    return next?.Ax ?? 0;
  }

  private withConstant(op: number, a: number, constant: number): Instruction {
    const made = new Instruction(op, a, -1, 0);
    made.kb = this.constants[constant];
    return made;
  }

  private withOperands(op: number, { A, B, C }: RawInstruction): Instruction {
    const made = new Instruction(op, A, B < CONSTANT ? B : -1, C < CONSTANT ? C : -1);
    if (B >= CONSTANT) made.kb = this.constants[B - CONSTANT];
    if (C >= CONSTANT) made.kc = this.constants[C - CONSTANT];
    return made;
  }

  private jump(op: number, a: number, target: number, closes: number): Instruction {
    const made = new Instruction(op, a, 0, 0);
    made.target = target;
    made.closes = closes;
    return made;
  }

  private followJump(test: Instruction, at: number): void {
    const raw = this.prototype.code[at];
    if (raw === undefined) return;
    test.target = at + 1 + raw.sBx;
    test.closes = raw.A - 1;
  }

  /** The special form of an instruction with a constant right operand, where there is one. */
  private specialized(made: Instruction): Instruction {
    const byNumber = made.c === -1 && typeof made.kc === 'number';
    if (made.op === Op.getIndex && typeof made.kc === 'string') made.op = Op.getField;
    else if (made.op === Op.setIndex && typeof made.kb === 'string') made.op = Op.setField;
    else if (made.op === Op.add && byNumber && made.b >= 0) made.op = Op.addK;
    else if (made.op === Op.subtract && byNumber && made.b >= 0) made.op = Op.subtractK;
    else if (made.op === Op.equal && made.c === -1 && made.b >= 0) made.op = Op.equalK;
    return made;
  }
}

/** The variable `arg` is filled by the call: its first instruction must not set it to nil again. */
function skipFirstNil(first: Instruction | undefined, register: number): void {
  if (first === undefined || first.op !== Op.loadNil || first.a !== register) return;
  if (first.b === 0) first.op = Op.none;
  first.a++;
  first.b--;
}

/** The parser's operations by number, as `decode` needs them. */
export function operationNames(numbers: Readonly<Record<string, number>>): readonly string[] {
  const names: string[] = [];
  for (const [name, number] of Object.entries(numbers)) names[number] = name;
  return names;
}

/**
 * Decodes a function and those inside it.
 *
 * @param names - See `operationNames`.
 */
export function decode(prototype: Prototype, chunk: string, names: readonly string[]): Code {
  const children = prototype.p.map((each) => decode(each, chunk, names));
  return new Decoder(prototype, names).code(chunk, children);
}
