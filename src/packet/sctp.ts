/**
 * SCTP packets: the chunks that the tracker needs to know, in short. RFC 9260.
 *
 * A shard sees no payload, so the chunks of a packet go into the descriptor as a list of nibbles. There
 * is room for 16, and a packet may hold thousands; but a chunk that comes again mostly does nothing, and
 * what can do nothing is left out. Then no packet needs more than 14 (test/packet/sctp.test.ts proves
 * both by trying every case).
 */
import { Reason } from '../common/reasons.ts';
import { Meta, SctpChunk, SctpMeta, Task } from '../shm/bits.ts';
import { Desc } from '../shm/offsets.generated.ts';
import { updateCrc32c, zeroWordCrc32c } from './crc32c.ts';

/** Ports, verification tag, checksum. */
export const SCTP_HEADER_BYTES = 12;
const CHECKSUM_AT = 8;
const CHUNK_HEADER_BYTES = 4;
/** Of INIT and INIT ACK, after the chunk header; it begins with the initiate tag. */
const INIT_BYTES = 16;
const TAG_BYTES = 4;
/** Flag of ABORT and SHUTDOWN COMPLETE: the tag is the receiver's own, reflected. */
const T_FLAG = 1;
const DATA = 0;

/** Chunk types as they are on the wire. */
const CODES: ReadonlyMap<number, SctpChunk> = new Map([
  [1, SctpChunk.INIT],
  [2, SctpChunk.INIT_ACK],
  [4, SctpChunk.HEARTBEAT],
  [5, SctpChunk.HEARTBEAT_ACK],
  [6, SctpChunk.ABORT],
  [7, SctpChunk.SHUTDOWN],
  [8, SctpChunk.SHUTDOWN_ACK],
  [9, SctpChunk.ERROR],
  [10, SctpChunk.COOKIE_ECHO],
  [11, SctpChunk.COOKIE_ACK],
  [14, SctpChunk.SHUTDOWN_COMPLETE],
]);
/** The code of each type, 0 for those that change no state. */
const CODE_OF = Uint8Array.from({ length: 256 }, (_, type) => CODES.get(type) ?? SctpChunk.NONE);

const bit = (code: SctpChunk): number => 1 << code;
/** Must be the only chunk of their packet. */
const ALONE = bit(SctpChunk.INIT) | bit(SctpChunk.INIT_ACK) | bit(SctpChunk.SHUTDOWN_COMPLETE);
/** Must be the first one. */
const FIRST = ALONE | bit(SctpChunk.COOKIE_ECHO) | bit(SctpChunk.COOKIE_ACK);
const HEARTBEATS = bit(SctpChunk.HEARTBEAT) | bit(SctpChunk.HEARTBEAT_ACK);
const ABORTS = bit(SctpChunk.ABORT) | bit(SctpChunk.ABORT_T);
/** Chunks with a rule of their own for the verification tag. */
const OWN_TAG_RULE =
  HEARTBEATS |
  bit(SctpChunk.INIT) |
  bit(SctpChunk.SHUTDOWN_COMPLETE) |
  bit(SctpChunk.COOKIE_ECHO) |
  bit(SctpChunk.ABORT) |
  bit(SctpChunk.SHUTDOWN_ACK);
/** RFC 9260 8.4: out of the blue these are discarded. */
const CANNOT_OPEN = bit(SctpChunk.ABORT) | bit(SctpChunk.SHUTDOWN_COMPLETE) | bit(SctpChunk.COOKIE_ACK);

/** Of a chunk code: what it says of the whole packet. */
function metaOf(code: SctpChunk): number {
  if (code === SctpChunk.NONE) return SctpMeta.CANNOT_OPEN;
  return (
    ((OWN_TAG_RULE & bit(code)) !== 0 ? SctpMeta.OWN_TAG_RULE : 0) |
    ((CANNOT_OPEN & bit(code)) !== 0 ? SctpMeta.CANNOT_OPEN : 0)
  );
}
const META_OF = Int32Array.from({ length: 16 }, (_, code) => metaOf(code));

/** Whether the checksum of the packet from `l4` to `packetEnd`, all of it captured, is right. */
export function sctpChecksumIsRight(view: DataView, l4: number, packetEnd: number): boolean {
  const crc = zeroWordCrc32c(updateCrc32c(-1, view, l4, CHECKSUM_AT));
  const rest = l4 + SCTP_HEADER_BYTES;
  return ~updateCrc32c(crc, view, rest, packetEnd - rest) === view.getInt32(l4 + CHECKSUM_AT, true);
}

/** The code of a chunk with its T flag. */
const withFlag = (code: SctpChunk, flags: number): SctpChunk => {
  if ((flags & T_FLAG) === 0) return code;
  if (code === SctpChunk.ABORT) return SctpChunk.ABORT_T;
  return code === SctpChunk.SHUTDOWN_COMPLETE ? SctpChunk.SHUTDOWN_COMPLETE_T : code;
};

/** Chunks listed so far that would do nothing if they came once more, as bits; and heartbeats counted up to 2. */
enum Seen {
  CODES_MASK = 0xffff,
  HEARTBEATS_SHIFT = 16,
  HEARTBEATS_BIT = 1 << 16,
  HEARTBEATS_MAX = 2 << 16,
}

/**
 * Whether a chunk may change anything after those of `seen`, whatever the association is like.
 *
 * Each chunk moves the state on along a path that never leads back, so that its second coming moves
 * nothing; only a SHUTDOWN opens a path for a SHUTDOWN ACK that did nothing before. Verification
 * tags change with the first two heartbeats at most, and whether an ABORT is right changes with them.
 */
export function mayMatter(seen: number, code: SctpChunk): boolean {
  if ((seen & bit(code)) === 0) return true;
  return (HEARTBEATS & bit(code)) !== 0 && seen < Seen.HEARTBEATS_MAX;
}

/** `seen` after a chunk for which `mayMatter` holds. */
export function withSeen(seen: number, code: SctpChunk): number {
  const now = seen | bit(code);
  if (code === SctpChunk.SHUTDOWN) return now & ~bit(SctpChunk.SHUTDOWN_ACK);
  if ((HEARTBEATS & bit(code)) === 0 || seen >= Seen.HEARTBEATS_MAX) return now;
  return (now & ~ABORTS) + Seen.HEARTBEATS_BIT;
}

/**
 * Writes verification tag, initiate tag and chunks of a packet into the descriptor at word `o`.
 *
 * Shapes:  at least the 12 bytes of the header are in the packet and captured
 * Returns: bits for Desc.META; or, negative, the Reason why nothing can be said
 * Cost:    a step for each chunk, no allocation
 */
export function readSctp(
  view: DataView,
  l4: number,
  packetEnd: number,
  end: number,
  out: Int32Array,
  o: number,
): number {
  let meta: number = Task.SCTP;
  let low = 0;
  let high = 0;
  let listed = 0;
  let seen = 0;
  let initiateTag = 0;
  let alone = false;
  let at = l4 + SCTP_HEADER_BYTES;
  out[o + Desc.SEQ] = view.getInt32(l4 + 4);
  for (let chunk = 0; packetEnd - at >= CHUNK_HEADER_BYTES; chunk++) {
    if (end - at < CHUNK_HEADER_BYTES) {
      // The capture cut the rest off; what there is decides.
      if (chunk === 0) return -Reason.SNAP_LENGTH;
      break;
    }
    const type = view.getUint8(at);
    const length = view.getUint16(at + 2);
    const code = CODE_OF[type];
    if (length === 0 || alone || (chunk > 0 && (FIRST & bit(code)) !== 0))
      return Task.SCTP | (Reason.SCTP_CHUNKS << Meta.REASON_SHIFT);
    meta |= META_OF[code];
    if (code === SctpChunk.NONE) {
      if (type === DATA) meta |= SctpMeta.DATA;
    } else {
      if ((ALONE & bit(code)) !== 0) {
        alone = true;
        if (code !== SctpChunk.SHUTDOWN_COMPLETE) {
          initiateTag = at + CHUNK_HEADER_BYTES;
        }
      }
      const listedCode = withFlag(code, view.getUint8(at + 1));
      if (mayMatter(seen, listedCode)) {
        seen = withSeen(seen, listedCode);
        if (listed < 8) low |= listedCode << (listed << 2);
        else high |= listedCode << ((listed - 8) << 2);
        listed++;
      }
    }
    at += (length + 3) & ~3;
  }
  if (at === l4 + SCTP_HEADER_BYTES) return Task.SCTP | (Reason.SCTP_CHUNKS << Meta.REASON_SHIFT);
  if (initiateTag !== 0) {
    if (packetEnd - initiateTag < INIT_BYTES)
      return Task.SCTP | (Reason.SCTP_INIT_SHORT << Meta.REASON_SHIFT);
    if (end - initiateTag < TAG_BYTES) return -Reason.SNAP_LENGTH;
    out[o + Desc.ACK] = view.getInt32(initiateTag);
  }
  out[o + Desc.WINDOW] = low;
  out[o + Desc.SACK] = high;
  return meta;
}
