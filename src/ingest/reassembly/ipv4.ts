/**
 * Reassembly of IPv4 as Linux does it before conntrack. A fragment that contradicts what is there spoils
 * the whole datagram.
 *
 * Source: observed (test/conformance/live/fragments.ts); RFC 791 3.2, RFC 3168 5.3
 */
import type { Hash4 } from '../../common/hash.ts';
import { Reason } from '../../common/reasons.ts';
import { onesSum } from '../../packet/checksum.ts';
import type { PacketPlace } from '../peel.ts';
import { fragmentCharge, QUEUE_CHARGE_IPV4 } from './charge.ts';
import { type DatagramBuilder, isComplete, noteEcn } from './datagram.ts';
import { createFragmentQueues, type FragmentQueues, type Piece } from './fragment-queues.ts';
import type { Ipv4Limits } from './limits.ts';
import { Fragment, Queue, QueueFlag } from './records.ts';
import { Fit } from './runs.ts';
import { createSources } from './sources.ts';

const KEY_WORDS = 4;
const TOTAL_BYTES_MAX = 65_535;
const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;
const ECN_MASK = 3;

export interface FamilyReassembly {
  readonly store: FragmentQueues;
  /** As Reassembly.add. */
  add(packet: PacketPlace, fragmentAt: number, nowMs: number): Reason;
}

export interface FamilyOptions<Limits> {
  readonly limits: Limits;
  readonly hash4: Hash4;
  readonly seed: number;
  readonly counters: Float64Array;
  readonly datagram: DatagramBuilder;
}

/** Thread: the ingest thread's. Cost: one copy of the bytes; no allocation after this call. */
export function createIpv4Reassembly(options: FamilyOptions<Ipv4Limits>): FamilyReassembly {
  const { limits, hash4, datagram } = options;
  const sources = createSources(Math.ceil(limits.bytesMax / QUEUE_CHARGE_IPV4) + 2, hash4);
  const store = createFragmentQueues({
    ...options,
    bytesMax: limits.bytesMax,
    keyWords: KEY_WORDS,
    queueCharge: QUEUE_CHARGE_IPV4,
    onEnd(queue) {
      if (queues[queue + Queue.SOURCE] !== 0) sources.release(queues[queue + Queue.SOURCE]);
    },
  });
  const { queues, key } = store;
  const piece: Piece = {
    view: datagram.view,
    at: 0,
    headerBytes: 0,
    dataBytes: 0,
    start: 0,
    end: 0,
    charge: 0,
  };

  function add(packet: PacketPlace, _fragmentAt: number, nowMs: number): Reason {
    if (store.isFull()) return Reason.FRAGMENT_MEMORY;
    const { view, at } = packet;
    const headerBytes = (view.getUint8(at) & 15) << 2;
    const totalBytes = view.getUint16(at + 2);
    const word = view.getUint16(at + 6);
    const start = (word & OFFSET_MASK) << 3;
    const more = (word & MORE_FRAGMENTS) !== 0;
    const queue = findQueue(packet, nowMs);
    if (isTooFar(queue)) {
      store.empty(queue, Reason.FRAGMENT_DISTANCE);
      store.rearm(queue, (nowMs + limits.timeoutMs) | 0);
    }
    const wireEnd = start + totalBytes - headerBytes;
    // What is more than a multiple of 8 bytes is cut off where more is to follow.
    const end = more ? wireEnd & ~7 : wireEnd;
    if (!learnLength(queue, end, more) || end === start) {
      const why = end === start ? Reason.FRAGMENT_LENGTH : Reason.FRAGMENT_CONFLICT;
      store.end(queue, why);
      return why;
    }
    const captured = Math.min(packet.end, at + totalBytes) - at - headerBytes;
    piece.view = view;
    piece.at = start === 0 ? at : at + headerBytes;
    piece.headerBytes = start === 0 ? headerBytes : 0;
    piece.dataBytes = Math.max(0, Math.min(captured, end - start));
    piece.start = start;
    piece.end = end;
    piece.charge = fragmentCharge(totalBytes);
    const fit = store.insert(queue, piece);
    if (fit === Fit.DUPLICATE) return Reason.FRAGMENT_DUPLICATE;
    if (fit === Fit.OVERLAP) {
      store.end(queue, Reason.FRAGMENT_OVERLAP);
      return Reason.FRAGMENT_OVERLAP;
    }
    noteEcn(queues, queue, view.getUint8(at + 1) & ECN_MASK);
    return isComplete(queues, queue) ? complete(queue, packet) : Reason.FRAGMENT;
  }

  function findQueue(packet: PacketPlace, nowMs: number): number {
    const { view, at } = packet;
    const source = view.getInt32(at + 12);
    key[0] = source;
    key[1] = view.getInt32(at + 16);
    key[2] = (view.getUint16(at + 4) << 16) | view.getUint8(at + 9);
    key[3] = packet.zone;
    const hash = hash4(key[0], key[1], key[2], key[3]);
    const queue = store.find(hash, (nowMs + limits.timeoutMs) | 0);
    if (limits.distanceMax > 0 && queues[queue + Queue.SOURCE] === 0)
      queues[queue + Queue.SOURCE] = sources.hold(source);
    return queue;
  }

  /** Whether too many others of the same source came since this queue's last fragment. */
  function isTooFar(queue: number): boolean {
    if (limits.distanceMax === 0) return false;
    const before = queues[queue + Queue.SOURCE_COUNT];
    const count = sources.count(queues[queue + Queue.SOURCE]);
    queues[queue + Queue.SOURCE_COUNT] = count;
    return queues[queue + Queue.HELD] > 0 && (count - before) >>> 0 > limits.distanceMax;
  }

  /** What the fragment says of the datagram's end; false when that contradicts what is known. */
  function learnLength(queue: number, end: number, more: boolean): boolean {
    const length = queues[queue + Queue.LENGTH];
    const isEndKnown = (queues[queue + Queue.FLAGS] & QueueFlag.LAST_IN) !== 0;
    if (!more) {
      if (end < length || (isEndKnown && end !== length)) return false;
      queues[queue + Queue.FLAGS] |= QueueFlag.LAST_IN;
      queues[queue + Queue.LENGTH] = end;
    } else if (end > length) {
      if (isEndKnown) return false;
      queues[queue + Queue.LENGTH] = end;
    }
    return true;
  }

  function complete(queue: number, packet: PacketPlace): Reason {
    const headerBytes = store.fragments[queues[queue + Queue.FIRST] + Fragment.HEADER_BYTES];
    const reason = datagram.build(store, queue, headerBytes, TOTAL_BYTES_MAX, packet);
    if (reason !== Reason.NONE) return reason;
    const { view } = datagram;
    view.setUint16(2, packet.wireEnd);
    view.setUint16(6, 0);
    view.setUint16(10, 0);
    view.setUint16(10, ~onesSum(view, 0, headerBytes, 0) & 0xffff, true);
    return Reason.NONE;
  }

  return { store, add };
}
