/**
 * Packets inside packets. What the decoder cannot read as it stands (today: a fragment) is peeled: made
 * into the packet that is inside, which is decoded in its place, and peeled again if need be.
 */
import { Reason } from '../common/reasons.ts';
import { type Decoder, Last } from '../packet/decode.ts';
import type { Reassembly } from './reassembly/reassembly.ts';

/** Packets in one another that are peeled; more than this is no traffic of anybody's. */
const LAYERS_MAX = 8;

/** An IP packet in memory. One is kept and written anew for each packet, so that none is allocated. */
export interface PacketPlace {
  view: DataView;
  /** Where its IP header starts, where the captured bytes end, and where it ended on the wire. */
  at: number;
  end: number;
  wireEnd: number;
  /** Zone << 16. */
  zone: number;
}

export interface PeelerOptions {
  readonly decoder: Decoder;
  readonly reassembly: Reassembly;
}

export interface Peeler {
  /**
   * Goes on where the decoder stopped with a reason that `isPeelable`; `view`, `end` and `wireEnd` are those of
   * the frame that it was given.
   *
   * Returns: as Decode
   * Units:   nowMs is the packet's time as a tick
   */
  peel(
    found: Reason,
    view: DataView,
    end: number,
    wireEnd: number,
    nowMs: number,
    out: Int32Array,
    o: number,
  ): Reason;
  /** The innermost packet, after `peel` has returned NONE: what the descriptor tells of. */
  readonly inside: Readonly<PacketPlace>;
}

/** Whether there is a packet inside of one that was not decoded for this reason. */
export const isPeelable = (reason: Reason): boolean => reason === Reason.FRAGMENT;

/** Thread: the ingest thread's. Cost: no allocation; bounded by LAYERS_MAX and what one layer costs. */
export function createPeeler({ decoder, reassembly }: PeelerOptions): Peeler {
  const { last } = decoder;
  const inside: PacketPlace = { view: new DataView(new ArrayBuffer(0)), at: 0, end: 0, wireEnd: 0, zone: 0 };

  function peel(
    found: Reason,
    view: DataView,
    end: number,
    wireEnd: number,
    nowMs: number,
    out: Int32Array,
    o: number,
  ): Reason {
    inside.view = view;
    inside.end = end;
    inside.wireEnd = wireEnd;
    let reason = found;
    for (let layer = 0; layer < LAYERS_MAX && isPeelable(reason); layer++) {
      inside.at = last[Last.IP];
      inside.zone = last[Last.ZONE];
      const outcome = reassembly.add(inside, last[Last.FRAGMENT], nowMs);
      if (outcome !== Reason.NONE) return outcome;
      const { zone } = inside;
      reason = decoder.packet(inside.view, inside.at, inside.end, inside.wireEnd, zone, true, out, o);
    }
    return reason;
  }

  return { peel, inside };
}
