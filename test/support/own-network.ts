/**
 * A network of its own for the process of a test file: a namespace that is gone when the process ends, whatever
 * becomes of it. Pairs of veth devices are both in it; what is sent at one end comes in at the other.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { CLONE_NEWNET, loadLibc as loadKernelLibc } from '../../src/kernel/linux/libc.ts';
import { setSysctl } from '../../src/kernel/linux/namespace.ts';
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
import { messageOf } from './random.ts';

/** Runs `ip`, words separated by spaces. */
export const ip = (command: string): void => {
  execFileSync('ip', command.split(' '), { stdio: ['ignore', 'ignore', 'pipe'] });
};

/** Enters the namespace; false, or the reason why there is none, for `skip` of node:test. */
export function enterOwnNetwork(): string | false {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  try {
    const libc = loadKernelLibc();
    if (libc.unshare(CLONE_NEWNET) < 0) return 'needs CAP_SYS_ADMIN';
    // Nothing shall be on the wire but what the tests send.
    for (const device of ['all', 'default', 'lo']) setSysctl(`net.ipv6.conf.${device}.disable_ipv6`, '1');
    ip('link set lo up');
    addPair('probe0', 'probe1');
    ip('link del probe0');
    return false;
  } catch (error) {
    return `needs iproute2 and veth devices: ${messageOf(error)}`;
  }
}

/** Two devices that are each other's other end, up, with a large MTU. */
export function addPair(one: string, other: string): void {
  ip(`link add ${one} mtu 65535 type veth peer name ${other} mtu 65535`);
  // Without an ARP of their own; nobody has an address.
  for (const name of [one, other]) ip(`link set ${name} arp off up`);
}

const PACKET_QDISC_BYPASS = 20;

export interface Sender {
  /** Errors: when the device does not take it. */
  send(frame: Uint8Array): void;
  close(): void;
}

/** Puts frames on the wire at one end. Source: packet(7) */
export function openSender(name: string, libc: Libc = loadLibc()): Sender {
  const fd = libc.socket(Family.PACKET, SocketType.RAW | SOCK_CLOEXEC, 0);
  const address = new Uint8Array(20);
  new Uint16Array(address.buffer)[0] = Family.PACKET;
  const found = findInterface(libc, name);
  if (fd < 0 || found === null) throw new Error(`no sender at ${name}`);
  new Int32Array(address.buffer)[1] = found.index;
  // Past the queue, which swallows frames for up to a second after the other end came up.
  libc.setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, words(1), 4);
  return {
    send(frame) {
      const sent = libc.sendto(fd, frame, frame.length, 0, address, address.length);
      if (sent !== frame.length)
        throw new Error(`sent ${sent} of ${frame.length} bytes: errno ${libc.errno()}`);
    },
    close: () => {
      libc.close(fd);
    },
  };
}

const TUNSETIFF = 0x4004_54ca;
const TUNSETLINK = 0x4004_54cd;
const IFF_TUN_NO_PI = 0x1001;

export interface Tun {
  send(packet: Uint8Array): void;
  close(): void;
}

/** A device into which whole IP packets are written; `hardware` is the link layer that it claims to have. */
export function openTun(name: string, hardware?: number): Tun {
  const libc = loadKernelLibc();
  const fd = openSync('/dev/net/tun', 'r+');
  const request = new Uint8Array(40);
  request.set(new TextEncoder().encode(name));
  new Uint16Array(request.buffer)[8] = IFF_TUN_NO_PI;
  if (libc.ioctl(fd, TUNSETIFF, request) < 0) throw new Error(`no TUN device: errno ${libc.errno()}`);
  if (hardware !== undefined) {
    // The argument is the number itself.
    const setLink = loadLibc().ffi.libc<{ ioctl(fd: number, request: number, value: number): number }>({
      ioctl: 'int ioctl(int fd, unsigned long request, unsigned long value)',
    });
    if (setLink.ioctl(fd, TUNSETLINK, hardware) < 0) throw new Error('the link layer cannot be set');
  }
  ip(`link set ${name} up`);
  return { send: (packet) => writeSync(fd, packet), close: () => closeSync(fd) };
}
