/**
 * Prepared traffic of the benchmarks: blocks of frames for the pipeline's memory source. A prologue makes the
 * connections, in order; then a loop is repeated, in which they come at random, so that no prefetcher guesses the next
 * entry. The loop stays valid when it comes again: no packet is a retransmission to the tracker.
 *
 * The same options give the same bytes.
 */
import { createRandom } from '../../src/common/random.ts';
import { createFrameBlockWriter, type FrameBlock, frameRecordBytes } from '../../src/shm/frame-block.ts';
import {
  clientOf,
  portsOf,
  serverOf,
  TcpFlag,
  tcpFrameBytes,
  udpFrameBytes,
  writeTcpFrame,
  writeUdpFrame,
} from './frames.ts';

/** Frames, gone through once, and how many there are before the loop and in it. */
export interface Traffic {
  readonly block: FrameBlock;
  /** Connections alive at a time, about. */
  readonly connections: number;
  readonly prologue: number;
  readonly loop: number;
}

const LINK_ETHERNET = 1;
/** Time of the first packet. */
export const BLOCK_START_SEC = 1_700_000_000;
/** Packet time between two packets, where nothing shall expire: 10 million packets per second. */
const STEP_NS = 100;
const PAYLOAD_BYTES = 32;
/** The kernel's timeout of UDP without an answer. */
const UDP_TIMEOUT_NS = 30e9;
/** Of new connections so many more than are alive at a time: when one comes again its last life is over. */
const SPARE = 1.25;

const ACK_RECORD_BYTES = frameRecordBytes(tcpFrameBytes(0));
const DATA_RECORD_BYTES = frameRecordBytes(tcpFrameBytes(PAYLOAD_BYTES));
const UDP_RECORD_BYTES = frameRecordBytes(udpFrameBytes(0));
/** Of a whole TCP connection in the prologue, and of its four packets in the loop. */
const OPENING_BYTES = 3 * ACK_RECORD_BYTES;
const EXCHANGE_BYTES = 2 * (ACK_RECORD_BYTES + DATA_RECORD_BYTES);
const OPENING_PACKETS = 3;
const EXCHANGE_PACKETS = 4;

/** The block with another number of laps. */
export const withLaps = (traffic: Traffic, laps: number): FrameBlock => ({ ...traffic.block, laps });

/** The numbers from 0 on in an order that depends on the seed. */
export function shuffled(count: number, seed: number): Uint32Array {
  const random = createRandom(seed);
  const numbers = new Uint32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const n = numbers[i];
    numbers[i] = numbers[j];
    numbers[j] = n;
  }
  return numbers;
}

interface Maker {
  /** A packet of the handshake, 0 to 2, of a connection. */
  opening(c: number, step: number): void;
  /** A packet of established traffic, 0 to 3: data and its acknowledgement, from either side. */
  exchange(c: number, step: number): void;
  udp(c: number, dir: number): void;
  /** From here on the block is repeated. */
  beginLoop(): void;
  packets(): number;
  finish(connections: number): Traffic;
}

/** Cost: some 50 ns per frame. Errors: an assertion when `bytes` do not suffice. */
function createMaker(bytes: number, stepNs: number, startSec = BLOCK_START_SEC): Maker {
  const writer = createFrameBlockWriter(bytes);
  const { view } = writer;
  let packets = 0;
  let loopAt = 0;
  let prologue = 0;
  let sec = startSec;
  let nsec = 0;

  function add(frameBytes: number): number {
    packets++;
    nsec += stepNs;
    while (nsec >= 1_000_000_000) {
      nsec -= 1_000_000_000;
      sec++;
    }
    return writer.add(sec, nsec, frameBytes);
  }

  function tcp(c: number, dir: number, seq: number, ack: number, flags: number, payload: number): void {
    const at = add(tcpFrameBytes(payload));
    const [from, to] = dir === 0 ? [clientOf(c), serverOf(c)] : [serverOf(c), clientOf(c)];
    writeTcpFrame(view, at, from, to, portsOf(c, dir), seq, ack, flags, payload);
  }

  const firstOf = (c: number, dir: number): number => Math.imul(c + 1, dir === 0 ? 0x9e3779b1 : 0x85ebca6b);

  return {
    opening(c, step) {
      const [client, server] = [firstOf(c, 0), firstOf(c, 1)];
      if (step === 0) tcp(c, 0, client, 0, TcpFlag.SYN, 0);
      else if (step === 1) tcp(c, 1, server, (client + 1) | 0, TcpFlag.SYN | TcpFlag.ACK, 0);
      else tcp(c, 0, (client + 1) | 0, (server + 1) | 0, TcpFlag.ACK, 0);
    },
    exchange(c, step) {
      const [client, server] = [(firstOf(c, 0) + 1) | 0, (firstOf(c, 1) + 1) | 0];
      const [clientEnd, serverEnd] = [(client + PAYLOAD_BYTES) | 0, (server + PAYLOAD_BYTES) | 0];
      if (step === 0) tcp(c, 0, client, server, TcpFlag.PSH | TcpFlag.ACK, PAYLOAD_BYTES);
      else if (step === 1) tcp(c, 1, server, clientEnd, TcpFlag.ACK, 0);
      else if (step === 2) tcp(c, 1, server, clientEnd, TcpFlag.PSH | TcpFlag.ACK, PAYLOAD_BYTES);
      else tcp(c, 0, clientEnd, serverEnd, TcpFlag.ACK, 0);
    },
    udp(c, dir) {
      const at = add(udpFrameBytes(0));
      const [from, to] = dir === 0 ? [clientOf(c), serverOf(c)] : [serverOf(c), clientOf(c)];
      writeUdpFrame(view, at, from, to, portsOf(c, dir), 0);
    },
    beginLoop() {
      loopAt = writer.used();
      prologue = packets;
    },
    packets: () => packets,
    finish(connections) {
      const loop = packets - prologue;
      const lapMs = Math.ceil((loop * stepNs) / 1e6);
      return { block: writer.block(LINK_ETHERNET, { loopAt, lapMs }), connections, prologue, loop };
    },
  };
}

/** Established TCP connections: the handshakes, then a loop of four packets of each (or two, to take up less), at random. */
export function tcpTraffic(connections: number, seed: number, exchange: 2 | 4 = EXCHANGE_PACKETS): Traffic {
  const maker = createMaker(connections * (OPENING_BYTES + (EXCHANGE_BYTES * exchange) / 4), STEP_NS);
  for (let c = 0; c < connections; c++)
    for (let step = 0; step < OPENING_PACKETS; step++) maker.opening(c, step);
  maker.beginLoop();
  const order = shuffled(connections, seed);
  for (let step = 0; step < exchange; step++) for (const c of order) maker.exchange(c, step);
  return maker.finish(connections);
}

/** UDP flows that have a packet each way: the questions, then a loop of the answers, at random. */
export function udpTraffic(connections: number, seed: number, laterSec = 0): Traffic {
  const maker = createMaker(connections * 2 * UDP_RECORD_BYTES, STEP_NS, BLOCK_START_SEC + laterSec);
  for (let c = 0; c < connections; c++) maker.udp(c, 0);
  maker.beginLoop();
  for (const c of shuffled(connections, seed)) maker.udp(c, 1);
  return maker.finish(connections);
}

/**
 * Nothing but new connections: UDP packets without an answer, as far apart in time as keeps so many alive. In every lap the same
 * ones come, each after its last life is over. It begins `laterSec` after all other traffic of this file.
 */
export function newTraffic(alive: number, laterSec = 0): Traffic {
  const count = Math.ceil(alive * SPARE);
  const maker = createMaker(
    count * UDP_RECORD_BYTES,
    Math.round(UDP_TIMEOUT_NS / alive),
    BLOCK_START_SEC + laterSec,
  );
  maker.beginLoop();
  for (let c = 0; c < count; c++) maker.udp(c, 0);
  return maker.finish(alive);
}

/** One UDP packet of each of so many flows, evenly over some seconds. */
export function udpAt(connections: number, startSec: number, seconds: number): FrameBlock {
  const maker = createMaker(
    connections * UDP_RECORD_BYTES,
    Math.floor((seconds * 1e9) / connections),
    startSec,
  );
  for (let c = 0; c < connections; c++) maker.udp(c, 0);
  return maker.finish(connections).block;
}

/** What mixed traffic consists of: the others are new. */
export interface Mix {
  /** Of a hundred packets so many are of established TCP, of established UDP. */
  readonly packets: { readonly tcp: number; readonly udp: number };
  /** Of a hundred connections. UDP has fewer than packets, so that none of them is silent for its timeout. */
  readonly connections: { readonly tcp: number; readonly udp: number };
  /** Packets in the loop for each connection. */
  readonly perConnection: number;
}

export const MIX: Mix = {
  packets: { tcp: 60, udp: 25 },
  connections: { tcp: 75, udp: 10 },
  perConnection: 4,
};
/** Without TCP, whose handshakes take up too much for the largest tables. */
export const MIX_UDP: Mix = {
  packets: { tcp: 0, udp: 95 },
  connections: { tcp: 0, udp: 85 },
  perConnection: 1.1,
};

/** Established TCP, UDP with answers, and new connections that expire, together: so many alive. */
export function mixedTraffic(connections: number, seed: number, mix: Mix = MIX): Traffic {
  const random = createRandom(seed);
  const tcpCount = Math.floor((connections * mix.connections.tcp) / 100);
  const udpCount = Math.floor((connections * mix.connections.udp) / 100);
  const freshAlive = connections - tcpCount - udpCount;
  const loop = Math.floor(connections * mix.perConnection);
  const freshCount = Math.ceil(freshAlive * SPARE);
  const freshInLoop = (loop * (100 - mix.packets.tcp - mix.packets.udp)) / 100;
  // A new connection lives for its timeout: so far apart are its packets that as many as shall are alive.
  const stepNs = Math.round((UDP_TIMEOUT_NS * freshInLoop) / freshAlive / loop);
  const tcpShare = mix.packets.tcp / 100;
  // The loop may end where two of three packets of TCP were data, and chance may draw some more of TCP.
  const perTcp = (2 * DATA_RECORD_BYTES + ACK_RECORD_BYTES) / 3;
  const perPacket = tcpShare * perTcp + (1 - tcpShare) * UDP_RECORD_BYTES;
  const loopBytes = loop * perPacket * 1.02 + 64 * DATA_RECORD_BYTES;
  const bytes = tcpCount * OPENING_BYTES + udpCount * UDP_RECORD_BYTES + Math.ceil(loopBytes);
  const maker = createMaker(bytes, stepNs);
  for (let c = 0; c < tcpCount; c++)
    for (let step = 0; step < OPENING_PACKETS; step++) maker.opening(c, step);
  for (let c = 0; c < udpCount; c++) maker.udp(tcpCount + c, 0);
  maker.beginLoop();
  const tcpOrder = shuffled(tcpCount, seed);
  const udpOrder = shuffled(udpCount, seed);
  let [tcps, udps, fresh] = [0, 0, 0];
  for (let n = 0; n < loop; n++) {
    const which = random.below(100);
    if (which < mix.packets.tcp) {
      maker.exchange(tcpOrder[tcps % tcpCount], Math.floor(tcps / tcpCount) % EXCHANGE_PACKETS);
      tcps++;
    } else if (which < mix.packets.tcp + mix.packets.udp) {
      // First the answer, then both in turn.
      maker.udp(tcpCount + udpOrder[udps % udpCount], 1 - (Math.floor(udps / udpCount) & 1));
      udps++;
    } else {
      maker.udp(tcpCount + udpCount + (fresh++ % freshCount), 0);
    }
  }
  return maker.finish(connections);
}
