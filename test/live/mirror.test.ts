/**
 * Programs talk through a router whose kernel tracks them; a mirror port gives us what it sees. Our table, expectations
 * and events are the kernel's, entry by entry.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { linesOf } from '../cli/cli.ts';
import { closeNamespaces, enterNamespaces, isInstalled, run } from '../support/namespaces.ts';
import { makeRouted, type Routed, TAP_DEVICE } from '../support/routed.ts';
import { until } from '../support/until.ts';
import { type KernelView, openKernelView, type Timed, timedOf } from './kernel-view.ts';
import { startTracker, type TrackerProcess } from './tracker-process.ts';
import { startTraffic, type Traffic } from './traffic.ts';

const skip = enterNamespaces(['tc', 'nft', 'ping', 'sysctl']);
const noConntrack = skip || (!isInstalled('conntrack') && 'needs conntrack(8)');
/** So short that it ends while the test looks on. */
const ICMP_TIMEOUT_S = 2;
/** Each side rounds the seconds that are left in its own way, and is asked at its own moment. */
const SECONDS_APART = 1;
const TUPLE = /src=\S+ dst=\S+ (?:sport=\d+ dport=\d+|type=\d+ code=\d+ id=\d+)/;
/** Connections of which the kernel told late. */
const RACES_MAX = 4;

let routed: Routed;
let kernel: KernelView;
let tracker: TrackerProcess;
let traffic: Traffic | undefined;

const sorted = (lines: readonly string[]): Timed[] =>
  lines.map(timedOf).sort((a, b) => (a.rest < b.rest ? -1 : a.rest > b.rest ? 1 : 0));
const rests = (lines: readonly string[]): string[] => sorted(lines).map(({ rest }) => rest);

function assertSeconds(ours: readonly Timed[], theirs: readonly Timed[]): void {
  for (const [i, { rest, seconds }] of ours.entries()) {
    const other = theirs[i].seconds;
    assert.equal(seconds === null, other === null, rest);
    assert.ok(Math.abs((seconds ?? 0) - (other ?? 0)) <= SECONDS_APART, `${seconds} and ${other} s: ${rest}`);
  }
}

/** The same lines on both sides, in any order, with nearly the same seconds. */
function assertAlike(ours: readonly string[], theirs: readonly string[]): void {
  assert.deepEqual(rests(ours), rests(theirs));
  assertSeconds(sorted(ours), sorted(theirs));
}

/** What has passed the router is on its way to us: asks until both say the same, or says how they differ in the end. */
async function settled(ours: () => Promise<string[]>, theirs: () => string[]): Promise<void> {
  let difference: unknown = null;
  try {
    await until(async () => {
      const before = theirs();
      const own = await ours();
      // What moves while we look is not to be compared.
      if (rests(before).join() !== rests(theirs()).join()) return false;
      try {
        assertAlike(own, before);
        return true;
      } catch (error) {
        difference = error;
        return false;
      }
    }, 'alike');
  } catch (late) {
    throw difference ?? late;
  }
}

/** Events of each connection. The kernel tells of an end when it cleans up, which may be a minute later. */
function byConnection(lines: readonly string[]): Map<string, Timed[]> {
  const found = new Map<string, Timed[]>();
  for (const line of lines.filter((each) => !each.trim().startsWith('[DESTROY]'))) {
    const tuple = TUPLE.exec(line)?.[0] ?? line;
    found.set(tuple, [...(found.get(tuple) ?? []), timedOf(line)]);
  }
  return found;
}

/**
 * The kernel writes an event when it tells it. Meanwhile another processor may have moved the connection on with the next packet: then
 * it tells the later state, perhaps twice, or both at once. So: ours in their order, some of them left out, the last one not.
 */
function assertToldLate(own: readonly Timed[], events: readonly Timed[]): void {
  assert.ok(events.length <= own.length);
  let at = 0;
  for (const { rest } of events) {
    while (at < own.length && own[at].rest !== rest) at++;
    assert.ok(at < own.length, `${rest}\nis not among\n${own.map((each) => each.rest).join('\n')}`);
  }
  assert.equal(at, own.length - 1);
}

const ourTable = async (): Promise<string[]> => linesOf(await tracker.get('/v1/connections?format=text'));
const kernelTable = (): string[] => kernel.table();

describe('a mirror port', { skip }, () => {
  before(async () => {
    routed = makeRouted();
    run(`sysctl -qw net.netfilter.nf_conntrack_icmp_timeout=${ICMP_TIMEOUT_S}`);
    kernel = openKernelView();
    tracker = await startTracker(routed.tap, TAP_DEVICE, [
      ...['--print', 'events', '-q', '--shards', '3', '--set', `icmp_timeout=${ICMP_TIMEOUT_S}`],
    ]);
  });
  after(async () => {
    kernel?.close();
    await traffic?.close();
    await closeNamespaces();
    tracker?.close();
  });

  for (const isPlain of [true, false])
    it(`the table is the kernel's, after each kind of traffic${isPlain ? ' of small programs' : ''}`, async (t) => {
      await traffic?.close();
      traffic = await startTraffic(routed, isPlain);
      t.diagnostic(traffic.used.join(', '));
      for (const kind of ['web', 'names', 'nobody', 'files', 'pings'] as const) {
        traffic[kind]();
        await settled(ourTable, kernelTable);
      }
      assert.ok(kernelTable().length >= 10);
    });

  it('a session that goes on: its helper, its state, how often it is held', async () => {
    await traffic?.holdSession();
    await settled(ourTable, kernelTable);
    assert.ok(kernelTable().some((line) => /ESTABLISHED .*dport=21 .*helper=ftp use=2$/.test(line)));
  });

  it('the table is that of conntrack -L', { skip: noConntrack }, async () => {
    await settled(ourTable, () => linesOf(run('conntrack -L')));
  });

  it('what is expected', { skip: noConntrack }, async () => {
    const ours = async (): Promise<string[]> => linesOf(await tracker.get('/v1/expectations?format=text'));
    await settled(ours, () => linesOf(run('conntrack -L expect')));
    assert.equal((await ours()).length, 1);
  });

  it('while nothing is said, connections end as they do in the kernel', async () => {
    const pings = (lines: readonly string[]): number =>
      lines.filter((line) => line.startsWith('icmp ')).length;
    traffic?.pings();
    await settled(ourTable, kernelTable);
    assert.ok(pings(kernelTable()) >= 1);
    await until(() => pings(kernelTable()) === 0, 'the echo has ended');
    await settled(ourTable, kernelTable);
  });

  it('the kernel beside us is that of our namespace, which has nothing to track', async () => {
    const { flowshard, kernel: beside } = JSON.parse(await tracker.get('/v1/contrast'));
    assert.ok(Math.abs(flowshard.entries - (await ourTable()).length) <= 1);
    assert.equal(beside.entries, 0);
    assert.ok(beside.entriesMax > 0);
  });

  it('events: of each connection the same ones in the same order', async (t) => {
    const theirs = byConnection(kernel.events());
    assert.ok(theirs.size >= 12);
    await until(() => byConnection(tracker.printed()).size >= theirs.size, 'as many events');
    const ours = byConnection(tracker.printed());
    assert.deepEqual([...ours.keys()].sort(), [...theirs.keys()].sort());
    let races = 0;
    for (const [tuple, events] of theirs) {
      const own = ours.get(tuple) ?? [];
      const isSame = own.map(({ rest }) => rest).join() === events.map(({ rest }) => rest).join();
      if (isSame) {
        assertSeconds(own, events);
        continue;
      }
      t.diagnostic(`told late: ${tuple}`);
      races++;
      assertToldLate(own, events);
    }
    assert.ok(races <= RACES_MAX, `${races} of ${theirs.size}`);
  });
});
