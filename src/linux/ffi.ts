/**
 * The way to functions of the system that Node has none for: koffi, and what it needs to be loaded only
 * when it is asked for, so that the command starts without it and runs on systems for which there is none.
 */
import { createRequire } from 'node:module';
import { getSystemErrorMap } from 'node:util';

/** Error numbers that mean something here; the same on all architectures that Node runs on. */
export enum Errno {
  EPERM = 1,
  ENOENT = 2,
  EINTR = 4,
  ENXIO = 6,
  EAGAIN = 11,
  ENOMEM = 12,
  EACCES = 13,
  ENODEV = 19,
  EINVAL = 22,
  ENOPROTOOPT = 92,
  EAFNOSUPPORT = 97,
  ENETDOWN = 100,
  ENOBUFS = 105,
}

/** There is no way to the system: this is no Linux, or koffi has nothing for this architecture. */
export class FfiError extends Error {
  override readonly name = 'FfiError';
  constructor(
    readonly problem: string,
    readonly advice: string,
  ) {
    super(`${problem}; ${advice}`);
  }
}

/** An address in the memory of this process, as koffi hands it over. */
export type Pointer = bigint | number;

/** The address that mmap gives when it fails: all bits set. */
export const isMapFailed = (pointer: Pointer): boolean => BigInt.asIntN(64, BigInt(pointer)) === BigInt(-1);

/** What is used of koffi. */
export interface Ffi {
  /** Functions by name, of the program itself: Node is linked with whichever libc the system has. */
  libc<Calls>(declarations: Readonly<Record<string, string>>): Calls;
  /** Functions of the first of these libraries that there is; null when there is none of them. */
  library<Calls>(names: readonly string[], declarations: Readonly<Record<string, string>>): Calls | null;
  /** Memory in place. Reading it after it was unmapped is a crash. */
  view(pointer: Pointer, bytes: number): ArrayBuffer;
  /** Where the bytes lie; they stay there as long as somebody holds them. */
  address(bytes: Uint8Array): bigint;
  errno(): number;
}

/** Errors: FfiError */
export function loadFfi(): Ffi {
  if (process.platform !== 'linux')
    throw new FfiError(`this is ${process.platform}, not Linux`, 'run it on a Linux host or in a Linux VM');
  let koffi: typeof import('koffi');
  try {
    koffi = createRequire(import.meta.url)('koffi');
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new FfiError(
      `koffi, which makes the system calls, cannot be loaded: ${why}`,
      'run npm install again',
    );
  }
  type Library = ReturnType<typeof koffi.load>;
  const callsOf = (library: Library, declarations: Readonly<Record<string, string>>): unknown =>
    Object.fromEntries(Object.entries(declarations).map(([name, text]) => [name, library.func(text)]));
  const open = (name: string): Library | null => {
    try {
      return koffi.load(name);
    } catch {
      return null;
    }
  };
  return {
    libc: <Calls>(declarations: Readonly<Record<string, string>>) =>
      callsOf(koffi.load(null), declarations) as Calls,
    library<Calls>(names: readonly string[], declarations: Readonly<Record<string, string>>) {
      for (const name of names) {
        const library = open(name);
        if (library !== null) return callsOf(library, declarations) as Calls;
      }
      return null;
    },
    view: (pointer, bytes) => koffi.view(pointer, bytes),
    address: (bytes) => koffi.address(bytes),
    errno: () => koffi.errno(),
  };
}

/** `EPERM: operation not permitted` */
export function errnoText(errno: number): string {
  const [name, meaning] = getSystemErrorMap().get(-errno) ?? [`error ${errno}`, 'no name'];
  return `${name}: ${meaning}`;
}
