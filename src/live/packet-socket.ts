/**
 * The sockets of an interface: opened and set up by whoever has the right to do so, then handed to the threads
 * that read them (packet-ring.ts), by which time the right may have been given up.
 *
 * A socket that has no protocol receives nothing. It gets its ring and a filter that lets nothing in, then the
 * interface, then its place in the fan-out group, and last the filter that is wanted: so nothing gets in that
 * belongs to another interface, to another socket of the group, or that the filter refuses.
 */
import { randomWord } from '../common/clock.ts';
import { OptionError } from '../common/errors.ts';
import { LinkType } from '../packet/link.ts';
import { attachFilter, compileFilter, dropAll, type FilterProgram } from './filter.ts';
import { findInterface, type Interface, interfaceNames } from './interface.ts';
import { Errno, errnoText, Family, type Libc, SOCK_CLOEXEC, SOL_PACKET, SocketType, words } from './libc.ts';
import { LiveError } from './live-error.ts';
import {
  ETH_P_ALL,
  FANOUT_HASH,
  FanoutFlag,
  MEMBERSHIP_PROMISCUOUS,
  PacketOption,
  TPACKET_V3,
} from './packet-numbers.ts';

/** A block is handed over when it is full, or after the timeout. No packet is longer than a block. */
const BLOCK_BYTES = 512 << 10;
/** Only to satisfy the kernel's checks: in this format packets take up what they need. */
const FRAME_BYTES = 2048;
/** Room before each frame, for the VLAN tag that the kernel took out. */
export const RESERVE_BYTES = 4;
const ADDRESS_BYTES = 20;

export interface PacketSocketOptions {
  readonly interfaceName: string;
  readonly ringMb: number;
  /** Bytes of each packet that are wanted. */
  readonly snaplen: number;
  readonly promiscuous: boolean;
  /** A tcpdump expression; empty for all. */
  readonly filter: string;
  readonly blockTimeoutMs: number;
  /** Sockets that share the packets: both directions of a connection, and all fragments of a datagram, get to the same one. */
  readonly members: number;
}

/** An open socket, as it is handed from thread to thread. */
export interface PacketSocket {
  readonly fd: number;
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  readonly linkType: LinkType.ETHERNET | LinkType.RAW;
  readonly promiscuous: boolean;
  /** Number of the group that shares the packets; null without one. Whoever is in a group cannot leave it. */
  readonly group: number | null;
  readonly filter: FilterProgram;
  readonly blocks: number;
  readonly blockBytes: number;
  readonly blockTimeoutMs: number;
}

/**
 * Opens the sockets of an interface, one for each thread that is to read it.
 *
 * Errors: OptionError for a name that does not exist and a wrong filter; LiveError for what the system refuses
 */
export function openPacketSockets(libc: Libc, options: PacketSocketOptions): PacketSocket[] {
  const found = requireInterface(libc, options.interfaceName);
  const linkType = requireLinkType(options.interfaceName, found);
  const fds: number[] = [];
  try {
    for (let i = 0; i < options.members; i++) fds.push(openSocket(libc, options.interfaceName, linkType));
    const filter = compileFilter(libc, {
      expression: options.filter,
      snaplen: options.snaplen,
      interfaceName: options.interfaceName,
      linkType,
    });
    const common = {
      interfaceName: options.interfaceName,
      interfaceIndex: found.index,
      linkType,
      promiscuous: options.promiscuous,
      filter,
      blocks: Math.max(2, (options.ringMb * 2 ** 20) / BLOCK_BYTES),
      blockBytes: BLOCK_BYTES,
      blockTimeoutMs: options.blockTimeoutMs,
    };
    for (const fd of fds) prepare(libc, { ...common, fd });
    const group = options.members > 1 ? joinGroup(libc, fds, options.interfaceName) : null;
    for (const fd of fds) attachFilter(libc, fd, filter, options.interfaceName);
    return fds.map((fd) => ({ ...common, fd, group }));
  } catch (error) {
    for (const fd of fds) libc.close(fd);
    throw error;
  }
}

/** Ring and interface, but nothing gets in yet. */
function prepare(libc: Libc, socket: Omit<PacketSocket, 'group'>): void {
  const { fd, interfaceName: name, interfaceIndex: index } = socket;
  makeRing(libc, socket);
  attachFilter(libc, fd, dropAll(), name);
  if (!tryBind(libc, fd, index))
    throw new LiveError(name, `binding to the interface: ${errnoText(libc.errno())}`, 'see packet(7)');
  if (socket.promiscuous) joinPromiscuous(libc, fd, name, index);
}

/**
 * A new socket in place of one that is in a group, for an interface that has come back under another number. The others of
 * the group do the same, whenever they come to it: they find each other by a number that follows from the old one's.
 *
 * Errors: LiveError, also when the right to open sockets was given up
 */
export function replaceInGroup(libc: Libc, old: PacketSocket, group: number, index: number): PacketSocket {
  const fd = openSocket(libc, old.interfaceName, old.linkType);
  const fresh = { ...old, fd, interfaceIndex: index, group };
  try {
    prepare(libc, fresh);
    if (!tryGroup(libc, fd, (group + index) & 0xffff, FanoutFlag.IGNORE_OUTGOING)) {
      const why = errnoText(libc.errno());
      throw new LiveError(old.interfaceName, `sharing its packets again: ${why}`, 'start flowshard again');
    }
    attachFilter(libc, fd, old.filter, old.interfaceName);
    return fresh;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

function requireInterface(libc: Libc, name: string): Interface {
  const found = findInterface(libc, name);
  if (found !== null) return found;
  const names = interfaceNames().join(', ') || 'the name of one';
  throw new OptionError('-i/--interface', name, `an interface of this host: ${names}`);
}

function requireLinkType(name: string, found: Interface): LinkType.ETHERNET | LinkType.RAW {
  if (found.linkType !== null) return found.linkType;
  throw new LiveError(
    name,
    `its link layer is one that flowshard does not read (ARPHRD ${found.hardware})`,
    'it reads Ethernet, loopback, tun, PPP and the tunnels of IP; a wireless card: out of monitor mode',
  );
}

function openSocket(libc: Libc, name: string, linkType: LinkType): number {
  // A datagram socket gets packets from their IP header on, whatever the device puts before it.
  const type = linkType === LinkType.ETHERNET ? SocketType.RAW : SocketType.DGRAM;
  const fd = libc.socket(Family.PACKET, type | SOCK_CLOEXEC, 0);
  if (fd >= 0) return fd;
  const errno = libc.errno();
  if (errno === Errno.EPERM || errno === Errno.EACCES)
    throw new LiveError(
      name,
      'receiving its packets needs root or CAP_NET_RAW',
      'run it with sudo, or as the service in docs/service.md',
    );
  if (errno === Errno.EAFNOSUPPORT)
    throw new LiveError(name, 'the kernel has no AF_PACKET', 'modprobe af_packet');
  throw new LiveError(name, `a packet socket: ${errnoText(errno)}`, 'see packet(7)');
}

function set(libc: Libc, fd: number, option: PacketOption, value: Uint8Array): boolean {
  return libc.setsockopt(fd, SOL_PACKET, option, value, value.length) >= 0;
}

function makeRing(libc: Libc, socket: Omit<PacketSocket, 'group'>): void {
  const { fd, blocks, blockBytes, interfaceName: name } = socket;
  if (!set(libc, fd, PacketOption.VERSION, words(TPACKET_V3)))
    throw new LiveError(
      name,
      `a ring of version 3: ${errnoText(libc.errno())}`,
      'it needs Linux 3.2 or later',
    );
  if (!set(libc, fd, PacketOption.RESERVE, words(RESERVE_BYTES)))
    throw new LiveError(
      name,
      `room before frames: ${errnoText(libc.errno())}`,
      'it needs Linux 2.6.27 or later',
    );
  // Older kernels than 4.20 do not know it: what the host sends is then left away when it is read.
  set(libc, fd, PacketOption.IGNORE_OUTGOING, words(1));
  const frames = (blockBytes / FRAME_BYTES) * blocks;
  const request = words(blockBytes, blocks, FRAME_BYTES, frames, socket.blockTimeoutMs, 0, 0);
  if (set(libc, fd, PacketOption.RX_RING, request)) return;
  const errno = libc.errno();
  throw new LiveError(
    name,
    `a ring of ${(blocks * blockBytes) / 2 ** 20} MB: ${errnoText(errno)}`,
    errno === Errno.ENOMEM ? 'there is no memory for it: a smaller --ring-mb' : 'see packet(7)',
  );
}

/** sockaddr_ll: all protocols of one interface. */
function address(index: number): Uint8Array {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  new Uint16Array(bytes.buffer, 0, 1)[0] = Family.PACKET;
  bytes[3] = ETH_P_ALL;
  new Int32Array(bytes.buffer, 4, 1)[0] = index;
  return bytes;
}

/** From then on packets come in. `errno` says why not. */
export function tryBind(libc: Libc, fd: number, index: number): boolean {
  return libc.bind(fd, address(index), ADDRESS_BYTES) >= 0;
}

/** Every packet that is on the wire, not only those for this host; ends when the socket is closed. */
export function joinPromiscuous(libc: Libc, fd: number, name: string, index: number): void {
  // struct packet_mreq: interface, then type and length of an address that is not used.
  const request = new Uint8Array(16);
  new Int32Array(request.buffer)[0] = index;
  new Uint16Array(request.buffer)[2] = MEMBERSHIP_PROMISCUOUS;
  if (!set(libc, fd, PacketOption.ADD_MEMBERSHIP, request))
    throw new LiveError(name, `promiscuous mode: ${errnoText(libc.errno())}`, 'try --no-promiscuous');
}

/** Number of a group, chosen where the kernel does not choose one itself (before 4.13). */
function tryGroup(libc: Libc, fd: number, id: number, flags: number): boolean {
  return set(libc, fd, PacketOption.FANOUT, words((id & 0xffff) | ((FANOUT_HASH | flags) << 16)));
}

/** Returns its number. The order of joining decides which socket gets what: it is the same for every interface. */
function joinGroup(libc: Libc, fds: readonly number[], name: string): number {
  const refused = (): LiveError => {
    const errno = libc.errno();
    const advice =
      errno === Errno.EINVAL ? 'the interface must be up: ip link set up' : 'see PACKET_FANOUT in packet(7)';
    return new LiveError(name, `a group of ${fds.length} sockets: ${errnoText(errno)}`, advice);
  };
  const [first, ...others] = fds;
  const ignore = FanoutFlag.IGNORE_OUTGOING;
  let id = 0;
  if (tryGroup(libc, first, 0, FanoutFlag.UNIQUE_ID | ignore)) {
    const value = words(0);
    if (libc.getsockopt(first, SOL_PACKET, PacketOption.FANOUT, value, words(4)) < 0) throw refused();
    id = new Uint16Array(value.buffer)[0];
  } else {
    id = randomWord() & 0xffff;
    if (!tryGroup(libc, first, id, ignore)) throw refused();
  }
  for (const fd of others) if (!tryGroup(libc, fd, id, ignore)) throw refused();
  return id;
}
