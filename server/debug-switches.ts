/** What DEBUG turns off and on for tests. */
export class DebugSwitches {
  /** Whether keys whose time has come are looked for when nobody asks for them. */
  activeExpire = true;
  /** Whether the periodic work is left undone. */
  cronPaused = false;
}
