/**
 * What systemd is told about the service: datagrams to the socket that it names, of lines NAME=VALUE. Where it names none
 * nothing is said, and koffi is not loaded. Source: sd_notify(3)
 */
import { monotonicUs } from '../common/clock.ts';
import { Family, type Libc, loadLibc, SOCK_CLOEXEC, SocketType } from './libc.ts';

/** struct sockaddr_un: the family, then the path. */
const PATH_BYTES_MAX = 108;
const MSG_NOSIGNAL = 0x4000;
const US_PER_MS = 1000;

export interface ServiceManager {
  /** What the operator reads in `systemctl status`; one line. */
  status(text: string): void;
  ready(status: string): void;
  /** Until `ready` is said again. */
  reloading(): void;
  stopping(): void;
  /** To be called while all is well, at least this often; null when nobody watches. ms */
  readonly aliveEveryMs: number | null;
  alive(): void;
  close(): void;
}

const NOBODY: ServiceManager = {
  status() {},
  ready() {},
  reloading() {},
  stopping() {},
  aliveEveryMs: null,
  alive() {},
  close() {},
};

/** Half of the time after which the service counts as hanging; null when nobody watches this process. */
function aliveEveryMs(env: NodeJS.ProcessEnv): number | null {
  const us = Number(env.WATCHDOG_USEC);
  const pid = env.WATCHDOG_PID;
  if (!Number.isFinite(us) || us <= 0 || (pid !== undefined && Number(pid) !== process.pid)) return null;
  return us / US_PER_MS / 2;
}

/** Shapes: a path, or with @ a name in the abstract namespace. Null for what is neither. */
function addressOf(name: string): Uint8Array | null {
  if (!name.startsWith('/') && !name.startsWith('@')) return null;
  const path = new TextEncoder().encode(name);
  // A path ends in a zero; an abstract name begins with one, and ends where it ends.
  const isAbstract = name.startsWith('@');
  if (path.length + (isAbstract ? 0 : 1) > PATH_BYTES_MAX) return null;
  const address = new Uint8Array(2 + path.length + (isAbstract ? 0 : 1));
  new Uint16Array(address.buffer, 0, 1)[0] = Family.UNIX;
  address.set(path, 2);
  if (isAbstract) address[2] = 0;
  return address;
}

/** Errors: none: the service goes on without its manager. Thread: main. */
export function connectServiceManager(env: NodeJS.ProcessEnv = process.env): ServiceManager {
  const address = addressOf(env.NOTIFY_SOCKET ?? '');
  if (address === null) return NOBODY;
  let libc: Libc;
  try {
    libc = loadLibc();
  } catch {
    return NOBODY;
  }
  const fd = libc.socket(Family.UNIX, SocketType.DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return NOBODY;
  const say = (...lines: readonly string[]): void => {
    const bytes = new TextEncoder().encode(lines.join('\n'));
    libc.sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, address, address.length);
  };
  const statusLine = (text: string): string => `STATUS=${text.replaceAll('\n', ' ')}`;
  return {
    status: (text) => say(statusLine(text)),
    ready: (text) => say('READY=1', statusLine(text)),
    reloading: () => say('RELOADING=1', `MONOTONIC_USEC=${monotonicUs()}`),
    stopping: () => say('STOPPING=1', 'STATUS=Stopping'),
    aliveEveryMs: aliveEveryMs(env),
    alive: () => say('WATCHDOG=1'),
    close: () => {
      libc.close(fd);
    },
  };
}
