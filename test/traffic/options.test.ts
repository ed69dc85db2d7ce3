/** Options: what is refused, and that whatever is accepted gives a capture that is right. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { OptionError } from '../../src/common/errors.ts';
import { openCapture } from '../../src/ingest/open-capture.ts';
import { ReadStatus, Rec } from '../../src/ingest/reader.ts';
import {
  COLLISION_DEFAULTS,
  populationOf,
  type TrafficOptions,
  trafficOptions,
} from '../../src/traffic/options.ts';
import { createChunk, fillChunk, SNAPLEN_WHOLE, writePcapHeader } from '../../src/traffic/pcap-chunk.ts';
import { Made } from '../../src/traffic/stage.ts';
import { createTraffic } from '../../src/traffic/traffic.ts';
import { createTrafficReader } from '../../src/traffic/traffic-reader.ts';
import fc from '../support/fast-check.ts';
import { isInstalled } from '../support/namespaces.ts';
import { IS_SOAK } from '../support/random.ts';
import { generate, read } from './generated.ts';

const HASH_KEY = { k0: 1, k1: 2 };
const collisions = { ...COLLISION_DEFAULTS, packetsPerSecond: 10, hashKey: HASH_KEY };

describe('refused, by the name that the option has in the command', () => {
  const cases: readonly (readonly [given: Partial<TrafficOptions>, option: string, words: RegExp])[] = [
    [{ seed: -1 }, '--seed', /whole number from 0/],
    [{ packetsPerSecond: 0 }, '--rate', /with an attack/],
    [{ packetsPerSecond: Number.NaN }, '--rate', /a number per second/],
    [{ synFlood: 2e9 }, '--syn-flood', /from 0 to 1000000000/],
    [{ loss: 1 }, '--loss', /from 0 to 0.99/],
    [{ oneWayShare: -0.1 }, '--one-way-share', /a share/],
    [{ sizes: [] }, '--size', /at least one/],
    [{ sizes: [{ min: 10, max: 20, weight: 1 }] }, '--size', /from 28 to 9000/],
    [{ mix: { tcp: 0, udp: 0, icmp: 0, sctp: 0, gre: 0 } }, '--mix', /at least one of them above 0/],
    [{ concurrent: 10, connectionsPerSecond: 1, lifetimeS: 1 }, '--lifetime', /two of/],
    [{ connectionsPerSecond: 1, lifetime: 'forever' }, '--lifetime', /with --connections/],
    [{ connectionsPerSecond: 1e6, lifetimeS: 100 }, '--new', /at a time/],
    [
      { concurrent: 100_000, lifetimeS: 1, packetsPerSecond: 1000 },
      '--rate',
      /at least \d+ packets per second/,
    ],
    [{ collisions: { ...collisions, slots: 1, slotBits: 28 } }, '--collision-slots', /find all connections/],
    [{ collisions: { ...collisions, slotBits: 3 } }, '--collision-slot-bits', /from 6 to 28/],
  ];
  for (const [given, option, words] of cases)
    test(`${option}: ${JSON.stringify(given)}`, () => {
      assert.throws(
        () => trafficOptions(given),
        (error) => error instanceof OptionError && error.option === option && words.test(error.message),
      );
    });
});

test('of connections, new ones per second and lifetime, the third follows from two', () => {
  const population = (given: Partial<TrafficOptions>) => {
    const { places, connectionsPerSecond, lifetimeS, isClosed } = populationOf(trafficOptions(given));
    return { places: isClosed ? places : 0, connectionsPerSecond, lifetimeS };
  };
  assert.deepEqual(population({}), { places: 10_000, connectionsPerSecond: 1000, lifetimeS: 10 });
  assert.deepEqual(population({ concurrent: 500, connectionsPerSecond: 100 }), {
    places: 500,
    connectionsPerSecond: 100,
    lifetimeS: 5,
  });
  assert.deepEqual(population({ concurrent: 500, lifetimeS: 2 }), {
    places: 500,
    connectionsPerSecond: 250,
    lifetimeS: 2,
  });
  assert.deepEqual(population({ connectionsPerSecond: 100, lifetimeS: 2 }), {
    places: 0,
    connectionsPerSecond: 100,
    lifetimeS: 2,
  });
});

/** Of a normal test run, and of a long one. */
const RUNS = IS_SOAK ? 5000 : 150;

const share = fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));
const flood = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 200_000 }));
const anyOptions: fc.Arbitrary<Partial<TrafficOptions>> = fc.record({
  seed: fc.nat(),
  startSec: fc.nat({ max: 0xffff_ffff }),
  packets: fc.integer({ min: 0, max: 400 }),
  durationS: fc.double({ min: 0, max: 5, noNaN: true }),
  packetsPerSecond: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1_000_000 })),
  concurrent: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3000 })),
  connectionsPerSecond: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20_000 })),
  lifetime: fc.constantFrom('fixed', 'exponential', 'pareto', 'forever'),
  lifetimeS: fc.oneof(fc.constant(0), fc.double({ min: 0.000001, max: 3, noNaN: true })),
  paretoShape: fc.double({ min: 1.01, max: 10, noNaN: true }),
  mix: fc.record({
    tcp: fc.nat({ max: 3 }),
    udp: fc.nat({ max: 3 }),
    icmp: fc.nat({ max: 3 }),
    sctp: fc.nat({ max: 3 }),
    gre: fc.nat({ max: 3 }),
  }),
  sizes: fc.array(
    fc
      .tuple(fc.integer({ min: 28, max: 9000 }), fc.nat({ max: 9000 }), fc.integer({ min: 1, max: 9 }))
      .map(([min, more, weight]) => ({ min, max: Math.min(9000, min + more), weight })),
    { minLength: 1, maxLength: 4 },
  ),
  zipf: fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 10, noNaN: true })),
  ipv6Share: share,
  oneWayShare: share,
  loss: share.map((each) => Math.min(each, 0.99)),
  reordering: share,
  retransmission: share,
  resetShare: share,
  roundTripMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1000, noNaN: true })),
  clients: fc.integer({ min: 1, max: 1 << 24 }),
  servers: fc.integer({ min: 1, max: 1 << 16 }),
  synFlood: flood,
  udpFlood: flood,
  portScan: flood,
  fragmentFlood: flood,
  collisions: fc.oneof(
    { weight: 5, arbitrary: fc.constant(null) },
    fc.record({
      packetsPerSecond: flood,
      connections: fc.integer({ min: 1, max: 50 }),
      hashKey: fc.constant(HASH_KEY),
      shards: fc.integer({ min: 1, max: 8 }),
      slotBits: fc.integer({ min: 6, max: 12 }),
      slots: fc.integer({ min: 1, max: 64 }),
    }),
  ),
});

test('any options are refused, or give whole frames with right checksums, in order, the same twice', () => {
  let accepted = 0;
  fc.assert(
    fc.property(anyOptions, (given) => {
      try {
        trafficOptions(given);
      } catch (error) {
        assert.ok(error instanceof OptionError, String(error));
        return;
      }
      accepted++;
      const { frames, made } = generate(given);
      assert.ok(frames.length <= (given.packets ?? 0));
      assert.equal(made[Made.PACKETS], frames.length);
      let before = 0;
      for (const frame of frames) {
        assert.ok(frame.ns >= before && frame.ns / 1e9 <= (given.durationS ?? 0), String(frame.ns));
        before = frame.ns;
        read(frame);
      }
      let kinds = 0;
      for (let kind: Made = Made.TCP; kind <= Made.COLLISIONS; kind++) kinds += made[kind];
      assert.equal(kinds, frames.length, 'each packet is of one kind');
      assert.deepEqual(generate(given).frames, frames);
    }),
    { numRuns: RUNS },
  );
  assert.ok(accepted > RUNS / 5, `${accepted} accepted`);
});

test('a capture ends before its seconds start again', () => {
  const given = { startSec: 0xffff_fffc, durationS: 9, packetsPerSecond: 0, fragmentFlood: 1 };
  const seconds = generate(given).frames.map(({ ns }) => ns / 1e9);
  assert.deepEqual(seconds, [0, 1, 2, 3]);
});

/** The bytes of a capture with these options, made in chunks of that size. */
function pcapOf(given: Partial<TrafficOptions>, chunkBytes: number, snapLenBytes = SNAPLEN_WHOLE): Buffer {
  const chunk = createChunk(chunkBytes);
  const traffic = createTraffic(trafficOptions(given), { ...chunk, at: 0 });
  const parts: Uint8Array[] = [];
  let from = writePcapHeader(chunk, snapLenBytes);
  for (;;) {
    const end = fillChunk(traffic, chunk, from, snapLenBytes);
    if (end === 0) return Buffer.concat(parts);
    parts.push(chunk.bytes.slice(0, end));
    from = 0;
  }
}

const MANY: Partial<TrafficOptions> = {
  packets: 2000,
  concurrent: 50,
  lifetimeS: 0.02,
  mix: { tcp: 4, udp: 1, icmp: 1, sctp: 1, gre: 1 },
  ipv6Share: 0.4,
  loss: 0.02,
  reordering: 0.1,
  retransmission: 0.1,
  synFlood: 5000,
  udpFlood: 5000,
  portScan: 5000,
  fragmentFlood: 5000,
};

describe('a capture', () => {
  test('has the same bytes in chunks of any size, and what the reader of a pipeline gives', async () => {
    const whole = pcapOf(MANY, 1 << 22);
    assert.ok(pcapOf(MANY, 10_000).equals(whole));
    const file = join(mkdtempSync(join(tmpdir(), 'flowshard-traffic-')), 'a.pcap');
    writeFileSync(file, whole);
    const fromFile = await openCapture(file);
    const generated = createTrafficReader(trafficOptions(MANY));
    let packets = 0;
    for (;;) {
      let status = fromFile.next();
      while (status === ReadStatus.NEED_BYTES) {
        await fromFile.fill();
        status = fromFile.next();
      }
      assert.equal(generated.next(), status);
      if (status === ReadStatus.END) break;
      packets++;
      const [one, other] = [fromFile, generated].map(({ record, bytes }) => {
        const [offset, length] = [record[Rec.OFFSET], record[Rec.CAPTURE_LENGTH]];
        return [
          record.slice(Rec.CAPTURE_LENGTH),
          Buffer.from(bytes.subarray(offset, offset + length)).toString('hex'),
        ];
      });
      assert.deepEqual(one, other);
    }
    assert.equal(packets, 2000);
    assert.equal(fromFile.error, null);
    await fromFile.close();
    rmSync(file);
  });

  test('with short frames says how long they were', () => {
    const short = pcapOf(
      { packets: 100, sizes: [{ min: 500, max: 500, weight: 1 }], concurrent: 5 },
      1 << 16,
      60,
    );
    const view = new DataView(short.buffer, short.byteOffset);
    let at = 24;
    let packets = 0;
    let wire = 0;
    for (; at < short.length; at += 16 + view.getUint32(at + 8, true)) {
      assert.equal(view.getUint32(at + 8, true), Math.min(60, view.getUint32(at + 12, true)));
      wire = Math.max(wire, view.getUint32(at + 12, true));
      packets++;
    }
    assert.deepEqual([at, packets, wire], [short.length, 100, 514]);
  });

  test('is one that tcpdump reads and finds no fault with', {
    skip: isInstalled('tcpdump') ? false : 'tcpdump is not installed',
  }, () => {
    const { stdout, stderr, status } = spawnSync('tcpdump', ['-nvvr', '-'], {
      input: pcapOf(MANY, 1 << 16),
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stdout, /incorrect|bad|wrong|truncated-ip/);
    assert.equal(stdout.match(/^\d\d:\d\d:\d\d\.\d{6} IP6? /gm)?.length ?? 0, 2000, stdout.slice(0, 300));
    assert.ok((stdout.match(/cksum 0x\w+ \(correct\)/g)?.length ?? 0) > 1000);
  });
});
