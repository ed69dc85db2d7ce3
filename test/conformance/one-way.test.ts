/**
 * Captures cut into their two directions and tracked with `--one-way`: each half is held against what
 * both together say without the option, by the relation that docs/one-way.md states.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Reason, reasonInfo } from '../../src/common/reasons.ts';
import type { Connection } from '../../src/export/connection.ts';
import { TCP_STATE_NAMES } from '../../src/export/names.ts';
import { Verdict } from '../../src/shm/bits.ts';
import { type OrderedReport, reportConnection } from '../../src/workers/report-order.ts';
import { halvesOf, placesOf, type Run, readFrames, reportTexts, runFrames } from '../support/halves.ts';
import type { TimedFrame } from '../support/traffic.ts';
import { FIXTURES, filesBelow, missing, SHARED } from './places.ts';

const PACKETS_MAX = 20_000;
/** Where only repetitions of a SYN or SYN/ACK came, the half's timeout may be older than that of both. */
const OPENING_S = 60;
const ASSURED = 4;

/** Reasons that depend on state, and so on what was seen before. */
const STATEFUL: ReadonlySet<Reason> = new Set([
  Reason.TCP_NOT_OPENING,
  Reason.TCP_NOT_LOOSE,
  Reason.TCP_STATE,
  Reason.TCP_SEQ_OVER,
  Reason.TCP_ACK_OVER,
  Reason.TCP_RST_SEQ,
  Reason.ICMP_UNSOLICITED,
  Reason.ICMP_QUOTE_UNKNOWN,
]);

/** From the table of docs/one-way.md: states that a half may be in, by the state that both say. */
const RELATION: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  readFileSync('docs/one-way.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| `[A-Z_]+` +\|/.test(line))
    .map((line) => {
      const [, both, half] = line.split('|');
      return [both.trim().slice(1, -1), new Set(half.match(/[A-Z][A-Z_]+/g))];
    }),
);

it('the relation is stated for every state but that of two SYNs', () => {
  assert.deepEqual([...RELATION.keys()], TCP_STATE_NAMES.slice(1, 9));
});

const isTracked = (report: OrderedReport): boolean => report.verdict <= Verdict.RELATED_REPLY;

/** What a packet may not be merely because the other half is missing. */
function checkVerdict(both: OrderedReport, half: OrderedReport): void {
  const words = `${Verdict[half.verdict]} ${reasonInfo(half.reason).name}, both: ${reasonInfo(both.reason).name}`;
  if (half.verdict === Verdict.INVALID) {
    assert.ok(!STATEFUL.has(half.reason), words);
    // Of an error that is wrong and about nothing known, the other fault is named.
    if (half.reason !== Reason.ICMP_QUOTE_DESTINATION) assert.equal(both.reason, half.reason, words);
    assert.equal(both.verdict, Verdict.INVALID, words);
  } else if (isTracked(both) && !isTracked(half)) {
    assert.equal(half.verdict, Verdict.UNTRACKED, words);
    assert.ok(half.reason === Reason.ONE_WAY_RESET || half.reason === Reason.ONE_WAY_ERROR, words);
  }
}

/** TCP connections that begin with a SYN and have no INVALID packet, with the state after their first packet of a half. */
function cleanConnections(run: Run): ReadonlySet<number> {
  const clean = new Set<number>();
  const seen = new Set<number>();
  for (const report of run.packets.values()) {
    const connection = reportConnection(report);
    if (connection === null || connection.protocolName !== 'tcp') continue;
    if (!seen.has(connection.id) && connection.state === 'SYN_SENT') clean.add(connection.id);
    seen.add(connection.id);
    if (report.reason !== Reason.NONE) clean.delete(connection.id);
  }
  return clean;
}

/** A connection in a half, after a packet, against both. */
function checkState(both: Connection, half: Connection): void {
  const states = `${both.state}, half: ${half.state}`;
  assert.ok(RELATION.get(both.state ?? '')?.has(half.state ?? ''), states);
  const isOpening = (c: Connection): boolean => c.state?.startsWith('SYN_') ?? false;
  if (isOpening(both) || isOpening(half)) return;
  assert.ok(
    half.timeoutS >= both.timeoutS - OPENING_S,
    `${states}: ${both.timeoutS} s, half: ${half.timeoutS} s`,
  );
  const isReset = both.state === 'CLOSE' || half.state === 'CLOSE';
  if (!isReset) assert.ok((half.status & ASSURED) >= (both.status & ASSURED), `${states}: not assured`);
}

interface Compared {
  packets: number;
  states: number;
  established: number;
}

/** Every packet of a half. `seen`: what the half's connections must say of themselves when their opening packet was seen. */
function compareHalf(both: Run, half: Run, seen: 'original' | 'reply', compared: Compared): void {
  const clean = cleanConnections(both);
  /** Of the clean ones, those whose opening packet of this half was seen. */
  const opened = new Set<number>();
  for (const [place, report] of half.packets) {
    const whole = both.packets.get(place);
    assert.ok(whole !== undefined);
    try {
      compared.packets++;
      checkVerdict(whole, report);
      const x = reportConnection(whole);
      const y = reportConnection(report);
      if (x === null || y === null || !clean.has(x.id)) continue;
      compared.states++;
      checkState(x, y);
      if (y.state === 'ESTABLISHED') compared.established++;
      const begins = y.startNs === y.lastNs && y.state === (seen === 'original' ? 'SYN_SENT' : 'SYN_RECV');
      if (begins) opened.add(y.id);
      if (!opened.has(y.id)) continue;
      assert.equal(y.halves, seen, 'halves');
      assert.deepEqual([y.original.src, y.original.sport], [x.original.src, x.original.sport], 'direction');
    } catch (error) {
      throw new Error(`${seen} half, packet ${place + 1}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** Packets of both halves with the option: the same states but for what is believed sooner. */
function compareBoth(full: Run, both: Run): void {
  const clean = cleanConnections(full);
  for (const [place, report] of both.packets) {
    const whole = full.packets.get(place);
    assert.ok(whole !== undefined);
    checkVerdict(whole, report);
    const x = reportConnection(whole);
    const y = reportConnection(report);
    if (x === null || y === null || !clean.has(x.id)) continue;
    const isSame = x.state === y.state || (x.state === 'SYN_RECV' && y.state === 'ESTABLISHED');
    assert.ok(isSame, `packet ${place + 1}: ${x.state}, with --one-way ${y.state}`);
    assert.equal(report.verdict, whole.verdict, `verdict of packet ${place + 1}`);
  }
}

function compareCapture(frames: readonly TimedFrame[], compared: Compared): [number[], number[]] {
  const places = placesOf(frames);
  const full = runFrames(frames, places, {});
  const both = runFrames(frames, places, { oneWay: true });
  compareBoth(full, both);
  const halves = halvesOf(frames, [full, both]);
  compareHalf(full, runFrames(frames, halves[0], { oneWay: true }), 'original', compared);
  compareHalf(full, runFrames(frames, halves[1], { oneWay: true }), 'reply', compared);
  return halves;
}

const capturesBelow = (folder: string): string[] =>
  filesBelow(folder).filter((file) => !file.endsWith('.tsv') && !file.startsWith('big'));

describe('the halves of a capture', () => {
  const folder = join(FIXTURES, 'captures');
  for (const file of capturesBelow(folder)) {
    it(file, async () => {
      const frames = await readFrames(join(folder, file), PACKETS_MAX);
      const halves = compareCapture(frames, { packets: 0, states: 0, established: 0 });
      for (const half of halves) {
        const one = runFrames(frames, half, { oneWay: true });
        for (const shards of [2, 4, 8]) {
          const many = runFrames(frames, half, { oneWay: true, shards });
          assert.deepEqual(reportTexts(many), reportTexts(one), `${shards} shards`);
          assert.deepEqual(many.lab.table(), one.lab.table(), `${shards} shards`);
        }
      }
    });
  }

  const shared = join(SHARED, 'captures');
  it('a larger collection', { skip: missing('captures') }, async (t) => {
    const compared: Compared = { packets: 0, states: 0, established: 0 };
    for (const file of capturesBelow(shared)) {
      const frames = await readFrames(join(shared, file), PACKETS_MAX);
      try {
        compareCapture(frames, compared);
      } catch (error) {
        throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
      }
    }
    t.diagnostic(JSON.stringify(compared));
    assert.ok(compared.packets > 100_000 && compared.states > 20_000 && compared.established > 20_000);
  });
});
