/**
 * Generated traffic of short connections, as bytes of a capture, without end and without root: many begin, are answered,
 * change and end, so that nearly every packet is an event. Some have the port of a helper (masters).
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { setImmediate as otherTurns } from 'node:timers/promises';
import type { Random } from './random.ts';

const PACKET_BYTES_MAX = 16 + 40;
const LINK_RAW = 101;
const START_S = 1_700_000_000;
const FTP = 21;
const UDP = 17;
const TCP = 6;
const FLAGS = { FIN: 1, SYN: 2, RST: 4, ACK: 16 } as const;

/** The header of a pcap file with nanoseconds. */
function pcapHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b23c4d, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(LINK_RAW, 20);
  return header;
}

interface Talk {
  readonly protocol: number;
  readonly client: number;
  readonly server: number;
  readonly sport: number;
  readonly dport: number;
  step: number;
}

/** What the two sides say, one after the other. */
const TCP_STEPS: readonly {
  readonly isReply: boolean;
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
}[] = [
  { isReply: false, flags: FLAGS.SYN, seq: 100, ack: 0 },
  { isReply: true, flags: FLAGS.SYN | FLAGS.ACK, seq: 500, ack: 101 },
  { isReply: false, flags: FLAGS.ACK, seq: 101, ack: 501 },
  { isReply: false, flags: FLAGS.FIN | FLAGS.ACK, seq: 101, ack: 501 },
  { isReply: true, flags: FLAGS.FIN | FLAGS.ACK, seq: 501, ack: 102 },
  { isReply: false, flags: FLAGS.ACK, seq: 102, ack: 502 },
];
const RESET = { isReply: false, flags: FLAGS.RST | FLAGS.ACK, seq: 101, ack: 501 };

export interface ChurnOptions {
  readonly random: Random;
  /** Talks that go on at a time, about. */
  readonly talks: number;
  /** Time between two packets, on average. */
  readonly gapNs: number;
}

export interface Churn {
  /** So many more packets, as records of the capture. Before the first ones comes its header. */
  records(packets: number): Uint8Array;
  packets(): number;
}

export function createChurn({ random, talks: wanted, gapNs }: ChurnOptions): Churn {
  const talks: Talk[] = [];
  let ns = 0;
  let sec = START_S;
  let packets = 0;

  function begin(): Talk {
    const isTcp = random.chance(0.5);
    const talk = {
      protocol: isTcp ? TCP : UDP,
      client: (0x0a000000 | random.below(1 << 20)) >>> 0,
      server: (0xc6336400 | random.below(64)) >>> 0,
      sport: 1024 + random.below(60_000),
      dport: isTcp && random.chance(0.05) ? FTP : 7000 + random.below(10),
      step: 0,
    };
    talks.push(talk);
    return talk;
  }

  /** The next packet of a talk; one that has said everything is forgotten. */
  function put(out: DataView, at: number): number {
    const isNew = talks.length < wanted || random.chance(0.2);
    const which = isNew ? talks.length : random.below(talks.length);
    const talk = isNew ? begin() : talks[which];
    const said = talk.step++;
    ns += random.below(2 * gapNs);
    sec += Math.floor(ns / 1e9);
    ns %= 1e9;
    const step = TCP_STEPS[said % TCP_STEPS.length];
    const isReset = talk.protocol === TCP && said === 3 && random.chance(0.3);
    const isReply = talk.protocol === TCP ? step.isReply : said % 2 === 1;
    const isOver =
      isReset || said + 1 >= (talk.protocol === TCP ? TCP_STEPS.length : 4) || random.chance(0.1);
    if (isOver) {
      talks[which] = talks[talks.length - 1];
      talks.pop();
    }
    packets++;
    return putPacket(out, at, talk, isReply, isReset ? RESET : step);
  }

  function putPacket(
    out: DataView,
    at: number,
    talk: Talk,
    isReply: boolean,
    tcp: (typeof TCP_STEPS)[number],
  ): number {
    const bytes = talk.protocol === TCP ? 40 : 28;
    out.setUint32(at, sec, true);
    out.setUint32(at + 4, ns, true);
    out.setUint32(at + 8, bytes, true);
    out.setUint32(at + 12, bytes, true);
    const ip = at + 16;
    out.setUint32(ip, 0x45000000 | bytes);
    out.setUint32(ip + 4, 0);
    out.setUint32(ip + 8, (64 << 24) | (talk.protocol << 16));
    out.setUint32(ip + 12, isReply ? talk.server : talk.client);
    out.setUint32(ip + 16, isReply ? talk.client : talk.server);
    let sum = 0;
    for (let word = 0; word < 20; word += 2) sum += out.getUint16(ip + word);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    out.setUint16(ip + 10, ~sum & 0xffff);
    out.setUint16(ip + 20, isReply ? talk.dport : talk.sport);
    out.setUint16(ip + 22, isReply ? talk.sport : talk.dport);
    if (talk.protocol === UDP) {
      // Without a checksum, which UDP allows.
      out.setUint32(ip + 24, 8 << 16);
    } else {
      out.setUint32(ip + 24, tcp.seq);
      out.setUint32(ip + 28, tcp.ack);
      out.setUint32(ip + 32, (5 << 28) | (tcp.flags << 16) | 65_535);
      // Transport checksums are left out: the tracker is told not to verify them.
      out.setUint32(ip + 36, 0);
    }
    return ip + bytes;
  }

  return {
    records(count) {
      const header = packets === 0 ? pcapHeader() : Buffer.alloc(0);
      const bytes = new Uint8Array(header.length + count * PACKET_BYTES_MAX);
      bytes.set(header);
      const view = new DataView(bytes.buffer);
      let at = header.length;
      for (let i = 0; i < count; i++) at = put(view, at);
      return bytes.subarray(0, at);
    },
    packets: () => packets,
  };
}

export interface ChurnFeed {
  /** Writes so many packets; waits for the pipe to take them. Where nobody reads any more they are lost. */
  send(packets: number): Promise<void>;
  end(): Promise<void>;
  /** Ends it at once, whoever reads. */
  abandon(): void;
}

/** Feeds a named pipe from which a tracker reads. Opening it waits for that. */
export function feedPipe(path: string, churn: Churn): ChurnFeed {
  const stream = createWriteStream(path);
  // The tracker may have been stopped before.
  stream.on('error', () => {});
  return {
    async send(packets) {
      for (let left = packets; left > 0 && !stream.destroyed; ) {
        const some = Math.min(left, 2000);
        left -= some;
        const isFull = !stream.write(churn.records(some));
        if (isFull) await once(stream, 'drain').catch(() => {});
      }
      // Whoever sends in a circle lets others have their turn.
      await otherTurns();
    },
    async end() {
      if (stream.destroyed) return;
      stream.end();
      await once(stream, 'close').catch(() => {});
    },
    abandon: () => {
      stream.destroy();
    },
  };
}
