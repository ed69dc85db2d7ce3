/** What must be reached, held against what was measured: a row for each goal, from figures alone. */
import type { StoredFigure } from './lib/figure.ts';
import { establishedName, limitName } from './macro/established.ts';
import { EXPIRY_LAG, LATENCY_DUE, LATENCY_QUIET, LATENCY_RATIO } from './macro/expiry.ts';
import { FILE, peerName } from './macro/file.ts';
import { FRESH, FRESH_GROWTH, FRESH_STEADY } from './macro/fresh.ts';
import { COLLECTIONS, GARBAGE } from './macro/garbage.ts';
import { GEN_FILE } from './macro/gen.ts';
import { hugeName } from './macro/huge.ts';
import { INGEST, INGEST_UNCHECKED } from './macro/ingest.ts';
import { insertName } from './macro/insert.ts';
import { MEMORY } from './macro/memory.ts';
import { STARTUP } from './macro/startup.ts';

export interface GoalRow {
  readonly what: string;
  readonly goal: string;
  /** null: not measured, be it that a program is missing or that only some benchmarks ran. */
  readonly measured: string | null;
  readonly isMet: boolean | null;
}

/** Medians by the name of their figure. */
export type Medians = (name: string) => number | null;

export function mediansOf(figures: readonly StoredFigure[]): Medians {
  const byName = new Map(figures.map((figure) => [figure.name, figure.median]));
  return (name) => byName.get(name) ?? null;
}

const MILLION = 1_000_000;
const perSecond = (ns: number): string => `${(1000 / ns).toFixed(1)} million/s`;
const times = (ratio: number): string => `${ratio.toFixed(2)} times`;

/** A row whose measured value is computed from figures; null among those: not measured. */
function row(
  what: string,
  goal: string,
  values: readonly (number | null)[],
  judge: (...values: number[]) => readonly [measured: string, isMet: boolean],
): GoalRow {
  const known = values.flatMap((value) => (value === null ? [] : [value]));
  if (known.length < values.length) return { what, goal, measured: null, isMet: null };
  const [measured, isMet] = judge(...known);
  return { what, goal, measured, isMet };
}

/** A rate that must be reached. */
const rate = (what: string, millions: number, ns: number | null, unit = 'packets'): GoalRow =>
  row(what, `${millions} million ${unit}/s`, [ns], (value) => [
    `${perSecond(value)} (${value.toFixed(1)} ns)`,
    1000 / value >= millions,
  ]);

export function goalRows(m: Medians): GoalRow[] {
  const [argus, softflowd] = [m(peerName('argus')), m(peerName('softflowd'))];
  const faster = argus === null ? softflowd : softflowd === null ? argus : Math.min(argus, softflowd);
  return [
    row(
      'capture file to table, by the faster of argus and softflowd',
      'at least 8 times as fast',
      [m(FILE), faster],
      (ours, theirs) => [
        `${times(theirs / ours)} (${ours.toFixed(2)} s, ${theirs.toFixed(2)} s)`,
        theirs / ours >= 8,
      ],
    ),
    row(
      'capture file to table, by tcpdump -w /dev/null',
      'at least 0.7 times as fast',
      [m(FILE), m(peerName('tcpdump'))],
      (ours, theirs) => [
        `${times(theirs / ours)} (${ours.toFixed(2)} s, ${theirs.toFixed(2)} s)`,
        theirs / ours >= 0.7,
      ],
    ),
    rate('established TCP, 1,000,000 resident, one shard', 12, m(establishedName(MILLION))),
    row(
      'the same, by the same work in C with prefetch',
      'at most 2.7 times the time',
      [m(establishedName(MILLION)), m(limitName(MILLION))],
      (ours, limit) => [
        `${times(ours / limit)} (${ours.toFixed(1)} ns, ${limit.toFixed(1)} ns)`,
        ours / limit <= 2.7,
      ],
    ),
    rate('established TCP, 10,000 resident', 20, m(establishedName(10_000))),
    row(
      'established UDP, 16,000,000 resident, by 1,000,000',
      'at least half the rate',
      [m(hugeName(16 * MILLION)), m(hugeName(MILLION))],
      (huge, million) => [
        `${times(million / huge)} (${perSecond(huge)}, ${perSecond(million)})`,
        million / huge >= 0.5,
      ],
    ),
    rate('new connections with events, one shard', 3, m(FRESH), 'connections'),
    row(
      'their rate after a minute, by that at its start',
      'at least 0.9 times',
      [m(FRESH_STEADY)],
      (steady) => [times(steady), steady >= 0.9],
    ),
    row('growth of memory in that minute', 'none (at most 10 MB)', [m(FRESH_GROWTH)], (mb) => [
      `${mb.toFixed(1)} MB`,
      mb <= 10,
    ]),
    row(
      'a new connection at 80 % load, by one at 10 %',
      'at most 1.1 times the time',
      [m(insertName(0.8)), m(insertName(0.1))],
      (full, empty) => [
        `${times(full / empty)} (${full.toFixed(0)} ns, ${empty.toFixed(0)} ns)`,
        full / empty <= 1.1,
      ],
    ),
    row('memory per connection at greatest load, all in', 'at most 192 bytes', [m(MEMORY)], (bytes) => [
      `${bytes.toFixed(1)} bytes`,
      bytes <= 192,
    ]),
    row(
      'ingest alone: decode, hash, descriptor',
      '25 million packets/s',
      [m(INGEST_UNCHECKED), m(INGEST)],
      (plain, verified) => [
        `${perSecond(plain)} (${plain.toFixed(1)} ns); with checksums verified ${perSecond(verified)}`,
        1000 / plain >= 25,
      ],
    ),
    row('start-up to first packet', 'at most 0.15 s', [m(STARTUP)], (s) => [`${s.toFixed(3)} s`, s <= 0.15]),
    row(
      'garbage per packet',
      'none (below 1 byte: no object is that small)',
      [m(GARBAGE), m(COLLECTIONS)],
      (bytes, collections) => [
        `${bytes.toFixed(3)} bytes (${collections.toFixed(0)} collections in 10^8 packets)`,
        bytes < 1,
      ],
    ),
    row('expiry lag, 1,000,000 due in one second', '99.9 % within 100 ms', [m(EXPIRY_LAG)], (ms) => [
      `${ms.toFixed(1)} ms`,
      ms <= 100,
    ]),
    row(
      'packet latency p99.9 meanwhile, by before',
      'at most 2 times',
      [m(LATENCY_RATIO), m(LATENCY_DUE), m(LATENCY_QUIET)],
      (ratio, due, quiet) => [`${times(ratio)} (${due.toFixed(0)} us, ${quiet.toFixed(0)} us)`, ratio <= 2],
    ),
    rate('synthetic traffic to a file, small packets', 2, m(GEN_FILE)),
  ];
}
