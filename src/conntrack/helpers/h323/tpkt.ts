/**
 * TPKT: messages of H.225.0 and H.245 in a TCP stream, each behind four octets with its length.
 *
 * A segment is read by itself, as in the kernel: a message that does not end in it is not read. Only the
 * header may come alone; then the next segment of that direction starts with the message.
 *
 * Source: RFC 1006 section 6
 */
import type { Message } from '../helper.ts';

const VERSION = 3;
const HEADER_BYTES = 4;

export interface TpktReader {
  /** The message is bytes[start] to bytes[end - 1]. */
  readonly start: number;
  readonly end: number;
  /** To be called before the first `next` of a segment. */
  begin(m: Message): void;
  /** Goes to the next message; false when there is none. The state's words 0 and 1 are its own. */
  next(m: Message): boolean;
}

/** Thread: ingest. Cost: constant for each message. */
export function createTpktReader(): TpktReader {
  const here = { start: 0, end: 0, begin, next };
  let isFirst = true;

  function begin(m: Message): void {
    isFirst = true;
    here.end = m.start;
  }

  const isHeader = ({ bytes }: Message, at: number): boolean => bytes[at] === VERSION && bytes[at + 1] === 0;

  function next(m: Message): boolean {
    const at = here.end;
    const left = m.end - at;
    const pendingWord = m.s + m.dir;
    const pending = m.state[pendingWord];
    if (isFirst) {
      isFirst = false;
      if (left < HEADER_BYTES || !isHeader(m, at)) {
        m.state[pendingWord] = 0;
        return pending > 0 && pending <= left && found(at, pending);
      }
    } else if (left <= HEADER_BYTES || !isHeader(m, at)) {
      m.state[pendingWord] = 0;
      return false;
    }
    const length = (m.bytes[at + 2] << 8) | m.bytes[at + 3];
    m.state[pendingWord] = left === HEADER_BYTES && length > left ? length - HEADER_BYTES : 0;
    return length >= HEADER_BYTES && length <= left && found(at + HEADER_BYTES, length - HEADER_BYTES);
  }

  function found(start: number, length: number): boolean {
    here.start = start;
    here.end = start + length;
    return true;
  }

  return here;
}
