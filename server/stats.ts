/** Counters of one server that INFO tells and CONFIG RESETSTAT clears. */
export class Stats {
  connectionsReceived = 0;
  rejectedConnections = 0;
  commandsProcessed = 0;
  netInputBytes = 0;
  netOutputBytes = 0;
  readsProcessed = 0;
  writesProcessed = 0;
  errorReplies = 0;
  unexpectedErrors = 0;
  evictedKeys = 0;
  evictedClients = 0;
  queryBufferLimitDisconnections = 0;
  outputBufferLimitDisconnections = 0;
  aclDeniedAuth = 0;
  /** Error replies by their first word. */
  readonly errorsByCode = new Map<string, number>();

  reset(): void {
    const fresh = new Stats();
    this.errorsByCode.clear();
    Object.assign(this, { ...fresh, errorsByCode: this.errorsByCode });
  }
}
