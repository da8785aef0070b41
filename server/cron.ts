/**
 * What happens by itself: `hz` times a second the server looks after itself.
 *
 * Everything here runs through the server's clock: a manual one drives it in tests.
 */
import type { Timer } from '../datatypes/clock.js';
import { FieldExpiry } from '../datatypes/hash-active-expiry.js';
import type { Server } from './server.js';

const LOWEST_HZ = 1;
const HIGHEST_HZ = 500;
const CLIENTS_PER_TICK = 200;
const RATES_PERIOD_MS = 100;
const MEMORY_PERIOD_MS = 100;

interface Task {
  readonly name: string;
  readonly run: () => void;
  readonly periodMs: number;
  dueAtMs: number;
}

export class Cron {
  /** Ticks a second. */
  hz: number;
  /** Off by DEBUG PAUSE-CRON 1. */
  paused = false;

  private readonly server: Server;
  private readonly tasks: Task[] = [];
  private timer: Timer | null = null;

  constructor(server: Server) {
    this.server = server;
    const { config, keyspace } = server;
    config.onChange('hz', () => this.hzChanged());
    this.hz = config.values.hz;
    this.hzChanged();
    this.every(
      'rates',
      () => server.rates.sample(server.stats, server.clock.elapsedMs()),
      RATES_PERIOD_MS,
    );
    this.every('memory', () => server.memory.sample(), MEMORY_PERIOD_MS);
    this.every('client eviction', () => this.evictClients(), MEMORY_PERIOD_MS);
    this.every('expiry', () => keyspace.activeExpiry.startCycle(this.hz));
    const fieldExpiry = new FieldExpiry(keyspace);
    this.every('field expiry', () => fieldExpiry.run());
  }

  /**
   * Has `run` called at each tick, or about every `periodMs` when that is longer. Tasks run in the order in
   * which they were added; the name is for whoever reads a stack or a list of them.
   */
  every(name: string, run: () => void, periodMs = 0): void {
    this.tasks.push({ name, run, periodMs, dueAtMs: 0 });
  }

  /** How often a second clients are looked after: so that no tick has more than two hundred to care for. */
  get clientsHz(): number {
    let hz = this.hz;
    while (this.server.clients.size / hz > CLIENTS_PER_TICK && hz < HIGHEST_HZ) hz *= 2;
    return Math.min(hz, HIGHEST_HZ);
  }

  start(): void {
    this.timer ??= this.server.clock.every(
      () => 1000 / this.hz,
      () => this.server.background(() => this.tick()),
    );
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  private tick(): void {
    if (this.paused || this.server.scripts.isBusy) return;
    const { clock, stats } = this.server;
    const nowMs = clock.elapsedMs();
    for (const task of this.tasks) {
      if (nowMs < task.dueAtMs) continue;
      // Half a tick early, so that a tick a little late does not put it off to the next.
      task.dueAtMs = nowMs + task.periodMs - 500 / this.hz;
      task.run();
    }
    const usec = (clock.elapsedMs() - nowMs) * 1000;
    stats.cronUsec += usec;
    stats.countTurn(usec, 0);
  }

  private evictClients(): void {
    const { clientEviction } = this.server;
    if (clientEviction.isOn) clientEviction.checkAll();
  }

  /** Values beyond the limits are taken for the limits, and shown so. */
  private hzChanged(): undefined {
    const { config } = this.server;
    const hz = Math.min(HIGHEST_HZ, Math.max(LOWEST_HZ, config.values.hz));
    if (hz !== config.values.hz) config.override('hz', String(hz));
    this.hz = hz;
  }
}
