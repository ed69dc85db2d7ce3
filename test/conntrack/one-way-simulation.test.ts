/**
 * `--one-way` under random traffic: hostile traffic cut into its halves, or with packets missing
 * anywhere, and well-behaved sessions of which a tap loses a part, against a model in a few lines.
 *
 * A failure prints its seed; FLOWSHARD_SEED=n repeats it. FLOWSHARD_SOAK=1 runs much longer.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Reason, reasonInfo } from '../../src/common/reasons.ts';
import { Verdict } from '../../src/shm/bits.ts';
import { reportConnection } from '../../src/workers/report-order.ts';
import { LINK_RAW, TCP_FLAGS, tcpPacket } from '../support/frames.ts';
import { halvesOf, placesOf, type Run, reportTexts, runFrames } from '../support/halves.ts';
import { createLab } from '../support/lab.ts';
import { IS_SOAK, type Random, SEED, withSeed } from '../support/random.ts';
import { randomTraffic } from '../support/traffic.ts';

const ROUNDS = IS_SOAK ? 400 : 10;
const PACKETS = 700;
const SESSIONS = IS_SOAK ? 20_000 : 600;

/** What depends on other packets. The rest of the INVALID reasons are about the packet alone. */
const STATEFUL: readonly Reason[] = [
  Reason.TCP_NOT_OPENING,
  Reason.TCP_STATE,
  Reason.TCP_SEQ_OVER,
  Reason.TCP_ACK_OVER,
  Reason.TCP_RST_SEQ,
  Reason.ICMP_UNSOLICITED,
  Reason.ICMP_QUOTE_UNKNOWN,
];
const ALONE_STATES = [null, 'SYN_SENT', 'SYN_RECV', 'ESTABLISHED', 'FIN_WAIT', 'TIME_WAIT', 'CLOSE'];

function checkRun(run: Run): void {
  for (const reason of STATEFUL) assert.equal(run.lab.reasonCount(reason), 0, reasonInfo(reason).name);
  for (const report of run.reports) {
    const c = reportConnection(report);
    if (c === null) continue;
    if (c.halves !== 'both')
      assert.ok(c.protocolName === 'sctp' || ALONE_STATES.includes(c.state), `${c.halves} ${c.state}`);
    if (c.halves === 'original') assert.equal(c.reply.packets, 0);
    if (c.halves === 'reply') assert.equal(c.original.packets, 0);
    if (c.protocolName === 'udp' && c.halves !== 'both')
      assert.equal(c.status & 4, 0, 'UDP assured by one half');
  }
}

const seed = SEED;

describe('one way, random traffic', () => {
  for (let round = 0; round < ROUNDS; round++) {
    it(`round ${round} of seed ${seed}`, () => {
      withSeed((seed + round) | 0, (random) => {
        const frames = randomTraffic(random, PACKETS);
        const all = placesOf(frames);
        const both = runFrames(frames, all, { oneWay: true });
        const halves = halvesOf(frames, [both]);
        const partial = all.filter(() => random.chance(0.6));
        for (const places of [all, ...halves, partial]) {
          const one = runFrames(frames, places, { oneWay: true });
          checkRun(one);
          const many = runFrames(frames, places, { oneWay: true, shards: random.pick([2, 4, 8]) });
          assert.deepEqual(reportTexts(many), reportTexts(one));
        }
        // A packet that is INVALID in any part of the traffic is so in all of it.
        for (const half of halves) {
          const run = runFrames(frames, half, { oneWay: true });
          for (const [place, report] of run.packets)
            if (report.verdict === Verdict.INVALID)
              assert.equal(both.packets.get(place)?.reason, report.reason, `packet ${place + 1}`);
        }
      });
    });
  }
});

// ---- Well-behaved sessions ----

type Side = 0 | 1;
interface Segment {
  readonly side: Side;
  readonly flags: string;
  readonly seq: number;
  readonly ack: number;
  readonly payload: number;
}

/** A session from SYN to its end, in order and without repetitions. */
function randomSession(random: Random): Segment[] {
  const next = [random.pick([random.word(), -1, -3]), random.pick([random.word(), -1, -200])];
  const segments: Segment[] = [];
  const send = (side: Side, flags: string, payload = 0): void => {
    const ack = flags.includes('.') ? next[1 - side] : 0;
    segments.push({ side, flags, seq: next[side] >>> 0, ack: ack >>> 0, payload });
    next[side] = (next[side] + payload + (/[SF]/.test(flags) ? 1 : 0)) | 0;
  };
  send(0, 'S');
  send(1, 'S.');
  send(0, '.');
  for (let i = random.below(8); i > 0; i--) {
    const side = random.pick([0, 1] as const);
    send(side, 'P.', 1 + random.below(1400));
    if (random.chance(0.5)) send(side === 0 ? 1 : 0, '.');
  }
  const closer = random.pick([0, 1] as const);
  const other = closer === 0 ? 1 : 0;
  if (random.chance(0.2)) {
    send(closer, random.pick(['R', 'R.']));
    return segments;
  }
  send(closer, 'F.', random.below(3));
  if (random.chance(0.5)) send(other, '.');
  send(other, 'F.', random.below(3));
  send(closer, '.');
  return segments;
}

/** What one side shows of itself, whatever the table says: the model. */
function modelStates(segments: readonly Segment[]): (string | null)[] {
  let state: string | null = null;
  let end = 0;
  return segments.map(({ flags, seq, payload }) => {
    if (flags.includes('R')) {
      if (state !== null) state = 'CLOSE';
    } else if (flags.includes('S')) state = flags === 'S' ? 'SYN_SENT' : 'SYN_RECV';
    else if (flags.includes('F')) state = 'FIN_WAIT';
    else if (state === 'FIN_WAIT' && seq === end) state = 'TIME_WAIT';
    else state = 'ESTABLISHED';
    end = (seq + payload + (/[SF]/.test(flags) ? 1 : 0)) >>> 0;
    return state;
  });
}

const IP = [
  { src: '10.0.0.1', dst: '10.0.0.2' },
  { src: '10.0.0.2', dst: '10.0.0.1' },
];
const PORTS = [
  { sport: 4000, dport: 80 },
  { sport: 80, dport: 4000 },
];

function frameOf({ side, flags, ...fields }: Segment): Uint8Array {
  const bits = [...flags].reduce((sum, letter) => sum | TCP_FLAGS[letter], 0);
  return tcpPacket(IP[side], { ...PORTS[side], ...fields, flags: bits });
}

it(`one half of ${SESSIONS} sessions, with losses, is what a model says of it; seed ${seed}`, () => {
  withSeed(seed, (random) => {
    for (let i = 0; i < SESSIONS; i++) {
      const side = random.pick([0, 1] as const);
      const loss = random.pick([0, 0, 0.3]);
      const half = randomSession(random).filter((s) => s.side === side && !random.chance(loss));
      const expected = modelStates(half);
      const lab = createLab({ oneWay: true, maxEntries: 4 });
      // A RST after a loss may not be the next byte: the connection keeps its state, with little time.
      const isWhole = loss === 0;
      half.forEach((segment, at) => {
        const seen = lab.send(frameOf(segment), at, LINK_RAW);
        const words = `session ${i}: ${JSON.stringify(half.slice(0, at + 1))}`;
        const isReset = segment.flags.includes('R');
        if (isReset && !isWhole && seen.connection?.state !== 'CLOSE') {
          assert.ok(seen.connection === null || seen.remainingMs === 10_000, words);
          return;
        }
        assert.equal(seen.connection?.state ?? null, expected[at], words);
        const beganAsServer = half[0].flags === 'S.';
        if (seen.connection !== null)
          assert.equal(seen.connection.halves, beganAsServer ? 'reply' : 'original', words);
      });
    }
  });
});
