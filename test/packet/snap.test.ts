/** What a capture cut off is never held against a packet. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Reason } from '../../src/common/reasons.ts';
import { LinkType } from '../../src/packet/link.ts';
import { Meta, SctpMeta, Task } from '../../src/shm/bits.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import * as b from './build.ts';
import { SAMPLES, SYN_OPTIONS, sack } from './corpus.ts';
import { type Decoded, decoded, decoderOf, isInvalid } from './decoded.ts';
import { LINK_FORMS } from './link-forms.ts';

const trusting = decoderOf({ verifyChecksums: false });
/** Chunks that do not go together are known only when they were captured. */
const SCTP_REASON = Reason.SCTP_CHUNKS << Meta.REASON_SHIFT;
/** What a TCP segment says in options, which may have been cut off. */
const FROM_OPTIONS = Meta.SACK_PERM | Meta.WINDOW_SCALE | (0xf << Meta.SCALE_SHIFT);

/** A descriptor without what TCP options, or SCTP chunks, say. */
function withoutOptions(d: Decoded): Int32Array {
  const words = d.words.slice();
  if (d.task === Task.SCTP) {
    words[Desc.META] &= ~(SctpMeta.DATA | SctpMeta.OWN_TAG_RULE | SctpMeta.CANNOT_OPEN | SCTP_REASON);
    return words.fill(0, Desc.SEQ, Desc.LO1);
  }
  words[Desc.META] &= ~FROM_OPTIONS;
  words[Desc.SACK] = words[Desc.ACK];
  return words;
}

function isSame(one: Decoded, other: Decoded): boolean {
  if (one.returned !== other.returned) return false;
  // Without a descriptor there is nothing more to compare.
  if (one.returned !== Reason.NONE) return true;
  return withoutOptions(one).every((word, i) => word === withoutOptions(other)[i]);
}

/** Checks a frame cut after every byte against the whole one. Returns how many cuts were SNAP_LENGTH. */
function checkCuts(frame: b.Bytes, linkType: number, name: string): number {
  const judged = decoded(frame, linkType);
  const trusted = decoded(frame, linkType, trusting);
  let cutShort = 0;
  let complete = false;
  for (let captured = 0; captured <= frame.length; captured++) {
    const cut = decoded(frame, linkType, undefined, captured);
    const where = `${name}, ${captured} of ${frame.length} bytes: ${Reason[cut.reason]}`;
    if (cut.returned === Reason.SNAP_LENGTH) {
      assert.ok(!complete, `${where}, although fewer bytes were enough`);
      cutShort++;
      continue;
    }
    assert.ok(isSame(cut, judged) || isSame(cut, trusted), where);
    if (isInvalid(cut.reason)) assert.ok([judged.reason, trusted.reason].includes(cut.reason), where);
    if (judged.reason === Reason.NONE) complete = true;
  }
  return cutShort;
}

describe('a capture cut after any byte', () => {
  for (const { name, frame, linkType } of SAMPLES) {
    test(name, () => {
      checkCuts(frame, linkType, name);
    });
  }

  for (const { name, linkType, wrap, versions } of LINK_FORMS) {
    test(`${name}, with IPv4 and IPv6`, () => {
      for (const version of versions) {
        const packet = version === 4 ? b.ipv4(b.udp()) : b.ipv6(b.udp());
        const frame = wrap(packet);
        const header = version === 4 ? 20 : 40;
        const cutShort = checkCuts(frame, linkType, name);
        // The ports and the lengths are all that is needed.
        assert.equal(cutShort, frame.length - packet.length + header + 8);
      }
    });
  }
});

describe('what is left of a cut packet', () => {
  const cutTo = (frame: b.Bytes, captured: number): Decoded =>
    decoded(frame, LinkType.RAW, undefined, captured);

  test('a payload that was cut off still counts', () => {
    const frame = b.ipv4(b.tcp({ payload: b.zeros(1000) }));
    const cut = cutTo(frame, 54);
    assert.equal(cut.words[Desc.WINDOW] & 0xffff, 1000);
    assert.equal(cut.words[Desc.BYTES], 1040);
  });

  test('options are read as far as they were captured', () => {
    const frame = b.ipv4(b.tcp({ flags: b.SYN, options: SYN_OPTIONS }));
    const optionsAt = 40;
    // Maximum segment size, NOP, window scale (3 bytes), SACK permitted (2 bytes).
    const bits = (captured: number): number => cutTo(frame, captured).meta & FROM_OPTIONS;
    const scaled = Meta.WINDOW_SCALE | (7 << Meta.SCALE_SHIFT);
    assert.equal(bits(optionsAt + 7), 0);
    assert.equal(bits(optionsAt + 8), scaled);
    assert.equal(bits(optionsAt + 9), scaled);
    assert.equal(bits(optionsAt + 10), scaled | Meta.SACK_PERM);
    assert.equal(cutTo(frame, optionsAt).meta & Meta.OPTIONS, Meta.OPTIONS);
  });

  test('a SACK option counts as a whole or not at all', () => {
    const frame = b.ipv4(b.tcp({ ack: 1000, options: sack(2000, 3000, 4000, 5000) }));
    assert.equal(cutTo(frame, frame.length - 1).words[Desc.SACK], 1000);
    assert.equal(cutTo(frame, frame.length).words[Desc.SACK], 5000);
  });

  test('a UDP-Lite checksum is verified as soon as what it covers is there', () => {
    const frame = b.patched(b.ipv4(b.udpLite({ payload: b.zeros(100), length: 12 })), 29, 1);
    assert.equal(cutTo(frame, 32).reason, Reason.UDPLITE_CHECKSUM);
    assert.equal(cutTo(frame, 31).reason, Reason.NONE);
  });
});
