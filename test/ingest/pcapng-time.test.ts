import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { storePcapngTime } from '../../src/ingest/pcapng-time.ts';
import { Rec } from '../../src/ingest/reader.ts';
import fc from '../support/fast-check.ts';

/** The same with whole numbers of any size. */
function model(time: bigint, resolution: number, offsetSec: number): [sec: number, nsec: number] {
  const unitsPerSec = resolution < 0x80 ? 10n ** BigInt(resolution) : 2n ** BigInt(resolution & 0x7f);
  const sec = time / unitsPerSec + BigInt(offsetSec);
  if (sec < 0n) return [0, 0];
  if (sec > 0xffff_ffffn) return [0xffff_ffff, 999_999_999];
  return [Number(sec), Number(((time % unitsPerSec) * 1_000_000_000n) / unitsPerSec)];
}

function actual(time: bigint, resolution: number, offsetSec: number): [sec: number, nsec: number] {
  const record = new Int32Array(Rec.WORDS);
  const low = Number(BigInt.asIntN(32, time));
  storePcapngTime(record, Number(BigInt.asIntN(32, time >> 32n)), low, resolution, offsetSec);
  return [record[Rec.SEC] >>> 0, record[Rec.NSEC]];
}

const ALL_RESOLUTIONS = Array.from({ length: 256 }, (_, resolution) => resolution);

function edgeTimes(resolution: number): bigint[] {
  const unitsPerSec = resolution < 0x80 ? 10n ** BigInt(resolution) : 2n ** BigInt(resolution & 0x7f);
  const around = [
    0n,
    unitsPerSec,
    unitsPerSec * 0xffff_ffffn,
    unitsPerSec << 32n,
    1n << 32n,
    1n << 53n,
    1n << 64n,
  ];
  const now = unitsPerSec * 1_700_000_000n + (unitsPerSec * 999_999_999n) / 1_000_000_000n;
  return [...around, now]
    .flatMap((time) => [time - 1n, time, time + 1n])
    .filter((time) => time >= 0n && time < 1n << 64n);
}

describe('pcapng time', () => {
  test('edges of every resolution', () => {
    for (const resolution of ALL_RESOLUTIONS) {
      for (const time of edgeTimes(resolution)) {
        for (const offset of [0, -1, 1, 1_000_000_000, -1_000_000_000]) {
          assert.deepEqual(
            actual(time, resolution, offset),
            model(time, resolution, offset),
            `${time} in units of ${resolution}, offset ${offset}`,
          );
        }
      }
    }
  });

  test('any time in any resolution', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
        fc.constantFrom(...ALL_RESOLUTIONS),
        fc.integer({ min: -(2 ** 40) + 1, max: 2 ** 40 - 1 }),
        (time, resolution, offset) => {
          assert.deepEqual(actual(time, resolution, offset), model(time, resolution, offset));
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('whole seconds far off, brought back by the offset, where doubles round to either side', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n << 34n, max: (1n << 40n) - 1n }),
        fc.constantFrom(6, 7, 8, 9),
        fc.integer({ min: -1, max: 1 }),
        (whole, resolution, units) => {
          const unitsPerSec = 10n ** BigInt(resolution);
          const sec = whole % ((1n << 64n) / unitsPerSec);
          const time = sec * unitsPerSec + BigInt(units);
          const offset = 100 - Number(sec);
          assert.deepEqual(actual(time, resolution, offset), model(time, resolution, offset));
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('any time of these decades in micro- and nanoseconds', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 0xffff_ffff }),
        fc.nat({ max: 999_999_999 }),
        fc.constantFrom(6, 9),
        (sec, nsec, resolution) => {
          const unitsPerSec = 10 ** resolution;
          const units = Math.floor(nsec / (1e9 / unitsPerSec));
          const time = BigInt(sec) * BigInt(unitsPerSec) + BigInt(units);
          assert.deepEqual(actual(time, resolution, 0), [sec, units * (1e9 / unitsPerSec)]);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
