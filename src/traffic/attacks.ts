/** Floods and scans. Each has a rate of its own beside the other traffic, and no answers but the refusals of a scan. */

import { findCollisions } from './collisions.ts';
import { Conn } from './connection.ts';
import type { Dice } from './dice.ts';
import { SIZE_SHIFT, sizeTable } from './draws.ts';
import { addressSum, type FrameTarget, TcpFlag, writeFragment, writeTcp, writeUdp } from './frames.ts';
import type { CollisionOptions, TrafficOptions } from './options.ts';
import { Made } from './stage.ts';

export interface Attack {
  readonly packetsPerSecond: number;
  /** Where its packets are counted. */
  readonly made: Made;
  /** Writes the next frame, and gives its bytes. */
  next(): number;
}

/** Spoofed sources: 16.0.0.0 to 95.255.255.255, where no client and no server of ours is. */
const SPOOFED_FIRST = 0x10000000;
const SPOOFED = 0x50000000;
const TARGET = 0xc6130001 | 0;
const TARGET_TCP_PORT = 80;
const TARGET_UDP_PORT = 53;
const SCANNER = 0xcb007107 | 0;
const SCANNED_FIRST = 0xc6130100 | 0;
const SCANNED_HOSTS = 0xfe00;
const SCANNED_PORTS = 1024;
const PORT_FIRST = 1024;
const PORTS = 65_536 - PORT_FIRST;
/** Of the ports of a UDP flood: no helper is there, so that all of it goes the common way. */
const UDP_PORT_FIRST = 32_768;

function target(words: Int32Array, client: number, server: number, ports: number): void {
  words[Conn.CLIENT] = client;
  words[Conn.SERVER] = server;
  words[Conn.PORTS] = ports;
  words[Conn.SUM] = addressSum(false, client, server);
}

const spoofed = (dice: Dice): number => SPOOFED_FIRST + dice.below(SPOOFED);

function synFlood(packetsPerSecond: number, dice: Dice, to: FrameTarget): Attack {
  const words = new Int32Array(Conn.WORDS);
  return {
    packetsPerSecond,
    made: Made.SYN_FLOOD,
    next() {
      const port = PORT_FIRST + dice.below(PORTS);
      target(words, spoofed(dice), TARGET, (port << 16) | TARGET_TCP_PORT);
      return writeTcp(to, words, 0, 0, TcpFlag.SYN, dice.bits(), 0, 0);
    },
  };
}

function udpFlood(packetsPerSecond: number, sizes: Uint16Array, dice: Dice, to: FrameTarget): Attack {
  const words = new Int32Array(Conn.WORDS);
  return {
    packetsPerSecond,
    made: Made.UDP_FLOOD,
    next() {
      const port = PORT_FIRST + dice.below(PORTS);
      target(words, spoofed(dice), TARGET, (port << 16) | (UDP_PORT_FIRST + dice.below(UDP_PORT_FIRST)));
      return writeUdp(to, words, 0, 0, Math.max(0, sizes[dice.bits() >>> SIZE_SHIFT] - 28));
    },
  };
}

/** A SYN and the RST that answers it, in turn: of a host the first 1024 ports, then the next host. */
function portScan(packetsPerSecond: number, dice: Dice, to: FrameTarget): Attack {
  const words = new Int32Array(Conn.WORDS);
  let asked = 0;
  let isAnswer = false;
  let seq = 0;
  return {
    packetsPerSecond,
    made: Made.PORT_SCAN,
    next() {
      if (isAnswer) {
        isAnswer = false;
        return writeTcp(to, words, 0, 1, TcpFlag.RST | TcpFlag.ACK, 0, (seq + 1) | 0, 0);
      }
      isAnswer = true;
      const host = SCANNED_FIRST + (Math.floor(asked / SCANNED_PORTS) % SCANNED_HOSTS);
      const source = PORT_FIRST + dice.below(PORTS);
      target(words, SCANNER, host, (source << 16) | (1 + (asked % SCANNED_PORTS)));
      asked = (asked + 1) & 0x7fffffff;
      seq = dice.bits();
      return writeTcp(to, words, 0, 0, TcpFlag.SYN, seq, 0, 0);
    },
  };
}

/** First places of a fragment in its datagram, in units of 8 bytes. */
const FRAGMENT_PLACES = 7000;
const FRAGMENT_BYTES_MIN = 16;

function fragmentFlood(packetsPerSecond: number, sizes: Uint16Array, dice: Dice, to: FrameTarget): Attack {
  const words = new Int32Array(Conn.WORDS);
  return {
    packetsPerSecond,
    made: Made.FRAGMENT_FLOOD,
    next() {
      target(words, spoofed(dice), TARGET, (PORT_FIRST << 16) | TARGET_UDP_PORT);
      // Every other one begins its datagram.
      const word = dice.bits();
      const place = word >>> 31 === 0 ? 0 : dice.below(FRAGMENT_PLACES) * 8;
      const data = Math.max(FRAGMENT_BYTES_MIN, (sizes[dice.bits() >>> SIZE_SHIFT] - 20) & ~7);
      return writeFragment(to, words, 0, word & 0xffff, place, data);
    },
  };
}

function collisions(options: CollisionOptions, dice: Dice, to: FrameTarget): Attack {
  const words = new Int32Array(Conn.WORDS);
  const found = findCollisions(options, dice);
  let at = 0;
  return {
    packetsPerSecond: options.packetsPerSecond,
    made: Made.COLLISIONS,
    next() {
      target(words, found.sources[at], found.target, found.ports[at]);
      at = at + 1 === found.sources.length ? 0 : at + 1;
      return writeUdp(to, words, 0, 0, 0);
    },
  };
}

/** Those that have a rate. Cost: the search for collisions takes a while. */
export function createAttacks(options: TrafficOptions, dice: Dice, to: FrameTarget): Attack[] {
  const sizes = sizeTable(options.sizes);
  const attacks: Attack[] = [];
  if (options.synFlood > 0) attacks.push(synFlood(options.synFlood, dice, to));
  if (options.udpFlood > 0) attacks.push(udpFlood(options.udpFlood, sizes, dice, to));
  if (options.portScan > 0) attacks.push(portScan(options.portScan, dice, to));
  if (options.fragmentFlood > 0) attacks.push(fragmentFlood(options.fragmentFlood, sizes, dice, to));
  if (options.collisions !== null && options.collisions.packetsPerSecond > 0)
    attacks.push(collisions(options.collisions, dice, to));
  return attacks;
}
