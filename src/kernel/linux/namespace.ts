/**
 * A network namespace for the calling thread, with a TUN device into which packets are written, and
 * in which every address is the host's own. It ends with the thread and what it has open.
 */
import { accessSync, closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { KernelError } from './kernel-error.ts';
import { AddressFamily, CLONE_NEWNET, Errno, errnoText, type Libc } from './libc.ts';
import { NetlinkFamily, openNetlink } from './netlink-socket.ts';
import { addLocalRoute, flushLocalRoutes, linkUp } from './rtnetlink.ts';

const TUN_DEVICE = '/dev/net/tun';
const TUN_NAME = 'tun0';
const TUNSETIFF = 0x4004_54ca;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
const IFNAME_BYTES = 16;
const IFREQ_BYTES = 40;
const MTU = 65_521;

const SYSCTLS: readonly (readonly [name: string, value: string])[] = [
  ...['all', 'default'].flatMap((device) => [
    [`net.ipv4.conf.${device}.rp_filter`, '0'] as const,
    [`net.ipv4.conf.${device}.accept_local`, '1'] as const,
    [`net.ipv4.conf.${device}.route_localnet`, '1'] as const,
  ]),
  ['net.ipv4.igmp_max_memberships', '100000'],
  ['net.netfilter.nf_conntrack_acct', '1'],
  ['net.netfilter.nf_conntrack_timestamp', '0'],
];

/** Of the thread that calls: /proc/sys/net shows the namespace of whoever opens it. */
export function setSysctl(name: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, value);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new KernelError(`sysctl ${name}=${value}: ${why}`, 'the kernel may be built without it');
  }
}

/** Errors: KernelError */
export function checkRoot(): void {
  if (process.getuid?.() !== 0) throw new KernelError('a network namespace needs root', 'run it with sudo');
}

/** Says what is missing before anything is made. Errors: KernelError */
export function checkPrivileges(): void {
  checkRoot();
  try {
    accessSync(TUN_DEVICE, constants.R_OK | constants.W_OK);
  } catch {
    throw new KernelError(
      `${TUN_DEVICE} is missing or closed to us`,
      'modprobe tun; in a container: give it --device /dev/net/tun and --cap-add NET_ADMIN,SYS_ADMIN',
    );
  }
}

export interface Namespace {
  /** Writes go to the kernel as packets received. */
  readonly tun: number;
  readonly tunIndex: number;
  close(): void;
}

function openTun(libc: Libc): number {
  const tun = openSync(TUN_DEVICE, 'r+');
  const request = new Uint8Array(IFREQ_BYTES);
  request.set(new TextEncoder().encode(TUN_NAME));
  new Uint16Array(request.buffer, IFNAME_BYTES, 1)[0] = IFF_TUN | IFF_NO_PI;
  if (libc.ioctl(tun, TUNSETIFF, request) < 0) {
    const why = errnoText(libc.errno());
    closeSync(tun);
    throw new KernelError(`making a TUN device: ${why}`, 'it needs CAP_NET_ADMIN');
  }
  return tun;
}

/** The calling thread, and what it starts, is in an empty namespace from here on. Errors: KernelError */
export function leaveForOwnNamespace(libc: Libc): void {
  checkRoot();
  if (libc.unshare(CLONE_NEWNET) < 0) {
    const errno = libc.errno();
    const advice =
      errno === Errno.EPERM ? 'it needs CAP_SYS_ADMIN (sudo, or --cap-add SYS_ADMIN)' : 'see unshare(2)';
    throw new KernelError(`a network namespace: ${errnoText(errno)}`, advice);
  }
}

/** The namespace of the calling thread as an open file, which keeps it there until it is closed. */
export const openOwnNamespace = (): number => openSync('/proc/thread-self/ns/net', 'r');

/** The calling thread, and what it starts, is in that namespace from here on. Errors: KernelError */
export function moveToNamespace(libc: Libc, namespace: number): void {
  if (libc.setns(namespace, CLONE_NEWNET) < 0)
    throw new KernelError(`entering a network namespace: ${errnoText(libc.errno())}`, 'see setns(2)');
}

/** Errors: KernelError, with what is missing */
export function enterNamespace(libc: Libc): Namespace {
  checkPrivileges();
  leaveForOwnNamespace(libc);
  for (const [name, value] of SYSCTLS) setSysctl(name, value);
  const route = openNetlink(libc, NetlinkFamily.ROUTE);
  const loopback = libc.if_nametoindex('lo');
  linkUp(route, loopback, 0);
  const tun = openTun(libc);
  const tunIndex = libc.if_nametoindex(TUN_NAME);
  linkUp(route, tunIndex, MTU);
  for (const name of ['rp_filter=0', 'accept_local=1', 'route_localnet=1']) {
    const [key, value] = name.split('=');
    setSysctl(`net.ipv4.conf.${TUN_NAME}.${key}`, value);
  }
  flushLocalRoutes(route);
  addLocalRoute(route, AddressFamily.IPV4, loopback);
  addLocalRoute(route, AddressFamily.IPV6, loopback);
  route.close();
  return { tun, tunIndex, close: () => closeSync(tun) };
}
