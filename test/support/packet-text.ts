/** Reads the left side of a script: one packet in words (see script.ts), built for either IP version. */
import {
  type Addresses,
  icmpPacket,
  ipPacket,
  option,
  TCP_FLAGS,
  tcpPacket,
  udpLitePacket,
  udpPacket,
} from './frames.ts';
import { chunksOf, sctpPacket } from './sctp-frames.ts';

export type Family = 'IPv4' | 'IPv6';
export const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];

export type Host = 'c' | 's' | 'x';
/** In IPv4 the client is the lower endpoint, in IPv6 the higher one, so that both orientations occur. */
export const HOSTS: Readonly<Record<Family, Readonly<Record<Host, string>>>> = {
  IPv4: { c: '192.0.2.10', s: '198.51.100.5', x: '203.0.113.9' },
  IPv6: { c: '2001:db8:9::10', s: '2001:db8:1::5', x: '2001:db8:2::9' },
};
export const CLIENT_PORT = 40000;
export const SERVER_PORT = 80;

export class Words {
  private at = 0;
  constructor(private readonly words: readonly string[]) {}
  done(): boolean {
    return this.at === this.words.length;
  }
  peek(): string {
    return this.words[this.at] ?? '';
  }
  next(): string {
    if (this.done()) throw new Error(`script: something is missing after "${this.words.join(' ')}"`);
    return this.words[this.at++];
  }
  number(): number {
    const word = this.next();
    const value = Number(word);
    if (Number.isNaN(value)) throw new Error(`script: ${word} is no number in "${this.words.join(' ')}"`);
    return value;
  }
}

const hexBytes = (hex: string): number[] => (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));

/** Options of a packet, whatever its protocol; each takes those that it knows. */
interface Options {
  afterMs: number;
  payload: number;
  window: number | null;
  tcp: number[];
  badChecksum: boolean;
  noChecksum: boolean;
  length: number | null;
  dataOffset: number | null;
  port: number;
  ttl: number;
  extensions: number[];
}

function readOptions(words: Words): Options {
  const o: Options = {
    afterMs: 0,
    payload: 0,
    window: null,
    tcp: [],
    badChecksum: false,
    noChecksum: false,
    length: null,
    dataOffset: null,
    port: CLIENT_PORT,
    ttl: 64,
    extensions: [],
  };
  const takers: Record<string, () => void> = {
    len: () => {
      o.payload = words.number();
    },
    win: () => {
      o.window = words.number();
    },
    ws: () => o.tcp.push(...option.windowScale(words.number())),
    sackok: () => o.tcp.push(...option.sackPermitted),
    sack: () => {
      const [left, right] = words.next().split('-').map(Number);
      o.tcp.push(...option.nop, ...option.nop, ...option.sack([left, right]));
    },
    ts: () => o.tcp.push(...option.alignedTimestamp),
    raw: () => o.tcp.push(...hexBytes(words.next())),
    badsum: () => {
      o.badChecksum = true;
    },
    nosum: () => {
      o.noChecksum = true;
    },
    length: () => {
      o.length = words.number();
    },
    offset: () => {
      o.dataOffset = words.number();
    },
    port: () => {
      o.port = words.number();
    },
    ttl: () => {
      o.ttl = words.number();
    },
    behind: () => {
      o.extensions = words.next().split(',').map(Number);
    },
  };
  while (!words.done()) {
    const word = words.next();
    const time = /^\+([\d.]+)(ms|s)$/.exec(word);
    if (time !== null) o.afterMs = Number(time[1]) * (time[2] === 's' ? 1000 : 1);
    else if (takers[word] !== undefined) takers[word]();
    else throw new Error(`script: no such option ${word}`);
  }
  return o;
}

const ipOptions = (o: Options) => ({
  ttl: o.ttl,
  extensions: o.extensions.map((n) => [n, []] as const),
});

/** Modulo 2^32, so that a script may count down from 0. */
const sequenceNumber = (text: string | undefined): number => Number(text ?? '0') >>> 0;

export type Build = (family: Family) => Uint8Array;

function route(family: Family, from: Host): Addresses {
  const hosts = HOSTS[family];
  return from === 'c' ? { src: hosts.c, dst: hosts.s } : { src: hosts[from], dst: hosts.c };
}

function tcpBuilder(from: Host, letters: string, words: Words): { build: Build; options: Options } {
  const [seq, ack] = /^-?\d/.test(words.peek()) ? words.next().split(':') : ['0', undefined];
  const options = readOptions(words);
  let flags = 0;
  for (const letter of letters === '-' ? '' : letters) {
    const bit = TCP_FLAGS[letter];
    if (bit === undefined) throw new Error(`script: no such TCP flag ${letter}`);
    flags |= bit;
  }
  const window = options.window ?? (letters.includes('R') ? 0 : 65535);
  const build: Build = (family) =>
    tcpPacket(
      route(family, from),
      {
        sport: from === 'c' ? options.port : SERVER_PORT,
        dport: from === 'c' ? SERVER_PORT : options.port,
        seq: sequenceNumber(seq),
        ack: sequenceNumber(ack),
        flags,
        window,
        options: options.tcp,
        payload: options.payload,
        badChecksum: options.badChecksum,
        ...(options.dataOffset === null ? {} : { dataOffset: options.dataOffset }),
      },
      ipOptions(options),
    );
  return { build, options };
}

function udpBuilder(from: Host, kind: string, words: Words): { build: Build; options: Options } {
  const options = readOptions(words);
  const make = kind === 'udp' ? udpPacket : udpLitePacket;
  const build: Build = (family) =>
    make(
      route(family, from),
      {
        sport: from === 'c' ? options.port : SERVER_PORT,
        dport: from === 'c' ? SERVER_PORT : options.port,
        payload: options.payload,
        checksum: options.noChecksum ? 'zero' : options.badChecksum ? 'wrong' : 'right',
        ...(options.length === null ? {} : { length: options.length }),
      },
      ipOptions(options),
    );
  return { build, options };
}

function sctpBuilder(from: Host, words: Words): { build: Build; options: Options } {
  const tag = words.number();
  const chunks = chunksOf(words.next());
  const options = readOptions(words);
  const build: Build = (family) =>
    sctpPacket(
      route(family, from),
      {
        sport: from === 'c' ? options.port : SERVER_PORT,
        dport: from === 'c' ? SERVER_PORT : options.port,
        tag,
        chunks,
        trailer: new Array<number>(options.payload).fill(0),
        badChecksum: options.badChecksum,
      },
      ipOptions(options),
    );
  return { build, options };
}

/** `gre`, or `gre id` for PPTP. */
function greBuilder(from: Host, words: Words): { build: Build; options: Options } {
  const callId = /^\d+$/.test(words.peek()) ? words.number() : null;
  const options = readOptions(words);
  const body = new Array<number>(options.payload).fill(0);
  const version0 = [0, 0, 8, 0, ...body];
  const header =
    callId === null
      ? version0
      : [0x30, 1, 0x88, 0x0b, 0, body.length, callId >>> 8, callId & 0xff, 0, 0, 0, 1];
  return {
    options,
    build: (family) => ipPacket(route(family, from), 47, [...header, ...body], ipOptions(options)),
  };
}

/** Type and code; `echo` and `echoreply` have other numbers in ICMPv6. */
function icmpBuilder(from: Host, kind: string, words: Words): { build: Build; options: Options } {
  let type: (family: Family) => number = (family) => (family === 'IPv4' ? 8 : 128);
  let code = 0;
  if (kind === 'echoreply') type = (family) => (family === 'IPv4' ? 0 : 129);
  if (kind === 'icmp') {
    const [typeText, codeText] = words.next().split('/');
    type = () => Number(typeText);
    code = Number(codeText);
  }
  const id = words.number();
  const options = readOptions(words);
  const build: Build = (family) =>
    icmpPacket(
      route(family, from),
      {
        type: type(family),
        code,
        rest: id * 0x10000 + 1,
        body: new Uint8Array(options.payload),
        badChecksum: options.badChecksum,
      },
      ipOptions(options),
    );
  return { build, options };
}

function errorBuilder(from: Host, words: Words): { build: Build; options: Options } {
  const [type, code] = words.next().split('/').map(Number);
  let cut: number | null = null;
  if (words.peek() === 'cut') {
    words.next();
    cut = words.number();
  }
  const quoted = packetBuilder(words);
  const build: Build = (family) => {
    const whole = quoted.build(family);
    const header = family === 'IPv4' ? 20 : 40;
    const body = cut === null ? whole : whole.subarray(0, header + cut);
    return icmpPacket(route(family, from), { type, code, body });
  };
  return { build, options: quoted.options };
}

export function packetBuilder(words: Words): { build: Build; options: Options } & { from: Host } {
  const from = words.next() as Host;
  if (!['c', 's', 'x'].includes(from)) throw new Error(`script: no such host ${from}`);
  const kind = words.next();
  switch (kind) {
    case 'udp':
    case 'udplite':
      return { from, ...udpBuilder(from, kind, words) };
    case 'sctp':
      return { from, ...sctpBuilder(from, words) };
    case 'gre':
      return { from, ...greBuilder(from, words) };
    case 'echo':
    case 'echoreply':
    case 'icmp':
      return { from, ...icmpBuilder(from, kind, words) };
    case 'error':
      return { from, ...errorBuilder(from, words) };
    case 'proto': {
      const protocol = words.number();
      const options = readOptions(words);
      const payload = new Array<number>(options.payload).fill(0);
      return {
        from,
        options,
        build: (family) => ipPacket(route(family, from), protocol, payload, ipOptions(options)),
      };
    }
    default:
      return { from, ...tcpBuilder(from, kind, words) };
  }
}
