/** Copies of requests that are kept for a while: of commands that wait, of transactions. */
import { GrowingBytes } from './growing-bytes.js';
import type { Request } from './request.js';

const CHUNK_BYTES = 8192;
/** Longer requests have memory of their own: a chunk stays as long as one copy in it does. */
const LONGEST_SHARED_BYTES = 1024;

/** The bytes of short requests stand side by side, so that a copy needs no buffer, nor a view of one, of its own. */
export class RequestCopies {
  private chunk = new GrowingBytes(CHUNK_BYTES);

  /** A request with the same arguments, which keeps. */
  copy(request: Request): Request {
    const { spanBytes } = request;
    if (spanBytes === 0 || spanBytes > LONGEST_SHARED_BYTES) return request.copy();
    if (this.chunk.used + spanBytes > CHUNK_BYTES) this.chunk = new GrowingBytes(CHUNK_BYTES);
    const { bytes, used } = this.chunk;
    const from = request.starts[0] as number;
    this.chunk.copy(request.bytes, from, from + spanBytes);
    return request.movedTo(bytes, used - from);
  }
}
