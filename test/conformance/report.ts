/** What a set of comparisons found, in words for the diagnostics of a test. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { CLASSES, type DifferenceClass } from '../../src/kernel/compare/differences.ts';
import { describe, type TraceResult } from '../../src/kernel/compare/judge.ts';
import {
  addTimeoutCounts,
  type TimeoutCounts,
  tooManyTicks,
} from '../../src/kernel/compare/timeout-counts.ts';

/** Differences that are named one by one in a failure. */
const SHOWN = 10;

export interface Tally {
  packets: number;
  passed: number;
  /** Differences by class; a consequence counts for the class that began it. */
  readonly byClass: Map<string, number>;
  readonly unexplained: string[];
  readonly timeouts: TimeoutCounts;
}

export const createTally = (): Tally => ({
  packets: 0,
  passed: 0,
  byClass: new Map(),
  unexplained: [],
  timeouts: new Map(),
});

export function addResult(tally: Tally, result: TraceResult): void {
  tally.packets += result.packets;
  tally.passed += result.passed;
  for (const { className } of result.excused)
    tally.byClass.set(className, (tally.byClass.get(className) ?? 0) + 1);
  addTimeoutCounts(tally.timeouts, result.timeouts);
  for (const difference of result.unexplained)
    tally.unexplained.push(`${result.name}: ${describe(difference)}`);
}

function sumOf(tally: Tally, later: boolean): string {
  const parts = CLASSES.filter((c) => c.later === later && tally.byClass.has(c.name));
  if (parts.length === 0) return 'none';
  return parts.map((c) => `${c.name} ${tally.byClass.get(c.name)}`).join(', ');
}

export function diagnose(t: TestContext, tally: Tally): void {
  t.diagnostic(`${tally.packets} packets, ${tally.passed} comparisons equal`);
  t.diagnostic(`kept differences (docs/differences.md): ${sumOf(tally, false)}`);
  t.diagnostic(`left out until built: ${sumOf(tally, true)}`);
}

/** Nothing differs but what a class allows, and no class allows more than it is there for. */
export function assertExplained(tally: Tally): void {
  assert.equal(tally.unexplained.length, 0, unexplained(tally));
  assert.deepEqual(
    tooManyTicks(tally.timeouts),
    [],
    'a timeout is wrong by a second; no clock ticks so often',
  );
}

function unexplained(tally: Tally): string {
  const shown = tally.unexplained.slice(0, SHOWN).join('\n');
  return `${tally.unexplained.length} differences from the kernel that no class allows:\n${shown}`;
}

/** Names of the classes that should have turned up and did not. */
export function unusedClasses(tally: Tally, shownBy: DifferenceClass['shownBy']): string[] {
  const unused = CLASSES.filter((c) => c.shownBy === shownBy && !tally.byClass.has(c.name));
  return unused.map((c) => c.name);
}
