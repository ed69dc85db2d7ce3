/** The calls of libc that live capture makes, and their numbers. Linux, asm-generic. */
import { type Ffi, FfiError, loadFfi, type Pointer } from '../linux/ffi.ts';
import { LiveError } from './live-error.ts';

export { Errno, errnoText, isMapFailed } from '../linux/ffi.ts';

export enum Family {
  UNIX = 1,
  IPV4 = 2,
  PACKET = 17,
}

export enum SocketType {
  DGRAM = 2,
  RAW = 3,
}

export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x8_0000;

/** Levels of socket options. */
export const SOL_SOCKET = 1;
export const SOL_PACKET = 263;

export enum SocketOption {
  ERROR = 4,
  ATTACH_FILTER = 26,
}

export enum Poll {
  IN = 0x1,
  ERR = 0x8,
}

/** Protection and flags of mmap. */
export const PROT_READ_WRITE = 3;
export enum Mapping {
  SHARED = 0x01,
  PRIVATE = 0x02,
  FIXED = 0x10,
  ANONYMOUS = 0x20,
  NORESERVE = 0x4000,
}

/** struct pollfd */
export const POLLFD_BYTES = 8;

/** What a call gives: a negative number, and `errno`, when it failed. */
interface Calls {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: Uint8Array, length: Uint8Array): number;
  sendto(
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    size: number,
  ): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  poll(fds: Uint8Array, count: number, timeoutMs: number): number;
  mmap(
    address: Pointer | null,
    bytes: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): Pointer;
  eventfd(initial: number, flags: number): number;
  close(fd: number): number;
}

export interface Libc extends Calls {
  readonly ffi: Ffi;
  errno(): number;
}

const DECLARATIONS: Readonly<Record<keyof Calls, string>> = {
  socket: 'int socket(int domain, int type, int protocol)',
  bind: 'int bind(int fd, const uint8_t *address, uint32_t length)',
  setsockopt: 'int setsockopt(int fd, int level, int option, const uint8_t *value, uint32_t length)',
  getsockopt: 'int getsockopt(int fd, int level, int option, _Out_ uint8_t *value, _Inout_ uint8_t *length)',
  sendto:
    'long sendto(int fd, const uint8_t *bytes, size_t length, int flags, const uint8_t *address, uint32_t size)',
  ioctl: 'int ioctl(int fd, unsigned long request, _Inout_ uint8_t *argument)',
  poll: 'int poll(_Inout_ uint8_t *fds, unsigned long count, int timeout_ms)',
  mmap: 'void *mmap(void *address, size_t bytes, int protection, int flags, int fd, int64_t offset)',
  eventfd: 'int eventfd(unsigned int initial, int flags)',
  close: 'int close(int fd)',
};

let loaded: Libc | null = null;

/**
 * Thread: any; each has its own.
 * Errors: LiveError where this is no Linux, or koffi has nothing for this architecture
 */
export function loadLibc(): Libc {
  if (loaded !== null) return loaded;
  try {
    const ffi = loadFfi();
    loaded = { ...ffi.libc<Calls>(DECLARATIONS), ffi, errno: ffi.errno };
    return loaded;
  } catch (error) {
    throw error instanceof FfiError
      ? new LiveError('-i/--interface', `no packets can be received here: ${error.problem}`, error.advice)
      : error;
  }
}

/** Bytes of 32-bit words in the host's order, as options and requests have them. */
export const words = (...values: readonly number[]): Uint8Array =>
  new Uint8Array(Int32Array.from(values).buffer);
