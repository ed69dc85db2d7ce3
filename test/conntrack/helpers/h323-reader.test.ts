/** The reader of aligned PER by itself: forms of the schema, notes, and a bound on its work. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { userInformation as userInformationType } from '../../../src/conntrack/helpers/h323/asn1-signalling.ts';
import { createPerReader, Note } from '../../../src/conntrack/helpers/h323/reader.ts';
import {
  bitString,
  bits,
  bmpString,
  boolean,
  choice,
  containing,
  digits,
  end,
  inRole,
  integer,
  listOf,
  noted,
  nothing,
  objectIdentifier,
  octets,
  optional,
  sequence,
  type Type,
  unknown,
} from '../../../src/conntrack/helpers/h323/schema.ts';
import { userInformation } from '../../support/h323-calls.ts';
import { encoded } from '../../support/h323-media.ts';
import type { Write } from '../../support/per.ts';
import { createRandom, operations, seedOf } from '../../support/random.ts';

const NAME = 7;
const ROLE = 3;
const mark = noted(NAME, octets(4));
const MARK = [0xde, 0xad, 0xbe, 0xef];

/** Where notes are, behind some other bytes; null when it is malformed. */
function notesOf(type: Type, write: Write, cut = 0): number[] | null {
  const message = encoded(write);
  const bytes = Uint8Array.from([1, 2, 3, ...message, 0xff, 0xff]);
  const reader = createPerReader();
  if (!reader.read(type, bytes, 3, 3 + message.length - cut)) return null;
  return Array.from({ length: reader.count() }, (_, i) => {
    assert.equal(reader.notes[i * Note.WORDS + Note.NAME], NAME);
    return reader.notes[i * Note.WORDS + Note.AT] - 3;
  });
}

/** A type, how a value of it is written, and how many octets that takes before what is noted. */
const FORMS: readonly (readonly [string, Type, Write, number])[] = [
  ['nothing', nothing, () => {}, 1],
  ['a boolean', boolean, (w) => w.flags(1), 1],
  ['8 bits that count to 255', integer(1, 255), (w) => w.bits(5, 8), 2],
  ['an octet', integer(1, 256), (w) => w.octets([5]), 2],
  ['two octets', integer(0, 65_535), (w) => w.u16(5), 3],
  ['a long number', integer(0, 4_294_967_295), (w) => w.word(70_000), 4],
  ['a number of three octets', integer(0, 262_143), (w) => w.bits(2, 2).octets([1, 2, 3]), 4],
  ['octets of a fixed size', octets(6), (w) => w.octets([1, 2, 3, 4, 5, 6]), 7],
  ['two octets of no boundary', octets(2), (w) => w.bits(0x1234, 16), 3],
  ['octets of up to 20', octets(1, 20), (w) => w.bits(2, 5).octets([1, 2, 3]), 4],
  ['octets of up to 256', octets(1, 256), (w) => w.octets([2, 1, 2, 3]), 5],
  ['octets', octets(), (w) => w.string([1, 2, 3]), 5],
  ['many octets', octets(), (w) => w.string(new Array<number>(300).fill(9)), 303],
  ['an object identifier', objectIdentifier, (w) => w.string([1, 2, 3]), 5],
  ['a bit string', bitString(0, 2048), (w) => w.u16(12).bits(5, 12), 5],
  ['a name', bmpString(1, 256), (w) => w.octets([1]).octets([0, 65, 0, 66]), 6],
  ['digits', digits(1, 128), (w) => w.bits(2, 7).align().bits(0x123, 12), 3],
  ['a list', listOf(octets(1, 20)), (w) => w.length(2).bits(0, 5).octets([1]).bits(0, 5).octets([1]), 6],
  ['a choice', choice([nothing, octets(4), bits(3)], []), (w) => w.flags(0).bits(1, 2).octets(MARK), 5],
  ['a later choice', choice([nothing], [nothing]), (w) => w.extra(5, (x) => x.octets([1, 2])), 5],
  ['a later choice', choice([nothing], [octets()]), (w) => w.extra(0, (x) => x.string([1, 2])), 6],
  ['a sequence', sequence([optional(octets(4)), optional(boolean), boolean]), (w) => w.flags(0, 1, 1, 1), 1],
  [
    'a sequence that was extended',
    sequence([boolean], [nothing, nothing]),
    (w) => w.flags(1, 1).additions([undefined, (x) => x.octets([1])]),
    4,
  ],
];

describe('H.323: aligned PER', () => {
  for (const [name, type, write, before] of FORMS)
    it(`${name}: what follows is found, and nothing where an octet is missing`, () => {
      // A bit before it, so that it does not start at a boundary.
      const whole = sequence([boolean, type, mark]);
      const all: Write = (w) => w.flags(1).with(write).octets(MARK);
      assert.deepEqual(notesOf(whole, all), [before]);
      for (let cut = 1; cut <= before + 4; cut++)
        assert.equal(notesOf(whole, all, cut), null, `without ${cut}`);
    });

  it('a note bears the role of the innermost part that has one', () => {
    const reader = createPerReader();
    const type = inRole(1, sequence([inRole(ROLE, sequence([mark])), mark]));
    const bytes = Uint8Array.from([...MARK, ...MARK]);
    assert.ok(reader.read(type, bytes, 0, bytes.length));
    const roles = [0, 1].map((i) => reader.notes[i * Note.WORDS + Note.ROLE]);
    assert.deepEqual(roles, [ROLE, 1]);
  });

  it('the value of a number is noted, and as many octets behind it are passed over', () => {
    const type = noted(NAME, integer(1, 4_294_967_295));
    const reader = createPerReader();
    const bytes = encoded((w) => w.word(1000, 1).octets([0, 0]));
    assert.ok(reader.read(type, bytes, 0, bytes.length));
    assert.equal(reader.notes[Note.AT], 1000);
    assert.equal(reader.read(type, bytes, 0, bytes.length - 1), false);
  });

  it('items beyond those that are kept are read, but not noted', () => {
    const type = sequence([listOf(mark, 2), mark]);
    assert.deepEqual(
      notesOf(type, (w) => w.length(3).octets([...MARK, ...MARK, ...MARK, ...MARK])),
      [1, 5, 13],
    );
  });

  it('a value inside octets ends with them', () => {
    const inside = containing(sequence([mark, end, octets(99)]));
    assert.deepEqual(
      notesOf(sequence([inside, mark]), (w) => w.string([...MARK, 1, 2, 3]).octets(MARK)),
      [1, 8],
    );
  });

  it('what is not described ends a sequence, where it is there', () => {
    const type = sequence([optional(unknown), mark]);
    assert.deepEqual(
      notesOf(type, (w) => w.flags(1).octets(MARK)),
      [],
    );
    assert.deepEqual(
      notesOf(type, (w) => w.flags(0).octets(MARK)),
      [1],
    );
  });

  it('an index or a bitmap that is too great is malformed', () => {
    const three = choice([nothing, nothing, nothing]);
    assert.equal(
      notesOf(three, (w) => w.bits(3, 2)),
      null,
    );
    const extended = sequence([], []);
    assert.equal(
      notesOf(extended, (w) => w.flags(1).bits(32, 7).bits(0, 60).octets(new Array<number>(99).fill(0))),
      null,
    );
  });
});

/** Counts how often bytes are looked at. */
function counted(bytes: Uint8Array): { bytes: Uint8Array; looks: () => number } {
  let looks = 0;
  const proxy = new Proxy(bytes, {
    get(target, key) {
      looks++;
      return Reflect.get(target, key, target);
    },
  });
  return { bytes: proxy, looks: () => looks };
}

it('H.323: the work is bounded by the length of a message, whatever it says', (t) => {
  const random = createRandom(seedOf(t));
  const reader = createPerReader();
  const host = '10.0.0.1';
  const fastStart = Array.from({ length: 40 }, () => ({ forward: { control: { host, port: 5001 } } }));
  const originals = (['setup', 'connect', 'facility', 'progress'] as const).map((kind) =>
    encoded(userInformation(kind, { fastStart, isFull: true })),
  );
  let most = 0;
  for (let i = 0; i < operations(2000); i++) {
    // A good beginning; then lists as long as can be, of octets whose contents overlap, among noise.
    const good = random.pick(originals);
    const filler = random.pick([0, 1, 0x80, 0xff, 0x10, 0xbf]);
    const from = 20 + random.below(good.length - 20);
    const bytes = good.map((byte, at) => {
      if (at < from) return byte;
      return random.chance(0.9) ? filler : random.below(256);
    });
    const { bytes: seen, looks } = counted(bytes);
    reader.read(userInformationType, seen, 0, bytes.length);
    most = Math.max(most, looks() / bytes.length);
  }
  t.diagnostic(`at most ${most.toFixed(1)} looks for an octet`);
  assert.ok(most > 0.5 && most < 40, `${most} looks for an octet`);
});
