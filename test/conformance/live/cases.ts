/** Hand-made packets in named cases. Each case has hosts of its own, so that no two cases meet. */
import { type Addresses, checksum, ipPacket } from '../../support/frames.ts';

export interface LiveCase {
  readonly name: string;
  readonly packets: readonly Uint8Array[];
}

/** The two directions between the two hosts of a case. */
export interface Hosts {
  readonly v4: Addresses;
  readonly v4Back: Addresses;
  readonly v6: Addresses;
  readonly v6Back: Addresses;
}

const swapped = ({ src, dst }: Addresses): Addresses => ({ src: dst, dst: src });

function hosts(number: number): Hosts {
  const v4 = { src: `10.${number >> 8}.${number & 255}.1`, dst: `10.${number >> 8}.${number & 255}.2` };
  const net = `2001:db8:0:${(number + 1).toString(16)}`;
  const v6 = { src: `${net}::1`, dst: `${net}::2` };
  return { v4, v4Back: swapped(v4), v6, v6Back: swapped(v6) };
}

export interface CaseList {
  add(name: string, build: (h: Hosts) => readonly Uint8Array[]): void;
  readonly cases: readonly LiveCase[];
}

/** Lists that are to be run together start at different numbers. */
export function createCaseList(firstNumber: number): CaseList {
  const cases: LiveCase[] = [];
  return {
    cases,
    add(name, build) {
      cases.push({ name, packets: build(hosts(firstNumber + cases.length)) });
    },
  };
}

/** The packet with other bytes from `at` on, and the IPv4 header checksum put right again. */
export function patched(packet: Uint8Array, at: number, ...bytes: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(packet);
  copy.set(bytes, at);
  return copy[0] >>> 4 === 4 ? withHeaderChecksum(copy) : copy;
}

function withHeaderChecksum(packet: Uint8Array): Uint8Array {
  const bytes = Math.min((packet[0] & 15) * 4, packet.length);
  if (bytes < 20) return packet;
  packet.set([0, 0], 10);
  const sum = checksum([...packet.subarray(0, bytes)]);
  packet.set([sum >>> 8, sum & 255], 10);
  return packet;
}

/** An IPv4 packet with options in its header. */
export function withOptions4(packet: Uint8Array, options: readonly number[]): Uint8Array {
  const longer = Uint8Array.from([...packet.subarray(0, 20), ...options, ...packet.subarray(20)]);
  const total = longer.length;
  return patched(patched(longer, 0, 0x45 + options.length / 4), 2, total >>> 8, total & 255);
}

/** An IPv6 packet with any chain of headers: each is written as it is. */
export function chain6(ip: Addresses, first: number, ...parts: readonly (readonly number[])[]): Uint8Array {
  return ipPacket(ip, first, parts.flat());
}

export const zeroes = (length: number): number[] => new Array<number>(length).fill(0);
