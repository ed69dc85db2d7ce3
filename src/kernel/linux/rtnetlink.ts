/** Links and routes of the namespace, through rtnetlink. */
import { AddressFamily } from './libc.ts';
import { createMessageWriter, Flag, hostWord } from './netlink.ts';
import type { NetlinkSocket } from './netlink-socket.ts';

enum Type {
  NEWLINK = 16,
  NEWROUTE = 24,
  DELROUTE = 25,
  GETROUTE = 26,
}

const IFF_UP = 1;
const IFF_NO_ARP = 0x80;
enum Link {
  ADDRESS = 1,
  NAME = 3,
  MTU = 4,
  INFO = 18,
  NAMESPACE_FD = 28,
}
const INFO_KIND = 1;
const INFO_DATA = 2;
const VETH_PEER = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const NEXT_HOP_ON_LINK = 4;
const TABLE_MAIN = 254;
const TABLE_LOCAL = 255;
const ROUTE_UNICAST = 1;
const PROTOCOL_BOOT = 3;
const SCOPE_HOST = 254;
const ROUTE_LOCAL = 2;

/** struct ifinfomsg */
function linkHeader(index: number, flags: number): Uint8Array {
  const header = new Uint8Array(16);
  header.set(hostWord(index), 4);
  header.set(hostWord(flags), 8);
  header.set(hostWord(flags), 12);
  return header;
}

function setUp(socket: NetlinkSocket, index: number, mtu: number, flags: number): void {
  const writer = createMessageWriter();
  writer.begin(Type.NEWLINK, Flag.REQUEST | Flag.ACK, 1, linkHeader(index, flags));
  if (mtu !== 0) writer.u32(Link.MTU, mtu);
  writer.end();
  socket.request(`bringing link ${index} up`, writer.take(), 1);
}

/** Brings a link up; `mtu` 0 leaves that as it is. */
export const linkUp = (socket: NetlinkSocket, index: number, mtu: number): void =>
  setUp(socket, index, mtu, IFF_UP);

/** Brings a link up that asks nobody for addresses: every frame that it sends bears its own address as destination. */
export const linkUpWithoutArp = (socket: NetlinkSocket, index: number): void =>
  setUp(socket, index, 0, IFF_UP | IFF_NO_ARP);

export interface Cable {
  /** The end in the namespace of the socket. */
  readonly name: string;
  /** The other end, the namespace where it is, as an open file, and its MAC address. */
  readonly peer: string;
  readonly peerNamespace: number;
  readonly peerAddress: Uint8Array;
}

/** Makes a pair of veth devices between two namespaces; both ends are down. */
export function addCable(socket: NetlinkSocket, cable: Cable): void {
  const writer = createMessageWriter();
  writer.begin(Type.NEWLINK, Flag.REQUEST | Flag.ACK | Flag.CREATE | Flag.EXCLUSIVE, 1, linkHeader(0, 0));
  writer.text(Link.NAME, cable.name);
  writer.nested(Link.INFO, () => {
    writer.text(INFO_KIND, 'veth');
    writer.nested(INFO_DATA, () =>
      writer.nested(VETH_PEER, () => {
        writer.raw(linkHeader(0, 0));
        writer.text(Link.NAME, cable.peer);
        writer.bytes(Link.ADDRESS, cable.peerAddress);
        writer.u32(Link.NAMESPACE_FD, cable.peerNamespace);
      }),
    );
  });
  writer.end();
  socket.request('making a pair of veth devices', writer.take(), 1);
}

/** All IPv4 packets for others go to a neighbour behind this link, whether or not there is an address for it. */
export function addDefaultRoute(socket: NetlinkSocket, gateway: Uint8Array, index: number): void {
  const writer = createMessageWriter();
  const header = new Uint8Array(12);
  header.set([AddressFamily.IPV4, 0, 0, 0, TABLE_MAIN, PROTOCOL_BOOT, 0, ROUTE_UNICAST]);
  header.set(hostWord(NEXT_HOP_ON_LINK), 8);
  writer.begin(Type.NEWROUTE, Flag.REQUEST | Flag.ACK | Flag.CREATE, 1, header);
  writer.bytes(RTA_GATEWAY, gateway);
  writer.u32(RTA_OIF, index);
  writer.end();
  socket.request('adding a default route', writer.take(), 1);
}

/** The IPv4 routes that came with the links, so that no address is a broadcast of theirs. */
export function flushLocalRoutes(socket: NetlinkSocket): void {
  const writer = createMessageWriter();
  const all = new Uint8Array(12);
  all[0] = AddressFamily.IPV4;
  writer.begin(Type.GETROUTE, Flag.REQUEST | Flag.DUMP, 1, all);
  writer.end();
  for (const { payload } of socket.dump('reading routes', writer.take())) {
    if (payload[0] !== AddressFamily.IPV4 || payload[4] !== TABLE_LOCAL) continue;
    const header = payload.slice(0, 12);
    writer.begin(Type.DELROUTE, Flag.REQUEST | Flag.ACK, 1, header);
    writer.raw(payload.subarray(12));
    writer.end();
    socket.request('deleting a route', writer.take(), 1);
  }
}

/** All addresses of a family are the host's own: `local 0.0.0.0/0 dev lo`. */
export function addLocalRoute(socket: NetlinkSocket, family: AddressFamily, loopback: number): void {
  const writer = createMessageWriter();
  const header = new Uint8Array(12);
  header.set([family, 0, 0, 0, TABLE_LOCAL, PROTOCOL_BOOT, SCOPE_HOST, ROUTE_LOCAL]);
  writer.begin(Type.NEWROUTE, Flag.REQUEST | Flag.ACK | Flag.CREATE, 1, header);
  writer.u32(RTA_OIF, loopback);
  writer.end();
  socket.request('adding the local route', writer.take(), 1);
}
