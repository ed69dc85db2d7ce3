/** Runs the decoder on one packet in a buffer that ends where the packet ends, between guard words. */
import assert from 'node:assert/strict';
import { createHash4 } from '../../src/common/hash.ts';
import { Outcome, Reason, reasonInfo } from '../../src/common/reasons.ts';
import { createDecoder, type Decode, type DecoderOptions } from '../../src/packet/decode.ts';
import { LinkType } from '../../src/packet/link.ts';
import { Meta, type Task } from '../../src/shm/bits.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import type { Bytes } from './build.ts';

export const KEY = { k0: 0x01234567, k1: 0x6789abcd };

export function decoderOf(options: Partial<DecoderOptions> = {}): Decode {
  return createDecoder({ hash4: createHash4(KEY), verifyChecksums: true, zoneFromVlan: false, ...options })
    .frame;
}

const GUARD = 0x5a5a5a5a;
const GUARD_WORDS = 4;

export interface Decoded {
  /** What the decoder returned. */
  readonly returned: Reason;
  /** That, or the reason that the descriptor bears. */
  readonly reason: Reason;
  readonly task: Task;
  readonly meta: number;
  readonly words: Int32Array;
}

const out = new Int32Array(Desc.WORDS + 2 * GUARD_WORDS);

/** The buffer ends with the packet: reading beyond it throws. Before it lie `offset` other bytes. */
export function decodeIn(
  decode: Decode,
  view: DataView,
  offset: number,
  captureLength: number,
  wireLength: number,
  linkType: number,
): Decoded {
  out.fill(GUARD);
  const returned = decode(view, offset, captureLength, wireLength, linkType, out, GUARD_WORDS);
  for (let i = 0; i < GUARD_WORDS; i++) {
    if (out[i] !== GUARD || out[GUARD_WORDS + Desc.WORDS + i] !== GUARD)
      assert.fail('wrote outside of its words');
  }
  const words = out.slice(GUARD_WORDS, GUARD_WORDS + Desc.WORDS);
  const meta = words[Desc.META];
  const reason = returned !== Reason.NONE ? returned : meta >>> Meta.REASON_SHIFT;
  return { returned, reason, task: meta & Meta.TASK_MASK, meta, words };
}

const PLAIN = decoderOf();

/** Decodes a frame, cut to `captured` bytes where that is given. */
export function decoded(
  frame: Bytes,
  linkType: number = LinkType.RAW,
  decode: Decode = PLAIN,
  captured = frame.length,
): Decoded {
  const bytes = Uint8Array.from([0xee, 0xee, 0xee, ...frame.slice(0, captured)]);
  return decodeIn(decode, new DataView(bytes.buffer), 3, captured, frame.length, linkType);
}

export function expectReason(frame: Bytes, reason: Reason, linkType: number = LinkType.RAW): void {
  assert.equal(Reason[decoded(frame, linkType).reason], Reason[reason]);
}

export const isInvalid = (reason: Reason): boolean => reasonInfo(reason).outcome === Outcome.INVALID;

/** Words that a complete descriptor has; those of IPv6 addresses only for IPv6. */
export function tupleText(d: Decoded): string {
  const { words } = d;
  return [...words.subarray(Desc.LO0, Desc.META), ...words.subarray(Desc.LO1, Desc.WORDS)].join();
}
