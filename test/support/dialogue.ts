/**
 * Dialogues: packets of two or three hosts with payload, and what is expected after each of them. Each
 * dialogue has hosts of its own, so that all of a list can pass one kernel. Tests run them in the
 * laboratory, and live tests hold them against the running kernel.
 *
 *   ftp.add('PASV', (d) => {
 *     d.open();
 *     d.s('220 hello\r\n');
 *     d.c('PASV\r\n');
 *     d.s(`227 (${d.commas('s', 1025)})\r\n`).expects('tcp c:* -> s:1025 300s');
 *     d.tcp('c', 's', 40001, 1025, 'S').is('RELATED').expects();
 *   });
 *
 * A packet that says nothing of its verdict is ESTABLISHED in its direction, and one that says nothing
 * of expectations leaves them as they were.
 */
import type { Expectation } from '../../src/export/expectation.ts';
import { addressBytes, ipPacket, TCP_FLAGS, tcpPacket, udpPacket } from './frames.ts';

export type Host = 'c' | 's' | 'x';
export type Family = 'IPv4' | 'IPv6';

export interface DialogueStep {
  readonly frame: Uint8Array;
  /** Time since the packet before. */
  afterMs: number;
  verdict: string;
  reason: string;
  /** Short forms, sorted; null: as before. */
  expects: readonly string[] | null;
}

/** Says more of the packet that was just added. */
export interface StepNotes {
  /** Its verdict, as src/shm/bits.ts calls it, and its reason. */
  is(verdict: string, reason?: string): StepNotes;
  /** The helper drops it. */
  dropped(reason: 'helper-partial' | 'helper-refused'): StepNotes;
  /** All that is expected from now on: `tcp c:* -> s:1025 300s`. */
  expects(...lines: readonly string[]): StepNotes;
  after(ms: number): StepNotes;
}

export interface SegmentOptions {
  /** Sequence number instead of the next one, relative to the first byte of this side. */
  readonly at?: number;
  /** Flags instead of PSH and ACK. */
  readonly flags?: string;
}

export interface Dialogue {
  readonly name: string;
  readonly family: Family;
  readonly hosts: Readonly<Record<Host, string>>;
  readonly steps: readonly DialogueStep[];
}

/** A payload as text has one byte for each character. */
export const bytesOf = (payload: string | Uint8Array): Uint8Array =>
  typeof payload === 'string' ? Uint8Array.from(payload, (letter) => letter.charCodeAt(0)) : payload;

const CLIENT_PORT = 40_000;
const FIRST_SEQ: Readonly<Record<Host, number>> = { c: 1000, s: 50_000, x: 0 };

export class DialogueBuilder implements Dialogue {
  readonly steps: DialogueStep[] = [];
  readonly hosts: Readonly<Record<Host, string>>;
  private readonly seq = { ...FIRST_SEQ };

  constructor(
    readonly name: string,
    readonly family: Family,
    number: number,
    readonly port: number,
  ) {
    const v4 = `10.${number >> 8}.${number & 255}`;
    const v6 = `2001:db8:0:${(number + 1).toString(16)}:`;
    const host = (last: number): string => (family === 'IPv4' ? `${v4}.${last}` : `${v6}:${last}`);
    // Either end is the lower address in half of the dialogues.
    const [c, s] = number % 2 === 0 ? [1, 2] : [2, 1];
    this.hosts = { c: host(c), s: host(s), x: host(3) };
  }

  get isIpv6(): boolean {
    return this.family === 'IPv6';
  }

  // ---- Addresses in payloads ----

  /** `a,b,c,d,p,q`; IPv4. */
  commas(host: Host, port: number): string {
    return [...addressBytes(this.hosts[host]), port >> 8, port & 255].join(',');
  }

  /** An IPv4 address as the number that it is. */
  decimal(host: Host): number {
    return addressBytes(this.hosts[host]).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  // ---- Packets ----

  private add(frame: Uint8Array, verdict: string): StepNotes {
    const step: DialogueStep = { frame, afterMs: 0, verdict, reason: 'none', expects: null };
    this.steps.push(step);
    const notes: StepNotes = {
      is(v, reason = 'none') {
        Object.assign(step, { verdict: v, reason });
        return notes;
      },
      dropped(reason) {
        step.reason = reason;
        return notes;
      },
      expects(...lines) {
        step.expects = [...lines].sort();
        return notes;
      },
      after(ms) {
        step.afterMs = ms;
        return notes;
      },
    };
    return notes;
  }

  /** Any TCP packet. */
  tcp(
    from: Host,
    to: Host,
    sport: number,
    dport: number,
    flags: string,
    { seq = 7000, ack = 0, payload = '' as string | Uint8Array } = {},
  ): StepNotes {
    const bits = [...flags].reduce((sum, letter) => sum | TCP_FLAGS[letter], 0);
    const route = { src: this.hosts[from], dst: this.hosts[to] };
    const fields = { sport, dport, seq, ack, flags: bits, payload: bytesOf(payload) };
    return this.add(tcpPacket(route, fields), 'NEW');
  }

  /** Any datagram. */
  udp(from: Host, to: Host, sport: number, dport: number, payload: string | Uint8Array): StepNotes {
    const route = { src: this.hosts[from], dst: this.hosts[to] };
    return this.add(udpPacket(route, { sport, dport, payload: bytesOf(payload) }), 'NEW');
  }

  /** Any packet of another protocol. */
  ip(from: Host, to: Host, protocol: number, payload: readonly number[]): StepNotes {
    return this.add(ipPacket({ src: this.hosts[from], dst: this.hosts[to] }, protocol, payload), 'NEW');
  }

  /** Opens the control connection. */
  open(): void {
    this.segment('c', '', { flags: 'S' }).is('NEW');
    this.segment('s', '', { flags: 'S.' });
    this.segment('c', '', { flags: '.' });
  }

  c(payload: string | Uint8Array, options: SegmentOptions = {}): StepNotes {
    return this.segment('c', payload, options);
  }

  s(payload: string | Uint8Array, options: SegmentOptions = {}): StepNotes {
    return this.segment('s', payload, options);
  }

  /** The last packet once more. */
  again(): StepNotes {
    const { frame, verdict } = this.steps[this.steps.length - 1];
    return this.add(frame, verdict);
  }

  private segment(
    from: 'c' | 's',
    payload: string | Uint8Array,
    { at, flags = 'P.' }: SegmentOptions,
  ): StepNotes {
    const other = from === 'c' ? 's' : 'c';
    const bytes = bytesOf(payload);
    const seq = at === undefined ? this.seq[from] : FIRST_SEQ[from] + 1 + at;
    const next = seq + bytes.length + (flags.includes('S') ? 1 : 0);
    const [sport, dport] = from === 'c' ? [CLIENT_PORT, this.port] : [this.port, CLIENT_PORT];
    const ack = flags.includes('.') ? this.seq[other] : 0;
    const notes = this.tcp(from, other, sport, dport, flags, { seq, ack, payload: bytes });
    this.seq[from] = Math.max(this.seq[from], next);
    return notes.is(from === 'c' ? 'ESTABLISHED' : 'ESTABLISHED_REPLY');
  }
}

export interface DialogueList {
  add(name: string, build: (d: DialogueBuilder) => void, families?: readonly Family[]): void;
  readonly dialogues: readonly Dialogue[];
}

/** Lists that are to pass one kernel start at different numbers. `port` is that of the control connection. */
export function createDialogues(firstNumber: number, port: number, usual: readonly Family[]): DialogueList {
  const dialogues: Dialogue[] = [];
  return {
    dialogues,
    add(name, build, families = usual) {
      for (const family of families) {
        const d = new DialogueBuilder(name, family, firstNumber + dialogues.length, port);
        build(d);
        dialogues.push(d);
      }
    },
  };
}

// ---- What is expected, in short ----

function maskBits(mask: string): number {
  return addressBytes(mask)
    .map((byte) => byte.toString(2).replaceAll('0', '').length)
    .reduce((sum, bits) => sum + bits, 0);
}

/** `tcp c:* -> s:1025 PERMANENT class=1 300s`. */
export function shortForm(x: Expectation, hosts: Readonly<Record<string, string>>): string {
  const names = new Map(Object.entries(hosts).map(([name, address]) => [address, name]));
  const name = (address: string): string => names.get(address) ?? address;
  const bits = maskBits(x.mask.src);
  const isWhole = bits === (x.family === 'ipv6' ? 128 : 32);
  const source = bits === 0 ? '*' : isWhole ? name(x.tuple.src) : `${name(x.tuple.src)}/${bits}`;
  const port = x.mask.sport === 0 ? '*' : (x.tuple.sport ?? x.tuple.srckey);
  const extra = [
    ...(x.flags.length === 0 ? [] : [x.flags.join(',')]),
    ...(x.class === 0 ? [] : [`class=${x.class}`]),
    ...(x.assigns === null ? [] : [`gets ${x.assigns}`]),
  ];
  return [
    `${x.protocolName} ${source}:${port} -> ${name(x.tuple.dst)}:${x.tuple.dport ?? x.tuple.dstkey}`,
    ...extra,
    `${x.timeoutS}s`,
  ].join(' ');
}
