/** Random Lua programs: expressions of every operator over values of every type, errors included. */

/** Numbers from 0 (inclusive) to 1, from a seed. */
type Random = () => number;

/** A program's text, and the pieces it is made from. */
class ProgramGenerator {
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  private pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)] as T;
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  /**
   * A literal, a variable, or a field. Zero is no literal: in the real server all zeros of a function have the sign
   * of the first.
   */
  private atom(): string {
    return this.pick([
      ...[
        'nil',
        'true',
        'false',
        'zero',
        '1',
        '2',
        '-1',
        '0.5',
        '3.25',
        '1e15',
        '1e-7',
        '2^53',
        '1/zero',
      ],
      ...["''", "'a'", "'10'", "' 0x1F '", "'1e2'", "'abc'", "'a\\0b'", '"\\200"', '{}', '{1,2,3}'],
      ...['{1,nil,3}', '{n=1}', 'n', 's', 't', 'f', 'u', 'm', 't.x', 't.y', 't[1]', 't[2]', 't[n]'],
      ...['t.x.y', 'm.k', 'm[n]', 'up', 'up.x', 'f()', 'f(1, 2)', 'm(3)', 't:x()', 's:nope()', 'g'],
    ]);
  }

  private expression(depth: number): string {
    if (depth === 0 || this.random() < 0.15) return this.atom();
    const next = () => this.expression(depth - 1);
    const operator = this.pick([
      ...['+', '-', '*', '/', '%', '^', '..', '..', '==', '~=', '<', '<=', '>', '>=', 'and', 'or'],
    ]);
    switch (this.below(12)) {
      case 0:
        return `${this.pick(['-', '#', 'not '])}${this.pick([next(), `(${next()})`])}`;
      case 1:
        return `(${next()})`;
      case 2:
        return `text(${next()})`;
      case 3:
        return `tonumber(${next()}${this.pick(['', ', 10', ', 16', ', 2', `, ${next()}`])})`;
      case 4:
        return `(function(a, ...) local b = ${next()} return a, b, ... end)(${next()}, ${next()})`;
      case 5:
        return `select(${this.pick(["'#'", '1', '2', '-1', next()])}, ${next()}, ${next()})`;
      case 6:
        return `({${next()}, ${next()}, k = ${next()}})${this.pick(['[1]', '[2]', '.k', '.z', ''])}`;
      default:
        return `${next()} ${operator} ${next()}`;
    }
  }

  private statement(): string {
    const value = () => this.expression(2);
    switch (this.below(8)) {
      case 0:
        return `n = ${this.expression(1)}`;
      case 1:
        return `t.x = ${value()}`;
      case 2:
        return `t[${this.pick(['1', '2', '3', 'n', "'y'", value()])}] = ${value()}`;
      case 3:
        return `local c = 0 for i = ${this.atom()}, ${this.pick(['3', '5', this.atom()])} do
          c = c + 1 if c > 5 then break end s = s .. text(i) end`;
      case 4:
        return `local c = 0 for k, v in pairs(${this.pick(['t', '{5, 6, x = 7}', 'm', this.atom()])})
          do c = c + 1 if c > 9 then break end if type(k) ~= 'table' then s = s .. text(k) end end`;
      case 5:
        return `if ${value()} then s = s .. 'y' else s = s .. 'n' end`;
      case 6:
        return `local a, b = ${value()}, ${value()} up = a`;
      default:
        return `m.z = ${value()}`;
    }
  }

  program(statements: number): string {
    const lines = Array.from({ length: statements }, () => {
      const body = this.random() < 0.4 ? this.statement() : `return ${this.expression(3)}`;
      return `show(pcall(function() ${body} end))`;
    });
    return `${PRELUDE}\n${lines.join('\n')}\nout[#out + 1] = s\nreturn out`;
  }
}

/** What every program has: variables of each type, and a way to write down results. */
const PRELUDE = `local out = {}
local zero, n, s, t, u, g, up = 0, 2, 'str', {10, 20, 30, x = {y = 5}}
local f = function(...) return ... end
local meta, m = {}
local function text(v)
  if type(v) == 'table' and v ~= m then
    local r = '{'
    for k, e in pairs(v) do
      if type(k) == 'table' or type(k) == 'function' then r = r .. 'object '
      else r = r .. tostring(k) .. '=' .. (type(e) == 'table' and 'T' or type(e) == 'function' and 'F' or tostring(e)) .. ' ' end
    end
    return r .. '#' .. #v .. '}'
  end
  if type(v) == 'function' then return 'F' end
  return tostring(v)
end
m = setmetatable({k = 'v'}, meta)
meta.__index = function(_, k) return text(k) .. '!' end
meta.__call = function(_, x) return x end
meta.__add = function(a, b) return 'add' end
meta.__concat = function(a, b) return 'concat' end
meta.__lt = function(a, b) return true end
meta.__unm = function() return 'unm' end
meta.__tostring = function() return 'M' end
local function show(...)
  local r = ''
  for i = 1, select('#', ...) do r = r .. text((select(i, ...))) .. ' ' end
  out[#out + 1] = r
end`;

/** A random program of so many statements, each caught and shown. */
export function randomProgram(random: Random, statements = 30): string {
  return new ProgramGenerator(random).program(statements);
}

const TOKENS =
  /[A-Za-z_]\w*|\d+(?:\.\d+)?|"[^"\n]*"|'[^'\n]*'|\.\.\.|\.\.|[=~<>]=|\s+|[^\sA-Za-z0-9]/g;

/** A program with a few tokens left out, put in or exchanged: most are no Lua any more. */
export function brokenProgram(random: Random, programs: readonly string[]): string {
  const below = (limit: number) => Math.floor(random() * limit);
  const any = () => (programs[below(programs.length)] ?? '').match(TOKENS) ?? [];
  const tokens = [...any()];
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const at = below(tokens.length);
    const others = any();
    const other = others[below(others.length)] ?? '';
    const kind = below(3);
    if (kind === 0) tokens.splice(at, 1);
    else if (kind === 1) tokens.splice(at, 0, other, ' ');
    else tokens[at] = other;
  }
  return tokens.join('');
}

/** A program that fills and empties a table at random and tells, now and then, how it lies. */
export function tableProgram(random: Random, steps = 120): string {
  const below = (limit: number) => Math.floor(random() * limit);
  const range = 4 + below(60);
  const key = () => {
    const n = below(range);
    return [`${n}`, `${n}`, `${n}`, `'k${n}'`, `'key:${n}'`, `${n / 2}`, `${-n}`, 'true'][below(8)];
  };
  const list = Array.from({ length: below(9) }, () => (below(4) === 0 ? 'nil' : '1')).join(', ');
  // A collection in the middle makes the real server forget where a key stood that was removed.
  const lines = ["collectgarbage('stop')", `local t, out = {${list}}, {}`, TELL];
  const removal = below(5) / 10;
  for (let i = 0; i < steps; i++) {
    lines.push(`t[${key()}] = ${random() < removal ? 'nil' : i}`);
    if (below(20) === 0) lines.push(`t[#t + 1] = ${i}`, `t[#t] = ${below(2) ? 'nil' : i}`);
    if (below(25) === 0) lines.push('tell()');
  }
  return `${lines.join('\n')}\ntell()\ncollectgarbage('restart')\nreturn out`;
}

const TELL = `local function tell()
  local s = '#' .. #t .. ' ' .. select('#', unpack(t)) .. ':'
  for k, v in pairs(t) do s = s .. tostring(k) .. '=' .. v .. ' ' end
  out[#out + 1] = s
end`;
