/** A packet in one line, for people who look at a difference: addresses, ports, and what its protocol has of its own. */
import { ipv4Text, ipv6Text } from '../../export/addresses.ts';
import type { PacketFacts } from './packet-facts.ts';

const NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'ICMP'],
  [2, 'IGMP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [33, 'DCCP'],
  [47, 'GRE'],
  [50, 'ESP'],
  [51, 'AH'],
  [58, 'ICMPv6'],
  [132, 'SCTP'],
  [136, 'UDP-Lite'],
]);

const TCP_LETTERS = 'FSRPAUEC';
const CHUNKS = [
  'DATA',
  'INIT',
  'INIT_ACK',
  'SACK',
  'HEARTBEAT',
  'HEARTBEAT_ACK',
  'ABORT',
  'SHUTDOWN',
  'SHUTDOWN_ACK',
  'ERROR',
  'COOKIE_ECHO',
  'COOKIE_ACK',
  'ECNE',
  'CWR',
  'SHUTDOWN_COMPLETE',
];

function addressText(hex: string): string {
  const word = (i: number): number => Number.parseInt(hex.slice(i * 8, i * 8 + 8), 16) | 0;
  return hex.length === 8 ? ipv4Text(word(0)) : ipv6Text(word(0), word(1), word(2), word(3));
}

/** Numbers of the bytes from `at` on; what lies beyond the end is 0. */
interface Cursor {
  u8(at: number): number;
  u16(at: number): number;
  u32(at: number): number;
  readonly length: number;
}

function cursor(bytes: Uint8Array): Cursor {
  const u8 = (at: number): number => bytes[at] ?? 0;
  const u16 = (at: number): number => (u8(at) << 8) | u8(at + 1);
  return { u8, u16, u32: (at) => u16(at) * 0x1_0000 + u16(at + 2), length: bytes.length };
}

function tcpText(c: Cursor): string {
  const flags = [...TCP_LETTERS].filter((_, bit) => (c.u8(13) & (1 << bit)) !== 0).join('');
  const header = (c.u8(12) >>> 4) * 4;
  return `[${flags}] seq ${c.u32(4)} ack ${c.u32(8)} win ${c.u16(14)} len ${c.length - header}${header === 20 ? '' : ` options ${header - 20}`}`;
}

function sctpText(c: Cursor): string {
  const chunks: string[] = [];
  for (let at = 12; at + 4 <= c.length && chunks.length < 8; ) {
    chunks.push(CHUNKS[c.u8(at)] ?? `chunk ${c.u8(at)}`);
    const length = c.u16(at + 2);
    if (length === 0) break;
    at += (length + 3) & ~3;
  }
  return `tag 0x${c.u32(4).toString(16)} ${chunks.join(' ')}`;
}

function icmpText(c: Cursor): string {
  return `type ${c.u8(0)} code ${c.u8(1)} id ${c.u16(4)}`;
}

function greText(c: Cursor): string {
  const version = c.u8(1) & 7;
  return version === 1 ? `version 1 call ${c.u16(6)}` : `version ${version}`;
}

function transportText(facts: PacketFacts): string {
  const c = cursor(facts.ip.subarray(facts.l4));
  switch (facts.protocol) {
    case 6:
      return tcpText(c);
    case 132:
      return sctpText(c);
    case 1:
    case 58:
      return icmpText(c);
    case 47:
      return greText(c);
    default:
      return `len ${c.length}`;
  }
}

/** `10.0.0.1:4000 > 10.0.0.2:80 TCP [SA] seq 1 ack 2 win 65535 len 0` */
export function packetLine(facts: PacketFacts | null): string {
  if (facts === null) return 'not IP';
  const { outer, protocol } = facts;
  const hasPorts =
    facts.hasPorts && ![1, 58].includes(protocol) && outer.sourcePort + outer.destinationPort > 0;
  const end = (address: string, port: number): string => {
    const text = addressText(address);
    if (!hasPorts) return text;
    return address.length === 8 ? `${text}:${port}` : `[${text}]:${port}`;
  };
  const name = NAMES.get(protocol) ?? `protocol ${protocol}`;
  const there = `${end(outer.source, outer.sourcePort)} > ${end(outer.destination, outer.destinationPort)}`;
  const fragment = facts.isFragment ? ' fragment' : '';
  const inner = facts.isIcmpError
    ? `, quotes ${NAMES.get(facts.endpoints.protocol) ?? facts.endpoints.protocol} ${addressText(facts.endpoints.source)}:${facts.endpoints.sourcePort} > ${addressText(facts.endpoints.destination)}:${facts.endpoints.destinationPort}`
    : '';
  return `${there} ${name}${fragment} ${facts.hasPorts ? transportText(facts) : `len ${facts.ip.length}`}${inner}`;
}
