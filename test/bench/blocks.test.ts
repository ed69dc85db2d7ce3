/** The prepared traffic of the benchmarks is what it says, seen by the tracker itself. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  mixedTraffic,
  newTraffic,
  type Traffic,
  tcpTraffic,
  udpTraffic,
  withLaps,
} from '../../bench/lib/blocks.ts';
import { createInThread, sourceOf } from '../../bench/lib/in-thread.ts';
import { pcapOf } from '../../bench/lib/pcap-of.ts';
import { Last, Status } from '../../src/shm/bits.ts';
import { Counter } from '../../src/shm/counters.ts';
import { Hot } from '../../src/shm/offsets.generated.ts';
import { readBytes } from '../ingest/capture-files.ts';

function track(traffic: Traffic, laps: number) {
  const thread = createInThread({ maxEntries: 4096 });
  const source = sourceOf(withLaps(traffic, laps));
  while (thread.ingest(source) > 0) thread.track();
  const { counters, hot } = thread.segment;
  const packets = traffic.prologue + laps * traffic.loop;
  assert.equal(thread.counters[Counter.PACKETS], packets);
  assert.equal(counters[Counter.TRACKED], packets, 'every packet belongs to a connection');
  assert.equal(counters[Counter.IGNORED], 0, 'and none is without effect');
  thread.tracker.selfCheck();
  return { thread, counters, hot };
}

describe('prepared traffic', () => {
  test('established TCP stays established, assured and free of retransmissions in every lap', () => {
    const { counters, hot } = track(tcpTraffic(300, 5), 7);
    assert.equal(counters[Counter.CREATED], 300);
    assert.equal(counters[Counter.ENDED_TIMEOUT], 0);
    for (let entry = 1; entry <= 300; entry++) {
      const h = entry * Hot.WORDS;
      assert.notEqual(hot[h + Hot.STATUS] & Status.ASSURED, 0);
      assert.equal((hot[h + Hot.LAST] >>> Last.RETRANS_SHIFT) & 0xff, 0);
    }
  });

  test('UDP with answers makes no connection twice', () => {
    const { counters } = track(udpTraffic(300, 5), 7);
    assert.equal(counters[Counter.CREATED], 300);
    assert.equal(counters[Counter.ENDED_TIMEOUT], 0);
  });

  test('new connections are new in every lap, and as many are alive as was asked for', () => {
    const { counters, thread } = track(newTraffic(1000), 5);
    assert.equal(counters[Counter.CREATED], 5 * 1250);
    thread.tracker.expireDue();
    const alive = thread.tracker.count();
    assert.ok(alive > 985 && alive < 1015, `${alive} alive`);
  });

  test('mixed traffic keeps about as many alive as was asked for, and makes new ones all the time', () => {
    const { counters, thread } = track(mixedTraffic(1000, 5), 5);
    thread.tracker.expireDue();
    const alive = thread.tracker.count();
    assert.ok(alive > 950 && alive < 1050, `${alive} alive`);
    const fresh = counters[Counter.CREATED] - 850;
    assert.ok(fresh > 2700 && fresh < 3500, `${fresh} new`);
  });

  test('the same seed gives the same bytes, another one others', () => {
    const of = (seed: number): Int32Array => tcpTraffic(50, seed).block.words;
    assert.deepEqual(of(1), of(1));
    assert.notDeepEqual(of(1), of(2));
  });

  test('becomes a capture file', async () => {
    const { packets, error } = await readBytes(pcapOf(tcpTraffic(5, 1), 9));
    assert.equal(error, null);
    assert.equal(packets.length, 9);
    assert.deepEqual(new Set(packets.map(({ data }) => data.length)), new Set([54]));
  });
});
