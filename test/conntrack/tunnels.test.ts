/**
 * Wrapped in any tunnels, with any options, traffic gives the same as without: the same reports in the
 * same order, the same table, the same counters. A failure prints its seed; FLOWSHARD_SEED=n repeats it.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Reason } from '../../src/common/reasons.ts';
import { Verdict } from '../../src/shm/bits.ts';
import { Counter } from '../../src/shm/counters.ts';
import { reportConnection } from '../../src/workers/report-order.ts';
import { A4, ACK, B4, type Bytes, ipv4, PSH, SYN, type TcpFields, tcp, text } from '../packet/build.ts';
import { decapsulating } from '../packet/decap.ts';
import { decodeIn, decoderOf } from '../packet/decoded.ts';
import { loadScratch, mutate, type Scratch } from '../packet/mutate.ts';
import { tunnelSeeds } from '../packet/seeds.ts';
import {
  type Carried,
  inEthernet,
  inTunnel,
  type Load,
  TUNNEL_FORMS,
  type TunnelForm,
} from '../packet/tunnel-forms.ts';
import { ethernet, LINK_ETHERNET, LINK_RAW } from '../support/frames.ts';
import { createLab, type LabOptions } from '../support/lab.ts';
import { type Random, runSeed, withSeed } from '../support/random.ts';
import { randomTraffic, type TimedFrame } from '../support/traffic.ts';

const ROUNDS = process.env.FLOWSHARD_SOAK === '1' ? 400 : 14;
const PACKETS = 400;
const DEPTH_MAX = 8;
/** Protocols of random packets that would themselves be peeled. */
const TUNNEL_PROTOCOLS: ReadonlySet<number> = new Set([4, 41, 47]);

const COUNTERS: readonly number[] = [
  Counter.PACKETS,
  Counter.TRACKED,
  Counter.IGNORED,
  Counter.RELATED_ERRORS,
  Counter.CREATED,
  Counter.ENDED_TIMEOUT,
  Counter.ENDED_RESET,
  Counter.ENDED_REOPENED,
  Counter.ALIVE,
  Counter.TIME_BACKWARD,
  ...Array.from({ length: Reason.COUNT }, (_, reason) => Counter.REASON + reason),
];

interface Outcome {
  readonly reports: string[];
  readonly table: string[];
  readonly counters: number[];
  readonly peeled: number;
  readonly zoneCut: number;
}

const asText = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}` : part));

function track(traffic: readonly TimedFrame[], options: LabOptions): Outcome {
  const lab = createLab(options);
  for (const { frame, ms, linkType, captureLength } of traffic) {
    lab.dispatch(frame, ms, linkType, captureLength);
    lab.flush();
    for (let shard = 0; shard < (options.shards ?? 1); shard++) lab.runShard(shard);
    lab.collect();
  }
  const reports = lab.finish();
  lab.check();
  const kinds = [0, 1, 2, 3, 4, 5];
  return {
    reports: reports.map((r) => asText({ ...r, words: null, connection: reportConnection(r) })),
    table: lab.table().map(asText),
    counters: COUNTERS.map((counter) => lab.counter(counter)),
    peeled: kinds.reduce((sum, kind) => sum + lab.counter(Counter.PEELED + kind), 0),
    zoneCut: lab.counter(Counter.ZONE_CUT),
  };
}

function assertSame(actual: Outcome, expected: Outcome): void {
  const at = expected.reports.findIndex((line, i) => line !== actual.reports[i]);
  if (at >= 0) assert.equal(actual.reports[at], expected.reports[at], `report ${at}`);
  assert.equal(actual.reports.length, expected.reports.length);
  assert.deepEqual(actual.table, expected.table);
  assert.deepEqual(actual.counters, expected.counters);
}

const versionOf = (frame: Uint8Array): number => frame[0] >>> 4;

/** No tunnel, and a packet whose type can be said: IPv4 or IPv6, or a frame. Some tunnels need its first bytes for that. */
function isPlain({ frame, linkType, captureLength }: TimedFrame): boolean {
  if (captureLength < 4) return false;
  if (linkType === LINK_ETHERNET) return true;
  const protocol = versionOf(frame) === 4 ? frame[9] : frame[6];
  return [4, 6].includes(versionOf(frame)) && !TUNNEL_PROTOCOLS.has(protocol);
}

const plainDecode = decoderOf();
const { decode: innerDecode } = decapsulating(['all']);

/** Whether a frame that holds the beginning of a tunnel by chance (random bytes, a flipped bit) means something else then. */
function isTunnel({ frame, linkType, captureLength }: TimedFrame): boolean {
  const [outer, inner] = [plainDecode, innerDecode].map((decode) =>
    decodeIn(decode, new DataView(frame.buffer), 0, captureLength, frame.length, linkType),
  );
  return outer.reason !== inner.reason || outer.words.some((word, i) => word !== inner.words[i]);
}

function plainTraffic(random: Random, rawOnly: boolean): TimedFrame[] {
  return randomTraffic(random, PACKETS)
    .filter((packet) => isPlain(packet) && !(rawOnly && packet.linkType !== LINK_RAW))
    .filter((packet) => !isTunnel(packet));
}

function loadOf({ frame, linkType }: TimedFrame): Load {
  const type: Carried = linkType === LINK_ETHERNET ? 'ethernet' : versionOf(frame) === 4 ? 'ipv4' : 'ipv6';
  return { type, bytes: [...frame] };
}

/** Bytes behind the tunnel's packet, as of a card that fills up short frames. */
const padding = (random: Random): number[] =>
  Array.from({ length: random.below(9) }, () => random.below(256));

/** The same frame inside of `forms`, the first of which is the innermost. */
function wrapped(
  packet: TimedFrame,
  forms: readonly TunnelForm[],
  ids: readonly number[],
  random: Random,
): TimedFrame {
  let load = loadOf(packet);
  forms.forEach((form, i) => {
    load = inTunnel(load, form, ids[i], random);
  });
  const isFramed = random.chance(0.5);
  const outer = isFramed ? inEthernet(load).bytes : load.bytes;
  const cutBytes = packet.frame.length - packet.captureLength;
  const frame = Uint8Array.from([...outer, ...(cutBytes === 0 ? padding(random) : [])]);
  return {
    ...packet,
    frame,
    linkType: isFramed ? LINK_ETHERNET : LINK_RAW,
    captureLength: frame.length - cutBytes,
  };
}

/** A client that asks for data on a port of its own, and the connection that the server then opens. */
function ftpDialogue(): TimedFrame[] {
  const client = { sourcePort: 40_000, destinationPort: 21 };
  const server = { sourcePort: 21, destinationPort: 40_000 };
  const there = (fields: TcpFields): Bytes => ipv4(tcp({ ...client, ...fields }));
  const back = (fields: TcpFields): Bytes =>
    ipv4(tcp({ ...server, ...fields }), { source: B4, destination: A4 });
  // Only behind a line that was seen to end is a command looked for.
  const user = text('USER a\r\n');
  const command = text('PORT 10,0,0,1,156,65\r\n');
  const data = { sourcePort: 20, destinationPort: 156 * 256 + 65 };
  const packets = [
    there({ flags: SYN, seq: 100, ack: 0 }),
    back({ flags: SYN | ACK, seq: 900, ack: 101 }),
    there({ flags: ACK, seq: 101, ack: 901 }),
    there({ flags: PSH | ACK, seq: 101, ack: 901, payload: user }),
    back({ flags: ACK, seq: 901, ack: 101 + user.length }),
    there({ flags: PSH | ACK, seq: 101 + user.length, ack: 901, payload: command }),
    ipv4(tcp({ ...data, flags: SYN, seq: 5, ack: 0 }), { source: B4, destination: A4 }),
  ];
  return packets.map((bytes, i) => ({
    frame: Uint8Array.from(bytes),
    ms: i,
    linkType: LINK_RAW,
    captureLength: bytes.length,
  }));
}

function randomForms(random: Random, count: number): TunnelForm[] {
  return Array.from({ length: count }, () => random.pick(TUNNEL_FORMS));
}

const depthOf = (random: Random): number =>
  random.chance(0.8) ? 1 + random.below(3) : 1 + random.below(DEPTH_MAX);

describe('tunnels', () => {
  const seed = runSeed();
  for (let round = 0; round < ROUNDS; round++) {
    it(`change nothing for what they carry: round ${round} of seed ${seed}`, () => {
      withSeed((seed + round) | 0, (random) => {
        const traffic = plainTraffic(random, false);
        let tunnels = 0;
        const inside = traffic.map((packet) => {
          const forms = randomForms(random, depthOf(random));
          tunnels += forms.length;
          return wrapped(
            packet,
            forms,
            forms.map((form) => idOf(form, random)),
            random,
          );
        });
        const expected = track(traffic, { zoneFrom: 'vlan' });
        const actual = track(inside, { zoneFrom: 'vlan', decap: ['all'], shards: random.pick([1, 3]) });
        assertSame(actual, expected);
        assert.equal(actual.peeled, tunnels);
        assert.ok(expected.reports.length > PACKETS / 2);
      });
    });
  }

  for (const form of TUNNEL_FORMS.filter(({ id }) => id !== null)) {
    it(`${form.name}: its number is the zone as a VLAN id is, seed ${seed}`, () => {
      withSeed(seed, (random) => {
        const traffic = plainTraffic(random, true);
        let cut = 0;
        const zones = traffic.map(() => 1 + random.below(2));
        const tagged = traffic.map((packet, i) => {
          const frame = ethernet(packet.frame, zones[i]);
          const headerBytes = frame.length - packet.frame.length;
          return {
            ...packet,
            frame,
            linkType: LINK_ETHERNET,
            captureLength: packet.captureLength + headerBytes,
          };
        });
        const inside = traffic.map((packet, i) => {
          // The innermost number counts, whatever those around it are.
          const forms = [form, ...randomForms(random, random.below(3))];
          const ids = forms.map((f) => idOf(f, random));
          const isLarge = (form.id?.bits ?? 0) > 16 && random.chance(0.3);
          ids[0] = zones[i] + (isLarge ? 0x10000 * (1 + random.below(200)) : 0);
          const isZone = (f: TunnelForm): boolean => f.id?.zoneFrom === form.id?.zoneFrom;
          cut += forms.filter((f, j) => isZone(f) && ids[j] > 0xffff).length;
          return wrapped(packet, forms, ids, random);
        });
        const zoneFrom = form.id?.zoneFrom ?? '';
        const actual = track(inside, { decap: ['all'], zoneFrom });
        assertSame(actual, track(tagged, { zoneFrom: 'vlan' }));
        assert.equal(actual.zoneCut, cut);
      });
    });
  }

  it('do not hide from a helper what it reads: the data connection of FTP is RELATED', () => {
    withSeed(seed, (random) => {
      const dialogue = ftpDialogue();
      const expected = track(dialogue, { helpers: 'ftp:21', shards: 2 });
      const related = expected.reports.filter((report) => report.includes(`"verdict":${Verdict.RELATED},`));
      assert.ok(related.length > 0, 'no RELATED packet');
      for (const form of TUNNEL_FORMS) {
        const inside = dialogue.map((packet) => wrapped(packet, [form], [1], random));
        assertSame(track(inside, { helpers: 'ftp:21', shards: 2, decap: ['all'] }), expected);
      }
    });
  });

  it('that are not named are left alone', () => {
    withSeed(seed, (random) => {
      const packet = plainTraffic(random, true)[0];
      for (const form of TUNNEL_FORMS) {
        const others = [...new Set(TUNNEL_FORMS.map(({ decap }) => decap))].filter(
          (name) => name !== form.decap,
        );
        const inside = wrapped(packet, [form], [1], random);
        assert.equal(track([inside], { decap: others }).peeled, 0, form.name);
        assert.equal(track([inside], { decap: [form.decap] }).peeled, 1, form.name);
        const without = track([inside], {});
        assertSame(track([inside], { decap: others }), without);
      }
    });
  });

  it('are taken off up to eight in each other', () => {
    withSeed(seed, (random) => {
      const packet: TimedFrame = plainTraffic(random, true)[0];
      for (let depth = 1; depth <= DEPTH_MAX + 2; depth++) {
        const forms = randomForms(random, depth);
        const inside = wrapped(
          packet,
          forms,
          forms.map(() => 1),
          random,
        );
        const { counters, peeled } = track([inside], { decap: ['all'] });
        const tooDeep = counters[COUNTERS.indexOf(Counter.REASON + Reason.TUNNEL_DEPTH)];
        assert.equal(tooDeep, depth > DEPTH_MAX ? 1 : 0, `${depth} tunnels`);
        assert.equal(peeled, Math.min(depth, DEPTH_MAX));
      }
    });
  });
});

describe('damaged tunnels', () => {
  const seed = runSeed();
  it(`are in exactly one counter each, seed ${seed}`, () => {
    withSeed(seed, (random) => {
      const lab = createLab({ decap: ['all'], zoneFrom: 'key', shards: 2, set: ['checksum=0'] });
      const seeds = tunnelSeeds(random);
      const others = seeds.map(({ bytes }) => bytes);
      const scratch: Scratch = { bytes: new Uint8Array(8192), length: 0 };
      const packets = 4000;
      for (let i = 0; i < packets; i++) {
        const { bytes, linkType } = random.pick(seeds);
        loadScratch(scratch, bytes);
        mutate(scratch, random, others);
        lab.dispatch(scratch.bytes.slice(0, scratch.length), i, linkType);
      }
      lab.finish();
      lab.check();
      assert.equal(lab.counter(Counter.PACKETS), packets);
      assert.ok(lab.counter(Counter.TRACKED) > packets / 50, 'too few packets were tracked');
      assert.ok(lab.reasonCount(Reason.TUNNEL_SHORT) > 0);
    });
  });
});

function idOf({ id }: TunnelForm, random: Random): number {
  return id === null ? 0 : random.word() & (2 ** id.bits - 1) & 0x7fffffff;
}
