/** The express lane of the tracker does to an entry what the interpreter of TCP does, or nothing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createExpress, NOT_EXPRESS } from '../../src/conntrack/express.ts';
import { Now } from '../../src/conntrack/now.ts';
import { createTcp } from '../../src/conntrack/protocols/tcp.ts';
import { TcpState } from '../../src/conntrack/protocols/tcp-table.ts';
import { createSettings, Setting } from '../../src/conntrack/settings.ts';
import { directionOf, verdictOf } from '../../src/conntrack/verdict.ts';
import { Last, Meta, Side, Sides, Status, Task, TcpClass } from '../../src/shm/bits.ts';
import { Desc, Hot } from '../../src/shm/offsets.generated.ts';
import { createRandom, operations, type Random, seedOf } from '../support/random.ts';

const ENTRY = 1;
const H = ENTRY * Hot.WORDS;
const NOW_MS = 1_700_000;

/** Sequence numbers near each other and near the wrap. */
const near = (random: Random, base: number, span: number): number =>
  (base + random.below(2 * span) - span) | 0;

/** An entry that is mostly settled, with the odd bit that it is not. */
function randomEntry(random: Random, hot: Int32Array, hotF64: Float64Array, base: readonly number[]): void {
  let status =
    Status.CONFIRMED | Status.SEEN_REPLY | Status.ASSURED | (TcpState.ESTABLISHED << Status.STATE_SHIFT);
  if (random.chance(0.5)) status |= Status.FROM_HI;
  if (random.chance(0.9)) status |= Status.COUNTED;
  if (random.chance(0.05)) status ^= Status.ASSURED;
  if (random.chance(0.05)) status ^= Status.SEEN_REPLY;
  if (random.chance(0.05)) status |= Status.FIXED_TIMEOUT;
  if (random.chance(0.1)) status ^= random.below(16) << Status.STATE_SHIFT;
  hot.fill(0);
  hot[H + Hot.STATUS] = status;
  for (let side = 0; side < 2; side++) {
    const s = H + (side === 0 ? Hot.END_ORIG : Hot.END_REPLY);
    hot[s] = near(random, base[side], 40);
    hot[s + 1] = near(random, base[side] + 100, 100);
    hot[s + 2] = random.chance(0.05) ? 0 : random.pick([1, 50, 1000, 70_000, -5]);
    hot[s + 3] = near(random, base[1 - side], 40);
  }
  const flags = (): number =>
    (random.chance(0.9) ? Side.MAXACK_SET : 0) |
    (random.chance(0.5) ? Side.SACK_PERM : 0) |
    (random.chance(0.3) ? Side.DATA_UNACKNOWLEDGED : 0) |
    (random.chance(0.1) ? Side.BE_LIBERAL : 0);
  hot[H + Hot.SIDES] =
    flags() |
    (flags() << Sides.FLAGS_REPLY_SHIFT) |
    (random.below(3) << Sides.SCALE_ORIG_SHIFT) |
    (random.below(3) << Sides.SCALE_REPLY_SHIFT) |
    (random.below(256) << Sides.LAST_FLAGS_SHIFT);
  hot[H + Hot.LAST] =
    random.below(3) |
    (random.below(2) << Last.DIR_SHIFT) |
    (random.below(6) << Last.CLASS_SHIFT) |
    (random.below(16) << Last.SCALE_SHIFT) |
    (random.below(5) << Last.RETRANS_SHIFT);
  hot[H + Hot.LAST_SEQ] = near(random, base[0], 2);
  hot[H + Hot.LAST_ACK] = near(random, base[1], 2);
  hot[H + Hot.LAST_END] = near(random, base[0], 2);
  hot[H + Hot.DEADLINE] = NOW_MS + 1 + random.below(1_000_000);
  hot[H + Hot.FILED] = random.chance(0.5) ? NOW_MS + 20_000 : NOW_MS + 500_000_000;
  for (let i = 0; i < 4; i++) hotF64[((H + Hot.PACKETS_ORIG) >> 1) + i] = random.below(1000);
}

function randomSegment(random: Random, desc: Int32Array, base: readonly number[]): void {
  const isPlain = random.chance(0.95);
  const cls = isPlain ? TcpClass.ACK : random.pick([TcpClass.ACK, TcpClass.FIN, TcpClass.RST, TcpClass.SYN]);
  let meta = Task.TCP | (cls << Meta.CLASS_SHIFT) | (random.chance(0.5) ? Meta.FROM_HI : 0);
  if (cls === TcpClass.ACK || random.chance(0.5)) meta |= Meta.ACK;
  if (cls === TcpClass.FIN) meta |= Meta.FIN;
  if (cls === TcpClass.RST) meta |= Meta.RST;
  if (cls === TcpClass.SYN) meta |= Meta.SYN;
  if (random.chance(0.3)) meta |= Meta.OPTIONS;
  desc.fill(0);
  const side = random.below(2);
  desc[Desc.META] = meta;
  desc[Desc.SEQ] = near(random, base[side], 40);
  desc[Desc.ACK] = near(random, base[1 - side], 40);
  desc[Desc.SACK] = random.chance(0.9) ? desc[Desc.ACK] : near(random, base[1 - side], 40);
  desc[Desc.WINDOW] = (random.pick([0, 1, 2, 50, 500, 65_535]) << 16) | random.pick([0, 0, 1, 10, 60]);
  desc[Desc.BYTES] = 40 + random.below(1000);
}

describe('the express lane of the tracker', () => {
  it('does what the interpreter does, or nothing', (t) => {
    const seed = seedOf(t);
    const random = createRandom(seed);
    const settings = createSettings();
    const now = new Int32Array(Now.WORDS);
    now[Now.MS] = NOW_MS;
    now[Now.SEC] = 1700;
    now[Now.NSEC] = 123;
    const desc = new Int32Array(Desc.WORDS);
    const fast = new Int32Array(2 * Hot.WORDS);
    const slow = new Int32Array(2 * Hot.WORDS);
    const [fastF64, slowF64] = [new Float64Array(fast.buffer), new Float64Array(slow.buffer)];
    let hastened = 0;
    const express = createExpress({
      hot: fast,
      hotF64: fastF64,
      desc,
      settings,
      now,
      hasten: (entry) => {
        assert.equal(entry, ENTRY);
        hastened++;
      },
    });
    const tcp = createTcp(slow, desc, settings, () => assert.fail('an ACK shortens nothing'));
    const runs = operations(60_000);
    let taken = 0;
    let hastenedInAll = 0;
    for (let run = 0; run < runs; run++) {
      const what = `FLOWSHARD_SEED=${seed}, run ${run}`;
      const base = [random.pick([0, 1000, 0x7fffffff, -20]), random.pick([0, 5000, -0x7ffffff0])];
      settings[Setting.TCP_MAX_RETRANS] = random.chance(0.02) ? 0 : 3;
      settings[Setting.TCP_UNACK] = random.pick([300_000, 500_000_000]);
      settings[Setting.TCP_BE_LIBERAL] = random.chance(0.1) ? 1 : 0;
      randomEntry(random, fast, fastF64, base);
      randomSegment(random, desc, base);
      slow.set(fast);
      hastened = 0;
      const meta = desc[Desc.META];
      const verdict = express(ENTRY, 0, meta);
      if (verdict === NOT_EXPRESS) {
        assert.deepEqual(fast, slow, `${what}: changed what it did not take`);
        assert.equal(hastened, 0, what);
        continue;
      }
      taken++;
      const before = slow[H + Hot.STATUS];
      const dir = directionOf(meta, before);
      const timeout = tcp.packet(ENTRY, 0, dir, NOW_MS);
      assert.ok(timeout >= 0, `${what}: the interpreter answers ${timeout}`);
      assert.equal(slow[H + Hot.STATUS], before, `${what}: status`);
      assert.equal(verdict, verdictOf(dir, before, before), `${what}: verdict`);
      slow[H + Hot.LAST_SEC] = now[Now.SEC];
      slow[H + Hot.LAST_NSEC] = now[Now.NSEC];
      slow[H + Hot.DEADLINE] = NOW_MS + timeout;
      if ((before & Status.COUNTED) !== 0) {
        const c = ((H + Hot.PACKETS_ORIG) >> 1) + dir * 2;
        slowF64[c]++;
        slowF64[c + 1] += desc[Desc.BYTES];
      }
      assert.deepEqual(fast, slow, what);
      assert.equal(hastened, NOW_MS + timeout < slow[H + Hot.FILED] ? 1 : 0, `${what}: hastened`);
      hastenedInAll += hastened;
    }
    assert.ok(taken > runs / 20, `${taken} of ${runs} took the express lane`);
    assert.ok(hastenedInAll > 0);
  });
});
