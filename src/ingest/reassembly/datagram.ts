/** What IPv4 and IPv6 share: when a datagram is complete, and how its bytes are put together. */
import { Reason } from '../../common/reasons.ts';
import { Counter } from '../../shm/counters.ts';
import type { PacketPlace } from '../peel.ts';
import { CUT_NOWHERE, type FragmentQueues } from './fragment-queues.ts';
import { Fragment, Queue, QueueFlag } from './records.ts';

/** The longest IPv6 packet with a payload length, rounded up. */
const DATAGRAM_BYTES_MAX = 40 + 65_536;

const NOT_ECT = 1 << 0;

/** Remembers the ECN field of a fragment. */
export function noteEcn(queues: Int32Array, queue: number, ecn: number): void {
  queues[queue + Queue.FLAGS] |= 1 << (QueueFlag.ECN_SHIFT + ecn);
}

/** Fragments that were sent without ECN and fragments that were sent with it make no datagram. RFC 3168 5.3 */
function isEcnMixed(flags: number): boolean {
  const seen = flags >>> QueueFlag.ECN_SHIFT;
  return (seen & NOT_ECT) !== 0 && seen !== NOT_ECT;
}

export function isComplete(queues: Int32Array, queue: number): boolean {
  const isBounded = (queues[queue + Queue.FLAGS] & QueueFlag.BOTH) === QueueFlag.BOTH;
  return isBounded && queues[queue + Queue.HELD_BYTES] === queues[queue + Queue.LENGTH];
}

export interface DatagramBuilder {
  /** Bytes of the last datagram, from 0 on. */
  readonly view: DataView;
  /**
   * Ends a complete queue: writes the first fragment's headers and all data, and says so in `packet`. Headers
   * beyond `headerBytes` (the fragment header) are left out.
   *
   * Returns: NONE, or why there is no datagram
   */
  build(
    store: FragmentQueues,
    queue: number,
    headerBytes: number,
    bytesMax: number,
    packet: PacketPlace,
  ): Reason;
}

/** Thread: the ingest thread's. Cost: one copy of the datagram. */
export function createDatagramBuilder(counters: Float64Array): DatagramBuilder {
  const view = new DataView(new ArrayBuffer(DATAGRAM_BYTES_MAX));

  function build(
    store: FragmentQueues,
    queue: number,
    headerBytes: number,
    bytesMax: number,
    packet: PacketPlace,
  ): Reason {
    const { queues, fragments } = store;
    // The last fragment is not counted as held: it is what the verdict is given for.
    queues[queue + Queue.HELD]--;
    const total = headerBytes + queues[queue + Queue.LENGTH];
    const cut = queues[queue + Queue.CUT];
    const failure = failureOf(queues[queue + Queue.FLAGS], total, bytesMax);
    if (failure === Reason.NONE) {
      counters[Counter.DATAGRAMS]++;
      store.load(queues[queue + Queue.FIRST], 0, headerBytes, view, 0);
      for (let f = queues[queue + Queue.FRAGMENTS]; f !== 0; f = fragments[f + Fragment.NEXT]) {
        const to = headerBytes + fragments[f + Fragment.START];
        store.load(f, fragments[f + Fragment.HEADER_BYTES], fragments[f + Fragment.DATA_BYTES], view, to);
      }
      packet.view = view;
      packet.at = 0;
      packet.wireEnd = total;
      packet.end = cut === CUT_NOWHERE ? total : headerBytes + cut;
    }
    store.end(queue, failure === Reason.NONE ? Reason.FRAGMENT : failure);
    return failure;
  }

  function failureOf(flags: number, total: number, bytesMax: number): Reason {
    if (isEcnMixed(flags)) return Reason.FRAGMENT_ECN;
    return total > bytesMax ? Reason.FRAGMENT_OVERSIZE : Reason.NONE;
  }

  return { view, build };
}
