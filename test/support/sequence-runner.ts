/** Runs sequences through the laboratory, one test for each and each IP version. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Connection, StatusBit } from '../../src/export/connection.ts';
import { Hot } from '../../src/shm/offsets.generated.ts';
import { createLab, type Seen } from './lab.ts';
import { messageOf } from './random.ts';
import type { Expectation, Family, Sequence, Step } from './script.ts';

/** What is known of a connection from the steps before. */
interface Known {
  readonly flags: string;
  readonly replied: boolean;
  readonly state: string | null;
  readonly packets: readonly [number, number];
  readonly bytes: readonly [number, number];
}

export function flagsOf(connection: Connection): 'U' | 'R' | 'A' {
  if ((connection.status & StatusBit.ASSURED) !== 0) return 'A';
  return (connection.status & StatusBit.SEEN_REPLY) !== 0 ? 'R' : 'U';
}

function knownOf(connection: Connection): Known {
  const { original, reply } = connection;
  return {
    flags: flagsOf(connection),
    replied: (connection.status & StatusBit.SEEN_REPLY) !== 0,
    state: connection.state,
    packets: [original.packets ?? 0, reply.packets ?? 0],
    bytes: [original.bytes ?? 0, reply.bytes ?? 0],
  };
}

const isRelated = (verdict: string): boolean => verdict.startsWith('RELATED');

/** Counters that must follow from those before: one packet more, unless it was refused or ignored. */
function checkCounters(known: Known | null, now: Known, expect: Expectation, bytes: number): void {
  const before = known ?? { packets: [0, 0], bytes: [0, 0] };
  const isCounted = expect.verdict !== 'INVALID' && !expect.ignored && !isRelated(expect.verdict);
  const dir = expect.verdict === 'ESTABLISHED_REPLY' ? 1 : 0;
  for (const side of [0, 1]) {
    const grows = isCounted && side === dir;
    assert.equal(now.packets[side], before.packets[side] + (grows ? 1 : 0), `packets of direction ${side}`);
    assert.equal(now.bytes[side], before.bytes[side] + (grows ? bytes : 0), `bytes of direction ${side}`);
  }
  if (expect.packets !== null) assert.deepEqual(now.packets, expect.packets, 'packets');
}

/** Events that must follow from the change since the step before. */
function eventsBetween(known: Known | null, now: Known, expect: Expectation): string[] {
  if (expect.verdict === 'INVALID' || isRelated(expect.verdict)) return [];
  if (known === null) return now.state === null ? ['NEW'] : ['NEW', 'PROTOINFO'];
  const events: string[] = [];
  if (!known.replied && now.replied) events.push('REPLY');
  if (known.flags !== 'A' && now.flags === 'A') events.push('ASSURED');
  if (known.state !== now.state) events.push('PROTOINFO');
  return events;
}

function checkConnection(connection: Connection, remainingMs: number, expect: Expectation): void {
  assert.equal(connection.state, expect.state, 'state');
  assert.equal(flagsOf(connection), expect.flags, 'flags');
  if (expect.halves !== null) assert.equal(connection.halves, expect.halves, 'halves');
  assert.equal(remainingMs / 1000, expect.timerS, 'remaining seconds');
}

const END_BY_MARKER = { EXPIRED: 'timeout', REOPEN: 'reopened', RESET: 'reset' } as const;

function checkEnds(seen: Seen, expect: Expectation, frame: Uint8Array, known: Map<number, Known>): void {
  const expected = expect.marker === null ? [] : [END_BY_MARKER[expect.marker]];
  assert.deepEqual(
    seen.ends.map((end) => end.reason),
    expected,
    'ends',
  );
  for (const { connection, remainingMs, number } of seen.ends) {
    const before = known.get(connection.id);
    assert.ok(before !== undefined, 'the end of a connection that was never seen');
    known.delete(connection.id);
    if (expect.marker === 'RESET') {
      checkConnection(connection, remainingMs, expect);
      checkCounters(before, knownOf(connection), expect, frame.length);
    } else {
      assert.deepEqual(knownOf(connection), before, 'the connection at its end');
    }
    assert.equal(number, expect.marker === 'EXPIRED' ? number : seen.number, 'packet of the end');
  }
}

function checkStep(seen: Seen, step: Step, frame: Uint8Array, known: Map<number, Known>): void {
  const { expect } = step;
  assert.equal(seen.verdict, expect.verdict, 'verdict');
  assert.equal(seen.reason, expect.reason ?? 'none', 'reason');
  assert.equal(seen.ignored, expect.ignored, 'ignored');
  checkEnds(seen, expect, frame, known);
  if (expect.none || expect.marker === 'RESET') {
    assert.equal(seen.connection, null, 'connection');
    assert.deepEqual(seen.events, [], 'events');
    return;
  }
  const { connection, words } = seen;
  assert.ok(connection !== null && words !== null, 'the packet has no connection');
  checkConnection(connection, seen.remainingMs, expect);
  const before = known.get(connection.id) ?? null;
  // With --one-way an answer may be the first packet of a connection.
  const mayOpen =
    expect.verdict === 'NEW' || (expect.verdict === 'ESTABLISHED_REPLY' && expect.halves === 'reply');
  assert.equal(before === null, mayOpen && seen.events.includes('NEW'), 'a new connection');
  const now = knownOf(connection);
  checkCounters(before, now, expect, frame.length);
  assert.deepEqual(seen.events, expect.events ?? eventsBetween(before, now, expect), 'events');
  for (const [name, value] of expect.words)
    assert.equal(words.hot[words.h + Hot[name as keyof typeof Hot]] >>> 0, value, name);
  known.set(connection.id, now);
}

export function runSequence(sequence: Sequence, family: Family): void {
  const lab = createLab({ set: sequence.set, oneWay: sequence.oneWay, selfCheck: true, maxEntries: 16 });
  const known = new Map<number, Known>();
  let atMs = 0;
  sequence.steps.forEach((step, i) => {
    atMs += step.afterMs;
    const frame = step.frame(family);
    const seen = lab.send(frame, atMs);
    try {
      checkStep(seen, step, frame, known);
    } catch (error) {
      const found = JSON.stringify({ ...seen, words: undefined }, (_, value) =>
        typeof value === 'bigint' ? `${value}` : value,
      );
      throw new Error(`step ${i + 1}, ${step.text}\n  ${messageOf(error)}\n  found ${found}`, {
        cause: error,
      });
    }
  });
  lab.finish();
  lab.check();
}

export function testSequences(title: string, sequences: readonly Sequence[]): void {
  describe(title, () => {
    for (const sequence of sequences) {
      for (const family of sequence.families) {
        const todo = sequence.todo === null ? {} : { todo: sequence.todo };
        it(`${sequence.name} (${family})`, todo, () => runSequence(sequence, family));
      }
    }
  });
}
