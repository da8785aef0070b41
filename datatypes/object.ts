/** OBJECT: how a value is stored, and when or how often it was used. */
import { LFU_POLICY, NO_LFU_POLICY } from '../protocol/refusals.js';
import { key, keyArg } from '../protocol/spec.js';
import type { Call } from './call.js';
import { command, container } from './command.js';
import { replyHelp } from './help.js';
import { NONE, type Ref } from './store/arena.js';
import { ENCODING_NAMES } from './store/entry.js';

/** The entry of the key in argument 2: counted as a hit or miss, but neither its access nor a miss is told. */
function look(call: Call): Ref {
  const { stats } = call.keyspace;
  const ref = call.db.peek(call.buffer, call.start(2), call.end(2));
  if (ref === NONE) stats.misses++;
  else stats.hits++;
  return ref;
}

const encoding = command(
  {
    name: 'object|encoding',
    group: 'generic',
    since: '2.2.3',
    arity: 3,
    flags: ['readonly'],
    acl: ['keyspace'],
    tips: ['nondeterministic_output'],
    keys: [key(2, ['RO'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Names the way in which a value is stored.',
  },
  (call) => {
    const ref = look(call);
    if (ref === NONE) return call.reply.nil();
    call.reply.text(ENCODING_NAMES[call.keyspace.entries.encoding(ref)]);
  },
);

const freq = command(
  {
    name: 'object|freq',
    group: 'generic',
    since: '4.0.0',
    arity: 3,
    flags: ['readonly'],
    acl: ['keyspace'],
    tips: ['nondeterministic_output'],
    keys: [key(2, ['RO'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Returns how often a value was used, on a logarithmic scale.',
  },
  (call) => {
    const ref = look(call);
    if (ref === NONE) return call.reply.nil();
    const { accessClock, entries } = call.keyspace;
    if (!accessClock.isLfu) throw NO_LFU_POLICY;
    call.reply.integer(accessClock.frequency(entries.access(ref)));
  },
);

const idletime = command(
  {
    name: 'object|idletime',
    group: 'generic',
    since: '2.2.3',
    arity: 3,
    flags: ['readonly'],
    acl: ['keyspace'],
    tips: ['nondeterministic_output'],
    keys: [key(2, ['RO'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Returns for how many seconds a value was not used.',
  },
  (call) => {
    const ref = look(call);
    if (ref === NONE) return call.reply.nil();
    const { accessClock, entries } = call.keyspace;
    if (accessClock.isLfu) throw LFU_POLICY;
    call.reply.integer(accessClock.idleSeconds(entries.access(ref)));
  },
);

const refcount = command(
  {
    name: 'object|refcount',
    group: 'generic',
    since: '2.2.3',
    arity: 3,
    flags: ['readonly'],
    acl: ['keyspace'],
    tips: ['nondeterministic_output'],
    keys: [key(2, ['RO'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Returns how many hold a value: one, its key.',
  },
  (call) => {
    if (look(call) === NONE) return call.reply.nil();
    call.reply.integer(1);
  },
);

const HELP = [
  'ENCODING <key>',
  '    Return the kind of internal representation used in order to store the value',
  '    associated with a <key>.',
  'FREQ <key>',
  '    Return the access frequency index of the <key>. The returned integer is',
  '    proportional to the logarithm of the recent access frequency of the key.',
  'IDLETIME <key>',
  '    Return the idle time of the <key>, that is the approximated number of',
  '    seconds elapsed since the last access to the key.',
  'REFCOUNT <key>',
  '    Return the number of references of the value associated with the specified',
  '    <key>.',
] as const;

const help = command(
  {
    name: 'object|help',
    group: 'generic',
    since: '6.2.0',
    arity: 2,
    flags: ['loading', 'stale'],
    acl: ['keyspace'],
    complexity: 'O(1)',
    summary: 'Explains the subcommands.',
  },
  (call) => replyHelp(call, 'OBJECT', HELP),
);

export const object = container(
  {
    name: 'object',
    group: 'generic',
    since: '2.2.3',
    arity: -2,
    flags: [],
    complexity: 'Depends on subcommand.',
    summary: 'Tells how values are stored and used.',
  },
  [encoding, freq, help, idletime, refcount],
);
