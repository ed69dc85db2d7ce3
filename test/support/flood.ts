/**
 * A sender that is as fast as one core can be from here: many frames with one system call (sendmmsg). For tests and
 * measurements of what a receiver loses.
 */
import { findInterface } from '../../src/live/interface.ts';
import {
  Family,
  type Libc,
  loadLibc,
  SOCK_CLOEXEC,
  SOL_PACKET,
  SocketType,
  words,
} from '../../src/live/libc.ts';

const PACKET_QDISC_BYPASS = 20;
/** struct mmsghdr and struct iovec on 64 bits. */
const MMSGHDR_BYTES = 64;
const IOVEC_BYTES = 16;
/** Frames of one call. */
const BATCH = 512;

export interface Flood {
  /** Sends so many frames, going around in the list; returns when the kernel has all of them. */
  send(count: number): void;
  close(): void;
}

interface Calls {
  sendmmsg(fd: number, messages: Uint8Array, count: number, flags: number): number;
}

/** Sends `frames`, at least one, in turn. Errors: when the device does not take one. */
export function openFlood(name: string, frames: readonly Uint8Array[], libc: Libc = loadLibc()): Flood {
  const { sendmmsg } = libc.ffi.libc<Calls>({
    sendmmsg: 'int sendmmsg(int fd, uint8_t *messages, unsigned int count, int flags)',
  });
  const found = findInterface(libc, name);
  const fd = libc.socket(Family.PACKET, SocketType.RAW | SOCK_CLOEXEC, 0);
  if (found === null || fd < 0) throw new Error(`no sender at ${name}`);
  libc.setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, words(1), 4);
  const to = new Uint8Array(20);
  new Uint16Array(to.buffer)[0] = Family.PACKET;
  new Int32Array(to.buffer)[1] = found.index;

  // All frames behind each other, a vector for each, a message for each; all of it stays where it is.
  const bytes = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0));
  const vectors = new BigUint64Array((frames.length * IOVEC_BYTES) / 8);
  const messages = new Uint8Array(frames.length * MMSGHDR_BYTES);
  const messageWords = new BigUint64Array(messages.buffer);
  const vectorsAt = libc.ffi.address(new Uint8Array(vectors.buffer));
  const bytesAt = libc.ffi.address(bytes);
  let at = 0;
  frames.forEach((frame, i) => {
    bytes.set(frame, at);
    vectors[i * 2] = bytesAt + BigInt(at);
    vectors[i * 2 + 1] = BigInt(frame.length);
    at += frame.length;
    const m = (i * MMSGHDR_BYTES) / 8;
    messageWords[m] = libc.ffi.address(to);
    messageWords[m + 1] = BigInt(to.length);
    messageWords[m + 2] = vectorsAt + BigInt(i * IOVEC_BYTES);
    messageWords[m + 3] = BigInt(1);
  });
  let next = 0;
  return {
    send(count) {
      for (let left = count; left > 0; ) {
        const batch = Math.min(BATCH, left, frames.length - next);
        const sent = sendmmsg(fd, messages.subarray(next * MMSGHDR_BYTES), batch, 0);
        if (sent <= 0) throw new Error(`sending: errno ${libc.errno()}`);
        left -= sent;
        next = (next + sent) % frames.length;
      }
    },
    close: () => {
      libc.close(fd);
    },
  };
}
