import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { generatedFiles } from '../../scripts/generated-files.ts';
import { Reason } from '../../src/common/reasons.ts';
import { TcpState } from '../../src/conntrack/protocols/tcp-table.ts';
import {
  EventBit,
  Kind,
  Last,
  Meta,
  Side,
  Sides,
  Status,
  Task,
  TcpClass,
  Verdict,
} from '../../src/shm/bits.ts';
import { defineLayout, field, type Layout } from '../../src/shm/layout.ts';
import { DESCRIPTOR, ENTRY_COLD, ENTRY_HOT, REPORT } from '../../src/shm/layouts.ts';
import { Cold, Desc, Hot, LAYOUT_HASH, Report } from '../../src/shm/offsets.generated.ts';

const LAYOUTS: [Layout, Record<string, string | number>][] = [
  [ENTRY_HOT, Hot],
  [ENTRY_COLD, Cold],
  [DESCRIPTOR, Desc],
  [REPORT, Report],
];

/** Tables of a page are the same however wide a formatter makes their columns. */
const withoutPadding = (text: string): string => text.replaceAll(/ *\| */g, '|').replaceAll(/-{3,}/g, '---');

describe('layouts', () => {
  for (const [layout, generated] of LAYOUTS) {
    test(`${layout.name}: every word belongs to exactly one field`, () => {
      const owners = new Array<string>(layout.words).fill('');
      for (const f of layout.fields) {
        const at = layout.offsets.get(f.name) ?? -1;
        assert.ok(f.words >= 1 && at >= 0 && at + f.words <= layout.words, f.name);
        for (let word = at; word < at + f.words; word++) {
          assert.equal(owners[word], '', `${f.name} lies over ${owners[word]}`);
          owners[word] = f.name;
        }
      }
      assert.ok(!owners.includes(''), `word ${owners.indexOf('')} belongs to no field`);
    });

    test(`${layout.name}: f64 fields are aligned, also where entries follow each other`, () => {
      for (const f of layout.fields.filter((f) => f.type === 'f64')) {
        assert.equal(f.words, 2);
        assert.equal((layout.offsets.get(f.name) ?? 1) % 2, 0, f.name);
        assert.equal(layout.words % 2, 0);
      }
    });

    test(`${layout.name}: the generated offsets are the declared ones`, () => {
      const names = Object.keys(generated).filter((name) => Number.isNaN(Number(name)));
      assert.deepEqual(names.sort(), [...layout.offsets.keys(), 'WORDS'].sort());
      for (const [name, at] of layout.offsets) assert.equal(generated[name], at, name);
      assert.equal(generated.WORDS, layout.words);
    });

    test(`${layout.name}: every field has a meaning of its own or continues the one before`, () => {
      assert.notEqual(layout.fields[0].meaning, '');
    });
  }

  test('have the sizes that the design counts with', () => {
    assert.equal(Hot.WORDS * 4, 128);
    assert.equal(Cold.WORDS * 4, 48);
    assert.equal(Desc.WORDS * 4, 80);
    assert.ok(Desc.LO1 * 4 <= 64, 'a descriptor of IPv4 fits a cache line');
    assert.equal(Report.WORDS * 4, 208);
    assert.equal(Report.HOT + Hot.WORDS, Report.COLD);
    assert.equal(Report.COLD + Cold.WORDS, Report.WORDS);
  });

  test('the tuple has the same words in descriptor and entry', () => {
    for (const name of ['LO0', 'HI0', 'L4', 'KIND'] as const) assert.equal(Desc[name], Hot[name]);
    for (const name of ['LO1', 'LO2', 'LO3', 'HI1', 'HI2', 'HI3'] as const) {
      assert.equal(Desc[name] - Desc.LO1, Cold[name] - Cold.LO1);
    }
  });

  test('the generated files are current', () => {
    for (const [name, text] of generatedFiles()) {
      const stored = readFileSync(name, 'utf8');
      assert.equal(withoutPadding(stored), withoutPadding(text), `${name} is stale: run npm run generate`);
    }
    assert.match(
      readFileSync('src/shm/offsets.generated.ts', 'utf8'),
      new RegExp(`LAYOUT_HASH = ${LAYOUT_HASH};`),
    );
  });
});

describe('defineLayout', () => {
  const two = [field('A', 'i32', '', ''), field('B', 'u32', '', '')];

  test('refuses repeated names, odd f64 and a wrong size', () => {
    assert.throws(() => defineLayout('X', 2, [two[0], two[0]]), /X: field A is declared twice/);
    assert.throws(
      () => defineLayout('X', 3, [two[0], field('F', 'f64', '', '')]),
      /X: f64 F starts at odd word 1/,
    );
    assert.throws(() => defineLayout('X', 3, two), /X: fields take 2 words, declared are 3/);
    assert.throws(() => defineLayout('X', 1, two), /X: fields take 2 words, declared are 1/);
  });

  test('the hash changes with name, type, size, order and number of the fields, not with words for people', () => {
    const hash = defineLayout('X', 2, two).hash;
    const [a, b] = two;
    const others = [
      defineLayout('Y', 2, two),
      defineLayout('X', 2, [b, a]),
      defineLayout('X', 1, [a]),
      defineLayout('X', 3, [a, b, field('C', 'i32', '', '')]),
      defineLayout('X', 2, [a, field('C', 'u32', '', '')]),
      defineLayout('X', 2, [a, field('B', 'i32', '', '')]),
      defineLayout('X', 3, [a, field('B', 'u32', '', '', 2)]),
    ].map((layout) => layout.hash);
    assert.equal(new Set([hash, ...others]).size, 8);
    assert.equal(defineLayout('X', 2, [field('A', 'i32', 'ms', 'a time'), b]).hash, hash);
  });
});

describe('packed bits', () => {
  /** Each mask takes bits that no other one has. */
  function disjoint(masks: Record<string, number>): void {
    let taken = 0;
    for (const [name, mask] of Object.entries(masks)) {
      assert.equal(taken & mask, 0, `${name} overlaps`);
      taken |= mask;
    }
  }
  const ones = (count: number): number => 2 ** count - 1;

  test('of META do not overlap and have room for their values', () => {
    const reasonBits = 32 - Meta.REASON_SHIFT;
    disjoint({
      task: Meta.TASK_MASK,
      fromHi: Meta.FROM_HI,
      self: Meta.SELF,
      syn: Meta.SYN,
      fin: Meta.FIN,
      rst: Meta.RST,
      ack: Meta.ACK,
      class: ones(3) << Meta.CLASS_SHIFT,
      options: Meta.OPTIONS,
      sackPerm: Meta.SACK_PERM,
      windowScale: Meta.WINDOW_SCALE,
      scale: ones(4) << Meta.SCALE_SHIFT,
      elsewhere: Meta.QUOTE_ELSEWHERE,
      reason: ones(reasonBits) << Meta.REASON_SHIFT,
    });
    assert.ok(Reason.COUNT <= 2 ** reasonBits && Task.FINISH <= Meta.TASK_MASK && TcpClass.NONE <= ones(3));
    assert.equal(Meta.FROM_HI, 1 << Meta.FROM_HI_SHIFT);
  });

  test('of STATUS do not overlap and have room for the TCP states', () => {
    disjoint({
      kernel: Status.KERNEL_MASK,
      fromHi: Status.FROM_HI,
      counted: Status.COUNTED,
      restarted: Status.RESTARTED,
      state: Status.STATE_MASK,
    });
    const states = Object.values(TcpState).filter((value) => typeof value === 'number');
    assert.ok(Math.max(...states) <= Status.STATE_MASK >>> Status.STATE_SHIFT);
    assert.equal(Status.FROM_HI, 1 << Status.FROM_HI_SHIFT);
  });

  test('of SIDES, LAST and KIND do not overlap', () => {
    const sideFlags =
      Side.WINDOW_SCALE |
      Side.SACK_PERM |
      Side.CLOSE_INIT |
      Side.BE_LIBERAL |
      Side.DATA_UNACKNOWLEDGED |
      Side.MAXACK_SET;
    assert.ok(sideFlags <= 0xff && (Side.EXP_CHALLENGE_ACK | Side.SIMULTANEOUS_OPEN) <= 0xff);
    disjoint({
      original: 0xff,
      reply: 0xff << Sides.FLAGS_REPLY_SHIFT,
      scaleOriginal: 0xf << Sides.SCALE_ORIG_SHIFT,
      scaleReply: 0xf << Sides.SCALE_REPLY_SHIFT,
      last: 0xff << Sides.LAST_FLAGS_SHIFT,
    });
    disjoint({
      window: Last.WINDOW_MASK,
      dir: Last.DIR_BIT,
      class: Last.CLASS_MASK,
      scale: Last.SCALE_MASK,
      retrans: 0xff << Last.RETRANS_SHIFT,
    });
    disjoint({
      protocol: Kind.PROTOCOL_MASK,
      ipv6: Kind.IPV6,
      used: Kind.USED,
      zone: 0xffff << Kind.ZONE_SHIFT,
    });
    disjoint({ verdict: 0xff << 8, reason: 0xff });
    assert.ok(Verdict.SKIP <= 0xff && EventBit.PROTOINFO < 2 ** 31);
  });
});
