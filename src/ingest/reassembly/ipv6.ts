/**
 * Reassembly of IPv6 as Linux does it before conntrack. An overlap spoils the whole datagram; a fragment
 * that contradicts what is there is dropped alone. Some fragments are not gathered at all: conntrack judges
 * them as they are.
 *
 * Source: observed (test/conformance/live/fragments.ts); RFC 8200 4.5, RFC 5722 4, RFC 6946 4
 */
import { Reason } from '../../common/reasons.ts';
import { FRAGMENT_HEADER_BYTES, IPV6_HEADER_BYTES } from '../../packet/protocol.ts';
import type { PacketPlace } from '../peel.ts';
import { fragmentCharge, QUEUE_CHARGE_IPV6 } from './charge.ts';
import { isComplete, noteEcn } from './datagram.ts';
import { createFragmentQueues, type Piece } from './fragment-queues.ts';
import type { FamilyOptions, FamilyReassembly } from './ipv4.ts';
import { isChainCut, protocolFieldAt } from './ipv6-chain.ts';
import type { Ipv6Limits } from './limits.ts';
import { Fragment, Queue, QueueFlag } from './records.ts';
import { Fit } from './runs.ts';

const KEY_WORDS = 10;
const PAYLOAD_BYTES_MAX = 65_535;
const OFFSET_MASK = 0xfff8;
const MORE_FRAGMENTS = 1;
const ECN_SHIFT = 4;
const ECN_MASK = 3;

/** Thread: the ingest thread's. Cost: one copy of the bytes; no allocation after this call. */
export function createIpv6Reassembly(options: FamilyOptions<Ipv6Limits>): FamilyReassembly {
  const { limits, hash4, datagram } = options;
  const store = createFragmentQueues({
    ...options,
    bytesMax: limits.bytesMax,
    keyWords: KEY_WORDS,
    queueCharge: QUEUE_CHARGE_IPV6,
    onEnd: () => {},
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

  function add(packet: PacketPlace, fragmentAt: number, nowMs: number): Reason {
    const { view, at } = packet;
    const payloadBytes = view.getUint16(at + 4);
    const packetEnd = at + IPV6_HEADER_BYTES + payloadBytes;
    if (payloadBytes === 0 || fragmentAt > packetEnd) return Reason.NONE;
    if (isChainCut(view, fragmentAt, packetEnd, packet.end)) return Reason.NONE;
    const dataAt = fragmentAt + FRAGMENT_HEADER_BYTES;
    if (dataAt > packetEnd) return Reason.FRAGMENT_HEADER;
    if (dataAt > packet.end) return Reason.SNAP_LENGTH;
    if (store.isFull()) return Reason.FRAGMENT_MEMORY;
    const queue = findQueue(packet, fragmentAt, nowMs);
    return queueFragment(queue, packet, fragmentAt, packetEnd);
  }

  function findQueue(packet: PacketPlace, fragmentAt: number, nowMs: number): number {
    const { view, at } = packet;
    for (let i = 0; i < 8; i++) key[i] = view.getInt32(at + 8 + 4 * i);
    key[8] = view.getInt32(fragmentAt + 4);
    key[9] = packet.zone;
    const source = hash4(key[0], key[1], key[2], key[3]);
    const hash = hash4(source, hash4(key[4], key[5], key[6], key[7]), key[8], key[9]);
    return store.find(hash, (nowMs + limits.timeoutMs) | 0);
  }

  function queueFragment(queue: number, packet: PacketPlace, fragmentAt: number, packetEnd: number): Reason {
    const { view, at } = packet;
    const dataAt = fragmentAt + FRAGMENT_HEADER_BYTES;
    const word = view.getUint16(fragmentAt + 2);
    const start = word & OFFSET_MASK;
    const end = start + packetEnd - dataAt;
    if (end > PAYLOAD_BYTES_MAX) return Reason.FRAGMENT_OVERSIZE;
    const refusal = learnLength(queue, end, (word & MORE_FRAGMENTS) !== 0);
    if (refusal === Reason.FRAGMENT_LENGTH) {
      store.end(queue, refusal);
      return Reason.NONE;
    }
    if (refusal !== Reason.NONE) return refusal;
    if (end === start) return Reason.FRAGMENT_LENGTH;
    piece.view = view;
    piece.at = start === 0 ? at : dataAt;
    piece.headerBytes = start === 0 ? dataAt - at : 0;
    piece.dataBytes = Math.min(packet.end, packetEnd) - dataAt;
    piece.start = start;
    piece.end = end;
    piece.charge = fragmentCharge(packetEnd - at);
    const fit = store.insert(queue, piece);
    if (fit === Fit.DUPLICATE) return Reason.FRAGMENT_DUPLICATE;
    if (fit === Fit.OVERLAP) {
      store.end(queue, Reason.FRAGMENT_OVERLAP);
      return Reason.FRAGMENT_OVERLAP;
    }
    noteEcn(queues, queue, (view.getUint8(at + 1) >>> ECN_SHIFT) & ECN_MASK);
    if (start === 0) {
      queues[queue + Queue.PROTOCOL_AT] = protocolFieldAt(view, at, fragmentAt) - at;
      queues[queue + Queue.PROTOCOL] = view.getUint8(fragmentAt);
    }
    return isComplete(queues, queue) ? complete(queue, packet) : Reason.FRAGMENT;
  }

  /** What the fragment says of the datagram's end; a reason when that contradicts what is known or cannot be. */
  function learnLength(queue: number, end: number, more: boolean): Reason {
    const length = queues[queue + Queue.LENGTH];
    const isEndKnown = (queues[queue + Queue.FLAGS] & QueueFlag.LAST_IN) !== 0;
    if (!more) {
      if (end < length || (isEndKnown && end !== length)) return Reason.FRAGMENT_CONFLICT;
      queues[queue + Queue.FLAGS] |= QueueFlag.LAST_IN;
      queues[queue + Queue.LENGTH] = end;
      return Reason.NONE;
    }
    if ((end & 7) !== 0) return Reason.FRAGMENT_LENGTH;
    if (end <= length) return Reason.NONE;
    if (isEndKnown) return Reason.FRAGMENT_CONFLICT;
    queues[queue + Queue.LENGTH] = end;
    return Reason.NONE;
  }

  function complete(queue: number, packet: PacketPlace): Reason {
    const first = queues[queue + Queue.FIRST];
    const headers = store.fragments[first + Fragment.HEADER_BYTES] - FRAGMENT_HEADER_BYTES;
    const protocolAt = queues[queue + Queue.PROTOCOL_AT];
    const protocol = queues[queue + Queue.PROTOCOL];
    const bytesMax = IPV6_HEADER_BYTES + PAYLOAD_BYTES_MAX;
    const reason = datagram.build(store, queue, headers, bytesMax, packet);
    if (reason !== Reason.NONE) return reason;
    const { view } = datagram;
    // The kernel keeps this place in one byte, so behind long chains of headers it writes to a wrong one.
    view.setUint8(protocolAt & 0xff, protocol);
    view.setUint16(4, packet.wireEnd - IPV6_HEADER_BYTES);
    return Reason.NONE;
  }

  return { store, add };
}
