import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { onesSum, swap16 } from '../../src/packet/checksum.ts';
import fc from '../support/fast-check.ts';
import { createRandom, operations, seedOf } from '../support/random.ts';
import { naiveSum } from './build.ts';

/** onesSum in network order. The two zeroes of one's complement stay apart: 0 comes from zeroes alone. */
const sumOf = (bytes: Uint8Array, start: number, length: number, initial = 0): number =>
  swap16(onesSum(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start, length, initial));

describe('the checksum', () => {
  test('equals the plain one for every length up to 2000, at even and odd offsets', (t) => {
    const random = createRandom(seedOf(t));
    for (let length = 0; length <= 2000; length++) {
      const start = random.below(9);
      // The buffer ends where the message ends.
      const bytes = Uint8Array.from({ length: start + length }, () => random.word());
      assert.equal(
        sumOf(bytes, start, length),
        naiveSum([...bytes.subarray(start)]),
        `${length} bytes at ${start}`,
      );
    }
  });

  test('does not overflow on the longest messages of the highest bytes', () => {
    for (const length of [
      32_767, 32_768, 32_769, 65_531, 65_532, 65_533, 65_534, 65_535, 131_072, 1_000_001,
    ]) {
      const bytes = new Uint8Array(length + 1).fill(0xff);
      assert.equal(sumOf(bytes, 1, length), naiveSum(Array.from(bytes.subarray(1))), `${length} bytes`);
    }
  });

  test('goes on from an initial sum as from bytes before', (t) => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 64 }).filter((head) => head.length % 2 === 0),
      fc.uint8Array({ maxLength: 3000 }),
      (head, tail) => {
        const whole = Uint8Array.from([...head, ...tail]);
        const initial = swap16(sumOf(head, 0, head.length));
        assert.equal(sumOf(tail, 0, tail.length, initial), sumOf(whole, 0, whole.length));
      },
    );
    fc.assert(property, { numRuns: operations(2000), seed: seedOf(t) });
  });

  test('is 0xffff over a message with its checksum in place, and nothing else', (t) => {
    const random = createRandom(seedOf(t));
    for (let i = 0; i < operations(2000); i++) {
      const bytes = Uint8Array.from({ length: 20 + random.below(60) }, () => random.word());
      bytes[0] |= 1;
      bytes[10] = 0;
      bytes[11] = 0;
      const checksum = ~naiveSum([...bytes]) & 0xffff;
      bytes[10] = checksum >>> 8;
      bytes[11] = checksum & 0xff;
      assert.equal(sumOf(bytes, 0, bytes.length), 0xffff);
      bytes[random.below(bytes.length)] ^= 1 << random.below(8);
      assert.notEqual(sumOf(bytes, 0, bytes.length), 0xffff);
    }
  });

  test('of nothing, and of zeroes, is zero', () => {
    assert.equal(sumOf(new Uint8Array(0), 0, 0), 0);
    assert.equal(sumOf(new Uint8Array(100), 0, 100), 0);
  });

  test('swap16 swaps the bytes of 16 bits and forgets the rest', () => {
    assert.equal(swap16(0x1234), 0x3412);
    assert.equal(swap16(0xff001), 0x01f0);
  });
});
