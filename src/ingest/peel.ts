/**
 * Packets inside packets. What the decoder cannot read as it stands, a fragment, is peeled: made into
 * the packet that is inside, which is decoded in its place, and peeled again if need be. Tunnels that
 * were named are taken off before the decoder sees the packet, and again when a datagram is whole.
 */
import { Reason } from '../common/reasons.ts';
import type { Decode, Decoder } from '../packet/decode.ts';
import { Last } from '../packet/last.ts';
import { Place, type Unwrapper } from '../packet/tunnels/unwrap.ts';
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
  readonly reassembly: Pick<Reassembly, 'add'>;
  readonly unwrapper: Unwrapper;
}

export interface Peeler {
  /**
   * As Decode, for what is in the tunnels of a frame. After a reason that `isPeelable`, go on with `again`.
   * For frames that need not be looked into, the decoder itself does.
   */
  readonly frame: Decode;
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
  /** Goes on where `frame` stopped. */
  again(found: Reason, nowMs: number, out: Int32Array, o: number): Reason;
  /** The innermost packet, after `peel` or `again` has returned NONE: what the descriptor tells of. */
  readonly inside: Readonly<PacketPlace>;
}

/** Whether there is a packet inside of one that was not decoded for this reason. */
export const isPeelable = (reason: Reason): boolean => reason === Reason.FRAGMENT;

/** Thread: the ingest thread's. Cost: no allocation; bounded by LAYERS_MAX and what one layer costs. */
export function createPeeler({ decoder, reassembly, unwrapper }: PeelerOptions): Peeler {
  const { last } = decoder;
  const { place } = unwrapper;
  const inside: PacketPlace = { view: new DataView(new ArrayBuffer(0)), at: 0, end: 0, wireEnd: 0, zone: 0 };

  function frame(
    view: DataView,
    offset: number,
    captureLength: number,
    wireLength: number,
    linkType: number,
    out: Int32Array,
    o: number,
  ): Reason {
    const end = offset + captureLength;
    const wireEnd = offset + wireLength;
    const step = unwrapper.frame(view, offset, end, wireEnd, linkType);
    if (step > Reason.NONE) return step;
    inside.view = view;
    if (step === Reason.NONE) return decodeUnwrapped(out, o);
    inside.end = end;
    inside.wireEnd = wireEnd;
    return decoder.frame(view, offset, captureLength, wireLength, linkType, out, o);
  }

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
    return again(found, nowMs, out, o);
  }

  function again(found: Reason, nowMs: number, out: Int32Array, o: number): Reason {
    let reason = found;
    for (let layer = 0; layer < LAYERS_MAX && isPeelable(reason); layer++) {
      inside.at = last[Last.IP];
      inside.zone = last[Last.ZONE];
      const outcome = reassembly.add(inside, last[Last.FRAGMENT], nowMs);
      if (outcome !== Reason.NONE) return outcome;
      const { view, at, end, wireEnd, zone } = inside;
      const step = unwrapper.datagram(view, at, end, wireEnd, zone);
      if (step > Reason.NONE) return step;
      reason =
        step === Reason.NONE
          ? decodeUnwrapped(out, o)
          : decoder.packet(view, at, end, wireEnd, zone, true, out, o);
    }
    return reason;
  }

  /** Decodes what the unwrapper found in `inside.view`. */
  function decodeUnwrapped(out: Int32Array, o: number): Reason {
    inside.at = place[Place.OFFSET];
    inside.end = place[Place.END];
    inside.wireEnd = place[Place.WIRE_END];
    inside.zone = place[Place.ZONE];
    const { view, at, end, wireEnd, zone } = inside;
    return decoder.packet(view, at, end, wireEnd, zone, false, out, o);
  }

  return { frame, peel, again, inside };
}
