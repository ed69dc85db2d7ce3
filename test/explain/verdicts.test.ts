/**
 * A story must not say anything else than the tracker does: over all captures of the fixtures, each
 * packet has in its story the verdict and the reason that a trace of the whole capture has, and what
 * is said about windows and timeouts is arithmetic that holds.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TCP_STATES, TcpState } from '../../src/conntrack/protocols/tcp-table.ts';
import { ReportMode } from '../../src/conntrack/reporter.ts';
import { createSettings, Setting } from '../../src/conntrack/settings.ts';
import { findPacket, findTuple, isLone } from '../../src/explain/find.ts';
import type { PacketRecord, WindowRecord } from '../../src/explain/story.ts';
import { openCapture } from '../../src/ingest/open-capture.ts';
import { tracedRows } from '../conformance/run-trace.ts';
import { EVERY, fixtureCaptures, packetsOf, recordsOf, searchOptions } from './stories.ts';

/** Connections told per capture, oldest first; a story is a run of its own. */
const CONNECTIONS_MAX = 150;

const settings = createSettings();

/** By how much the value misses the limit, modulo 2^32. */
function missedBy(w: WindowRecord): number {
  const isUpper = w.bound === 'seq-over' || w.bound === 'seq-beyond' || w.bound === 'ack-over';
  return isUpper ? (w.value - w.limit) | 0 : (w.limit - w.value) | 0;
}

/** What each bound is made of. */
function limitOf(w: WindowRecord): number {
  switch (w.bound) {
    case 'ack-over':
      return w.receiverEnd;
    case 'seq-under':
      return (w.senderEnd - w.receiverMaxWindow) >>> 0;
    case 'ack-under':
      return (w.receiverEnd - Math.max(66000, w.senderMaxWindow)) >>> 0;
    default:
      return w.senderMaxEnd;
  }
}

function checkWindow(p: PacketRecord): void {
  const w = p.window;
  if (w === null) {
    assert.ok(p.reason !== 'tcp-seq-over' && p.reason !== 'tcp-ack-over', `packet ${p.n}: no numbers`);
    return;
  }
  assert.equal(w.by, missedBy(w), `packet ${p.n}`);
  assert.ok(w.by > 0, `packet ${p.n}: ${w.by} outside`);
  assert.equal(w.limit, limitOf(w), `packet ${p.n}`);
  if (w.forgiven) assert.notEqual(p.verdict, 'INVALID');
  else if (w.bound === 'seq-over' || w.bound === 'ack-over') assert.equal(p.reason, `tcp-${w.bound}`);
  else assert.equal(p.effect, 'ignored');
  const over = (w.end - w.senderMaxEnd + 1) >>> 0;
  if (w.bound === 'seq-beyond') assert.ok(over <= w.receiverMaxWindow, `packet ${p.n}`);
}

/** A timeout is that of the state, or there are words why not. */
function checkTimeout(p: PacketRecord): void {
  if (p.timeoutS === null || p.stateAfter === null || p.tcp === null) return;
  const state = TcpState[p.stateAfter as keyof typeof TcpState];
  assert.ok(state < TCP_STATES);
  const isOfState = p.timeoutS * 1000 === settings[state];
  assert.equal(p.timeoutBecause === null, isOfState, `packet ${p.n}: ${p.timeoutS} s in ${p.stateAfter}`);
  const setting = {
    RST: Setting.TCP_CLOSE,
    'unacknowledged data': Setting.TCP_UNACK,
    unanswered: Setting.TCP_UNACK,
  }[p.timeoutBecause ?? ''];
  if (setting !== undefined) assert.equal(p.timeoutS * 1000, settings[setting]);
}

async function checkCapture(file: string): Promise<void> {
  const rows = await tracedRows(await openCapture(file), 0, ReportMode.PACKETS, { shards: 2 });
  const byNumber = new Map(rows.map((row) => [row.n, row]));
  const options = searchOptions(file);
  const { candidates } = await findTuple(options, EVERY);
  const told = new Map<number, PacketRecord>();
  for (const found of candidates.slice(0, CONNECTIONS_MAX)) {
    const packets = packetsOf(await recordsOf(file, found));
    assert.ok(packets.length >= found.packets, 'a packet of the connection is missing in its story');
    for (const p of packets) {
      const row = byNumber.get(p.n);
      assert.ok(row !== undefined);
      const verdict = row.ct === 'SKIP' ? null : row.ct;
      assert.deepEqual([p.verdict, p.reason], [verdict, row.why], `packet ${p.n}`);
      assert.equal(p.why.length > 0 || p.reason === null, true, `packet ${p.n}: nothing is said`);
      checkWindow(p);
      checkTimeout(p);
      told.set(p.n, p);
    }
  }
  if (candidates.length > CONNECTIONS_MAX) return;
  // What is in no story has one of its own, with the same reason.
  const others = rows.filter(({ n }) => !told.has(n));
  for (const row of others.slice(0, 20)) {
    const { found } = await findPacket(options, row.n);
    assert.ok(found !== null && isLone(found), `packet ${row.n} belongs to a connection, but is not told of`);
    assert.equal(found.reason, row.why, `packet ${row.n}`);
  }
}

describe('stories say what the tracker says', () => {
  for (const file of fixtureCaptures())
    it(file.replace('test/fixtures/captures/', ''), () => checkCapture(file));
});
