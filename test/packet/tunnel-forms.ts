/**
 * Tunnels byte by byte, with the options that their headers can have. Written without the code under
 * test; every form only puts bytes before what it carries.
 */
import type { Random } from '../support/random.ts';
import {
  type Bytes,
  destinationOptions,
  type Extension,
  ethernet,
  hopByHop,
  ipv4,
  ipv6,
  label,
  naiveChecksum,
  routing,
  type Segment,
  u16,
  u32,
  udp,
  zeros,
} from './build.ts';

/** What is carried: a frame, or a packet of that version. */
export type Carried = 'ethernet' | 'ipv4' | 'ipv6';

export interface Load {
  readonly type: Carried;
  readonly bytes: Bytes;
}

export interface TunnelForm {
  readonly name: string;
  /** As `--decap` takes it. */
  readonly decap: string;
  /** What its number is as the zone, and how many bits it has; null without one. */
  readonly id: { readonly zoneFrom: string; readonly bits: number } | null;
  readonly carries: readonly Carried[];
  /** What IP carries. */
  readonly wrap: (load: Load, id: number, random: Random) => Segment;
}

const IP: readonly Carried[] = ['ipv4', 'ipv6'];
const ANY: readonly Carried[] = ['ethernet', 'ipv4', 'ipv6'];
const ETHER_TYPES: Readonly<Record<Carried, number>> = { ethernet: 0x6558, ipv4: 0x0800, ipv6: 0x86dd };
const PPP_TYPES: Readonly<Record<string, number>> = { ipv4: 0x0021, ipv6: 0x0057 };

const u24 = (value: number): Bytes => u32(value).slice(1);
const bytes = (random: Random, count: number): Bytes =>
  Array.from({ length: count }, () => random.below(256));

/** A datagram to a port; without a checksum now and then. */
function datagram(destinationPort: number, payload: Bytes, random: Random): Segment {
  const segment = udp({ sourcePort: 1 + random.below(65535), destinationPort, payload });
  return random.chance(0.5) ? segment : { protocol: segment.protocol, bytes: segment.bytes };
}

const VNI = { zoneFrom: 'vni', bits: 24 };
const SESSION = { zoneFrom: 'session', bits: 10 };
const KEY = { zoneFrom: 'key', bits: 32 };
const TEID = { zoneFrom: 'teid', bits: 32 };

/** GRE around `load`, which has its own type; the key is there when it is not undefined. */
function gre(
  type: number,
  load: Bytes,
  random: Random,
  key: number | undefined,
  hasSequence = random.chance(0.5),
): Segment {
  const hasChecksum = random.chance(0.3);
  const flags = (hasChecksum ? 0x8000 : 0) | (key !== undefined ? 0x2000 : 0) | (hasSequence ? 0x1000 : 0);
  return {
    protocol: 47,
    bytes: [
      ...u16(flags),
      ...u16(type),
      ...(hasChecksum ? bytes(random, 4) : []),
      ...(key !== undefined ? u32(key) : []),
      ...(hasSequence ? u32(random.word()) : []),
      ...load,
    ],
  };
}

/** Type III; the frame type stands in the last word. */
function erspanThree(session: number, frameType: number, hasSubheader: boolean, random: Random): Bytes {
  return [
    ...u16(0x2000 | random.below(0x1000)),
    ...u16((random.below(64) << 10) | session),
    ...bytes(random, 6),
    ...u16((random.below(2) << 15) | (frameType << 10) | (random.below(512) << 1) | Number(hasSubheader)),
    ...(hasSubheader ? bytes(random, 8) : []),
  ];
}

const gtpExtension = (words: number, next: number, random: Random): Bytes => [
  words,
  ...bytes(random, 4 * words - 2),
  next,
];

function gtpU(load: Load, teid: number, random: Random): Bytes {
  const extensions = random.chance(0.4) ? 1 + random.below(3) : 0;
  const flags = 0x30 | (extensions > 0 ? 4 : 0) | random.below(4);
  const optional = (flags & 7) === 0 ? [] : [...bytes(random, 3), extensions > 0 ? 0x85 : 0];
  const chain = Array.from({ length: extensions }, (_, i) =>
    gtpExtension(1 + random.below(3), i + 1 < extensions ? 0x40 : 0, random),
  ).flat();
  const rest = [...optional, ...chain, ...load.bytes];
  return [flags, 255, ...u16(rest.length), ...u32(teid), ...rest];
}

export const TUNNEL_FORMS: readonly TunnelForm[] = [
  {
    name: 'VXLAN',
    decap: 'vxlan',
    id: VNI,
    carries: ['ethernet'],
    wrap: (load, vni, random) => {
      const flags = 0x08 | (random.chance(0.2) ? random.below(256) : 0);
      const header = [flags, ...bytes(random, 3), ...u24(vni), random.below(256)];
      return datagram(random.pick([4789, 8472]), [...header, ...load.bytes], random);
    },
  },
  {
    name: 'VXLAN with a protocol',
    decap: 'vxlan-gpe',
    id: VNI,
    carries: ANY,
    wrap: (load, vni, random) => {
      const next = { ipv4: 1, ipv6: 2, ethernet: 3 }[load.type];
      const isPlain = load.type === 'ethernet' && random.chance(0.3);
      const header = [isPlain ? 0x08 : 0x0c, 0, 0, isPlain ? 0 : next, ...u24(vni), random.below(256)];
      return datagram(4790, [...header, ...load.bytes], random);
    },
  },
  {
    name: 'Geneve',
    decap: 'geneve',
    id: VNI,
    carries: ANY,
    wrap: (load, vni, random) => {
      const words = random.chance(0.5) ? random.below(64) : 0;
      const critical = random.chance(0.2) ? 0x40 : 0;
      const start = [words, critical, ...u16(ETHER_TYPES[load.type]), ...u24(vni), random.below(256)];
      return datagram(6081, [...start, ...bytes(random, words * 4), ...load.bytes], random);
    },
  },
  {
    name: 'GRE',
    decap: 'gre',
    id: KEY,
    carries: ANY,
    wrap: (load, key, random) => gre(ETHER_TYPES[load.type], load.bytes, random, key),
  },
  {
    name: 'GRE without a key',
    decap: 'gre',
    id: null,
    carries: ANY,
    wrap: (load, _, random) => gre(ETHER_TYPES[load.type], load.bytes, random, undefined),
  },
  {
    name: 'GRE with MPLS',
    decap: 'gre',
    id: KEY,
    carries: IP,
    wrap: (load, key, random) =>
      gre(0x8847, [...label(random.below(9), false), ...label(17, true), ...load.bytes], random, key),
  },
  {
    name: 'GRE with PPP',
    decap: 'gre',
    id: KEY,
    carries: IP,
    wrap: (load, key, random) => gre(0x880b, [...u16(PPP_TYPES[load.type]), ...load.bytes], random, key),
  },
  {
    name: 'GRE to a web cache',
    decap: 'gre',
    id: null,
    carries: ['ipv4'],
    wrap: (load, _, random) =>
      gre(0x883e, random.chance(0.5) ? load.bytes : [...u32(0x00010203), ...load.bytes], random, undefined),
  },
  {
    name: 'ERSPAN I',
    decap: 'erspan',
    id: null,
    carries: ['ethernet'],
    wrap: (load, _, random) => gre(0x88be, load.bytes, random, undefined, false),
  },
  {
    name: 'ERSPAN II',
    decap: 'erspan',
    id: SESSION,
    carries: ['ethernet'],
    wrap: (load, session, random) => {
      const header = [...u16(0x1000 | random.below(0x1000)), ...u16((random.below(64) << 10) | session)];
      return gre(0x88be, [...header, ...bytes(random, 4), ...load.bytes], random, undefined, true);
    },
  },
  {
    name: 'ERSPAN III',
    decap: 'erspan',
    id: SESSION,
    carries: ANY,
    wrap: (load, session, random) => {
      const frameType = load.type === 'ethernet' ? 0 : 2;
      const header = erspanThree(session, frameType, random.chance(0.5), random);
      return gre(0x22eb, [...header, ...load.bytes], random, undefined);
    },
  },
  {
    name: 'IP in IP',
    decap: 'ipip',
    id: null,
    carries: IP,
    wrap: (load) => ({ protocol: load.type === 'ipv4' ? 4 : 41, bytes: load.bytes }),
  },
  {
    name: 'GTP-U',
    decap: 'gtp-u',
    id: TEID,
    carries: IP,
    wrap: (load, teid, random) => datagram(2152, gtpU(load, teid, random), random),
  },
];

/** A tunnel's packet: the form's segment in IPv4 or IPv6, each with some headers of their own. */
export function inIp(segment: Segment, random: Random): Load {
  const host = (): number => 0xc0a80000 + random.below(4);
  if (random.chance(0.6)) {
    const options = random.chance(0.2) ? zeros(4 * (1 + random.below(3))).fill(1) : [];
    return { type: 'ipv4', bytes: ipv4(segment, { source: host(), destination: host(), options }) };
  }
  const choices: readonly Extension[] = [hopByHop(), routing, destinationOptions];
  const extensions = random.chance(0.3) ? [random.pick(choices)] : [];
  return { type: 'ipv6', bytes: ipv6(segment, { extensions }) };
}

/** The load in a frame, unless it is one. */
export function inEthernet(load: Load): Load {
  if (load.type === 'ethernet') return load;
  return { type: 'ethernet', bytes: ethernet(ETHER_TYPES[load.type], load.bytes) };
}

/** Puts a load into one tunnel, or into plain GRE where that tunnel has no place for it. */
export function inTunnel(load: Load, form: TunnelForm, id: number, random: Random): Load {
  const { carries, wrap } = form;
  if (carries.includes(load.type)) return inIp(wrap(load, id, random), random);
  if (carries.includes('ethernet')) return inIp(wrap(inEthernet(load), id, random), random);
  return inIp(gre(ETHER_TYPES[load.type], load.bytes, random, undefined), random);
}

/** A first fragment of IPv6 that lacks a part of its TCP header is not gathered. */
const FIRST_FRAGMENT_BYTES = 24;

/** The pieces of a packet, each but the last with a multiple of eight bytes; the packet itself where it is too short. */
export function inFragments({ type, bytes }: Load, id: number, random: Random): Bytes[] {
  const headerBytes = type === 'ipv4' ? (bytes[0] & 15) * 4 : 40;
  const data = bytes.slice(headerBytes);
  // Extension headers may have to be in every fragment.
  const mayCut = type === 'ipv4' || ![0, 43, 60].includes(bytes[6]);
  if (data.length <= FIRST_FRAGMENT_BYTES || !mayCut) return [bytes];
  const cuts = [0];
  const step = (): number => 8 * random.below(Math.ceil(data.length / 16));
  for (let at = FIRST_FRAGMENT_BYTES + step(); at < data.length; at += 8 + step()) cuts.push(at);
  const header = bytes.slice(0, headerBytes);
  return cuts.map((from, i) => {
    const to = cuts[i + 1] ?? data.length;
    const more = to < data.length ? 1 : 0;
    const piece = data.slice(from, to);
    return type === 'ipv4'
      ? fragment4(header, id, (more << 13) | (from >>> 3), piece)
      : fragment6(header, id, from | more, piece);
  });
}

function fragment4(header: Bytes, id: number, flagsAndOffset: number, data: Bytes): Bytes {
  const length = header.length + data.length;
  const start = [...header.slice(0, 2), ...u16(length), ...u16(id), ...u16(flagsAndOffset)];
  const rest = header.slice(12);
  const checksum = naiveChecksum([...start, ...header.slice(8, 10), 0, 0, ...rest]);
  return [...start, ...header.slice(8, 10), ...u16(checksum), ...rest, ...data];
}

function fragment6(header: Bytes, id: number, offsetAndMore: number, data: Bytes): Bytes {
  const fragmentHeader = [header[6], 0, ...u16(offsetAndMore), ...u32(id)];
  const length = u16(fragmentHeader.length + data.length);
  return [...header.slice(0, 4), ...length, 44, ...header.slice(7), ...fragmentHeader, ...data];
}
