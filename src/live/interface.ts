/**
 * Network interfaces as the kernel names them: number, flags, and what link layer their packets begin with.
 * Asked by ioctl, since /sys may be that of another network namespace.
 */
import { readFileSync } from 'node:fs';
import { LinkType } from '../packet/link.ts';
import { Errno, errnoText, Family, type Libc, SOCK_CLOEXEC, SocketType } from './libc.ts';
import { LiveError } from './live-error.ts';

enum Request {
  FLAGS = 0x8913,
  HARDWARE_ADDRESS = 0x8927,
  INDEX = 0x8933,
}

/** struct ifreq: a name of at most 15 bytes, then the answer. */
const IFREQ_BYTES = 40;
const NAME_BYTES = 16;
const IFF_UP = 1;

/** Numbers of link layers, ARPHRD_: what a device gives as the first bytes of its packets. */
enum Hardware {
  ETHERNET = 1,
  PPP = 512,
  RAW_IP = 519,
  TUNNEL = 768,
  TUNNEL6 = 769,
  LOOPBACK = 772,
  SIT = 776,
  GRE = 778,
  GRE6 = 823,
  NONE = 0xfffe,
}

/** What can be tracked. Where the link layer holds nothing for us the kernel is asked to leave it away. */
const LINK_TYPES: ReadonlyMap<number, LinkType.ETHERNET | LinkType.RAW> = new Map([
  [Hardware.ETHERNET, LinkType.ETHERNET],
  [Hardware.LOOPBACK, LinkType.ETHERNET],
  [Hardware.PPP, LinkType.RAW],
  [Hardware.RAW_IP, LinkType.RAW],
  [Hardware.TUNNEL, LinkType.RAW],
  [Hardware.TUNNEL6, LinkType.RAW],
  [Hardware.SIT, LinkType.RAW],
  [Hardware.GRE, LinkType.RAW],
  [Hardware.GRE6, LinkType.RAW],
  [Hardware.NONE, LinkType.RAW],
]);

export interface Interface {
  readonly index: number;
  readonly isUp: boolean;
  /** LINKTYPE_ETHERNET, or LINKTYPE_RAW where packets are to be had from their IP header on; null for others. */
  readonly linkType: LinkType.ETHERNET | LinkType.RAW | null;
  /** ARPHRD_ number. */
  readonly hardware: number;
}

function ask(libc: Libc, fd: number, name: string, request: Request): DataView | null {
  const bytes = new Uint8Array(IFREQ_BYTES);
  bytes.set(new TextEncoder().encode(name).subarray(0, NAME_BYTES - 1));
  if (libc.ioctl(fd, request, bytes) < 0) {
    const errno = libc.errno();
    if (errno === Errno.ENODEV || errno === Errno.ENXIO) return null;
    throw new LiveError(name, `asking for the interface: ${errnoText(errno)}`, 'see netdevice(7)');
  }
  return new DataView(bytes.buffer);
}

const nativeU16 = (view: DataView): number => new Uint16Array(view.buffer, NAME_BYTES, 1)[0];

/** Whether the kernel would take it for a name. */
export const isInterfaceName = (name: string): boolean =>
  /^[^\s/:]+$/.test(name) && new TextEncoder().encode(name).length < NAME_BYTES;

/**
 * What there is under a name now; null when there is none. It may be gone before the answer is used.
 *
 * Cost:   four system calls
 * Errors: LiveError when the kernel does not answer at all
 */
export function findInterface(libc: Libc, name: string): Interface | null {
  if (!isInterfaceName(name)) return null;
  const fd = libc.socket(Family.IPV4, SocketType.DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new LiveError(name, `a socket: ${errnoText(libc.errno())}`, 'see netdevice(7)');
  try {
    const index = ask(libc, fd, name, Request.INDEX);
    const flags = ask(libc, fd, name, Request.FLAGS);
    const address = ask(libc, fd, name, Request.HARDWARE_ADDRESS);
    if (index === null || flags === null || address === null) return null;
    const hardware = nativeU16(address);
    return {
      index: new Int32Array(index.buffer, NAME_BYTES, 1)[0],
      isUp: (nativeU16(flags) & IFF_UP) !== 0,
      linkType: LINK_TYPES.get(hardware) ?? null,
      hardware,
    };
  } finally {
    libc.close(fd);
  }
}

/** Names of all interfaces of this network namespace, for messages. */
export function interfaceNames(): string[] {
  try {
    const lines = readFileSync('/proc/thread-self/net/dev', 'utf8').split('\n');
    return lines.flatMap((line) => /^\s*([^\s:]+):/.exec(line)?.[1] ?? []);
  } catch {
    return [];
  }
}
