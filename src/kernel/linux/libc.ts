/**
 * The system calls that Node has no function for, through koffi. They run in the thread that calls
 * them, which is the point: a network namespace belongs to a thread.
 *
 * Nothing here is loaded before `loadLibc` is called, so that the command starts without koffi and runs
 * on systems for which there is none.
 */
import { type Ffi, FfiError, loadFfi, type Pointer } from '../../linux/ffi.ts';
import { KernelError } from './kernel-error.ts';

export { Errno, errnoText } from '../../linux/ffi.ts';

/** Numbers of Linux, the same on all architectures that Node runs on (asm-generic). */
export enum AddressFamily {
  IPV4 = 2,
  IPV6 = 10,
  NETLINK = 16,
}

export const CLONE_NEWNET = 0x4000_0000;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0x8_0000;
export const MSG_DONTWAIT = 0x40;

/** What a call of libc gives: a negative number and `errno` when it failed. */
export interface Libc {
  unshare(flags: number): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  write(fd: number, bytes: Uint8Array, length: number): number;
  close(fd: number): number;
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: Uint8Array, length: Uint8Array): number;
  clock_gettime(clock: number, time: BigInt64Array): number;
  clock_getres(clock: number, time: BigInt64Array): number;
  if_nametoindex(name: string): number;
  /** The calling thread, and what it starts from here on, is in the namespace of which `fd` is an open file. */
  setns(fd: number, kind: number): number;
  /** `pid` 0 is the calling thread. */
  sched_getaffinity(pid: number, bytes: number, processors: Uint8Array): number;
  sched_setaffinity(pid: number, bytes: number, processors: Uint8Array): number;
  mmap(
    at: Pointer | null,
    bytes: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): Pointer;
  munmap(at: Pointer, bytes: number): number;
  /** Any call whose arguments are a number, bytes and their length; for those that libc has no function for. */
  syscall(call: number, command: number, attributes: Uint8Array, length: number): number;
  readonly ffi: Ffi;
  errno(): number;
}

const DECLARATIONS = {
  unshare: 'int unshare(int flags)',
  ioctl: 'int ioctl(int fd, unsigned long request, _Inout_ uint8_t *argument)',
  write: 'long write(int fd, const uint8_t *bytes, size_t length)',
  close: 'int close(int fd)',
  socket: 'int socket(int domain, int type, int protocol)',
  bind: 'int bind(int fd, const uint8_t *address, uint32_t length)',
  send: 'long send(int fd, const uint8_t *bytes, size_t length, int flags)',
  recv: 'long recv(int fd, _Out_ uint8_t *bytes, size_t length, int flags)',
  setsockopt: 'int setsockopt(int fd, int level, int option, const uint8_t *value, uint32_t length)',
  getsockopt: 'int getsockopt(int fd, int level, int option, _Out_ uint8_t *value, _Inout_ uint8_t *length)',
  clock_gettime: 'int clock_gettime(int clock, _Out_ int64_t *time)',
  clock_getres: 'int clock_getres(int clock, _Out_ int64_t *time)',
  if_nametoindex: 'unsigned int if_nametoindex(const char *name)',
  setns: 'int setns(int fd, int kind)',
  sched_getaffinity: 'int sched_getaffinity(int pid, size_t bytes, _Out_ uint8_t *processors)',
  sched_setaffinity: 'int sched_setaffinity(int pid, size_t bytes, const uint8_t *processors)',
  mmap: 'void *mmap(void *at, size_t bytes, int protection, int flags, int fd, int64_t offset)',
  munmap: 'int munmap(void *at, size_t bytes)',
  syscall: 'long syscall(long call, int command, _Inout_ uint8_t *attributes, unsigned int length)',
} as const;

/**
 * Errors: KernelError where this is no Linux, or koffi has nothing for this architecture
 */
export function loadLibc(): Libc {
  try {
    const ffi = loadFfi();
    return { ...ffi.libc<Omit<Libc, 'errno' | 'ffi'>>(DECLARATIONS), ffi, errno: ffi.errno };
  } catch (error) {
    throw error instanceof FfiError ? new KernelError(error.problem, error.advice) : error;
  }
}
