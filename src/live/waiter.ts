/**
 * Sleeping until packets come, somebody wakes the thread, or a time is up. Whoever wants to wake it writes to
 * an eventfd, which any thread can do with what Node has.
 */
import { readSync, writeSync } from 'node:fs';
import {
  Errno,
  errnoText,
  type Libc,
  POLLFD_BYTES,
  Poll,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  SocketOption,
  words,
} from './libc.ts';
import { LiveError } from './live-error.ts';

/** What an eventfd is written with: a u64 that is added to it. */
const ONE = new Uint8Array(new BigUint64Array([BigInt(1)]).buffer);

/** Errors: LiveError */
export function openWaker(libc: Libc): number {
  const fd = libc.eventfd(0, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) throw new LiveError('eventfd', errnoText(libc.errno()), 'see eventfd(2)');
  return fd;
}

/** Wakes whoever sleeps on it. Thread: any. */
export function wake(waker: number): void {
  try {
    writeSync(waker, ONE);
  } catch {
    // It is full, so that the thread is woken already; or it has ended.
  }
}

export interface Waiter {
  /** Sleeps. An interruption by a signal counts as waking up. */
  wait(timeoutMs: number): void;
  /** The error that the socket of this number had at the last waiting: 0 for none. Asking clears it. */
  errorOf(index: number): number;
  /** Another socket in place of that of this number. */
  replace(index: number, fd: number): void;
}

/** Cost: one system call for each waiting, one more after being woken. */
export function createWaiter(libc: Libc, waker: number, sockets: readonly number[]): Waiter {
  const fds = new Uint8Array((sockets.length + 1) * POLLFD_BYTES);
  const fdWords = new Int32Array(fds.buffer);
  const events = new Int16Array(fds.buffer);
  const scratch = new Uint8Array(8);
  [waker, ...sockets].forEach((fd, i) => {
    fdWords[i * 2] = fd;
    events[i * 4 + 2] = Poll.IN;
  });
  const returned = (index: number): number => events[index * 4 + 3];

  return {
    wait(timeoutMs) {
      const count = libc.poll(fds, sockets.length + 1, timeoutMs);
      if (count < 0) {
        const errno = libc.errno();
        if (errno !== Errno.EINTR) throw new LiveError('poll', errnoText(errno), 'see poll(2)');
        for (let i = 0; i <= sockets.length; i++) events[i * 4 + 3] = 0;
        return;
      }
      if ((returned(0) & Poll.IN) !== 0) readSync(waker, scratch);
    },
    errorOf(index) {
      if ((returned(index + 1) & Poll.ERR) === 0) return 0;
      const value = words(0);
      libc.getsockopt(fdWords[(index + 1) * 2], SOL_SOCKET, SocketOption.ERROR, value, words(4));
      return new Int32Array(value.buffer)[0];
    },
    replace(index, fd) {
      fdWords[(index + 1) * 2] = fd;
      events[(index + 1) * 4 + 3] = 0;
    },
  };
}
