/** The side that sends next: no longer in a row than the other's window has room for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conn, ConnFlag } from '../../src/traffic/connection.ts';
import { createDice } from '../../src/traffic/dice.ts';
import { chooseSide } from '../../src/traffic/stage.ts';

/** Window that a segment offers at least, and the largest data of one. Units: bytes */
const WINDOW = (16_384 - 255) << 7;
const DATA_MAX = 8960;

test('a side that would go on for ever stops before the window is full', () => {
  for (const always of [0, -1]) {
    const words = new Int32Array(Conn.WORDS);
    const flags = ConnFlag.IPV6 | ConnFlag.DUE | (3 << ConnFlag.PHASE_SHIFT);
    words[Conn.FLAGS] = flags;
    const sides = Array.from({ length: 500 }, () =>
      chooseSide({ words, dice: { ...createDice(1), bits: () => always } }, 0),
    );
    const runs = sides.join('').match(/0+|1+/g) ?? [];
    const longest = Math.max(...runs.map(({ length }) => length));
    assert.ok(longest > 32 && longest * DATA_MAX < WINDOW, `${longest} in a row`);
    assert.ok(runs.length >= 10);
    const mask = ConnFlag.RUN_MASK | ConnFlag.SIDE;
    assert.equal(words[Conn.FLAGS] & ~mask, flags, 'the other flags stay');
  }
});
