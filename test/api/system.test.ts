/** Counters, owners, settings, metrics, health, and the kernel beside it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ConfigForm, ContrastForm, ErrorForm, OwnersForm, StatsForm } from '../../src/api/forms.ts';
import { Setting } from '../../src/conntrack/settings.ts';
import { latencyOf } from '../../src/control/latency.ts';
import { createSampler } from '../../src/control/sampler.ts';
import type { HostConntrack } from '../../src/kernel/host-conntrack.ts';
import { Counter } from '../../src/shm/counters.ts';
import { HISTOGRAM_WORDS, record } from '../../src/shm/histogram.ts';
import { startServer, type TestServer } from '../support/api-server.ts';

let server: TestServer;
let reason: string | null = null;
let kernelPackets = 0;

const kernel = (): HostConntrack => ({
  loaded: true,
  source: 'proc',
  counters: {
    found: 0,
    invalid: 0,
    insert: 0,
    insertFailed: 0,
    drop: 0,
    earlyDrop: 0,
    error: 0,
    searchRestart: 0,
    clashResolve: 0,
    chainTooLong: 0,
  },
  entries: 7,
  max: 100,
  buckets: 64,
  ipPackets: kernelPackets,
  connectionBytes: 256,
  connectionsInSlab: 7,
});

describe('what is told of the tracker', () => {
  before(async () => {
    server = await startServer({ notReady: () => reason, readKernel: kernel });
    server.control.counters[Counter.PACKETS] = 10;
    server.control.counters[Counter.BYTES] = 1000;
  });
  after(async () => {
    await server.close();
    assert.deepEqual(server.bugs, []);
  });
  const get = async <T>(path: string): Promise<T> => (await server.ask(path)).json() as T;
  const patch = (body: unknown) => server.ask('/v1/config', { method: 'PATCH', body });

  test('counters', async () => {
    const stats = await get<StatsForm>('/v1/stats');
    assert.deepEqual([stats.record, stats.packets, stats.bytes, stats.version], ['stats', 10, 1000, '1.2.3']);
    assert.match(stats.instance, /^[0-9a-f]{8}$/);
    assert.equal((await get<OwnersForm>('/v1/shards')).shards.length, 2);
  });

  test('settings change together or not at all', async () => {
    const { settings } = server.control;
    const before = Int32Array.from(settings);
    const wrong: readonly (readonly [unknown, string])[] = [
      [{ tcp_loose: 0, tcp_be_liberal: 2 }, 'invalid_value'],
      [{ tcp_loose: 0, no_such_thing: 1 }, 'invalid_value'],
      [{ tcp_loose: 0, checksum: 0 }, 'invalid_value'],
      [{ udp_timeout: -1 }, 'invalid_value'],
      [{ udp_timeout: 1e9 }, 'invalid_value'],
      [{ udp_timeout: 1.5 }, 'invalid_request'],
      [{ udp_timeout: '10' }, 'invalid_request'],
      [{ 'tcp_loose=0,acct': 0 }, 'invalid_value'],
      [{}, 'invalid_request'],
    ];
    for (const [body, code] of wrong) {
      const answer = await patch(body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.equal((answer.json() as ErrorForm).error.code, code, answer.text);
      assert.deepEqual(settings, before);
    }
    const config = (await patch({ tcp_loose: 0, nf_conntrack_udp_timeout: 12 })).json() as ConfigForm;
    assert.equal(settings[Setting.TCP_LOOSE], 0);
    assert.equal(settings[Setting.UDP], 12_000);
    assert.deepEqual(config.settings.udp_timeout, {
      value: 12,
      default: 30,
      unit: 'seconds',
      min: 0,
      max: 2147483,
      changeable: true,
    });
    assert.equal(config.settings.checksum.changeable, false);
    assert.deepEqual(config.run, { interfaces: ['test0'], shards: 2 });
    assert.equal((await patch({ checksum: 1 })).status, 200, 'what it is already is no change');
  });

  test('readiness is not health', async () => {
    reason = 'the interface is down';
    const ready = await server.ask('/readyz');
    assert.equal(ready.status, 503);
    assert.deepEqual(ready.json(), { status: 'not ready', reason });
    assert.equal((await server.ask('/healthz')).status, 200);
    reason = null;
    assert.equal((await server.ask('/readyz')).status, 200);
  });

  test('metrics keep the conventions, and their values are those of the counters', async () => {
    server.control.add({
      family: 'ipv4',
      protocol: 17,
      src: '10.0.0.1',
      dst: '10.0.0.2',
      sport: 1,
      dport: 2,
      timeoutS: 9,
    });
    const { text, headers } = await server.ask('/metrics');
    assert.match(headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/);
    const values = new Map<string, number>();
    const types = new Map<string, string>();
    for (const line of text.trimEnd().split('\n')) {
      const type = /^# TYPE (\S+) (\S+)$/.exec(line);
      if (type !== null) types.set(type[1], type[2]);
      const value = /^([a-z_]+(?:\{[^}]*\})?) (\S+)$/.exec(line);
      assert.ok(line === '' || line.startsWith('#') || value !== null, line);
      if (value !== null) values.set(value[1], Number(value[2]));
    }
    for (const [name, type] of types) {
      assert.match(name, /^(flowshard|process)_[a-z_]+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      assert.ok(text.includes(`# HELP ${name} `), name);
      assert.doesNotMatch(name, /_(ms|ns|kb|count)$/);
    }
    assert.ok(types.size > 25);
    assert.equal(values.get('flowshard_bytes_total'), 1000);
    assert.equal(values.get('flowshard_connections{owner="1",kind="shard"}'), 1);
    assert.equal(values.get('flowshard_latency_seconds{owner="0",kind="shard",quantile="0.99"}'), 0.000002);
    assert.ok((values.get('process_open_fds') ?? 0) > 0 && (values.get('process_max_fds') ?? 0) > 0);
    // Read again, not added up.
    assert.equal(/^flowshard_bytes_total (\d+)$/m.exec((await server.ask('/metrics')).text)?.[1], '1000');
  });

  test('metrics of interfaces are there where interfaces are', async () => {
    const lines = async (): Promise<string[]> => {
      const { text } = await server.ask('/metrics');
      assert.match(text, /^flowshard_build_info\{.*\} 1$/m);
      assert.match(text, /\n$/);
      return text.split('\n').filter((line) => line.includes('interface'));
    };
    assert.deepEqual(await lines(), []);
    const { counters } = server.control;
    counters[Counter.LIVE_SOCKETS] = 1;
    counters[Counter.KERNEL_PACKETS] = 9;
    counters[Counter.KERNEL_DROPS] = 2;
    assert.deepEqual(
      (await lines()).filter((line) => !line.startsWith('#')),
      [
        'flowshard_interface_packets_total{outcome="received"} 7',
        'flowshard_interface_packets_total{outcome="dropped"} 2',
        'flowshard_interface_ring_full_total 0',
        'flowshard_interface_lost_total 0',
      ],
    );
    counters[Counter.LIVE_SOCKETS] = 0;
    assert.deepEqual(await lines(), []);
  });

  test('rates beside the kernel', async () => {
    await get<ContrastForm>('/v1/contrast');
    server.control.counters[Counter.PACKETS] += 5000;
    kernelPackets += 3000;
    await new Promise((resolve) => setTimeout(resolve, 600));
    const { flowshard, kernel: side, intervalS, notes } = await get<ContrastForm>('/v1/contrast');
    assert.ok(Math.abs((flowshard.packetsPerS ?? 0) * intervalS - 5000) < 1, JSON.stringify(flowshard));
    assert.ok(side !== 'not loaded');
    assert.ok(Math.abs((side.packetsPerS ?? 0) * intervalS - 3000) < 1);
    assert.deepEqual(
      [side.entries, side.entriesMax, side.bytesPerConnection, side.newPerS],
      [7, 100, 256, null],
    );
    assert.ok((flowshard.packetCostNs ?? 0) > 0 && notes.length > 0);
  });
});

describe('percentiles of a latency', () => {
  test('are in order, none above the greatest that was seen', () => {
    for (let value = 1; value < 2 ** 31; value = Math.ceil(value * 1.07)) {
      const buckets = new Int32Array(HISTOGRAM_WORDS);
      record(buckets, 1);
      for (let i = 0; i < 99; i++) record(buckets, value);
      const latency = latencyOf(buckets);
      assert.ok(latency !== null && latency.count === 100);
      const { min, p50, p90, p99, p999, max } = latency;
      const inOrder = [min, p50, p90, p99, p999, max];
      assert.deepEqual(
        inOrder,
        [...inOrder].sort((a, b) => a - b),
        `${value}`,
      );
    }
    assert.equal(latencyOf(new Int32Array(HISTOGRAM_WORDS)), null);
  });
});

describe('a sampler', () => {
  test('reads no more often than it must, and never divides by nothing', async () => {
    let now = 0;
    let reads = 0;
    const sampler = createSampler({ read: () => ++reads, nowMs: () => now, intervalMs: 20 });
    const waiting = Promise.all(Array.from({ length: 50 }, () => sampler.pair()));
    assert.equal(reads, 1);
    now = 20;
    const pairs = await waiting;
    assert.equal(reads, 2);
    for (const pair of pairs) assert.deepEqual(pair, { before: 1, after: 2, seconds: 0.02 });
    now = 1000;
    const later = sampler.pair();
    now = 1020;
    // What is too long ago says nothing about now.
    assert.deepEqual(await later, { before: 3, after: 4, seconds: 0.02 });
  });
});
