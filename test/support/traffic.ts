/**
 * Random traffic for simulations: machine-like TCP with hostile packets in between, UDP, SCTP, GRE, ICMP, errors
 * that quote all of it, IPv6, VLANs, damaged frames. Few hosts and ports, so that tuples meet again.
 */
import {
  type Addresses,
  ethernet,
  icmpPacket,
  ipPacket,
  LINK_ETHERNET,
  LINK_RAW,
  option,
  tcpPacket,
  udpLitePacket,
  udpPacket,
} from './frames.ts';
import type { Random } from './random.ts';
import { chunksOf, sctpPacket } from './sctp-frames.ts';

export interface TimedFrame {
  readonly frame: Uint8Array;
  /** Since the start. Now and then a little less than that of the frame before. */
  readonly ms: number;
  readonly linkType: number;
  readonly captureLength: number;
}

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const PSH = 0x08;
const ACK = 0x10;

const HOSTS_V4 = ['10.0.0.1', '10.0.0.2', '192.168.7.7', '203.0.113.200'];
const HOSTS_V6 = ['2001:db8::1', '2001:db8::2', 'fe80::1:2:3', '::1'];
const PORTS = [53, 80, 40000];

const CHUNKS = [
  ...['data', 'sack', 'abort', 'abort/1', 'shutdown', 'shutdown-ack', 'error'],
  ...['shutdown-complete', 'heartbeat', 'heartbeat-ack'],
];

/** What two TCP hosts know of their connection. */
interface Conversation {
  readonly ip: Addresses;
  readonly back: Addresses;
  readonly sport: number;
  readonly dport: number;
  /** Next sequence number of the client and of the server. */
  readonly next: [number, number];
  phase: 'closed' | 'syn' | 'synack' | 'open' | 'fin' | 'last';
}

function createHosts(random: Random) {
  const endpoints = (): Addresses => {
    const hosts = random.chance(0.35) ? HOSTS_V6 : HOSTS_V4;
    // Now and then one host talks to itself.
    return { src: random.pick(hosts), dst: random.pick(hosts) };
  };
  const conversations: Conversation[] = Array.from({ length: 12 }, () => {
    const ip = endpoints();
    return {
      ip,
      back: { src: ip.dst, dst: ip.src },
      sport: random.pick(PORTS),
      dport: random.pick(PORTS),
      next: [random.word(), random.word()],
      phase: 'closed',
    };
  });
  return { endpoints, conversations };
}

export function randomTraffic(random: Random, count: number): TimedFrame[] {
  const { endpoints, conversations } = createHosts(random);
  const recent: Uint8Array[] = [];

  function segment(c: Conversation, side: 0 | 1, flags: number, payload: number): Uint8Array {
    const options = (flags & SYN) !== 0 && random.chance(0.6) ? synOptions() : [];
    const frame = tcpPacket(side === 0 ? c.ip : c.back, {
      sport: side === 0 ? c.sport : c.dport,
      dport: side === 0 ? c.dport : c.sport,
      seq: c.next[side],
      ack: (flags & ACK) === 0 ? 0 : c.next[1 - side],
      flags,
      window: (flags & RST) !== 0 ? 0 : random.pick([0, 100, 1000, 65535, 65535, 65535]),
      options,
      payload,
    });
    c.next[side] = (c.next[side] + payload + ((flags & (SYN | FIN)) !== 0 ? 1 : 0)) >>> 0;
    return frame;
  }

  const synOptions = (): number[] => [
    ...(random.chance(0.8) ? option.windowScale(random.below(16)) : []),
    ...(random.chance(0.8) ? option.sackPermitted : []),
  ];

  /** The next packet of a conversation that goes as it should. */
  function machine(c: Conversation): Uint8Array {
    switch (c.phase) {
      case 'closed':
        c.phase = 'syn';
        c.next[0] = random.word();
        return segment(c, 0, SYN, 0);
      case 'syn':
        if (random.chance(0.1)) {
          c.phase = 'closed';
          return segment(c, 1, RST | ACK, 0);
        }
        c.phase = 'synack';
        c.next[1] = random.word();
        return segment(c, 1, SYN | ACK, 0);
      case 'synack':
        c.phase = 'open';
        return segment(c, 0, ACK, 0);
      case 'open': {
        const side = random.chance(0.5) ? 0 : 1;
        if (random.chance(0.15)) {
          c.phase = 'fin';
          return segment(c, side, FIN | ACK, 0);
        }
        return segment(c, side, random.chance(0.5) ? ACK : PSH | ACK, random.below(3) * 100);
      }
      case 'fin':
        c.phase = 'last';
        return segment(c, random.chance(0.8) ? 1 : 0, FIN | ACK, 0);
      case 'last':
        c.phase = 'closed';
        return segment(c, random.chance(0.8) ? 0 : 1, ACK, 0);
    }
  }

  /** Anything at all, near what the hosts expect. */
  function hostile(c: Conversation): Uint8Array {
    const side = random.chance(0.5) ? 0 : 1;
    const near = (value: number): number => value + random.pick([0, 0, 1, -1, 10, -1000, 70_000, 2 ** 31]);
    const valid = [SYN, SYN | ACK, ACK, ACK, FIN | ACK, RST, RST | ACK, PSH | ACK];
    return tcpPacket(side === 0 ? c.ip : c.back, {
      sport: side === 0 ? c.sport : c.dport,
      dport: side === 0 ? c.dport : c.sport,
      seq: near(c.next[side]) >>> 0,
      ack: near(c.next[1 - side]) >>> 0,
      flags: random.chance(0.9) ? random.pick(valid) : random.below(256),
      window: random.below(65536),
      options: random.chance(0.3) ? Array.from({ length: random.below(24) }, () => random.below(9)) : [],
      payload: random.pick([0, 0, 1, 1400]),
      badChecksum: random.chance(0.05),
    });
  }

  function datagram(): Uint8Array {
    const fields = {
      sport: random.pick(PORTS),
      dport: random.pick(PORTS),
      payload: random.below(40),
      checksum: random.pick(['right', 'right', 'right', 'zero', 'wrong'] as const),
    };
    return random.chance(0.8) ? udpPacket(endpoints(), fields) : udpLitePacket(endpoints(), fields);
  }

  /** Chunks and tags of a few associations, so that much of it fits by chance. */
  function sctp(): Uint8Array {
    const { ip, back, sport, dport } = random.pick(conversations);
    const isBack = random.chance(0.5);
    const bundle = Array.from({ length: 1 + random.below(4) }, () => random.pick(CHUNKS)).join();
    const chunks = random.chance(0.5)
      ? random.pick(['init:1', 'init-ack:2', 'cookie-echo', 'cookie-ack'])
      : bundle;
    return sctpPacket(isBack ? back : ip, {
      sport: isBack ? dport : sport,
      dport: isBack ? sport : dport,
      tag: chunks.startsWith('init:') ? 0 : random.pick([1, 2, isBack ? 1 : 2]),
      chunks: chunksOf(chunks),
      badChecksum: random.chance(0.03),
    });
  }

  function gre(): Uint8Array {
    const body = [random.below(4), random.pick([0, 1, 1, 2]), 0x88, 0x0b, 0, 0, 0, random.below(2)];
    return ipPacket(endpoints(), 47, body.slice(0, random.pick([8, 8, 8, 7, 3])));
  }

  function icmp(): Uint8Array {
    const ip = endpoints();
    const types = ip.src.includes(':')
      ? [128, 129, 128, 129, 135, 139, 140, 200]
      : [8, 0, 8, 0, 13, 14, 9, 40];
    return icmpPacket(ip, {
      type: random.pick(types),
      code: random.pick([0, 0, 0, 1]),
      rest: random.below(3) * 0x10000,
      badChecksum: random.chance(0.03),
    });
  }

  /** An error about a packet that was seen lately, to its sender or to somebody else. */
  function error(): Uint8Array {
    const quoted = random.pick(recent);
    const isV6 = quoted[0] >>> 4 === 6;
    const ip = endpoints();
    const groups = Array.from({ length: 8 }, (_, i) => (quoted[8 + 2 * i] << 8) | quoted[9 + 2 * i]);
    const sender = isV6 ? groups.map((g) => g.toString(16)).join(':') : quoted.slice(12, 16).join('.');
    const anyone = isV6 ? random.pick(HOSTS_V6) : random.pick(HOSTS_V4);
    const src = ip.src.includes(':') === isV6 ? ip.src : anyone;
    const dst = random.chance(0.8) ? sender : anyone;
    const type = isV6 ? random.pick([1, 2, 3, 4, 100]) : random.pick([3, 3, 5, 11, 12]);
    const body = random.chance(0.8) ? quoted : quoted.subarray(0, random.below(quoted.length));
    return icmpPacket({ src, dst }, { type, code: 0, body });
  }

  function packet(): Uint8Array {
    const kind = random.below(100);
    if (kind < 40) return machine(random.pick(conversations));
    if (kind < 57) return hostile(random.pick(conversations));
    if (kind < 70) return datagram();
    if (kind < 82) return sctp();
    if (kind < 84) return gre();
    if (kind < 90) return icmp();
    if (kind < 96 && recent.length > 0) return error();
    const payload = Array.from({ length: random.below(30) }, () => random.below(256));
    return ipPacket(endpoints(), random.pick([50, 33, 2, 47, 132, 59, 44]), payload);
  }

  let ms = 0;
  return Array.from({ length: count }, () => {
    ms += random.pick([0, 0, 0, 0.25, 1, 7, 32, 500]);
    if (random.chance(0.02)) ms += random.below(130_000);
    if (random.chance(0.001)) ms += random.below(3_000_000) * 1000;
    const ip = packet();
    recent.push(ip);
    if (recent.length > 20) recent.shift();
    const isRaw = random.chance(0.7);
    const frame = isRaw ? ip : ethernet(ip, random.chance(0.5) ? 1 + random.below(2) : null);
    if (random.chance(0.02)) frame[random.below(frame.length)] ^= 1 << random.below(8);
    return {
      frame,
      ms: random.chance(0.02) ? Math.max(0, ms - random.below(50)) : ms,
      linkType: isRaw ? LINK_RAW : LINK_ETHERNET,
      captureLength: random.chance(0.03) ? random.below(frame.length + 1) : frame.length,
    };
  });
}
