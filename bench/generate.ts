/**
 * Makes the capture of the macro benchmarks: TCP connections from handshake to close, interleaved at
 * random, every checksum right. The same seed gives the same bytes.
 */
import { closeSync, openSync, writeSync } from 'node:fs';

export interface GenerateOptions {
  readonly path: string;
  readonly packets: number;
  readonly connections: number;
  readonly seed: number;
}

const RECORD_BYTES = 16;
const ETHERNET_BYTES = 14;
const HEADERS_BYTES = 54;
const FRAME_BYTES_MIN = 60;
const PAYLOAD_BYTES = 32;
const CHUNK_BYTES = 1 << 22;
const WINDOW = 64240;
/** Packets between two steps of a microsecond. */
const PACKETS_PER_US = 1;
const START_SEC = 1_700_000_000;

const FIN = 0x01;
const SYN = 0x02;
const PSH = 0x08;
const ACK = 0x10;

/** xorshift32: good enough to spread packets over connections, and the same everywhere. */
function createRandom(seed: number): () => number {
  let s = seed | 0 || 1;
  return () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return s >>> 0;
  };
}

/**
 * Writes the capture. Each connection gets the same number of packets: three to open, four to close,
 * and data with its acknowledgement in between, from either side in turn.
 *
 * Units: returns the size of the file in bytes
 */
export function generateCapture(options: GenerateOptions): number {
  const { packets, connections } = options;
  const perConnection = Math.floor(packets / connections);
  if (perConnection < 8) throw new Error('generate: a connection needs at least 8 packets');
  const random = createRandom(options.seed);
  const step = new Uint16Array(connections);
  const seqOf = [new Uint32Array(connections), new Uint32Array(connections)];
  for (let c = 0; c < connections; c++) {
    seqOf[0][c] = random();
    seqOf[1][c] = random();
  }
  /** Connections under way; a finished one is replaced by the next that waits. */
  const window = Math.min(connections, Math.max(1, Math.ceil(connections / 4)));
  const active = Uint32Array.from({ length: window }, (_, i) => i);
  let waiting = window;
  let activeCount = window;

  const file = openSync(options.path, 'w');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let at = writeFileHeader(chunk);
  let total = 0;
  for (let n = 0; activeCount > 0; n++) {
    if (at + RECORD_BYTES + HEADERS_BYTES + PAYLOAD_BYTES > CHUNK_BYTES) {
      total += writeSync(file, chunk, 0, at);
      at = 0;
    }
    const slot = random() % activeCount;
    const c = active[slot];
    at = writePacket(chunk, at, n, c, step[c], perConnection, seqOf);
    if (++step[c] === perConnection) {
      if (waiting < connections) active[slot] = waiting++;
      else active[slot] = active[--activeCount];
    }
  }
  total += writeSync(file, chunk, 0, at);
  closeSync(file);
  return total;
}

function writeFileHeader(chunk: Buffer): number {
  chunk.writeUInt32LE(0xa1b2c3d4, 0);
  chunk.writeUInt16LE(2, 4);
  chunk.writeUInt16LE(4, 6);
  chunk.writeUInt32LE(262144, 16);
  chunk.writeUInt32LE(1, 20);
  return 24;
}

/** Who sends what at a step of a connection's life. */
function planStep(step: number, last: number): { dir: number; flags: number; payload: number } {
  if (step === 0) return { dir: 0, flags: SYN, payload: 0 };
  if (step === 1) return { dir: 1, flags: SYN | ACK, payload: 0 };
  if (step === 2) return { dir: 0, flags: ACK, payload: 0 };
  if (step === last - 3) return { dir: 0, flags: FIN | ACK, payload: 0 };
  if (step === last - 2) return { dir: 1, flags: ACK, payload: 0 };
  if (step === last - 1) return { dir: 1, flags: FIN | ACK, payload: 0 };
  if (step === last) return { dir: 0, flags: ACK, payload: 0 };
  const exchange = step - 3;
  const sender = (exchange >> 1) & 1;
  return exchange % 2 === 0
    ? { dir: sender, flags: PSH | ACK, payload: PAYLOAD_BYTES }
    : { dir: 1 - sender, flags: ACK, payload: 0 };
}

function writePacket(
  chunk: Buffer,
  start: number,
  n: number,
  c: number,
  step: number,
  perConnection: number,
  seqOf: readonly Uint32Array[],
): number {
  const { dir, flags, payload } = planStep(step, perConnection - 1);
  const frameBytes = Math.max(FRAME_BYTES_MIN, HEADERS_BYTES + payload);
  const us = Math.floor(n / PACKETS_PER_US);
  chunk.writeUInt32LE(START_SEC + Math.floor(us / 1_000_000), start);
  chunk.writeUInt32LE(us % 1_000_000, start + 4);
  chunk.writeUInt32LE(frameBytes, start + 8);
  chunk.writeUInt32LE(frameBytes, start + 12);
  const frame = start + RECORD_BYTES;
  const ip = frame + ETHERNET_BYTES;
  const tcp = ip + 20;
  chunk.fill(0, frame, frame + frameBytes);
  chunk.writeUInt16BE(0x0800, frame + 12);
  chunk[ip] = 0x45;
  chunk.writeUInt16BE(40 + payload, ip + 2);
  chunk[ip + 8] = 64;
  chunk[ip + 9] = 6;
  const client = (0x0a000000 + (c >>> 4)) >>> 0;
  const server = 0xcb007100 + (c & 15);
  const clientPort = 1024 + ((c * 7) % 60000);
  chunk.writeUInt32BE(dir === 0 ? client : server, ip + 12);
  chunk.writeUInt32BE(dir === 0 ? server : client, ip + 16);
  chunk.writeUInt16BE(dir === 0 ? clientPort : 443, tcp);
  chunk.writeUInt16BE(dir === 0 ? 443 : clientPort, tcp + 2);
  chunk.writeUInt32BE(seqOf[dir][c], tcp + 4);
  if ((flags & ACK) !== 0) chunk.writeUInt32BE(seqOf[1 - dir][c], tcp + 8);
  chunk[tcp + 12] = 5 << 4;
  chunk[tcp + 13] = flags;
  chunk.writeUInt16BE(WINDOW, tcp + 14);
  for (let i = 0; i < payload; i++) chunk[tcp + 20 + i] = (n + i) & 0xff;
  chunk.writeUInt16BE(checksum(chunk, ip, 20, 0), ip + 10);
  const pseudo = sum16(chunk, ip + 12, 8) + 6 + 20 + payload;
  chunk.writeUInt16BE(checksum(chunk, tcp, 20 + payload, pseudo), tcp + 16);
  seqOf[dir][c] = seqOf[dir][c] + payload + ((flags & (SYN | FIN)) !== 0 ? 1 : 0);
  return frame + frameBytes;
}

function sum16(bytes: Buffer, start: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i += 2) sum += (bytes[start + i] << 8) | bytes[start + i + 1];
  return sum;
}

function checksum(bytes: Buffer, start: number, length: number, initial: number): number {
  let sum = sum16(bytes, start, length) + initial;
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
