/** Packets of each protocol for the micro-benchmarks, made by the builders of the tests, which share no code with what is measured. */
import { concat } from '../../test/ingest/capture-files.ts';
import { ethernet, icmpPacket, ipPacket, option, tcpPacket, udpPacket } from '../../test/support/frames.ts';
import { SCTP_TYPES, sctpPacket } from '../../test/support/sctp-frames.ts';

export type ProtocolName = 'TCP' | 'UDP' | 'ICMP' | 'SCTP' | 'GRE';
export const PROTOCOLS: readonly ProtocolName[] = ['TCP', 'UDP', 'ICMP', 'SCTP', 'GRE'];

const PROTOCOL_GRE = 47;
/** A protocol that has nothing but addresses. */
const PROTOCOL_EXPERIMENT = 253;
const PAYLOAD_BYTES = 32;

/** What opens a connection, in order, and what comes again and again while it lasts. */
export interface Dialogue {
  readonly opening: readonly Uint8Array[];
  readonly loop: readonly Uint8Array[];
}

interface Ends {
  readonly out: { readonly src: string; readonly dst: string };
  readonly back: { readonly src: string; readonly dst: string };
}

function endsOf(c: number): Ends {
  const client = `10.${(c >> 16) & 255}.${(c >> 8) & 255}.${c & 255}`;
  const server = '203.0.113.9';
  return { out: { src: client, dst: server }, back: { src: server, dst: client } };
}

const SYN = 0x02;
const ACK = 0x10;
const PSH_ACK = 0x18;
const PORTS = { sport: 40_000, dport: 443 };
const BACK = { sport: 443, dport: 40_000 };

function tcp({ out, back }: Ends): Dialogue {
  const timestamps = [...option.nop, ...option.nop, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1];
  const common = { window: 64_240, options: timestamps };
  const [client, server] = [1000, 5000];
  const clientEnd = client + 1 + PAYLOAD_BYTES;
  const payload = PAYLOAD_BYTES;
  return {
    opening: [
      tcpPacket(out, { ...PORTS, ...common, seq: client, flags: SYN }),
      tcpPacket(back, { ...BACK, ...common, seq: server, ack: client + 1, flags: SYN | ACK }),
      tcpPacket(out, { ...PORTS, ...common, seq: client + 1, ack: server + 1, flags: ACK }),
    ],
    loop: [
      tcpPacket(out, { ...PORTS, ...common, seq: client + 1, ack: server + 1, flags: PSH_ACK, payload }),
      tcpPacket(back, { ...BACK, ...common, seq: server + 1, ack: clientEnd, flags: ACK }),
    ],
  };
}

function udp({ out, back }: Ends): Dialogue {
  const payload = PAYLOAD_BYTES;
  return {
    opening: [],
    loop: [udpPacket(out, { ...PORTS, payload }), udpPacket(back, { ...BACK, payload })],
  };
}

function icmp({ out, back }: Ends): Dialogue {
  const body = new Uint8Array(PAYLOAD_BYTES);
  const rest = 77 << 16;
  return {
    opening: [],
    loop: [
      icmpPacket(out, { type: 8, code: 0, rest, body }),
      icmpPacket(back, { type: 0, code: 0, rest, body }),
    ],
  };
}

function sctp({ out, back }: Ends): Dialogue {
  const [clientTag, serverTag] = [11, 22];
  const init = (tag: number): number[] => [0, 0, 0, tag, 0, 1, 0, 0, 0, 10, 0, 10, 0, 0, 0, 1];
  const chunk = (name: string, body: readonly number[] = []) => ({ type: SCTP_TYPES[name], body });
  const data = chunk('data', new Array<number>(12 + PAYLOAD_BYTES).fill(0));
  const sack = chunk('sack', new Array<number>(12).fill(0));
  return {
    opening: [
      sctpPacket(out, { ...PORTS, tag: 0, chunks: [chunk('init', init(clientTag))] }),
      sctpPacket(back, { ...BACK, tag: clientTag, chunks: [chunk('init-ack', init(serverTag))] }),
      sctpPacket(out, { ...PORTS, tag: serverTag, chunks: [chunk('cookie-echo', [1, 2, 3, 4])] }),
      sctpPacket(back, { ...BACK, tag: clientTag, chunks: [chunk('cookie-ack')] }),
    ],
    loop: [
      sctpPacket(out, { ...PORTS, tag: serverTag, chunks: [data] }),
      sctpPacket(back, { ...BACK, tag: clientTag, chunks: [sack] }),
    ],
  };
}

function gre({ out, back }: Ends): Dialogue {
  const packet = [0, 0, 0x08, 0x00, ...new Array<number>(PAYLOAD_BYTES).fill(0)];
  return { opening: [], loop: [ipPacket(out, PROTOCOL_GRE, packet), ipPacket(back, PROTOCOL_GRE, packet)] };
}

const MAKERS: Readonly<Record<ProtocolName, (ends: Ends) => Dialogue>> = {
  TCP: tcp,
  UDP: udp,
  ICMP: icmp,
  SCTP: sctp,
  GRE: gre,
};

/** Frames of so many connections: their openings, and their loops one packet of each at a time. */
export function framesOf(protocol: ProtocolName, connections: number): Dialogue {
  const all = Array.from({ length: connections }, (_, c) => MAKERS[protocol](endsOf(c)));
  const turns = all[0].loop.map((_, i) => all.map(({ loop }) => ethernet(loop[i])));
  return { opening: all.flatMap(({ opening }) => opening.map((p) => ethernet(p))), loop: turns.flat() };
}

/** IP alone: packets of a protocol that nobody reads; of IPv6 also such as have extension headers before it. */
export function ipFrames(kind: 'IPv4' | 'IPv6' | 'IPv6, two extension headers', count: number): Uint8Array[] {
  const payload = new Array<number>(PAYLOAD_BYTES).fill(0);
  const extensions: [number, number[]][] =
    kind === 'IPv6, two extension headers'
      ? [
          [0, []],
          [60, []],
        ]
      : [];
  return Array.from({ length: count }, (_, c) => {
    const ends =
      kind === 'IPv4' ? endsOf(c).out : { src: `2001:db8::${c.toString(16)}`, dst: '2001:db8:1::9' };
    return ethernet(ipPacket(ends, PROTOCOL_EXPERIMENT, payload, { extensions }));
  });
}

/** All frames in one piece of memory, and where each begins. */
export function laidOut(frames: readonly Uint8Array[]): { view: DataView; offsets: number[] } {
  let at = 0;
  const offsets = frames.map(({ length }) => {
    at += length;
    return at - length;
  });
  const bytes = concat(...frames);
  return { view: new DataView(bytes.buffer), offsets };
}
