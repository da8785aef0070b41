/** What COMMAND DOCS tells of the filters of CLIENT LIST and CLIENT KILL. */
import { type ArgumentSpec, integer, oneOf, text, word } from '../../protocol/spec.js';

const ADDRESS = 'ip:port';

/** When a filter came to each of the two commands, where that differs. */
interface FilterHistory {
  readonly types: readonly ArgumentSpec[];
  readonly negatedTypes: readonly ArgumentSpec[];
  /** Versions of TYPE, ID, USER, ADDR, LADDR, SKIPME and MAXAGE; none for as long as the command. */
  readonly since: Readonly<Record<string, string>>;
}

const NEW_FILTERS = { since: '9.0.0', optional: true } as const;

const PLAIN_TYPES = [word('NORMAL'), word('MASTER'), word('REPLICA'), word('PUBSUB')];

const LIST: FilterHistory = {
  types: PLAIN_TYPES,
  negatedTypes: PLAIN_TYPES,
  since: {
    TYPE: '5.0.0',
    ID: '6.2.0',
    USER: '8.1.0',
    ADDR: '8.1.0',
    LADDR: '8.1.0',
    SKIPME: '8.1.0',
    MAXAGE: '8.1.0',
  },
};

const KILL: FilterHistory = {
  types: [
    word('NORMAL'),
    word('MASTER', { since: '3.2.0' }),
    word('PRIMARY', { since: '8.0.0' }),
    word('SLAVE'),
    word('REPLICA', { since: '5.0.0' }),
    word('PUBSUB'),
  ],
  negatedTypes: [
    word('NORMAL'),
    word('MASTER'),
    word('PRIMARY'),
    word('SLAVE'),
    word('REPLICA'),
    word('PUBSUB'),
  ],
  since: { TYPE: '2.8.12', ID: '2.8.12', LADDR: '6.2.0', MAXAGE: '8.0.0' },
};

function olderFilter({ since }: FilterHistory, token: string) {
  const version = since[token];
  return { token, optional: true, ...(version === undefined ? {} : { since: version }) };
}

function typeFilter(history: FilterHistory): ArgumentSpec {
  return oneOf('client-type', history.types, olderFilter(history, 'TYPE'));
}

function idFilter(history: FilterHistory): ArgumentSpec {
  return integer('client-id', { ...olderFilter(history, 'ID'), multiple: true });
}

function filtersFromUserOn(history: FilterHistory): readonly ArgumentSpec[] {
  const newer = (token: string) => ({ token, ...NEW_FILTERS });
  return [
    text('username', olderFilter(history, 'USER')),
    text('addr', { ...olderFilter(history, 'ADDR'), displayText: ADDRESS }),
    text('laddr', { ...olderFilter(history, 'LADDR'), displayText: ADDRESS }),
    oneOf('skipme', [word('YES'), word('NO')], olderFilter(history, 'SKIPME')),
    integer('maxage', olderFilter(history, 'MAXAGE')),
    text('name', newer('NAME')),
    integer('idle', newer('IDLE')),
    text('flags', newer('FLAGS')),
    text('lib-name', newer('LIB-NAME')),
    text('lib-ver', newer('LIB-VER')),
    integer('db', newer('DB')),
    text('capa', newer('CAPA')),
    text('ip', newer('IP')),
    oneOf('not-client-type', history.negatedTypes, newer('NOT-TYPE')),
    integer('not-client-id', { ...newer('NOT-ID'), multiple: true }),
    text('not-username', newer('NOT-USER')),
    text('not-addr', { ...newer('NOT-ADDR'), displayText: ADDRESS }),
    text('not-laddr', { ...newer('NOT-LADDR'), displayText: ADDRESS }),
    text('not-name', newer('NOT-NAME')),
    text('not-flags', newer('NOT-FLAGS')),
    text('not-lib-name', newer('NOT-LIB-NAME')),
    text('not-lib-ver', newer('NOT-LIB-VER')),
    integer('not-db', newer('NOT-DB')),
    text('not-capa', newer('NOT-CAPA')),
    text('not-ip', newer('NOT-IP')),
  ];
}

/** The arguments of CLIENT LIST. */
export const LIST_FILTERS: readonly ArgumentSpec[] = [
  typeFilter(LIST),
  idFilter(LIST),
  ...filtersFromUserOn(LIST),
];

/** The arguments of CLIENT KILL: an address, or filters. */
export const KILL_FILTERS: readonly ArgumentSpec[] = [
  oneOf('filter', [
    text('old-format', { deprecatedSince: '2.8.12', displayText: ADDRESS }),
    oneOf('new-format', [idFilter(KILL), typeFilter(KILL), ...filtersFromUserOn(KILL)], {
      multiple: true,
    }),
  ]),
];
