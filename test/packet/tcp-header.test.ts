import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Reason } from '../../src/common/reasons.ts';
import { TCP_FLAG_BITS } from '../../src/packet/tcp-header.ts';
import { Meta, TcpClass } from '../../src/shm/bits.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import fc from '../support/fast-check.ts';
import { operations, seedOf } from '../support/random.ts';
import * as b from './build.ts';
import { sack, TIMESTAMP } from './corpus.ts';
import { decoded } from './decoded.ts';

const ACK_NUMBER = 0x7ffffff0;

/** Pads to whole words with zeroes, the end of the list. */
function optionsOf(...bytes: number[]): { sackPermitted: boolean; scale: number | null; sack: number } {
  const options = [...bytes, ...b.zeros((4 - (bytes.length % 4)) % 4)];
  const { meta, words, reason } = decoded(b.ipv4(b.tcp({ flags: b.SYN, ack: ACK_NUMBER, options })));
  assert.equal(reason, Reason.NONE);
  assert.equal((meta & Meta.OPTIONS) !== 0, options.length > 0);
  return {
    sackPermitted: (meta & Meta.SACK_PERM) !== 0,
    scale: (meta & Meta.WINDOW_SCALE) !== 0 ? (meta >>> Meta.SCALE_SHIFT) & 0xf : null,
    sack: words[Desc.SACK],
  };
}
const NOTHING = { sackPermitted: false, scale: null, sack: ACK_NUMBER };

describe('TCP flags', () => {
  test('exactly these combinations mean something; PSH, ECE and CWR do not count', () => {
    const { SYN, ACK, FIN, RST, URG } = b;
    const valid = [SYN, SYN | URG, SYN | ACK, RST, RST | ACK, FIN | ACK, FIN | ACK | URG, ACK, ACK | URG];
    for (let flags = 0; flags < 256; flags++) {
      const judged = flags & (SYN | ACK | FIN | RST | URG);
      const reason = TCP_FLAG_BITS[flags] >>> Meta.REASON_SHIFT;
      assert.equal(reason, valid.includes(judged) ? Reason.NONE : Reason.TCP_FLAGS, `flags ${flags}`);
    }
  });

  test('every value has its flags and its class, RST before SYN before FIN before ACK', () => {
    for (let flags = 0; flags < 256; flags++) {
      const has = (flag: number): boolean => (flags & flag) !== 0;
      let expected = TcpClass.NONE;
      if (has(b.ACK)) expected = TcpClass.ACK;
      if (has(b.FIN)) expected = TcpClass.FIN;
      if (has(b.SYN)) expected = has(b.ACK) ? TcpClass.SYNACK : TcpClass.SYN;
      if (has(b.RST)) expected = TcpClass.RST;
      const bits = TCP_FLAG_BITS[flags];
      assert.equal((bits >>> Meta.CLASS_SHIFT) & 7, expected);
      assert.deepEqual(
        [Meta.FIN, Meta.SYN, Meta.RST, Meta.ACK].map((bit) => (bits & bit) !== 0),
        [has(b.FIN), has(b.SYN), has(b.RST), has(b.ACK)],
      );
      assert.equal(
        bits &
          ~(Meta.FIN | Meta.SYN | Meta.RST | Meta.ACK | (7 << Meta.CLASS_SHIFT)) &
          ((1 << Meta.REASON_SHIFT) - 1),
        0,
      );
    }
  });
});

describe('TCP options', () => {
  test('window scale and SACK permitted, in any order and between others', () => {
    assert.deepEqual(optionsOf(3, 3, 7), { ...NOTHING, scale: 7 });
    assert.deepEqual(optionsOf(4, 2), { ...NOTHING, sackPermitted: true });
    assert.deepEqual(optionsOf(1, 1, 4, 2, 254, 4, 9, 9, 1, 3, 3, 2), {
      ...NOTHING,
      sackPermitted: true,
      scale: 2,
    });
    assert.deepEqual(optionsOf(3, 3, 0), { ...NOTHING, scale: 0 });
  });

  test('a scale over 14 is 14, and of two the last one counts', () => {
    assert.equal(optionsOf(3, 3, 14).scale, 14);
    assert.equal(optionsOf(3, 3, 15).scale, 14);
    assert.equal(optionsOf(3, 3, 255).scale, 14);
    assert.equal(optionsOf(3, 3, 9, 3, 3, 4).scale, 4);
  });

  test('nothing is read after the end of the list', () => {
    assert.deepEqual(optionsOf(0, 3, 3, 7), NOTHING);
    assert.deepEqual(optionsOf(4, 2, 0, 3, 3, 7), { ...NOTHING, sackPermitted: true });
  });

  test('damaged options end the walk, and what came before them counts', () => {
    const kept = { ...NOTHING, sackPermitted: true };
    for (const damage of [[3, 0], [3, 1], [3, 3], [3], [2, 255], [8, 10, 0], [5, 250], [77, 1]]) {
      // A NOP, so that the damage ends the header.
      const padding = b.zeros((4 - ((damage.length + 2) % 4)) % 4).fill(1);
      assert.deepEqual(optionsOf(4, 2, ...padding, ...damage), kept, `${damage}`);
    }
    assert.deepEqual(optionsOf(4, 2, 77, 0, 3, 3, 7), kept);
  });

  test('options of a wrong length are passed over', () => {
    assert.deepEqual(optionsOf(3, 4, 7, 7), NOTHING);
    assert.deepEqual(optionsOf(3, 2, 4, 2), { ...NOTHING, sackPermitted: true });
    assert.deepEqual(optionsOf(4, 3, 0, 3, 3, 5), { ...NOTHING, scale: 5 });
    assert.deepEqual(optionsOf(5, 2, 5, 9, ...b.zeros(7)), NOTHING);
    assert.deepEqual(optionsOf(5, 12, ...b.u32(1), ...b.u32(-1), 0, 0), NOTHING);
  });

  test('SACK: the highest right edge beyond the acknowledgement, across the wrap of numbers', () => {
    const after = (by: number): number => (ACK_NUMBER + by) | 0;
    assert.equal(optionsOf(...sack(after(10), after(20))).sack, after(20));
    assert.equal(optionsOf(...sack(after(30), after(40), after(10), after(20))).sack, after(40));
    assert.equal(optionsOf(...sack(after(0), after(0x20))).sack, after(0x20) | 0);
    assert.equal(optionsOf(...sack(after(-20), after(-10))).sack, ACK_NUMBER);
    assert.equal(
      optionsOf(...sack(after(1), after(2), after(3), after(4), after(5), after(6), after(0), after(5))).sack,
      after(6),
    );
  });

  test('SACK: only the first option of a right length counts', () => {
    const block = (edge: number): number[] => [5, 10, ...b.u32(ACK_NUMBER), ...b.u32(ACK_NUMBER + edge)];
    assert.equal(optionsOf(...block(5), ...block(9)).sack, ACK_NUMBER + 5);
    assert.equal(optionsOf(5, 3, 0, ...block(9)).sack, ACK_NUMBER + 9);
    assert.equal(optionsOf(...block(5), 3, 3, 6).scale, 6);
  });

  test('a timestamp alone is known at a glance, one among others as well', () => {
    assert.deepEqual(optionsOf(...TIMESTAMP), NOTHING);
    assert.deepEqual(optionsOf(...TIMESTAMP, 3, 3, 7), { ...NOTHING, scale: 7 });
    assert.deepEqual(optionsOf(1, 1, 8, 8, ...b.zeros(6), 4, 2), { ...NOTHING, sackPermitted: true });
  });

  test('any bytes are options: never a reason, never read beyond the header', (t) => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 10, minLength: 0 }),
      fc.uint8Array({ maxLength: 8 }),
      (head, kinds) => {
        const bytes = [...kinds].flatMap((kind, i) => [kind % 6, head[i % (head.length || 1)] ?? 2]);
        const options = [...bytes, ...head].slice(0, 40);
        optionsOf(...options.slice(0, options.length - (options.length % 4)));
      },
    );
    fc.assert(property, { numRuns: operations(3000), seed: seedOf(t) });
  });
});
