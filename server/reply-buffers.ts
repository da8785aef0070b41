/**
 * How much of its replies each client may have waiting before they count against its output limit.
 *
 * All clients write to one buffer, which belongs to whoever is being served: what a client has of its own is
 * a share, the size of the buffer that the real server would keep for it. It follows the client's needs, up
 * to 16 KB: it doubles when the replies of a turn filled it, and shrinks to what they take when that is less
 * than half. CLIENT LIST shows it as `rbs`.
 */
import type { Client } from './client.js';

export const LARGEST_REPLY_BUFFER_BYTES = 16 * 1024;
const SMALLEST_BYTES = 1024;
/** Sizes are multiples of this. */
const STEP_BYTES = 512;
export const USUAL_PEAK_RESET_MS = 5000;

export class ReplyBuffers {
  /** How long a client's largest reply is remembered. ms; below 0, for ever. Set by DEBUG REPLYBUFFER. */
  peakResetMs = USUAL_PEAK_RESET_MS;
  /** Whether sizes follow the clients' needs. Set by DEBUG REPLYBUFFER. */
  resizing = true;
  /** Whether every reply counts against the limit. Set by DEBUG CLIENT-ENFORCE-REPLY-LIST. */
  countsAll = false;
  /** How often a size changed, for INFO. */
  shrinks = 0;
  expands = 0;

  /** Bytes of replies that do not count against the output limit of this client. */
  roomFor(client: Client): number {
    return this.countsAll ? 0 : client.replyBufferBytes;
  }

  /** Sets back what CONFIG RESETSTAT sets back. */
  resetStats(): void {
    this.shrinks = 0;
    this.expands = 0;
  }

  /** Looks at what a client needed lately; called now and then. */
  adapt(client: Client, nowMs: number): void {
    if (!this.resizing) return;
    const { replyBufferBytes: size, replyPeakBytes: peak } = client;
    const wanted = sizeFor(peak, size);
    if (wanted < size) this.shrinks++;
    if (wanted > size) this.expands++;
    client.replyBufferBytes = wanted;
    if (this.peakResetMs < 0 || nowMs - client.replyPeakAtMs <= this.peakResetMs) return;
    client.replyPeakBytes = 0;
    client.replyPeakAtMs = nowMs;
  }
}

/** The size of a buffer of `size` bytes from now on, when `peak` bytes were the most it held. */
function sizeFor(peak: number, size: number): number {
  if (peak >= size) return Math.min(size * 2, LARGEST_REPLY_BUFFER_BYTES);
  if (peak >= size / 2) return size;
  return Math.max(SMALLEST_BYTES, Math.ceil((peak + 1) / STEP_BYTES) * STEP_BYTES);
}
