/**
 * The frames of a run, prepared in memory: a prologue, which opens the connections, and what is run. Where all connections stay
 * open, that is a loop: their sequence numbers go back a little with each lap, which windows allow. Where they
 * come and go it is gone through once, since a connection cannot end twice.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createFrameBlockWriter, type FrameBlock, type FrameBlockWriter } from '../shm/frame-block.ts';
import { FRAME_BYTES_MAX } from '../traffic/options.ts';
import { Made } from '../traffic/stage.ts';
import { createTraffic, Stamp, type Traffic } from '../traffic/traffic.ts';
import type { Design } from './design.ts';

export interface PreparedFrames {
  readonly block: FrameBlock;
  /** Packets before those that are run, and how many these are (in one lap). */
  readonly prologue: number;
  readonly run: number;
  /** Of those that are run: packets of the attack. */
  readonly attack: number;
  /** Time of the first packet that is run: whole seconds. */
  readonly originSec: number;
}

const LINKTYPE_ETHERNET = 1;
const NS = 1e9;
/** Packet time between two packets of the prologue. */
const PROLOGUE_STEP_NS = 1000;
/** Room for frames. */
export const BLOCK_BYTES = 1.5 * 2 ** 30;
/** Packets of a lap: a few of each connection, so that memory is met as in a long run. */
const LAP_PER_FLOW = 4;
const LAP_MIN = 1 << 14;
const LAP_MAX = 4_000_000;
/** Of frames that come once: a little longer than the run. */
const SPARE_S = 1;
/** Frames between two turns of the event loop. */
const SLICE = 50_000;

export interface PrepareOptions {
  /** Called now and then, with a share from 0 to 1. */
  readonly onProgress?: (share: number) => void;
  readonly isStopped?: () => boolean;
  /** Packets to run at least. */
  readonly runPackets?: number;
}

/** Packets in the part that is run. */
function wantedPackets(design: Design, { runPackets = 0 }: PrepareOptions): number {
  const { traffic, newPerSecond, durationS, warmupS, rate } = design;
  if (newPerSecond === 0)
    return Math.max(runPackets, Math.min(LAP_MAX, Math.max(LAP_MIN, design.flows * LAP_PER_FLOW)));
  // As many as there is room for, unless a rate says how many there will be.
  return rate === undefined
    ? Number.POSITIVE_INFINITY
    : Math.ceil(traffic.packetsPerSecond * (durationS + warmupS + SPARE_S));
}

/** Writes what a generator gives, frame by frame, with times of its own. */
function createCopier(writer: FrameBlockWriter) {
  const bytes = new Uint8Array(FRAME_BYTES_MAX);
  const target = { view: new DataView(bytes.buffer), bytes, at: 0 };
  return {
    target,
    copy(length: number, sec: number, nsec: number): void {
      const at = writer.add(sec, nsec, length);
      for (let i = 0; i < length; i++) writer.bytes[at + i] = bytes[i];
    },
  };
}

/** Null when stopped. Cost: some 200 ns per frame. */
export async function prepareFrames(
  design: Design,
  options: PrepareOptions = {},
): Promise<PreparedFrames | null> {
  const { traffic: asked, attack, flows } = design;
  const writer = createFrameBlockWriter(BLOCK_BYTES);
  const copier = createCopier(writer);
  const traffic = createTraffic(asked, copier.target);
  const attackTraffic = attack === null ? null : createTraffic(attack.traffic, copier.target);
  const hasRoom = (): boolean => (writer.used() + FRAME_BYTES_MAX) * 4 < BLOCK_BYTES;

  let prologue = 0;
  const startSec = asked.startSec;
  /** After the last opening, answers of handshakes are under way for some round trips. */
  let settling = Math.ceil((asked.packetsPerSecond * asked.roundTripMs * 4) / 1000) + 100;
  while ((traffic.made[Made.OPENED] < flows || settling-- > 0) && hasRoom()) {
    const length = traffic.next();
    if (length === 0) break;
    const ns = prologue * PROLOGUE_STEP_NS;
    copier.copy(length, startSec + Math.floor(ns / NS), ns % NS);
    prologue++;
    if (prologue % SLICE === 0) {
      if (options.isStopped?.()) return null;
      options.onProgress?.(writer.used() / (writer.used() + flows * 60));
      await nextTurn();
    }
  }

  const loopAt = writer.used();
  const originSec = startSec + Math.floor((prologue * PROLOGUE_STEP_NS) / NS) + 1;
  const wanted = wantedPackets(design, options);
  const timeOf = (t: Traffic): number => (t.stamp[Stamp.SEC] - startSec) * NS + t.stamp[Stamp.NSEC];
  let [own, attacks, owed] = [0, 0, 0];
  let firstNs = 0;
  let ns = 0;
  while (own < wanted && hasRoom()) {
    const length = traffic.next();
    if (length === 0) break;
    if (own === 0) firstNs = timeOf(traffic);
    ns = timeOf(traffic) - firstNs;
    copier.copy(length, originSec + Math.floor(ns / NS), ns % NS);
    own++;
    if (attackTraffic !== null && attack !== null) {
      for (owed += attack.perPacket; owed >= 1 && hasRoom(); owed--) {
        copier.copy(attackTraffic.next(), originSec + Math.floor(ns / NS), ns % NS);
        attacks++;
      }
    }
    if (own % SLICE === 0) {
      if (options.isStopped?.()) return null;
      options.onProgress?.(Math.max(writer.used() / (BLOCK_BYTES / 4), own / wanted));
      await nextTurn();
    }
  }
  const isLoop = design.newPerSecond === 0;
  const lapMs = ns / 1e6 + 1000 / asked.packetsPerSecond;
  const block = writer.block(LINKTYPE_ETHERNET, {
    loopAt,
    laps: isLoop ? Number.POSITIVE_INFINITY : 1,
    lapMs,
  });
  return { block, prologue, run: own + attacks, attack: attacks, originSec };
}
