/** Counters of one server that INFO tells and CONFIG RESETSTAT clears. */
export class Stats {
  connectionsReceived = 0;
  rejectedConnections = 0;
  commandsProcessed = 0;
  netInputBytes = 0;
  netOutputBytes = 0;
  readsProcessed = 0;
  writesProcessed = 0;
  /** Turns of the event loop that brought requests, what they took, and what of it commands took. µs. */
  turns = 0;
  turnsUsec = 0;
  commandsUsec = 0;
  longestTurnUsec = 0;
  mostCommandsInTurn = 0;
  /** What the cron has taken. µs. */
  cronUsec = 0;
  /** Snapshots begun in the background: what the real server forks a child for. */
  snapshots = 0;
  errorReplies = 0;
  unexpectedErrors = 0;
  evictedKeys = 0;
  evictedClients = 0;
  queryBufferLimitDisconnections = 0;
  outputBufferLimitDisconnections = 0;
  aclDeniedAuth = 0;
  /** Error replies by their first word. */
  readonly errorsByCode = new Map<string, number>();

  /** Counts a turn of the event loop that ran `commands` commands in `usec` microseconds. */
  countTurn(usec: number, commands: number): void {
    this.turns++;
    this.turnsUsec += usec;
    if (usec > this.longestTurnUsec) this.longestTurnUsec = usec;
    if (commands > this.mostCommandsInTurn) this.mostCommandsInTurn = commands;
  }

  /**
   * Counts an error reply by its first word.
   *
   * @param made - A script chose the word: beyond 128 words, new ones of that kind share a counter.
   */
  countError(code: string, made = false): void {
    const { errorsByCode } = this;
    this.errorReplies++;
    const known = errorsByCode.get(code);
    if (known === undefined && made && errorsByCode.size >= MOST_ERROR_CODES) {
      errorsByCode.set(OVERFLOW, (errorsByCode.get(OVERFLOW) ?? 0) + 1);
    } else errorsByCode.set(code, (known ?? 0) + 1);
  }

  reset(): void {
    const fresh = new Stats();
    this.errorsByCode.clear();
    Object.assign(this, { ...fresh, errorsByCode: this.errorsByCode });
  }
}

const MOST_ERROR_CODES = 128;
const OVERFLOW = 'ERRORSTATS_OVERFLOW';
