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
const IFLA_MTU = 4;
const RTA_OIF = 4;
const TABLE_LOCAL = 255;
const PROTOCOL_BOOT = 3;
const SCOPE_HOST = 254;
const ROUTE_LOCAL = 2;

/** Brings a link up; `mtu` 0 leaves that as it is. */
export function linkUp(socket: NetlinkSocket, index: number, mtu: number): void {
  const writer = createMessageWriter();
  const header = new Uint8Array(16);
  header.set(hostWord(index), 4);
  header.set(hostWord(IFF_UP), 8);
  header.set(hostWord(IFF_UP), 12);
  writer.begin(Type.NEWLINK, Flag.REQUEST | Flag.ACK, 1, header);
  if (mtu !== 0) writer.u32(IFLA_MTU, mtu);
  writer.end();
  socket.request(`bringing link ${index} up`, writer.take(), 1);
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
