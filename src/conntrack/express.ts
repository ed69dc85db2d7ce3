/**
 * The segment that nearly all segments are: an ACK of an established, assured TCP connection, inside its window, with
 * nothing to remember about it. What tcp.ts and tcp-window.ts would do with it, step by step, is done here at one go, with
 * each word of the entry read once; a third of the time.
 *
 * Everything else is left to them, untouched: nothing is written before all is known. That both ways come to the same
 * is a test (test/conntrack/express.test.ts).
 */
import { Last, Meta, Side, Sides, Status, TcpClass, Verdict } from '../shm/bits.ts';
import { Desc, Hot } from '../shm/offsets.generated.ts';
import { Now } from './now.ts';
import { SIDE_WORDS, SideWord } from './protocols/tcp-segment.ts';
import { TcpState } from './protocols/tcp-table.ts';
import { ackWindowOf } from './protocols/tcp-window.ts';
import { Setting } from './settings.ts';

/** META of such a segment, where it matters: TCP, an ACK and nothing else, with two endpoints, and no reason against it. */
const ACK_ONLY = (TcpClass.ACK << Meta.CLASS_SHIFT) | Meta.ACK;
const ACK_ONLY_MASK =
  Meta.TASK_MASK |
  Meta.SELF |
  Meta.SYN |
  Meta.FIN |
  Meta.RST |
  Meta.ACK |
  (7 << Meta.CLASS_SHIFT) |
  (-1 << Meta.REASON_SHIFT);

/** STATUS of such a connection: no later packet of this kind changes it. */
const SETTLED = (TcpState.ESTABLISHED << Status.STATE_SHIFT) | Status.SEEN_REPLY | Status.ASSURED;
const SETTLED_MASK = SETTLED | Status.STATE_MASK | Status.FIXED_TIMEOUT | Status.HELPER_MASK;

/** Not a packet for the express lane. */
export const NOT_EXPRESS = -1;

/**
 * Judges a packet of a live entry whose tuple it has, refreshes and counts. Returns its verdict, or NOT_EXPRESS with
 * nothing changed.
 */
export type Express = (entry: number, d: number, meta: number) => number;

export interface ExpressParts {
  readonly hot: Int32Array;
  readonly hotF64: Float64Array;
  readonly desc: Int32Array;
  readonly settings: Int32Array;
  /** Words as in Now. */
  readonly now: Int32Array;
  /** The deadline of an entry became earlier than the wheel knows. */
  readonly hasten: (entry: number) => void;
}

/** Thread: owner of the shard only. Cost: no allocation; about 40 loads and stores. */
export function createExpress({ hot, hotF64, desc, settings, now, hasten }: ExpressParts): Express {
  return (entry, d, meta) => {
    const h = entry * Hot.WORDS;
    const status = hot[h + Hot.STATUS];
    if ((meta & ACK_ONLY_MASK) !== ACK_ONLY || (status & SETTLED_MASK) !== SETTLED) return NOT_EXPRESS;

    // S sent the segment, R receives it.
    const dir = ((meta >>> Meta.FROM_HI_SHIFT) ^ (status >>> Status.FROM_HI_SHIFT)) & 1;
    const s = h + Hot.END_ORIG + dir * SIDE_WORDS;
    const r = h + Hot.END_REPLY - dir * SIDE_WORDS;
    const sides = hot[h + Hot.SIDES];
    const flagShift = dir << 3;
    const windowWord = desc[d + Desc.WINDOW];
    const window = (windowWord >>> 16) << ((sides >>> (Sides.SCALE_ORIG_SHIFT + (dir << 2))) & 0xf);
    const seq = desc[d + Desc.SEQ];
    const end = (seq + (windowWord & 0xffff)) | 0;
    const ack = desc[d + Desc.ACK];
    const endS = hot[s + SideWord.END];
    const maxEndS = hot[s + SideWord.MAXEND];
    const maxWinS = hot[s + SideWord.MAXWIN];
    const endR = hot[r + SideWord.END];
    const maxWinR = hot[r + SideWord.MAXWIN];
    // Window known on both sides and open, no SACK, nothing beyond what R offered, acknowledgements seen before.
    if (
      maxWinS === 0 ||
      maxWinR === 0 ||
      window === 0 ||
      desc[d + Desc.SACK] !== ack ||
      ((maxEndS - end) | 0) < 0 ||
      ((sides >>> flagShift) & Side.MAXACK_SET) === 0 ||
      settings[Setting.TCP_MAX_RETRANS] === 0
    )
      return NOT_EXPRESS;
    // All four bounds in one comparison: a difference is negative where its bound holds (tcp-window.ts, 3).
    const within =
      (seq - maxEndS - 1) &
      (ack - endR - 1) &
      (endS - maxWinR - 1 - end) &
      (endR - ackWindowOf(maxWinS) - 1 - ack);
    if (within >= 0) return NOT_EXPRESS;
    const last = hot[h + Hot.LAST];
    const seen = (dir << Last.DIR_SHIFT) | (windowWord >>> 16);
    const differs =
      ((last ^ seen) & (Last.DIR_BIT | Last.WINDOW_MASK)) |
      (hot[h + Hot.LAST_SEQ] ^ seq) |
      (hot[h + Hot.LAST_ACK] ^ ack) |
      (hot[h + Hot.LAST_END] ^ end);
    // The same segment once more: a retransmission, which is counted.
    if (differs === 0) return NOT_EXPRESS;

    // From here on everything is written.
    let flags = sides;
    if (maxWinS >>> 0 < window >>> 0) hot[s + SideWord.MAXWIN] = window;
    if (((endS - end) | 0) < 0) {
      hot[s + SideWord.END] = end;
      flags |= Side.DATA_UNACKNOWLEDGED << flagShift;
    }
    if (((hot[s + SideWord.MAXACK] - ack) | 0) < 0) hot[s + SideWord.MAXACK] = ack;
    const edge = (ack + window) | 0;
    if (((hot[r + SideWord.MAXEND] - 1 - edge) | 0) < 0) hot[r + SideWord.MAXEND] = edge;
    if (ack === endR) flags &= ~(Side.DATA_UNACKNOWLEDGED << (8 - flagShift));
    hot[h + Hot.SIDES] = flags;
    hot[h + Hot.LAST_SEQ] = seq;
    hot[h + Hot.LAST_ACK] = ack;
    hot[h + Hot.LAST_END] = end;
    hot[h + Hot.LAST] = (last & Last.SCALE_MASK) | (TcpClass.ACK << Last.CLASS_SHIFT) | seen;

    hot[h + Hot.LAST_SEC] = now[Now.SEC];
    hot[h + Hot.LAST_NSEC] = now[Now.NSEC];
    let timeout = settings[TcpState.ESTABLISHED];
    const unacknowledged = (flags | (flags >>> Sides.FLAGS_REPLY_SHIFT)) & Side.DATA_UNACKNOWLEDGED;
    if (unacknowledged !== 0 && timeout > settings[Setting.TCP_UNACK]) timeout = settings[Setting.TCP_UNACK];
    const deadline = (now[Now.MS] + timeout) | 0;
    hot[h + Hot.DEADLINE] = deadline;
    if (((deadline - hot[h + Hot.FILED]) | 0) < 0) hasten(entry);
    if ((status & Status.COUNTED) !== 0) {
      const c = (h + Hot.PACKETS_ORIG + dir * (Hot.PACKETS_REPLY - Hot.PACKETS_ORIG)) >> 1;
      hotF64[c]++;
      hotF64[c + 1] += desc[d + Desc.BYTES];
    }
    return Verdict.ESTABLISHED + dir * (Verdict.ESTABLISHED_REPLY - Verdict.ESTABLISHED);
  };
}
