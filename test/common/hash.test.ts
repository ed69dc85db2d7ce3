import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createHash4 } from '../../src/common/hash.ts';
import fc from '../support/fast-check.ts';
import { createRandom, operations, seedOf } from '../support/random.ts';

const rotl = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

/** HalfSipHash-c-d with a result of 32 bits, byte by byte as it was published, for any length. */
function halfSipHash(bytes: Uint8Array, k0: number, k1: number, rounds: number, finalRounds: number): number {
  const v = [k0, k1, 0x6c796765 ^ k0, 0x74656462 ^ k1];

  function round(): void {
    v[0] = (v[0] + v[1]) | 0;
    v[1] = rotl(v[1], 5) ^ v[0];
    v[0] = rotl(v[0], 16);
    v[2] = (v[2] + v[3]) | 0;
    v[3] = rotl(v[3], 8) ^ v[2];
    v[0] = (v[0] + v[3]) | 0;
    v[3] = rotl(v[3], 7) ^ v[0];
    v[2] = (v[2] + v[1]) | 0;
    v[1] = rotl(v[1], 13) ^ v[2];
    v[2] = rotl(v[2], 16);
  }

  function absorb(word: number): void {
    v[3] ^= word;
    for (let i = 0; i < rounds; i++) round();
    v[0] ^= word;
  }

  const whole = bytes.length - (bytes.length % 4);
  for (let at = 0; at < whole; at += 4) {
    absorb(bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
  }
  let last = bytes.length << 24;
  for (let at = whole; at < bytes.length; at++) last |= bytes[at] << (8 * (at - whole));
  absorb(last);
  v[2] ^= 0xff;
  for (let i = 0; i < finalRounds; i++) round();
  return v[1] ^ v[3];
}

const bytesOfWords = (words: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setInt32(i * 4, word, true);
  return bytes;
};
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);

const K0 = 0x03020100;
const K1 = 0x07060504;

/** Published answers for the key 00 01 .. 07 and the bytes 00 01 02 ..: of the authors, and of Linux. */
const ANSWERS_2_4 = [0x5b9f35a9, 0xb85a4727, 0x03a662fa, 0x04e7fe8a, 0x89466e2a];
const ANSWERS_1_3 = [0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65];
const ANSWER_1_3_OF_16_BYTES = 0x8b31d501;

const wordArbitrary = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const fourWords = fc.tuple(wordArbitrary, wordArbitrary, wordArbitrary, wordArbitrary);

describe('HalfSipHash-1-3', () => {
  test('the reference of this test gives the published answers', () => {
    for (const [length, answer] of ANSWERS_2_4.entries()) {
      assert.equal(halfSipHash(counting(length), K0, K1, 2, 4) >>> 0, answer, `2-4, ${length} bytes`);
    }
    for (const [length, answer] of ANSWERS_1_3.entries()) {
      assert.equal(halfSipHash(counting(length), K0, K1, 1, 3) >>> 0, answer, `1-3, ${length} bytes`);
    }
  });

  test('four words give the published answer', () => {
    const hash4 = createHash4({ k0: K0, k1: K1 });
    assert.equal(hash4(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c) >>> 0, ANSWER_1_3_OF_16_BYTES);
  });

  test('equals the reference for any words and any key', (t) => {
    const property = fc.property(fourWords, wordArbitrary, wordArbitrary, (words, k0, k1) => {
      const expected = halfSipHash(bytesOfWords(words), k0, k1, 1, 3) || 1;
      assert.equal(createHash4({ k0, k1 })(...words), expected);
    });
    fc.assert(property, { numRuns: operations(5000), seed: seedOf(t) });
  });

  test('equals the reference for a million tuples in sequence', (t) => {
    const random = createRandom(seedOf(t));
    const key = { k0: random.word(), k1: random.word() };
    const hash4 = createHash4(key);
    for (let i = 0; i < operations(1_000_000); i += 1) {
      const [a, b, c, d] = [random.word(), i, random.word(), 0x206];
      const hash = hash4(a, b, c, d);
      assert.ok(hash === (hash | 0) && hash !== 0);
      if (i % 16 === 0)
        assert.equal(hash, halfSipHash(bytesOfWords([a, b, c, d]), key.k0, key.k1, 1, 3) || 1);
    }
  });
});

describe('the hash as a hash of tuples', () => {
  /** Chi-square of `buckets` counts, as deviations from its mean in units of its standard deviation. */
  function deviation(counts: Int32Array): number {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const expected = total / counts.length;
    const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    const freedom = counts.length - 1;
    return (chi - freedom) / Math.sqrt(2 * freedom);
  }

  test('spreads tuples that differ in few bits evenly over slots and shards', () => {
    const hash4 = createHash4({ k0: 0x1234567, k1: -77 });
    const low = new Int32Array(1024);
    const high = new Int32Array(1024);
    const shards = new Int32Array(7);
    for (let host = 0; host < 256; host++) {
      for (let port = 0; port < 1024; port++) {
        const hash = hash4(0x0a000001, 0x0a010000 | host, (443 << 16) | (32768 + port), 0x206);
        low[hash & 1023]++;
        high[hash >>> 22]++;
        shards[((hash >>> 16) * shards.length) >>> 16]++;
      }
    }
    for (const counts of [low, high, shards]) {
      const found = deviation(counts);
      assert.ok(Math.abs(found) < 5, `chi-square is ${found} standard deviations off`);
    }
  });

  test('every bit of the input flips every bit of the result half of the time', (t) => {
    const random = createRandom(seedOf(t));
    const hash4 = createHash4({ k0: random.word(), k1: random.word() });
    const rounds = 2000;
    const flips = new Int32Array(128 * 32);
    for (let i = 0; i < rounds; i++) {
      const words: [number, number, number, number] = [
        random.word(),
        random.word(),
        random.word(),
        random.word(),
      ];
      const before = hash4(...words);
      for (let bit = 0; bit < 128; bit++) {
        words[bit >> 5] ^= 1 << (bit & 31);
        const changed = before ^ hash4(...words);
        words[bit >> 5] ^= 1 << (bit & 31);
        for (let out = 0; out < 32; out++) flips[bit * 32 + out] += (changed >>> out) & 1;
      }
    }
    // Six standard deviations of a fair coin thrown that often.
    const margin = 6 * Math.sqrt(rounds / 4);
    for (const [cell, count] of flips.entries()) {
      assert.ok(
        Math.abs(count - rounds / 2) < margin,
        `input bit ${cell >> 5}, output bit ${cell & 31}: ${count}`,
      );
    }
  });

  test('under another key the results have nothing to do with each other', (t) => {
    const random = createRandom(seedOf(t));
    for (const [k0, k1] of [
      [1, 0],
      [0, 1],
      [-(2 ** 31), 0],
      [0, -(2 ** 31)],
      [random.word() | 1, random.word()],
    ]) {
      const one = createHash4({ k0: 0, k1: 0 });
      const other = createHash4({ k0, k1 });
      const counts = new Int32Array(256);
      let equal = 0;
      for (let i = 0; i < 65_536; i++) {
        const difference = one(i, 0, 0, 0) ^ other(i, 0, 0, 0);
        counts[difference & 255]++;
        if (difference === 0) equal++;
      }
      assert.ok(equal <= 2 && Math.abs(deviation(counts)) < 6, `key ${k0}, ${k1}`);
    }
  });

  test('two functions of the same key agree: ingest and every shard make their own', () => {
    const key = { k0: 5, k1: 6 };
    assert.equal(createHash4(key)(1, 2, 3, 4), createHash4(key)(1, 2, 3, 4));
  });
});
