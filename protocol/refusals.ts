/**
 * Every error reply by name: what a server says when it refuses.
 *
 * A refusal is thrown or handed to `Reply.error`; it is a plain object made once, so it costs no stack
 * trace. Texts are wire behaviour, to the letter: clients match on the first word, some on all of it.
 */
import { untilZero } from './bytes.js';

/** One error reply, whole. */
export class Refusal {
  readonly name = 'Refusal';
  /** The first word, by which clients and INFO errorstats tell errors apart. */
  readonly code: string;
  /** The whole text, its code included. */
  readonly message: string;
  /** The reply as it goes on the wire. */
  readonly bytes: Uint8Array;
  /** Whether a script chose the words. */
  readonly isMade: boolean;

  /** @param line - The whole text, where a script wrote it. */
  constructor(code: string, text: string, line?: string) {
    this.code = code;
    this.message = line ?? (text === '' ? code : `${code} ${text}`);
    this.isMade = line !== undefined;
    this.bytes = Buffer.from(`-${this.message.replace(/[\r\n]/g, ' ')}\r\n`, 'latin1');
  }
}

/** A refusal with code `code` and the text after it; line ends that close the text are left out. */
export function refusal(code: string, text: string): Refusal {
  return new Refusal(code, text.replace(/[\r\n]+$/, ''));
}

/** A longer first word of an error is not taken for its code. */
const LONGEST_CODE = 30;

/** An error reply in a script's own words: the first of them is the code, where there are several. */
export function scriptError(line: string): Refusal {
  const space = line.indexOf(' ');
  const hasCode = space >= 0 && space <= LONGEST_CODE;
  return new Refusal(hasCode ? line.slice(0, space) : 'ERR', '', line);
}

/** Bytes of an unknown word that a refusal shows. */
const LONGEST_SHOWN = 128;

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
export const OFFSET_OUT_OF_RANGE = refusal('ERR', 'offset is out of range');
export const STRING_TOO_LONG = refusal(
  'ERR',
  'string exceeds maximum allowed size (proto-max-bulk-len)',
);
export const INCREMENT_OVERFLOW = refusal('ERR', 'increment or decrement would overflow');
export const DECREMENT_OVERFLOW = refusal('ERR', 'decrement would overflow');
export const NOT_FINITE = refusal('ERR', 'increment would produce NaN or Infinity');
export const NAN_OR_INFINITY = refusal('ERR', 'value is NaN or Infinity');
export const HASH_NOT_AN_INTEGER = refusal('ERR', 'hash value is not an integer');
export const HASH_NOT_A_FLOAT = refusal('ERR', 'hash value is not a float');
export const BAD_NUMFIELDS = refusal(
  'ERR',
  'numfields should be greater than 0 and match the provided number of fields',
);
export const RANDOM_COUNT_OUT_OF_RANGE = refusal(
  'ERR',
  'value is out of range, value must between -9223372036854775807 and 9223372036854775807',
);
export const INVALID_NUMKEYS = refusal('ERR', 'invalid numkeys value or out of range');
export const LCS_NOT_STRINGS = refusal('ERR', 'The specified keys must contain string values');
export const LCS_LEN_AND_IDX = refusal(
  'ERR',
  'If you want both the length and indexes, please just use IDX.',
);
export const LCS_TOO_LARGE = refusal(
  'ERR',
  'Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len',
);
export const BIT_OFFSET_OUT_OF_RANGE = refusal(
  'ERR',
  'bit offset is not an integer or out of range',
);
export const BIT_OUT_OF_RANGE = refusal('ERR', 'bit is not an integer or out of range');
export const BIT_NOT_BINARY = refusal('ERR', 'The bit argument must be 1 or 0.');
export const BITOP_NOT_OF_SEVERAL = refusal(
  'ERR',
  'BITOP NOT must be called with a single source key.',
);
export const INVALID_BITFIELD_TYPE = refusal(
  'ERR',
  'Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
);
export const INVALID_OVERFLOW_TYPE = refusal('ERR', 'Invalid OVERFLOW type specified');
export const BITFIELD_RO_WRITES = refusal('ERR', 'BITFIELD_RO only supports the GET subcommand');
export const NOT_A_HYPERLOGLOG = refusal(
  'WRONGTYPE',
  'Key is not a valid HyperLogLog string value.',
);
export const INVALID_HYPERLOGLOG = refusal('INVALIDOBJ', 'Corrupted HLL object detected');
export const HYPERLOGLOG_NOT_SPARSE = refusal('ERR', 'HLL encoding is not sparse');
export const NO_SUCH_KEY_TO_DEBUG = refusal('ERR', 'The specified key does not exist');
export const SIMD_NEITHER_ON_NOR_OFF = refusal('ERR', 'Argument must be ON or OFF');

export function unknownPfdebugSubcommand(given: string): Refusal {
  return refusal('ERR', `Unknown PFDEBUG subcommand '${untilZero(given)}'`);
}

/** A check of PFSELFTEST did not hold. */
export function selfTestFailed(what: string): Refusal {
  return refusal('TESTFAILED', what);
}

export const INTERNAL_ERROR = refusal('ERR', 'internal error');
export const NOAUTH = refusal('NOAUTH', 'Authentication required.');
export const OUT_OF_MEMORY = refusal('OOM', "command not allowed when used memory > 'maxmemory'.");
export const MAX_CLIENTS = refusal('ERR', 'max number of clients reached');
export const READ_ONLY_REPLICA = refusal(
  'READONLY',
  "You can't write against a read only replica.",
);
export const SAME_OBJECT = refusal('ERR', 'source and destination objects are the same');
export const NO_SHUTDOWN_IN_PROGRESS = refusal('ERR', 'No shutdown in progress.');
export const SHUTDOWN_FAILED = refusal('ERR', 'Errors trying to SHUTDOWN. Check logs.');
export const SHUTDOWN_FAILOVER_NEEDS_CLUSTER = refusal(
  'ERR',
  'SHUTDOWN FAILOVER is only supported in cluster mode.',
);
export const DB_OUT_OF_RANGE = refusal('ERR', 'DB index is out of range');
export const OUT_OF_INT_RANGE = refusal(
  'ERR',
  'value is out of range, value must between -2147483648 and 2147483647',
);
export const INVALID_FIRST_DB = refusal('ERR', 'invalid first DB index');
export const INVALID_SECOND_DB = refusal('ERR', 'invalid second DB index');
export const SWAPDB_IN_CLUSTER = refusal('ERR', 'SWAPDB is not allowed in cluster mode');
export const INVALID_CURSOR = refusal('ERR', 'invalid cursor');
export const NOVALUES_NOT_HSCAN = refusal('ERR', 'NOVALUES option can only be used in HSCAN');
export const NOSCORES_NOT_ZSCAN = refusal('ERR', 'NOSCORES option can only be used in ZSCAN');
export const NX_WITH_OTHERS = refusal(
  'ERR',
  'NX and XX, GT or LT options at the same time are not compatible',
);
export const GT_WITH_LT = refusal('ERR', 'GT and LT options at the same time are not compatible');
const POLICY_HINT =
  'Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.';
export const NO_LFU_POLICY = refusal(
  'ERR',
  `An LFU maxmemory policy is not selected, access frequency not tracked. ${POLICY_HINT}`,
);
export const LFU_POLICY = refusal(
  'ERR',
  `An LFU maxmemory policy is selected, idle time not tracked. ${POLICY_HINT}`,
);
export const RANK_ZERO = refusal(
  'ERR',
  "RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
);
export const COUNT_NEGATIVE = refusal('ERR', "COUNT can't be negative");
export const MAXLEN_NEGATIVE = refusal('ERR', "MAXLEN can't be negative");
export const OUT_OF_LONG_RANGE = refusal(
  'ERR',
  'value is out of range, value must between -9223372036854775807 and 9223372036854775807',
);
export const NUMKEYS_NOT_POSITIVE = refusal('ERR', 'numkeys should be greater than 0');
export const COUNT_NOT_POSITIVE = refusal('ERR', 'count should be greater than 0');
export const TIMEOUT_NOT_A_FLOAT = refusal('ERR', 'timeout is not a float or out of range');
export const NOT_A_QUICKLIST = refusal('ERR', 'Not a quicklist encoded object.');
export const NOT_A_LISTPACK = refusal('ERR', 'Not a listpack encoded object.');
export const BAD_PACKED_THRESHOLD = refusal(
  'ERR',
  'argument must be a memory value bigger than 1 and smaller than 4gb',
);
export const BUSY_KEY = refusal('BUSYKEY', 'Target key name already exists.');
export const INVALID_TTL = refusal('ERR', 'Invalid TTL value, must be >= 0');
export const INVALID_IDLETIME = refusal('ERR', 'Invalid IDLETIME value, must be >= 0');
export const INVALID_FREQ = refusal('ERR', 'Invalid FREQ value, must be >= 0 and <= 255');
export const BAD_PAYLOAD_FOOTER = refusal('ERR', 'DUMP payload version or checksum are wrong');
export const BAD_DATA_FORMAT = refusal('ERR', 'Bad data format');

export function unsupportedOption(given: string): Refusal {
  return refusal('ERR', `Unsupported option ${untilZero(given)}`);
}

export function unknownTypeName(given: string): Refusal {
  return refusal('ERR', `unknown type name '${untilZero(given)}'`);
}

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

export const WRONG_LOLWUT = refusal(
  'ERR',
  'Syntax error. Use: LOLWUT [columns rows] [real imaginary]',
);
export const MODULE_NOT_LOADED = refusal(
  'ERR',
  'Error loading the extension. Please check the server logs.',
);
export const NO_SUCH_MODULE = refusal(
  'ERR',
  'Error unloading module: no such module with that name',
);
/** Not an answer of the real server, which can give Lua up. */
export const LUA_STAYS = refusal('ERR', 'Error unloading module: it is a part of this server');
export const UNKNOWN_PROTOCOL_TYPE = refusal(
  'ERR',
  'Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false',
);
export const RESP2_NOT_SUPPORTED = refusal('ERR', 'RESP2 is not supported by this command');
export const DATABASE_OUT_OF_RANGE = refusal('ERR', 'Out of range database');
export const NOT_A_STRING_VALUE = refusal('ERR', 'Not an sds encoded string.');
export const NOT_A_HASH_TABLE = refusal(
  'ERR',
  'The value stored at the specified key is not represented using an hash table',
);
export const MUST_BE_POSITIVE = refusal('ERR', 'value is out of range, must be positive');
export const NUMKEYS_BEYOND_ARGUMENTS = refusal(
  'ERR',
  "Number of keys can't be greater than number of args",
);
export const SORT_NOT_NUMERIC = refusal('ERR', "One or more scores can't be converted into double");
export const LIMIT_NEGATIVE = refusal('ERR', "LIMIT can't be negative");

/** A DEBUG subcommand of the real server that has no sense here. */
export function debugNotHere(subcommand: string): Refusal {
  return refusal('ERR', `DEBUG ${subcommand.toUpperCase()} is not there in this server`);
}

export const UNKNOWN_LOG_KIND = refusal(
  'ERR',
  'type should be one of the following: slow, large-request, large-reply',
);
export const LOG_COUNT_TOO_LOW = refusal('ERR', 'count should be greater than or equal to -1');

export function noLatencySamples(event: string): Refusal {
  return refusal('ERR', `No samples available for event '${untilZero(event)}'`);
}

/** A container's own refusal of a subcommand it cannot make sense of. */
export function wrongSubcommandArity(given: string, container: string): Refusal {
  return refusal(
    'ERR',
    `unknown subcommand or wrong number of arguments for '${untilZero(given.slice(0, LONGEST_SHOWN))}'. Try ${container} HELP.`,
  );
}

export function wrongArity(command: string): Refusal {
  return refusal('ERR', `wrong number of arguments for '${command}' command`);
}

export function invalidExpire(command: string): Refusal {
  return refusal('ERR', `invalid expire time in '${command}' command`);
}

export const ONE_REDIRECTION_ONLY = refusal(
  'ERR',
  'A client can only redirect to a single other client',
);
export const NO_SUCH_REDIRECTION = refusal(
  'ERR',
  'The client ID you want redirect to does not exist',
);
export const PREFIX_WITHOUT_BROADCAST = refusal(
  'ERR',
  'PREFIX option requires BCAST mode to be enabled',
);
export const BROADCAST_SWITCHED = refusal(
  'ERR',
  "You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
);
export const BROADCAST_WITH_OPTIONS = refusal(
  'ERR',
  'OPTIN and OPTOUT are not compatible with BCAST',
);
export const OPTIN_WITH_OPTOUT = refusal(
  'ERR',
  "You can't specify both OPTIN mode and OPTOUT mode",
);
export const OPTIN_SWITCHED = refusal(
  'ERR',
  "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
);
export const CACHING_WITHOUT_OPTIONS = refusal(
  'ERR',
  'CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
);
export const CACHING_YES_WITHOUT_OPTIN = refusal(
  'ERR',
  'CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.',
);
export const CACHING_NO_WITHOUT_OPTOUT = refusal(
  'ERR',
  'CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.',
);

/** Two prefixes that some keys would both have; `which` tells where the second one came from. */
export function prefixOverlaps(one: string, which: string, other: string): Refusal {
  return refusal(
    'ERR',
    `Prefix '${untilZero(one)}' overlaps with ${which} prefix '${untilZero(other)}'. Prefixes for a single client must not overlap.`,
  );
}

/** Transactions and scripts expect one reply to each command. */
export const SSUBSCRIBE_NOT_ALLOWED = refusal(
  'ERR',
  "SSUBSCRIBE isn't allowed for a DENY BLOCKING client",
);

/** What a client that listens to channels may not do in version 2: it could not tell replies from messages. */
export function notWhileSubscribed(command: string): Refusal {
  return refusal(
    'ERR',
    `Can't execute '${command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
  );
}

/** A subcommand its container does not have; `command` is the container's name in capitals. */
export function unknownSubcommand(given: string, command: string): Refusal {
  return refusal('ERR', `unknown subcommand '${given}'. Try ${command} HELP.`);
}

export function protocolError(text: string): Refusal {
  return refusal('ERR', `Protocol error: ${text}`);
}

export function appendOnlyErrors(reason: string): Refusal {
  return refusal('MISCONF', `Errors writing to the AOF file: ${reason}`);
}

export const REWRITE_IN_PROGRESS = refusal(
  'ERR',
  'Background append only file rewriting already in progress',
);
export const AOF_RELOAD_FAILED = refusal(
  'ERR',
  'Error trying to load the AOF files, check server logs.',
);
export const REWRITE_FAILED = refusal(
  'ERR',
  "Can't execute an AOF background rewriting. Please check the server logs for more information.",
);
export const LOADING = refusal('LOADING', 'Valkey is loading the dataset in memory');
export const NO_CONFIG_FILE = refusal('ERR', 'The server is running without a config file');

export function unknownParameter(name: string): Refusal {
  return refusal(
    'ERR',
    `Unknown option or number of arguments for CONFIG SET - '${untilZero(name)}'`,
  );
}

/** A CONFIG SET that was taken back; `name` is as the client called it, or in lower case. */
export function configSetFailed(name: string, reason: string): Refusal {
  return refusal('ERR', `CONFIG SET failed (possibly related to argument '${name}') - ${reason}`);
}

/** `reason` is the operating system's. */
export function configRewriteFailed(reason: string): Refusal {
  return refusal('ERR', `Rewriting config file: ${reason}`);
}

export function configRewriteForceAllFailed(reason: string): Refusal {
  return refusal('ERR', `CONFIG-REWRITE-FORCE-ALL failed: ${reason}`);
}

export function unknownCommand(given: string, args: string): Refusal {
  return refusal('ERR', `unknown command '${given}', with args beginning with: ${args}`);
}

/** A command that a setting forbids; `guard` is its name in lower case. */
export function commandNotAllowed(guard: string): Refusal {
  return refusal(
    'ERR',
    `${guard.toUpperCase()} command not allowed. If the enable-${guard}-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.`,
  );
}

/** A command that must not be queued; `command` is its name in lower case. */
export function notInTransaction(command: string): Refusal {
  return refusal('ERR', `Command '${command}' not allowed inside a transaction`);
}

export const EXEC_WITHOUT_MULTI = refusal('ERR', 'EXEC without MULTI');
export const DISCARD_WITHOUT_MULTI = refusal('ERR', 'DISCARD without MULTI');
export const TRANSACTION_ABORTED = refusal(
  'EXECABORT',
  'Transaction discarded because of previous errors.',
);

/** An EXEC that is refused itself, and the transaction with it. */
export function transactionRefused(cause: Refusal): Refusal {
  const text = cause.code === 'ERR' ? cause.message.slice(4) : cause.message;
  return refusal('EXECABORT', `Transaction discarded because of: ${text}`);
}

export const UNBLOCKED = refusal('UNBLOCKED', 'client unblocked via CLIENT UNBLOCK');
export const MONITOR_MUST_WAIT = refusal('ERR', "MONITOR isn't allowed for DENY BLOCKING client");
export const NUMLOCAL_OUT_OF_RANGE = refusal(
  'ERR',
  'value is out of range, value must between 0 and 1',
);
export const WAITAOF_WITHOUT_AOF = refusal(
  'ERR',
  'WAITAOF cannot be used when numlocal is set but appendonly is disabled.',
);

export const NOT_FOR_MONITORS = refusal('ERR', "Replica can't interact with the keyspace");

export const WRONG_PASSWORD = refusal(
  'WRONGPASS',
  'invalid username-password pair or user is disabled.',
);
export const NO_PASSWORD_SET = refusal(
  'ERR',
  'AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
);
export const UNSUPPORTED_PROTOCOL = refusal('NOPROTO', 'unsupported protocol version');
export const BAD_PROTOCOL_VERSION = refusal(
  'ERR',
  'Protocol version is not an integer or out of range',
);
export const HELLO_NEEDS_AUTH = refusal(
  'NOAUTH',
  'HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
);
export const BAD_CLIENT_NAME = refusal(
  'ERR',
  'Client names cannot contain spaces, newlines or special characters.',
);
export const BEYOND_INT32 = refusal(
  'ERR',
  'value is out of range, value must between -2147483648 and 2147483647',
);
export const NO_SUCH_CLIENT = refusal('ERR', 'No such client');
export const BAD_CLIENT_ID = refusal('ERR', 'client-id should be greater than 0');
export const BAD_UNBLOCK_REASON = refusal(
  'ERR',
  'CLIENT UNBLOCK reason should be TIMEOUT or ERROR',
);
export const BAD_PAUSE_MODE = refusal('ERR', 'CLIENT PAUSE mode must be WRITE or ALL');
export const TIMEOUT_NOT_AN_INTEGER = refusal('ERR', 'timeout is not an integer or out of range');
export const TIMEOUT_NEGATIVE = refusal('ERR', 'timeout is negative');
export const TIMEOUT_OUT_OF_RANGE = refusal('ERR', 'timeout is out of range');
export const NOT_IN_IMPORT_MODE = refusal('ERR', 'Server is not in import mode');
export const PROTECTED_MODE = refusal(
  'DENIED',
  "Running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect from external computers, you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting from the same host the server is running, however MAKE SURE it's not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Set up an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside.",
);

/** An option of HELLO that is none, or lacks its arguments. */
export function badHelloOption(given: string): Refusal {
  return refusal('ERR', `Syntax error in HELLO option '${untilZero(given)}'`);
}

/** An attribute of CLIENT SETINFO with a value that would break the lines of CLIENT LIST. */
export function badClientAttribute(name: string): Refusal {
  return refusal('ERR', `${name} cannot contain spaces, newlines or special characters.`);
}

export function unrecognizedOption(given: string): Refusal {
  return refusal('ERR', `Unrecognized option '${untilZero(given)}'`);
}

export function unknownClientType(given: string): Refusal {
  return refusal('ERR', `Unknown client type '${untilZero(given)}'`);
}

export function noSuchUser(given: string): Refusal {
  return refusal('ERR', `No such user '${untilZero(given)}'`);
}

/** A filter of CLIENT LIST or KILL that takes a number and did not get one. */
export function filterNotAnInteger(filter: string): Refusal {
  return refusal('ERR', `${filter} is not an integer or out of range`);
}

export function filterNotPositive(filter: string): Refusal {
  return refusal('ERR', `${filter} should be greater than 0`);
}

export function filterDbOutOfRange(filter: string, databases: number): Refusal {
  return refusal('ERR', `${filter} number should be between 0 and ${databases - 1}`);
}

/** Letters in a FLAGS or CAPA filter (`kind`) that mean nothing; `where` names the filter. */
export function unknownLetters(kind: string, where: string, given: string): Refusal {
  return refusal('ERR', `Unknown ${kind} found in the ${where} filter: ${untilZero(given)}`);
}

export const ZADD_XX_WITH_NX = refusal(
  'ERR',
  'XX and NX options at the same time are not compatible',
);
export const ZADD_CONDITIONS = refusal(
  'ERR',
  'GT, LT, and/or NX options at the same time are not compatible',
);
export const ZADD_INCR_SINGLE = refusal(
  'ERR',
  'INCR option supports a single increment-element pair',
);
export const SCORE_NOT_A_NUMBER = refusal('ERR', 'resulting score is not a number (NaN)');
export const NO_SCORE_RANGE = refusal('ERR', 'min or max is not a float');
export const NO_LEX_RANGE = refusal('ERR', 'min or max not valid string range item');
export const LIMIT_NEEDS_RANGE = refusal(
  'ERR',
  'syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
);
export const WITHSCORES_WITH_LEX = refusal(
  'ERR',
  'syntax error, WITHSCORES not supported in combination with BYLEX',
);
export const WEIGHT_NOT_A_FLOAT = refusal('ERR', 'weight value is not a float');

/** A command over several keys that was given none; `command` is its name in lower case. */
export function noInputKeys(command: string): Refusal {
  return refusal('ERR', `at least 1 input key is needed for '${command}' command`);
}

export const INVALID_STREAM_ID = refusal(
  'ERR',
  'Invalid stream ID specified as stream command argument',
);
export const INVALID_RANGE_START = refusal('ERR', 'invalid start ID for the interval');
export const INVALID_RANGE_END = refusal('ERR', 'invalid end ID for the interval');
export const STREAM_ID_ZERO = refusal('ERR', 'The ID specified in XADD must be greater than 0-0');
export const STREAM_ID_TOO_LOW = refusal(
  'ERR',
  'The ID specified in XADD is equal or smaller than the target stream top item',
);
export const STREAM_IDS_USED_UP = refusal(
  'ERR',
  'The stream has exhausted the last possible ID, unable to add more items',
);
export const STREAM_ENTRY_TOO_LARGE = refusal('ERR', 'Elements are too large to be stored');
export const STREAM_MAXLEN_NEGATIVE = refusal('ERR', 'The MAXLEN argument must be >= 0.');
export const STREAM_LIMIT_NEGATIVE = refusal('ERR', 'The LIMIT argument must be >= 0.');
export const MAXLEN_AND_MINID = refusal(
  'ERR',
  'syntax error, MAXLEN and MINID options at the same time are not compatible',
);
export const LIMIT_NOT_APPROXIMATE = refusal(
  'ERR',
  'syntax error, LIMIT cannot be used without the special ~ option',
);
export const LIMIT_WITHOUT_TRIMMING = refusal(
  'ERR',
  'syntax error, LIMIT cannot be used without specifying a trimming strategy',
);
export const NO_TRIMMING_STRATEGY = refusal(
  'ERR',
  'syntax error, XTRIM must be called with a trimming strategy',
);
export const ENTRIES_ADDED_NEGATIVE = refusal('ERR', 'entries_added must be positive');
export const XSETID_BELOW_GIVEN_DELETED = refusal(
  'ERR',
  'The ID specified in XSETID is smaller than the provided max_deleted_entry_id',
);
export const XSETID_BELOW_DELETED = refusal(
  'ERR',
  'The ID specified in XSETID is smaller than current max_deleted_entry_id',
);
export const XSETID_BELOW_TOP = refusal(
  'ERR',
  'The ID specified in XSETID is smaller than the target stream top item',
);
export const XSETID_FEWER_THAN_LENGTH = refusal(
  'ERR',
  'The entries_added specified in XSETID is smaller than the target stream length',
);
export const NEW_ID_NEEDS_GROUP = refusal(
  'ERR',
  'The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
);
export const XREAD_NOACK = refusal(
  'ERR',
  'The NOACK option is only supported by XREADGROUP. You called XREAD instead.',
);
export const XREAD_GROUP = refusal(
  'ERR',
  'The GROUP option is only supported by XREADGROUP. You called XREAD instead.',
);
export const MISSING_GROUP = refusal('ERR', 'Missing GROUP option for XREADGROUP');
export const XGROUP_NEEDS_KEY = refusal(
  'ERR',
  'The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.',
);
export const GROUP_EXISTS = refusal('BUSYGROUP', 'Consumer Group name already exists');
export const ENTRIES_READ_NEGATIVE = refusal('ERR', 'value for ENTRIESREAD must be positive or -1');
export const XAUTOCLAIM_COUNT = refusal('ERR', 'COUNT must be > 0');
export const XAUTOCLAIM_COUNT_TOO_HIGH = refusal(
  'ERR',
  'Insufficient memory, failed allocating transient memory, COUNT too high.',
);

/** As many keys as IDs are wanted; `special` is the ID that stands for what is new. */
export function unbalancedStreams(command: string, special: string): Refusal {
  return refusal(
    'ERR',
    `Unbalanced '${command}' list of streams: for each stream key an ID or '${special}' must be specified.`,
  );
}

/** `$` or `+` given to XREADGROUP. */
export function meaninglessId(id: string): Refusal {
  return refusal(
    'ERR',
    `The ${id} ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The ${id} ID would just return an empty result set.`,
  );
}

export function noSuchGroupOfKey(group: string, key: string): Refusal {
  return refusal(
    'NOGROUP',
    `No such consumer group '${untilZero(group)}' for key name '${untilZero(key)}'`,
  );
}

export function noSuchKeyOrGroup(key: string, group: string): Refusal {
  return refusal(
    'NOGROUP',
    `No such key '${untilZero(key)}' or consumer group '${untilZero(group)}'`,
  );
}

export function noGroupToRead(key: string, group: string): Refusal {
  return refusal(
    'NOGROUP',
    `No such key '${untilZero(key)}' or consumer group '${untilZero(group)}' in XREADGROUP with GROUP option`,
  );
}

export function unrecognizedClaimOption(given: string): Refusal {
  return refusal('ERR', `Unrecognized XCLAIM option '${untilZero(given)}'`);
}

/** A number of XCLAIM or XAUTOCLAIM that is none: `what` says which. */
export function invalidClaimArgument(what: string, command: string): Refusal {
  return refusal('ERR', `Invalid ${what} argument for ${command}`);
}

/** Writes are refused, as saving fails. @param server - What the server calls itself. */
export function saveFails(server: string): Refusal {
  return refusal(
    'MISCONF',
    `${server} is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the ${server} logs for details about the RDB error.`,
  );
}

/** Says nothing: the log tells what went wrong. */
export const BARE_ERROR = refusal('ERR', '');
export const SAVE_IN_PROGRESS = refusal('ERR', 'Background save already in progress');
export const SAVE_BLOCKED = refusal(
  'ERR',
  "Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.",
);
export const NO_SAVE_IN_PROGRESS = refusal(
  'ERR',
  'Background saving is currently not in progress or scheduled',
);
export const RELOAD_OPTIONS = refusal(
  'ERR',
  'DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.',
);
export const RELOAD_FAILED = refusal(
  'ERR',
  'Error trying to load the RDB dump, check server logs.',
);

export const UNSUPPORTED_UNIT = refusal(
  'ERR',
  'unsupported unit provided. please use M, KM, FT, MI',
);
export const RADIUS_NOT_A_NUMBER = refusal('ERR', 'need numeric radius');
export const RADIUS_NEGATIVE = refusal('ERR', 'radius cannot be negative');
export const WIDTH_NOT_A_NUMBER = refusal('ERR', 'need numeric width');
export const HEIGHT_NOT_A_NUMBER = refusal('ERR', 'need numeric height');
export const BOX_NEGATIVE = refusal('ERR', 'height or width cannot be negative');
export const SEARCH_COUNT_NOT_POSITIVE = refusal('ERR', 'COUNT must be > 0');
export const ANY_WITHOUT_COUNT = refusal('ERR', 'the ANY argument requires COUNT argument');
export const VERTICES_NOT_A_NUMBER = refusal('ERR', 'invalid number of vertices');
export const TOO_FEW_VERTICES = refusal('ERR', 'GEOSEARCH BYPOLYGON must have at least 3 vertices');

/** `where` stores, and says with each member what is not stored. */
export function storesAndTells(where: string): Refusal {
  return refusal('ERR', `${where} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`);
}

/** `command` as it was given. */
export function oneSearchCentre(command: string): Refusal {
  return refusal('ERR', `exactly one of FROMMEMBER or FROMLONLAT can be specified for ${command}`);
}

/** `command` as it was given. */
export function oneSearchShape(command: string): Refusal {
  return refusal(
    'ERR',
    `exactly one of BYRADIUS, BYBOX and BYPOLYGON can be specified for ${command}`,
  );
}

export function noSuchMember(member: string): Refusal {
  return refusal('ERR', `member ${untilZero(member)} does not exist`);
}

/** Both as decimal text. */
export function invalidPosition(longitude: string, latitude: string): Refusal {
  return refusal('ERR', `invalid longitude,latitude pair ${longitude},${latitude}`);
}

export const NO_SCRIPT = refusal('NOSCRIPT', 'No matching script.');
export const KEYS_NEGATIVE = refusal('ERR', "Number of keys can't be negative");
export const KEYS_BEYOND_ARGUMENTS = refusal(
  'ERR',
  "Number of keys can't be greater than number of args",
);
export const BAD_NUMBER_OF_KEYS = refusal('ERR', 'Bad number of keys provided');
export const SCRIPT_MAY_WRITE = refusal(
  'ERR',
  'Can not execute a script with write flag using *_ro command.',
);
export const SCRIPT_FLUSH_MODE = refusal('ERR', 'SCRIPT FLUSH only support SYNC|ASYNC option');
export const SCRIPT_DEBUG_MODE = refusal('ERR', 'Use SCRIPT DEBUG YES/SYNC/NO');
export const SCRIPT_DEBUG_IN_PIPELINE = refusal(
  'ERR',
  'SCRIPT DEBUG must be called outside a pipeline',
);
export const EVAL_FOR_DEBUGGING = refusal(
  'ERR',
  'Please use EVAL instead of EVALSHA for debugging',
);
export const NOT_BUSY = refusal('NOTBUSY', 'No scripts in execution right now.');
export const UNKILLABLE = refusal(
  'UNKILLABLE',
  'Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.',
);
export const BUSY_WITH_SCRIPT = refusal(
  'BUSY',
  'Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
);
export const BUSY_WITH_FUNCTION = refusal(
  'BUSY',
  'Valkey is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.',
);
export const INVALID_SHEBANG = refusal('ERR', 'Invalid script shebang');
export const INVALID_SHEBANG_ENGINE = refusal('ERR', 'Invalid engine in script shebang');

export function noSuchScriptEngine(name: string): Refusal {
  return refusal('ERR', `Could not find scripting engine '${untilZero(name)}'`);
}

export function noSuchEngineToDebug(name: string): Refusal {
  return refusal('ERR', `No scripting engine found with name '${untilZero(name)}' to enable debug`);
}

export function unknownShebangOption(option: string): Refusal {
  return refusal('ERR', `Unknown lua shebang option: ${option}`);
}

export function unexpectedScriptFlag(flag: string): Refusal {
  return new Refusal('ERR', `Unexpected flag in script shebang: ${flag}`);
}

/** `problem` as the compiler words it. */
export function scriptDoesNotCompile(problem: string): Refusal {
  return refusal('ERR', `Error compiling script (new function): ${problem}`);
}

export const FUNCTION_NOT_FOUND = refusal('ERR', 'Function not found');
export const LIBRARY_NOT_FOUND = refusal('ERR', 'Library not found');
export const NO_LIBRARY_METADATA = refusal('ERR', 'Missing library metadata');
export const INVALID_LIBRARY_METADATA = refusal('ERR', 'Invalid library metadata');
export const NO_LIBRARY_NAME = refusal('ERR', 'Library name was not given');
export const LIBRARY_NAME_TWICE = refusal(
  'ERR',
  'Invalid metadata value, name argument was given multiple times',
);
export const BAD_LIBRARY_NAME = refusal(
  'ERR',
  'Library names can only contain letters, numbers, or underscores(_) and must be at least one character long',
);
export const BAD_FUNCTION_NAME = refusal(
  'ERR',
  'Function names can only contain letters, numbers, or underscores(_) and must be at least one character long',
);
export const FUNCTION_TWICE = refusal('ERR', 'Function already exists in the library');
export const NO_FUNCTIONS = refusal('ERR', 'No functions registered');
export const FUNCTION_FLUSH_MODE = refusal('ERR', 'FUNCTION FLUSH only supports SYNC|ASYNC option');
export const NO_LIBRARY_PATTERN = refusal('ERR', 'library name argument was not given');
export const WRONG_RESTORE_POLICY = refusal(
  'ERR',
  'Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.',
);
export const NOT_A_FUNCTION_PAYLOAD = refusal('ERR', 'given type is not a function');
export const BROKEN_FUNCTION_PAYLOAD = refusal('ERR', 'failed loading functions');

export function unknownMetadata(given: string): Refusal {
  return refusal('ERR', `Invalid metadata value given: ${untilZero(given)}`);
}

export function noSuchLibraryEngine(name: string): Refusal {
  return refusal('ERR', `Engine '${untilZero(name)}' not found`);
}

/** As FUNCTION LOAD says it. */
export function libraryExists(name: string): Refusal {
  return refusal('ERR', `Library '${name}' already exists`);
}

/** As FUNCTION RESTORE says it. */
export function restoredLibraryExists(name: string): Refusal {
  return refusal('ERR', `Library ${name} already exists`);
}

export function functionExists(name: string): Refusal {
  return refusal('ERR', `Function ${name} already exists`);
}

export function libraryDoesNotCompile(problem: string): Refusal {
  return refusal('ERR', `Error compiling function: ${problem}`);
}

/** `problem` with its code. */
export function libraryFailed(problem: string): Refusal {
  return refusal('ERR', `Error registering functions: ${problem}`);
}

export function unknownFunctionOption(given: string): Refusal {
  return refusal('ERR', `Unknown option given: ${untilZero(given)}`);
}

export function unknownListArgument(given: string): Refusal {
  return refusal('ERR', `Unknown argument ${untilZero(given)}`);
}

/** What redis.call refuses before the command runs. */
export const SCRIPT_CALL_WITHOUT_COMMAND = refusal(
  'ERR',
  'Please specify at least one argument for this call',
);
export const SCRIPT_ARGUMENT_TYPE = refusal('ERR', 'Command arguments must be strings or integers');
export const SCRIPT_UNKNOWN_COMMAND = refusal('ERR', 'Unknown command called from script');
export const SCRIPT_WRONG_ARITY = refusal(
  'ERR',
  'Wrong number of args calling command from script',
);
export const NOT_FROM_SCRIPT = refusal('ERR', 'This Valkey command is not allowed from script');
/** What a debugger shows of such a call in place of `NOT_FROM_SCRIPT`. */
export function notInScriptMode(command: string): Refusal {
  return refusal('ERR', `command '${command}' is not allowed on script mode`);
}
export const READ_ONLY_SCRIPT = refusal(
  'ERR',
  'Write commands are not allowed from read-only scripts.',
);
export const UNKNOWN_COMMAND_TO_CHECK = refusal(
  'ERR',
  'Invalid command passed to server.acl_check_cmd()',
);
