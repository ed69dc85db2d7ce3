/** What comes out of the generator is what was asked for. Seeds are fixed, and bounds are six standard deviations. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { TRAFFIC_DEFAULTS, type TrafficOptions } from '../../src/traffic/options.ts';
import { Made } from '../../src/traffic/stage.ts';
import { connectionName, type Generated, generate, read } from './generated.ts';

const only = (protocol: string): TrafficOptions['mix'] => ({
  tcp: 0,
  udp: 0,
  icmp: 0,
  sctp: 0,
  gre: 0,
  [protocol]: 1,
});
const ALL = { tcp: 1, udp: 1, icmp: 1, sctp: 1, gre: 1 };

function digest({ frames }: Generated): string {
  const hash = createHash('sha256');
  for (const { ns, data } of frames) hash.update(String(ns)).update(data);
  return hash.digest('hex');
}

/** `part` of `all` events of this probability, give or take six standard deviations and the grain of the tables. */
function near(part: number, all: number, probability: number, what: string): void {
  const expected = all * probability;
  const bound = 6 * Math.sqrt(all * probability * (1 - probability)) + all / 4096 + 1;
  assert.ok(
    Math.abs(part - expected) <= bound,
    `${what}: ${part} of ${all}, expected ${expected} +- ${bound}`,
  );
}

describe('the same bytes', () => {
  const given: Partial<TrafficOptions> = {
    packets: 5000,
    concurrent: 50,
    lifetimeS: 0.01,
    mix: ALL,
    ipv6Share: 0.3,
    loss: 0.02,
    reordering: 0.05,
    retransmission: 0.05,
    synFlood: 5000,
    udpFlood: 5000,
    zipf: 0.9,
  };

  test('for the same seed, others for another', () => {
    const first = digest(generate({ ...given, seed: 7 }));
    assert.equal(digest(generate({ ...given, seed: 7 })), first);
    assert.notEqual(digest(generate({ ...given, seed: 8 })), first);
  });

  test('of connections, whatever attacks run beside them', () => {
    const calm = { ...given, synFlood: 0, udpFlood: 0, durationS: 0.02, packets: Number.POSITIVE_INFINITY };
    const alone = generate(calm);
    const beside = generate({ ...calm, synFlood: 30_000, portScan: 10_000 });
    // Attackers come from elsewhere.
    const ours = beside.frames.filter((frame) => {
      const { source, destination, isIpv6 } = read(frame);
      return (isIpv6 || !/^[1-5]/.test(source)) && source !== 'cb007107' && destination !== 'cb007107';
    });
    assert.ok(beside.frames.length > alone.frames.length * 1.3);
    assert.equal(digest({ frames: ours, made: beside.made }), digest(alone));
  });
});

describe('frames', () => {
  for (const ipv6Share of [0, 1]) {
    for (const protocol of ['tcp', 'udp', 'icmp', 'sctp', 'gre']) {
      test(`of ${protocol} over IPv${ipv6Share === 1 ? 6 : 4} have right lengths and checksums`, () => {
        const sizes = [{ min: 28, max: 300, weight: 1 }];
        const { frames } = generate({
          packets: 3000,
          concurrent: 20,
          lifetimeS: 0.005,
          mix: only(protocol),
          sizes,
          ipv6Share,
          synFlood: 1000,
        });
        assert.equal(frames.length, 3000);
        const fields = frames.map(read);
        const numbers = { tcp: 6, udp: 17, icmp: ipv6Share === 1 ? 58 : 1, sctp: 132, gre: 47 };
        const wanted = numbers[protocol as keyof typeof numbers];
        assert.ok(fields.filter((f) => f.protocol === wanted).length > 2900);
        assert.ok(fields.every((f) => f.isIpv6 === (ipv6Share === 1) || f.tcpFlags === 2));
      });
    }
  }

  test('have times at even distances, and the count and the duration that were asked for', () => {
    const { frames, made } = generate({
      packets: 5,
      packetsPerSecond: 3,
      concurrent: 1,
      lifetime: 'forever',
    });
    assert.deepEqual(
      frames.map(({ ns }) => ns),
      [0, 333_333_333, 666_666_666, 1e9, 1_333_333_333],
    );
    assert.equal(made[Made.PACKETS], 5);
    const timed = generate({ durationS: 2.5, packetsPerSecond: 1000, lifetimeS: 60, concurrent: 100 });
    assert.equal(timed.frames.length, 2500);
    assert.equal(
      timed.frames.reduce((sum, { data }) => sum + data.length, 0),
      timed.made[Made.BYTES],
    );
  });

  test('come in the order of time', () => {
    const { frames } = generate({ packets: 20_000, synFlood: 70_000, udpFlood: 33_333, portScan: 10_001 });
    assert.ok(frames.every(({ ns }, i) => i === 0 || ns >= frames[i - 1].ns));
  });
});

describe('connections', () => {
  test('are as many as asked for: concurrent, new, lifetime', () => {
    const closed = generate({ concurrent: 200, connectionsPerSecond: 1000, durationS: 2 });
    // 200 at the start, then 1000 in each second.
    near(closed.made[Made.OPENED] - 200, 4000, 0.5, 'opened');
    assert.ok(closed.made[Made.OPENED] - closed.made[Made.ENDED] <= 200);
    const open = generate({ connectionsPerSecond: 500, lifetimeS: 0.5, lifetime: 'fixed', durationS: 3 });
    assert.equal(open.made[Made.OPENED], 1500);
    const alive = open.made[Made.OPENED] - open.made[Made.ENDED];
    assert.ok(alive >= 250 && alive <= 255, `${alive} alive`);
    const resident = generate({ concurrent: 300, lifetime: 'forever', packets: 20_000 });
    assert.equal(resident.made[Made.OPENED], 300);
    assert.equal(resident.made[Made.ENDED], 0);
    assert.equal(new Set(resident.frames.map((f) => connectionName(read(f)))).size, 300);
  });

  test('live as long as asked for', () => {
    for (const lifetime of ['fixed', 'exponential', 'pareto'] as const) {
      const { frames } = generate({
        connectionsPerSecond: 2000,
        lifetime,
        lifetimeS: 0.05,
        paretoShape: 3,
        durationS: 1,
        mix: only('tcp'),
        resetShare: 0,
        packetsPerSecond: 20_000,
      });
      const first = new Map<string, number>();
      const lives: number[] = [];
      for (const frame of frames) {
        const f = read(frame);
        if ((f.tcpFlags & 0x12) === 0x02) first.set(connectionName(f), frame.ns);
        const began = first.get(connectionName(f));
        // The first FIN says when its time was up; those that began late are not seen to end.
        if (began !== undefined && (f.tcpFlags & 1) !== 0 && began < 0.5e9) {
          lives.push((frame.ns - began) / 1e6);
          first.delete(connectionName(f));
        }
      }
      const mean = lives.reduce((sum, each) => sum + each, 0) / lives.length;
      assert.ok(lives.length > 900 && lives.length < 1001, `${lifetime}: ${lives.length} lives`);
      assert.ok(mean > 42 && mean < 58, `${lifetime}: mean ${mean} ms`);
      const shortest = Math.min(...lives);
      const longest = Math.max(...lives);
      if (lifetime === 'fixed') assert.ok(shortest > 49 && longest < 53, `${shortest} to ${longest} ms`);
      if (lifetime === 'exponential')
        assert.ok(shortest < 5 && longest > 200, `${shortest} to ${longest} ms`);
      if (lifetime === 'pareto') assert.ok(shortest > 32 && longest > 120, `${shortest} to ${longest} ms`);
    }
  });

  test('end at the same rate from the start', () => {
    for (const lifetime of ['fixed', 'exponential', 'pareto'] as const) {
      const { made } = generate({
        concurrent: 2000,
        lifetime,
        lifetimeS: 1,
        paretoShape: 3,
        durationS: 0.25,
      });
      near(made[Made.ENDED], 2000, 0.25, lifetime);
    }
  });

  test('are of protocols and families in their shares', () => {
    const mix = { tcp: 50, udp: 25, icmp: 5, sctp: 15, gre: 5 };
    const { frames, made } = generate({ mix, ipv6Share: 0.25, concurrent: 20_000, packets: 90_000 });
    const opened = made[Made.OPENED];
    const names = new Map<number, Set<string>>();
    let ipv6 = 0;
    for (const frame of frames) {
      const f = read(frame);
      const protocol = f.protocol === 58 ? 1 : f.protocol;
      const set = names.get(protocol) ?? new Set();
      const name = connectionName(f);
      if (f.isIpv6 && !set.has(name)) ipv6++;
      names.set(protocol, set.add(name));
    }
    const shares = [
      [6, 0.5],
      [17, 0.25],
      [1, 0.05],
      [132, 0.15],
      [47, 0.05],
    ] as const;
    for (const [protocol, share] of shares)
      near(names.get(protocol)?.size ?? 0, opened, share, `protocol ${protocol}`);
    near(ipv6, opened, 0.25, 'IPv6');
    assert.equal(
      [...names.values()].reduce((sum, set) => sum + set.size, 0),
      opened,
      'no two have one name',
    );
  });

  test('have sizes as asked for', () => {
    const sizes = [
      { min: 100, max: 100, weight: 3 },
      { min: 500, max: 600, weight: 1 },
    ];
    const { frames } = generate({ sizes, mix: only('udp'), concurrent: 10, packets: 20_000 });
    const bytes = frames.map((frame) => read(frame).bytes);
    near(bytes.filter((n) => n === 100).length, bytes.length, 0.75, '100 bytes');
    assert.ok(bytes.every((n) => n === 100 || (n >= 500 && n <= 600)));
    near(bytes.filter((n) => n >= 500 && n < 550).length, bytes.length, 0.25 * (50 / 101), 'under 550 bytes');
    assert.equal(new Set(bytes).size, 102);
  });

  test('are as popular as asked for', () => {
    const count = (zipf: number): number[] => {
      const packets = new Map<string, number>();
      const mix = only('udp');
      for (const frame of generate({ zipf, mix, concurrent: 1000, lifetime: 'forever', packets: 102_000 })
        .frames) {
        const name = connectionName(read(frame));
        packets.set(name, (packets.get(name) ?? 0) + 1);
      }
      return [...packets.values()].map((n) => n - 2).sort((a, b) => b - a);
    };
    // Who comes first is not the most popular: numbers follow from the order.
    const ranks = generate({
      zipf: 2,
      mix: only('udp'),
      concurrent: 1000,
      lifetime: 'forever',
      packets: 5000,
    });
    const later = ranks.frames.slice(3000).map((frame) => read(frame));
    const first = later.filter(({ source, destination }) => [source, destination].includes('0a000000'));
    assert.ok(first.length < 100, `${first.length}`);
    const uniform = count(0);
    assert.ok(uniform[0] < 100 + 6 * 10 && uniform[999] > 100 - 6 * 10, `${uniform[0]} to ${uniform[999]}`);
    const zipf = count(1);
    let all = 0;
    for (let rank = 1; rank <= 1000; rank++) all += 1 / rank;
    for (const rank of [1, 2, 3, 10]) near(zipf[rank - 1], 100_000, 1 / rank / all, `rank ${rank}`);
    const tail = zipf.slice(500).reduce((sum, n) => sum + n, 0);
    near(tail, 100_000, (Math.log(2) + 0) / all, 'the less popular half');
  });
});

describe('what goes wrong', () => {
  const given = { mix: only('tcp'), concurrent: 100, lifetimeS: 1, packets: 50_000 };

  test('is lost as often as asked for', () => {
    const { made } = generate({ ...given, loss: 0.05 });
    near(made[Made.LOST], made[Made.LOST] + made[Made.PACKETS], 0.05, 'lost');
  });

  test('comes again as often as asked for', () => {
    const { frames, made } = generate({ ...given, retransmission: 0.1 });
    near(made[Made.RETRANSMITTED], made[Made.REPEATABLE], 0.1, 'retransmitted');
    const seen = new Set<string>();
    let again = 0;
    for (const frame of frames) {
      const f = read(frame);
      if (f.data === 0 && (f.tcpFlags & 3) === 0) continue;
      const name = `${f.source}:${f.sourcePort} ${f.destination}:${f.destinationPort} ${f.seq} ${f.tcpFlags}`;
      if (seen.has(name)) again++;
      seen.add(name);
    }
    assert.equal(again, made[Made.RETRANSMITTED]);
  });

  test('comes late as often as asked for', () => {
    const { frames, made } = generate({ ...given, reordering: 0.1 });
    const newest = new Map<string, number>();
    let late = 0;
    let withData = 0;
    for (const frame of frames) {
      const f = read(frame);
      if (f.data === 0) continue;
      withData++;
      const name = `${f.source}:${f.sourcePort} ${f.destination}:${f.destinationPort}`;
      const before = newest.get(name);
      if (before !== undefined && ((f.seq - before) | 0) < 0) late++;
      else newest.set(name, f.seq);
    }
    // The first of all segments that is late is not seen to be: nothing of its side was before it.
    assert.ok(made[Made.REORDERED] - late >= 0 && made[Made.REORDERED] - late < 40);
    near(made[Made.REORDERED], withData - made[Made.REORDERED], 0.1, 'reordered');
  });

  test('is seen in one direction, of as many connections as asked for', () => {
    const { frames } = generate({
      oneWayShare: 0.5,
      mix: only('udp'),
      concurrent: 2000,
      lifetime: 'forever',
      packets: 60_000,
    });
    const sides = new Map<string, Set<string>>();
    for (const frame of frames) {
      const f = read(frame);
      const name = connectionName(f);
      sides.set(name, (sides.get(name) ?? new Set()).add(f.source));
    }
    const oneWay = [...sides.values()].filter((set) => set.size === 1).length;
    near(oneWay, sides.size, 0.5, 'one-way');
  });

  test('ends with a RST as often as asked for', () => {
    const { frames, made } = generate({ ...given, lifetimeS: 0.02, resetShare: 0.3 });
    const resets = frames.filter((frame) => (read(frame).tcpFlags & 4) !== 0).length;
    near(resets, made[Made.ENDED], 0.3, 'RST');
  });
});

test('the defaults generate', () => {
  const { frames } = generate({ packets: 1000 });
  assert.equal(frames.length, 1000);
  assert.deepEqual(TRAFFIC_DEFAULTS.mix.tcp, 80);
});
