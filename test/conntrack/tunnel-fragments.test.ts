/**
 * Tunnels and fragments in each other: a tunnel's packet in fragments, fragments in a tunnel, and both at once. What is
 * tracked must be what was there before; only the fragments that come before the last one differ.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Reason } from '../../src/common/reasons.ts';
import { Counter } from '../../src/shm/counters.ts';
import { reportConnection } from '../../src/workers/report-order.ts';
import { ethernet, zeros } from '../packet/build.ts';
import { type Carried, inFragments, inTunnel, type Load, TUNNEL_FORMS } from '../packet/tunnel-forms.ts';
import { LINK_ETHERNET, LINK_RAW, tcpPacket, udpPacket } from '../support/frames.ts';
import { createLab, type LabOptions } from '../support/lab.ts';
import { IS_SOAK, type Random, SEED, withSeed } from '../support/random.ts';

const ROUNDS = IS_SOAK ? 200 : 6;
const CONVERSATIONS = 60;

interface Frame {
  readonly bytes: Uint8Array;
  readonly linkType: number;
}

const asText = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}` : part));

/** Reports but those of frames that are no packet of their own. */
function track(frames: readonly Frame[], options: LabOptions): string[] {
  const lab = createLab(options);
  frames.forEach(({ bytes, linkType }, i) => {
    lab.dispatch(bytes, i, linkType);
    lab.flush();
    for (let shard = 0; shard < (options.shards ?? 1); shard++) lab.runShard(shard);
    lab.collect();
  });
  const reports = lab.finish();
  lab.check();
  assert.equal(
    lab.counter(Counter.TRACKED),
    frames.length - lab.reasonCount(Reason.FRAGMENT) - lab.reasonCount(Reason.NOT_IP),
  );
  return reports
    .filter(({ reason }) => reason !== Reason.FRAGMENT && reason !== Reason.NOT_IP)
    .map((report) => asText({ ...report, words: null, connection: reportConnection(report) }));
}

/** A frame that takes a fragment's number. */
const NO_PACKET: Frame = { bytes: Uint8Array.from(ethernet(0x0806, zeros(28))), linkType: LINK_ETHERNET };
const frameOf = (bytes: readonly number[]): Frame => ({ bytes: Uint8Array.from(bytes), linkType: LINK_RAW });

/** Packets of a few hosts, large enough to be cut. */
function packets(random: Random): Load[] {
  return Array.from({ length: CONVERSATIONS }, () => {
    const isIpv6 = random.chance(0.4);
    const host = (): string =>
      isIpv6 ? `2001:db8::${1 + random.below(3)}` : `10.0.0.${1 + random.below(3)}`;
    const ip = { src: host(), dst: host() };
    const ports = { sport: 1 + random.below(3), dport: 53 };
    const packet = random.chance(0.5)
      ? udpPacket(ip, { ...ports, payload: random.below(900) })
      : tcpPacket(ip, { ...ports, seq: 1, flags: 2, payload: random.below(900) });
    const type: Carried = isIpv6 ? 'ipv6' : 'ipv4';
    return { type, bytes: [...packet] };
  });
}

type Wrap = (load: Load, id: number, random: Random) => Load[];

/** In fragments, each of which is a packet. */
const cut: Wrap = (load, id, random) =>
  inFragments(load, id, random).map((bytes) => ({ type: load.type, bytes }));
/** In a tunnel. */
const tunnel: Wrap = (load, id, random) => [inTunnel(load, random.pick(TUNNEL_FORMS), id & 0xff, random)];

/** One after the other, the first of them innermost. */
const nested =
  (...wraps: readonly Wrap[]): Wrap =>
  (load, id, random) =>
    wraps.reduce<Load[]>(
      (loads, wrap, depth) => loads.flatMap((l, i) => wrap(l, id * 100 + depth * 10 + i, random)),
      [load],
    );

const CASES: readonly (readonly [string, Wrap])[] = [
  ['a tunnel in fragments', nested(tunnel, cut)],
  ['fragments in tunnels', nested(cut, tunnel)],
  ['fragments in tunnels in fragments', nested(cut, tunnel, cut)],
  ['tunnels in fragments in tunnels', nested(tunnel, cut, tunnel)],
  ['tunnels and fragments by turns', nested(cut, tunnel, cut, tunnel, cut)],
];

describe('tunnels and fragments', () => {
  const seed = SEED;
  for (const [name, wrap] of CASES) {
    it(`${name}, seed ${seed}`, () => {
      for (let round = 0; round < ROUNDS; round++) {
        withSeed((seed + round) | 0, (random) => {
          const inside: Frame[] = [];
          const outside: Frame[] = [];
          packets(random).forEach((load, i) => {
            const pieces = wrap(load, i + 1, random);
            inside.push(...pieces.map(({ bytes }) => frameOf(bytes)));
            outside.push(...pieces.slice(1).map(() => NO_PACKET), frameOf(load.bytes));
          });
          const expected = track(outside, {});
          const actual = track(inside, { decap: ['all'], shards: random.pick([1, 3]) });
          assert.deepEqual(actual, expected);
          assert.ok(inside.length > expected.length, 'nothing was cut');
        });
      }
    });
  }
});
