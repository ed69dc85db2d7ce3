/** Membership of multicast groups: without it the IP layer drops what goes to them after conntrack, and nothing is confirmed. */
import { AddressFamily, type Libc, SOCK_CLOEXEC, SOCK_DGRAM } from './libc.ts';
import { hostWord } from './netlink.ts';

const IPPROTO_IP = 0;
const IPPROTO_IPV6 = 41;
const IP_ADD_MEMBERSHIP = 35;
const IPV6_JOIN_GROUP = 20;

export interface Memberships {
  /** Joins the group that the packet goes to, if it goes to one. */
  join(packet: Uint8Array): void;
  close(): void;
}

export function createMemberships(libc: Libc, interfaceIndex: number): Memberships {
  const joined = new Set<string>();
  const index = hostWord(interfaceIndex);
  const v4 = libc.socket(AddressFamily.IPV4, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const v6 = libc.socket(AddressFamily.IPV6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  // A group that cannot be joined (all ones, a reserved scope) is one whose packets are dropped: that is an answer, too.
  function join4(group: Uint8Array): void {
    const request = Uint8Array.of(...group, 0, 0, 0, 0, ...index);
    libc.setsockopt(v4, IPPROTO_IP, IP_ADD_MEMBERSHIP, request, request.length);
  }

  function join6(group: Uint8Array): void {
    const request = Uint8Array.of(...group, ...index);
    libc.setsockopt(v6, IPPROTO_IPV6, IPV6_JOIN_GROUP, request, request.length);
  }

  function once(group: Uint8Array, join: (group: Uint8Array) => void): void {
    const name = group.join();
    if (joined.has(name)) return;
    joined.add(name);
    join(group);
  }

  return {
    join(packet) {
      if (packet[0] >>> 4 === 4) {
        if (packet[16] >>> 4 === 14 && packet.length >= 20) once(packet.slice(16, 20), join4);
      } else if (packet[24] === 0xff && packet.length >= 40) once(packet.slice(24, 40), join6);
    },
    close() {
      libc.close(v4);
      libc.close(v6);
    },
  };
}
