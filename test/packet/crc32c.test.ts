/** CRC32c: the vectors of RFC 3720 B.4, and every length at every alignment against the plain form. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { updateCrc32c, zeroWordCrc32c } from '../../src/packet/crc32c.ts';
import { crc32c } from '../support/sctp-frames.ts';

function fast(bytes: readonly number[], before = 0): number {
  const view = new DataView(Uint8Array.from([...new Array<number>(before).fill(0xee), ...bytes]).buffer);
  return ~updateCrc32c(-1, view, before, bytes.length) >>> 0;
}

const ascending = Array.from({ length: 32 }, (_, i) => i);
const VECTORS: readonly (readonly [string, readonly number[], number])[] = [
  ['32 zeroes', new Array<number>(32).fill(0), 0x8a9136aa],
  ['32 ones', new Array<number>(32).fill(0xff), 0x62a8ab43],
  ['ascending', ascending, 0x46dd794e],
  ['descending', [...ascending].reverse(), 0x113fdb5c],
  ['the digits', [...'123456789'].map((c) => c.charCodeAt(0)), 0xe3069283],
  ['nothing', [], 0],
];
for (const [name, bytes, expected] of VECTORS)
  it(`CRC32c: ${name}`, () => {
    assert.equal(fast(bytes), expected);
    assert.equal(crc32c(bytes), expected, 'the plain form of the tests');
  });

it('CRC32c: any length, any alignment, in one piece or two', () => {
  const bytes = Array.from({ length: 70 }, (_, i) => (i * 37 + 11) & 0xff);
  for (let length = 0; length <= bytes.length; length++) {
    const part = bytes.slice(0, length);
    const expected = crc32c(part);
    for (let before = 0; before < 4; before++) assert.equal(fast(part, before), expected);
    const view = new DataView(Uint8Array.from(part).buffer);
    const split = length >> 1;
    const halfway = updateCrc32c(-1, view, 0, split);
    assert.equal(~updateCrc32c(halfway, view, split, length - split) >>> 0, expected);
  }
});

it('CRC32c: a word of zeroes', () => {
  const bytes = [1, 2, 3, 4, 5];
  const view = new DataView(Uint8Array.from(bytes).buffer);
  assert.equal(~zeroWordCrc32c(updateCrc32c(-1, view, 0, 5)) >>> 0, crc32c([...bytes, 0, 0, 0, 0]));
});
