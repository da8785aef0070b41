/**
 * Random requests, made from what COMMAND DOCS tells of each command's arguments.
 *
 * A command known to the facts is tested without a further word: its arguments are walked, options taken or left,
 * and each plain argument drawn from the pool of its name or else of its type. Templates add what the facts
 * do not tell (DEBUG) or what must be held in bounds. A part of the requests is then mutated: arguments dropped,
 * doubled, exchanged, replaced by what is hard to read.
 */
import type { Random } from '../../datatypes/random.js';
import type { CommandFacts } from './command-facts.js';

/** One request; a character a byte. */
export type Words = string[];
/** Makes one argument. */
export type Pool = (random: Random) => string;

/** An argument as COMMAND DOCS tells it. */
interface ArgumentFact {
  readonly name: string;
  readonly type: string;
  readonly token?: string;
  readonly flags?: readonly string[];
  readonly arguments?: readonly ArgumentFact[];
}

export interface GeneratorParts {
  readonly random: Random;
  readonly facts: ReadonlyMap<string, CommandFacts>;
  /** Pools by `command.argument`, by the argument's name, or by its type; the first that is there is taken. */
  readonly pools: Readonly<Record<string, Pool>>;
  /** How often each command comes, by full name: its share of the sum. 0 leaves it out. */
  readonly weights: ReadonlyMap<string, number>;
  /** Requests as text with `{pool}` for an argument, and how often they come. */
  readonly templates: readonly (readonly [weight: number, template: string])[];
  /** What an argument is replaced by when a request is mutated. */
  readonly oddities: Pool;
  /** One in so many requests is mutated. */
  readonly mutateOneIn: number;
}

interface Choice {
  readonly upTo: number;
  readonly make: () => Words;
}

const MOST_REPEATS = 3;

export class RequestGenerator {
  private readonly parts: GeneratorParts;
  private readonly random: Random;
  private readonly choices: Choice[] = [];
  private total = 0;

  constructor(parts: GeneratorParts) {
    this.parts = parts;
    this.random = parts.random;
    for (const [name, weight] of parts.weights) this.add(weight, () => this.fromFacts(name));
    for (const [weight, template] of parts.templates) {
      const words = template.split(' ');
      this.add(weight, () => words.map((word) => this.fill(word)));
    }
  }

  /** The next request. */
  next(): Words {
    const at = this.random.unit() * this.total;
    const choice = this.choices.find(({ upTo }) => at < upTo) as Choice;
    let words = choice.make();
    if (this.random.below(4) === 0) words = words.map((word) => this.otherCase(word));
    while (this.random.below(this.parts.mutateOneIn) === 0) this.mutate(words);
    return words;
  }

  private add(weight: number, make: () => Words): void {
    if (weight === 0) return;
    this.total += weight;
    this.choices.push({ upTo: this.total, make });
  }

  private fill(word: string): string {
    return word.startsWith('{') ? this.draw([word.slice(1, -1)]) : word;
  }

  private fromFacts(name: string): Words {
    const words = name.split('|');
    const facts = (this.parts.facts.get(name)?.docs.arguments ?? []) as readonly ArgumentFact[];
    for (const fact of facts) this.argument(name, fact, words);
    return words;
  }

  private argument(command: string, fact: ArgumentFact, into: Words): void {
    const flags = fact.flags ?? [];
    if (flags.includes('optional') && this.random.below(3) !== 0) return;
    const times = flags.includes('multiple') ? 1 + this.random.below(MOST_REPEATS) : 1;
    for (let i = 0; i < times; i++) {
      const named = i === 0 || flags.includes('multiple_token');
      if (named && fact.token !== undefined && fact.type !== 'oneof') into.push(fact.token);
      if (fact.type === 'oneof' && named && fact.token) into.push(fact.token);
      this.content(command, fact, into);
    }
  }

  private content(command: string, fact: ArgumentFact, into: Words): void {
    const parts = fact.arguments ?? [];
    if (fact.type === 'pure-token') return;
    if (fact.type === 'oneof') {
      this.argument(command, parts[this.random.below(parts.length)] as ArgumentFact, into);
    } else if (fact.type === 'block') {
      for (const part of parts) this.argument(command, part, into);
    } else {
      into.push(this.draw([`${command}.${fact.name}`, fact.name, fact.type]));
    }
  }

  private draw(names: readonly string[]): string {
    const name = names.find((one) => one in this.parts.pools);
    const pool = name === undefined ? undefined : this.parts.pools[name];
    if (pool === undefined) throw new Error(`No pool is called ${names.join(' or ')}`);
    return pool(this.random);
  }

  private otherCase(word: string): string {
    if (this.random.below(2) === 0 || !/^[A-Za-z]/.test(word)) return word;
    return this.random.below(2) === 0 ? word.toUpperCase() : word.toLowerCase();
  }

  /** Spoils one request in one way. The command's name mostly stays. */
  private mutate(words: Words): void {
    const { random } = this;
    const at = random.below(12) === 0 ? 0 : 1 + random.below(words.length);
    const other = 1 + random.below(Math.max(1, words.length - 1));
    const odd = () => this.parts.oddities(random);
    switch (random.below(7)) {
      case 0:
        if (at > 0) words.splice(at, 1);
        break;
      case 1:
        words.splice(at, 0, words[other] ?? odd());
        break;
      case 2:
        words.splice(Math.max(1, at), 0, odd());
        break;
      case 3:
        words.push(odd());
        break;
      case 4:
        [words[at], words[other]] = [words[other] ?? odd(), words[at] ?? odd()];
        break;
      default:
        words[at] = odd();
    }
  }
}
