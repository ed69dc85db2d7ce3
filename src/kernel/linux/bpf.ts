/**
 * Small programs for the kernel, of the kind XDP, and the memory that they share with us: just enough of bpf(2) to have one
 * run over frames of its own making (BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18).
 *
 * Source: linux/bpf.h; Documentation/bpf/bpf_prog_run, instruction-set
 */
import { isMapFailed } from '../../linux/ffi.ts';
import { KernelError } from './kernel-error.ts';
import { Errno, errnoText, type Libc } from './libc.ts';

/** Number of the system call; no two architectures have the same. */
const CALL_NUMBERS: Partial<Record<NodeJS.Architecture, number>> = { x64: 321, arm64: 280, riscv64: 280 };

enum Command {
  MAP_CREATE = 0,
  PROG_LOAD = 5,
  PROG_TEST_RUN = 10,
}
const MAP_TYPE_ARRAY = 2;
const MAP_MMAPABLE = 1 << 10;
const PROG_TYPE_XDP = 6;
const RUN_LIVE_FRAMES = 1 << 1;
/** More than any version of union bpf_attr that is meant here; the rest is zero. */
const ATTRIBUTE_BYTES = 128;
const PROTECTION_READ_WRITE = 3;
const MAPPING_SHARED = 1;
const LOG_BYTES = 1 << 16;
const PAGE_BYTES = 4096;

/** An instruction: 8 bytes. */
export interface Instruction {
  readonly code: number;
  readonly to?: number;
  readonly from?: number;
  /** Instructions to jump over, or the place in memory. */
  readonly offset?: number;
  readonly value?: number;
}

function bytesOf(instructions: readonly Instruction[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach(({ code, to = 0, from = 0, offset = 0, value = 0 }, i) => {
    view.setUint8(i * 8, code);
    view.setUint8(i * 8 + 1, to | (from << 4));
    view.setInt16(i * 8 + 2, offset, true);
    view.setInt32(i * 8 + 4, value, true);
  });
  return new Uint8Array(view.buffer);
}

/** Memory of both: ours under `bytes`, the program's as an array of `count` values. */
export interface SharedArray {
  readonly fd: number;
  /** From one value to the next. */
  readonly strideBytes: number;
  readonly bytes: Uint8Array;
  close(): void;
}

export interface Bpf {
  sharedArray(valueBytes: number, count: number): SharedArray;
  /** Returns its number. Errors: KernelError, with what the kernel's verifier says */
  load(instructions: readonly Instruction[]): number;
  /**
   * Has the program make `count` frames that begin as `frame`, so many at a time. Returns 0, or the error number: after EINTR some of
   * them were made.
   */
  run(program: number, frame: Uint8Array, count: number, batch: number): number;
}

/** Errors: KernelError, here and in every function */
export function openBpf(libc: Libc): Bpf {
  const call = CALL_NUMBERS[process.arch];
  if (call === undefined)
    throw new KernelError(
      `bpf(2) on ${process.arch}: its number is not known here`,
      'run it on x64 or arm64',
    );
  const attributes = new Uint8Array(ATTRIBUTE_BYTES);
  const view = new DataView(attributes.buffer);

  function ask(command: Command, what: string): number {
    const result = libc.syscall(call ?? 0, command, attributes, ATTRIBUTE_BYTES);
    if (result >= 0) return result;
    const errno = libc.errno();
    const advice =
      errno === Errno.EPERM ? 'it needs root (CAP_BPF and CAP_NET_ADMIN)' : 'it needs Linux 5.18 or later';
    throw new KernelError(`${what}: ${errnoText(errno)}`, advice);
  }
  const u32 = (at: number, value: number): void => view.setUint32(at, value, true);
  const pointer = (at: number, bytes: Uint8Array): void =>
    view.setBigUint64(at, libc.ffi.address(bytes), true);

  return {
    sharedArray(valueBytes, count) {
      attributes.fill(0);
      u32(0, MAP_TYPE_ARRAY);
      u32(4, 4);
      u32(8, valueBytes);
      u32(12, count);
      u32(16, MAP_MMAPABLE);
      const fd = ask(Command.MAP_CREATE, `memory for ${count} frames`);
      const strideBytes = (valueBytes + 7) & ~7;
      const length = Math.ceil((strideBytes * count) / PAGE_BYTES) * PAGE_BYTES;
      const at = libc.mmap(null, length, PROTECTION_READ_WRITE, MAPPING_SHARED, fd, 0);
      if (isMapFailed(at)) {
        const why = errnoText(libc.errno());
        libc.close(fd);
        throw new KernelError(`mapping memory for ${count} frames: ${why}`, 'there may be too little of it');
      }
      return {
        fd,
        strideBytes,
        bytes: new Uint8Array(libc.ffi.view(at, length)),
        close() {
          libc.munmap(at, length);
          libc.close(fd);
        },
      };
    },
    load(instructions) {
      const code = bytesOf(instructions);
      const license = new TextEncoder().encode('MIT\0');
      const log = new Uint8Array(LOG_BYTES);
      attributes.fill(0);
      u32(0, PROG_TYPE_XDP);
      u32(4, instructions.length);
      pointer(8, code);
      pointer(16, license);
      u32(24, 1);
      u32(28, log.length);
      pointer(32, log);
      try {
        return ask(Command.PROG_LOAD, 'loading a program into the kernel');
      } catch (error) {
        const said = new TextDecoder().decode(log.subarray(0, log.indexOf(0))).trim();
        if (said === '' || !(error instanceof KernelError)) throw error;
        throw new KernelError(`${error.problem}: ${said.split('\n').slice(-3).join(' ')}`, error.advice);
      }
    },
    run(program, frame, count, batch) {
      attributes.fill(0);
      u32(0, program);
      u32(8, frame.length);
      pointer(16, frame);
      u32(32, count);
      u32(64, RUN_LIVE_FRAMES);
      u32(72, batch);
      const result = libc.syscall(call, Command.PROG_TEST_RUN, attributes, ATTRIBUTE_BYTES);
      return result < 0 ? libc.errno() : 0;
    },
  };
}
