/** The comparison itself: it must see what it is there for. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { compareTraces } from '../../src/kernel/compare/compare.ts';
import { CLASSES, classify, sameBut } from '../../src/kernel/compare/differences.ts';
import { judge } from '../../src/kernel/compare/judge.ts';
import {
  addTimeoutCounts,
  type TimeoutCounts,
  tooManyTicks,
} from '../../src/kernel/compare/timeout-counts.ts';
import type { TraceRow } from '../../src/kernel/compare/trace.ts';

const UDP = 'src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1';
const NEW = `[NEW] udp      17 30 ${UDP} id=1`;
const TAB = `ipv4     2 udp      17 30 ${UDP} mark=0 zone=0 use=2`;

const row = (fields: Partial<TraceRow>): TraceRow => ({
  n: 1,
  t: 0n,
  ct: 'NEW',
  why: null,
  ev: [NEW],
  tab: [TAB],
  ...fields,
});

function kinds(kernel: TraceRow[], ours: TraceRow[]): string[] {
  return compareTraces(kernel, ours, sameBut).differences.map((d) => d.kind);
}

it('equal traces have no differences; ids are not compared', () => {
  assert.deepEqual(kinds([row({})], [row({ ev: [NEW.replace('id=1', 'id=2')] })]), []);
});

it('a verdict, an event, an end or a line of the table that differs is found', () => {
  assert.deepEqual(kinds([row({})], [row({ ct: 'INVALID' })]), ['verdict']);
  assert.deepEqual(kinds([row({})], [row({ ct: null })]), ['verdict']);
  assert.deepEqual(kinds([row({ ct: null })], [row({ ct: 'SKIP' })]), []);
  assert.deepEqual(kinds([row({})], []), ['verdict', 'event']);
  assert.deepEqual(kinds([row({})], [row({ ev: [] })]), ['event']);
  assert.deepEqual(kinds([row({})], [row({ ev: [NEW, NEW] })]), ['event']);
  assert.deepEqual(kinds([row({})], [row({ ev: [NEW.replace('17 30', '17 31')] })]), ['event']);
  assert.deepEqual(kinds([row({})], [row({ tab: [] })]), ['table']);
  assert.deepEqual(kinds([row({})], [row({ tab: [TAB.replace('17 30', '17 27')] })]), ['table']);
  assert.deepEqual(kinds([row({})], [row({ tab: [TAB.replace('17 30', '17 28')] })]), []);
  const end = `[DESTROY] udp      17 ${UDP} packets=1`;
  assert.deepEqual(kinds([row({ ev: [NEW, end] })], [row({})]), ['end']);
  assert.deepEqual(kinds([row({})], [row({ ev: [NEW, end] })]), []);
});

it('an event excuses a tick of the clock, and no more', () => {
  const context = {
    facts: () => null,
    kernel: () => undefined,
    ours: () => undefined,
    fragmentSeconds: { 4: 30, 6: 60 },
    packetsRead: 1,
  };
  const judge = (kernel: string, ours: string) => {
    const { differences } = compareTraces(
      [row({ ev: [kernel], tab: null })],
      [row({ ev: [ours], tab: null })],
      sameBut,
    );
    return classify(differences, context).excused.map((e) => e.className);
  };
  const with29 = NEW.replace('17 30', '17 29');
  assert.deepEqual(judge(with29, NEW), ['timer-tick']);
  assert.deepEqual(judge(NEW, with29), []);
  assert.deepEqual(judge(NEW.replace('17 30', '17 28'), NEW), []);
  assert.deepEqual(judge(with29.replace('sport=1', 'sport=3'), NEW), []);
});

describe('how often a tick is excused', () => {
  /** Traces of one event each, `wrong` of which differ by a second. */
  function tooMany(lines: number, wrong: number, kernel: string, ours: string): string[] {
    const all: TimeoutCounts = new Map();
    for (let i = 0; i < lines; i++) {
      const [there, here] = [row({ ev: [i < wrong ? kernel : ours] }), row({ ev: [ours] })];
      addTimeoutCounts(all, judge([there], [here], () => null, 1).timeouts);
    }
    return tooManyTicks(all);
  }
  const new29 = NEW.replace('17 30', '17 29');
  const end = `[DESTROY] tcp      6 119 CLOSE ${UDP} packets=1`;
  const end120 = end.replace('119', '120');

  it('one always may be, of many some, never all', () => {
    assert.deepEqual(tooMany(1, 1, new29, NEW), []);
    assert.deepEqual(tooMany(1000, 11, new29, NEW), []);
    assert.deepEqual(tooMany(1000, 12, new29, NEW), [
      "NEW or UPDATE udp 30: 12 of 1000 lines differ from the kernel's by a second",
    ]);
    assert.equal(tooMany(2, 2, new29, NEW).length, 1);
  });

  it('of ends more', () => {
    assert.deepEqual(tooMany(100, 26, end120, end), []);
    assert.equal(tooMany(100, 27, end120, end).length, 1);
  });
});

it('docs/differences.md has each class and no other, apart for decisions and for work to do', () => {
  const page = readFileSync('docs/differences.md', 'utf8');
  const [kept, later] = page.split('## Not built yet');
  const headings = (text: string): string[] => [...text.matchAll(/^### `(.*)`$/gm)].map((m) => m[1]).sort();
  const names = (isLater: boolean): string[] =>
    CLASSES.filter((c) => c.later === isLater)
      .map((c) => c.name)
      .sort();
  assert.deepEqual(headings(kept), names(false));
  assert.deepEqual(headings(later), names(true));
});
