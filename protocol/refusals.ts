/**
 * Every error reply by name: what a server says when it refuses.
 *
 * A refusal is thrown or handed to `Reply.error`; it is a plain object made once, so it costs no stack
 * trace. Texts are wire behaviour, to the letter: clients match on the first word, some on all of it.
 */
export class Refusal {
  readonly name = 'Refusal';
  /** The first word, by which clients and INFO errorstats tell errors apart. */
  readonly code: string;
  /** The whole text, its code included. */
  readonly message: string;
  /** The reply as it goes on the wire. */
  readonly bytes: Uint8Array;

  constructor(code: string, text: string) {
    this.code = code;
    this.message = `${code} ${text}`;
    this.bytes = Buffer.from(`-${this.message.replace(/[\r\n]/g, ' ')}\r\n`, 'latin1');
  }
}

/** A refusal with code `code` and the text after it. */
export function refusal(code: string, text: string): Refusal {
  return new Refusal(code, text);
}

export const WRONG_TYPE = refusal(
  'WRONGTYPE',
  'Operation against a key holding the wrong kind of value',
);
export const SYNTAX_ERROR = refusal('ERR', 'syntax error');
export const NO_SUCH_KEY = refusal('ERR', 'no such key');
export const NOT_AN_INTEGER = refusal('ERR', 'value is not an integer or out of range');
export const NOT_A_FLOAT = refusal('ERR', 'value is not a valid float');
export const OUT_OF_RANGE = refusal('ERR', 'value is out of range');
export const INDEX_OUT_OF_RANGE = refusal('ERR', 'index out of range');
export const INTERNAL_ERROR = refusal('ERR', 'internal error');
export const NOAUTH = refusal('NOAUTH', 'Authentication required.');
export const OUT_OF_MEMORY = refusal('OOM', "command not allowed when used memory > 'maxmemory'.");
export const MAX_CLIENTS = refusal('ERR', 'max number of clients reached');
export const SAME_OBJECT = refusal('ERR', 'source and destination objects are the same');
export const NO_SHUTDOWN_IN_PROGRESS = refusal('ERR', 'No shutdown in progress.');
export const SHUTDOWN_FAILED = refusal('ERR', 'Errors trying to SHUTDOWN. Check logs.');
export const SHUTDOWN_FAILOVER_NEEDS_CLUSTER = refusal(
  'ERR',
  'SHUTDOWN FAILOVER is only supported in cluster mode.',
);
export const DB_OUT_OF_RANGE = refusal('ERR', 'DB index is out of range');

export const INVALID_COMMAND = refusal('ERR', 'Invalid command specified');
export const NO_KEY_ARGUMENTS = refusal('ERR', 'The command has no key arguments');
export const INVALID_ARGUMENT_COUNT_FOR_COMMAND = refusal(
  'ERR',
  'Invalid number of arguments specified for command',
);
export const INVALID_ARGUMENTS_FOR_COMMAND = refusal(
  'ERR',
  'Invalid arguments specified for command',
);

export const UNKNOWN_LOG_KIND = refusal(
  'ERR',
  'type should be one of the following: slow, large-request, large-reply',
);
export const LOG_COUNT_TOO_LOW = refusal('ERR', 'count should be greater than or equal to -1');

export function noLatencySamples(event: string): Refusal {
  return refusal('ERR', `No samples available for event '${event}'`);
}

/** A container's own refusal of a subcommand it cannot make sense of. */
export function wrongSubcommandArity(given: string, container: string): Refusal {
  return refusal(
    'ERR',
    `unknown subcommand or wrong number of arguments for '${given}'. Try ${container} HELP.`,
  );
}

export function wrongArity(command: string): Refusal {
  return refusal('ERR', `wrong number of arguments for '${command}' command`);
}

export function invalidExpire(command: string): Refusal {
  return refusal('ERR', `invalid expire time in '${command}' command`);
}

/** A subcommand its container does not have; `command` is the container's name in capitals. */
export function unknownSubcommand(given: string, command: string): Refusal {
  return refusal('ERR', `unknown subcommand '${given}'. Try ${command} HELP.`);
}

export function protocolError(text: string): Refusal {
  return refusal('ERR', `Protocol error: ${text}`);
}

export const LOADING = refusal('LOADING', 'Valkey is loading the dataset in memory');
export const NO_CONFIG_FILE = refusal('ERR', 'The server is running without a config file');

export function unknownParameter(name: string): Refusal {
  return refusal('ERR', `Unknown option or number of arguments for CONFIG SET - '${name}'`);
}

/** A CONFIG SET that was taken back; `name` is as the client called it, or in lower case. */
export function configSetFailed(name: string, reason: string): Refusal {
  return refusal('ERR', `CONFIG SET failed (possibly related to argument '${name}') - ${reason}`);
}

/** `reason` is the operating system's. */
export function configRewriteFailed(reason: string): Refusal {
  return refusal('ERR', `Rewriting config file: ${reason}`);
}
