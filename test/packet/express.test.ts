/** The express lane of the decoder makes of a frame what the layers make of it, or leaves it to them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHash4 } from '../../src/common/hash.ts';
import { Reason } from '../../src/common/reasons.ts';
import { onesSum, swap16 } from '../../src/packet/checksum.ts';
import { createDecoder } from '../../src/packet/decode.ts';
import { Last } from '../../src/packet/last.ts';
import { LinkType } from '../../src/packet/link.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import { createRandom, operations, seedOf } from '../support/random.ts';
import { KEY } from './decoded.ts';
import { hexOf, loadScratch, mutate, type Scratch } from './mutate.ts';
import { allSeeds } from './seeds.ts';

/** Words that every IPv4 descriptor has, less those of the caller. */
const WORDS = Array.from({ length: Desc.LO1 }, (_, i) => i).filter(
  (i) => i !== Desc.SEC && i !== Desc.NSEC && i !== Desc.NUMBER,
);

/** Damage mostly breaks a checksum, and then the express lane is not taken: mend them. */
function mendChecksums({ bytes, length }: Scratch): void {
  if (length < 54 || bytes[14] !== 0x45 || bytes[23] !== 6) return;
  const view = new DataView(bytes.buffer);
  const total = view.getUint16(16);
  if (total < 40 || total + 14 > length) return;
  view.setUint16(24, 0);
  view.setUint16(24, ~swap16(onesSum(view, 14, 20, 0)));
  view.setUint16(50, 0);
  const pseudo = onesSum(view, 26, 8, swap16(6) + swap16(total - 20));
  view.setUint16(50, ~swap16(onesSum(view, 34, total - 20, pseudo)));
}

describe('the express lane of the decoder', () => {
  for (const verifyChecksums of [true, false]) {
    it(`agrees with the layers, checksums ${verifyChecksums ? 'verified' : 'not verified'}`, async (t) => {
      const seed = seedOf(t);
      const random = createRandom(seed);
      const checksums = { isOpen: false };
      const decoder = createDecoder({
        hash4: createHash4(KEY),
        verifyChecksums,
        zoneFromVlan: false,
        checksums,
      });
      const seeds = (await allSeeds()).filter(
        ({ linkType, bytes }) => linkType === LinkType.ETHERNET && bytes.length > 0,
      );
      const others = seeds.map(({ bytes }) => bytes);
      const scratch: Scratch = { bytes: new Uint8Array(2048), length: 0 };
      const view = new DataView(scratch.bytes.buffer);
      const fast = new Int32Array(Desc.WORDS);
      const slow = new Int32Array(Desc.WORDS);
      let taken = 0;
      const runs = seeds.length + operations(20_000);
      for (let run = 0; run < runs; run++) {
        loadScratch(scratch, seeds[run < seeds.length ? run : random.below(seeds.length)].bytes);
        if (run >= seeds.length) for (let i = random.below(3); i >= 0; i--) mutate(scratch, random, others);
        if (random.chance(0.8)) mendChecksums(scratch);
        checksums.isOpen = random.chance(0.05);
        const { length } = scratch;
        // What was captured may be less than what was on the wire.
        const wire = length + (random.chance(0.1) ? random.below(100) : 0);
        const isTaken = decoder.express(view, 0, length, fast, 0);
        if (!isTaken) continue;
        taken++;
        const what = `FLOWSHARD_SEED=${seed}, run ${run}: ${hexOf(scratch.bytes.subarray(0, scratch.length))}`;
        const [transport, end] = [decoder.last[Last.TRANSPORT], decoder.last[Last.END]];
        assert.equal(decoder.frame(view, 0, length, wire, LinkType.ETHERNET, slow, 0), Reason.NONE, what);
        for (const word of WORDS) assert.equal(fast[word], slow[word], `${what}: word ${word}`);
        assert.deepEqual([transport, end], [decoder.last[Last.TRANSPORT], decoder.last[Last.END]], what);
        assert.equal(checksums.isOpen, false, what);
      }
      assert.ok(taken > runs / 20, `${taken} of ${runs} took the express lane`);
    });
  }
});
