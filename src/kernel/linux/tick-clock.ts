/**
 * The kernel's clock of timeouts. Conntrack counts in ticks (of 4 ms with CONFIG_HZ=250), so a packet's
 * time is that of the last tick, and whoever reckons with it comes to the same deadlines. A packet that
 * would be handled near the next tick waits for it: then there is no doubt which of the two it was.
 *
 * No system call gives the number of ticks. But a TCP socket says how long ago it last sent something, in
 * milliseconds counted by ticks; one that never sent counts from tick 0. (The coarse clocks do not do: they
 * move on in the same interrupt, but now and then one tick late.)
 */
import { monotonicMs } from '../../common/clock.ts';
import { KernelError } from './kernel-error.ts';
import { AddressFamily, type Libc, SOCK_CLOEXEC } from './libc.ts';
import { hostU32, hostWord } from './netlink.ts';

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC_COARSE = 6;
const SOCK_STREAM = 1;
const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const LAST_DATA_SENT = 44;
const TCP_INFO_BYTES = 104;
const NS_PER_S = 1_000_000_000n;
const NS_PER_MS = 1_000_000n;
/** A packet takes the kernel a few tens of microseconds. */
const GUARD_MS = 0.1;
/** Between two looks at the clock when nothing came in between. */
const SEEN_MS = 0.02;

export interface TickClock {
  /** Nanoseconds since 1970 of the current tick; waits when the next one is near. */
  now(): bigint;
  /** Whether a tick has passed since `now`. */
  hasTicked(): boolean;
  close(): void;
}

/** Errors: KernelError when there is no TCP */
export function createTickClock(libc: Libc): TickClock {
  const fd = libc.socket(AddressFamily.IPV4, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new KernelError('a TCP socket cannot be made', 'it serves as a clock');
  const info = new Uint8Array(TCP_INFO_BYTES);
  const size = hostWord(TCP_INFO_BYTES);
  const time = new BigInt64Array(2);
  libc.clock_getres(CLOCK_MONOTONIC_COARSE, time);
  const tickMs = Number(time[1]) / 1e6;

  /** Milliseconds, modulo 2^32. */
  function readMs(): number {
    libc.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, size);
    return hostU32(info, LAST_DATA_SENT);
  }

  libc.clock_gettime(CLOCK_REALTIME, time);
  const startNs = ((time[0] * NS_PER_S + time[1]) / NS_PER_MS) * NS_PER_MS;
  const startMs = readMs();
  let ms = startMs;
  let nowNs = startNs;
  /** When the next tick is expected, on the fine clock. */
  let nextAt = monotonicMs();

  function read(): void {
    const value = readMs();
    if (value === ms) return;
    // This one came before now, so the next one comes before a tick from now.
    nextAt = Math.min(nextAt + ((value - ms) >>> 0), monotonicMs() + tickMs);
    ms = value;
    nowNs = startNs + BigInt((ms - startMs) >>> 0) * NS_PER_MS;
  }

  /** Waits for the tick that is due. A clock that stands still (a machine that is stopped) does not hold us. */
  function passTick(): void {
    const before = ms;
    const beganMs = monotonicMs();
    let lastMs = beganMs;
    for (let nowMs = beganMs; nowMs < beganMs + 10 * tickMs; nowMs = monotonicMs()) {
      read();
      if (ms !== before) {
        // A tick that was seen to come says when the next one is due. Who slept through it knows no better than before.
        if (lastMs !== beganMs && nowMs - lastMs < SEEN_MS) nextAt = nowMs + tickMs;
        return;
      }
      lastMs = nowMs;
    }
  }

  passTick();
  return {
    now() {
      read();
      if (monotonicMs() > nextAt - GUARD_MS) passTick();
      return nowNs;
    },
    hasTicked: () => readMs() !== ms,
    close: () => {
      libc.close(fd);
    },
  };
}
