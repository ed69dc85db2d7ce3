/** Our own recorder of the kernel against one that was written apart from it, with other tools. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventLine, parseOutput } from '../../src/export/text.ts';
import { type CapturedPacket, readCapture } from '../../src/kernel/compare/captures.ts';
import { compareWith, describe } from '../../src/kernel/compare/judge.ts';
import { createStamper } from '../../src/kernel/compare/stamp.ts';
import type { TraceRow } from '../../src/kernel/compare/trace.ts';
import { createFuzzSource, FUZZ_KINDS } from '../../src/kernel/fuzz/source.ts';
import { verdictText } from '../../src/kernel/linux/kernel-tracker.ts';
import { ipPart } from '../../src/kernel/packet-source.ts';
import { eventsOf } from '../../src/kernel/replay.ts';
import { startKernelRun } from '../../src/workers/kernel-run.ts';
import { askKernel, kernelMissing as oracleMissing } from '../conformance/live/kernel.ts';
import { FIXTURES } from '../conformance/places.ts';
import { kernelMissing } from './live.ts';

/** Nothing ends by itself while the two are asked one after the other, each at a pace of its own. */
const LONG: readonly (readonly [name: string, seconds: string])[] = [
  'tcp_timeout_close',
  'sctp_timeout_closed',
  'sctp_timeout_cookie_wait',
  'sctp_timeout_cookie_echoed',
  'sctp_timeout_shutdown_sent',
  'sctp_timeout_shutdown_recd',
  'sctp_timeout_shutdown_ack_sent',
].map((name) => [`net.netfilter.nf_conntrack_${name}`, '300'] as const);

const skip = (await kernelMissing()) || oracleMissing();

/** Packet by packet, each as long after the first one as the times say: timeouts are to be the same. */
async function record(packets: readonly CapturedPacket[], times: readonly bigint[]): Promise<TraceRow[]> {
  const run = await startKernelRun({ sysctls: LONG, helpers: [] });
  try {
    const rows: TraceRow[] = [];
    const startMs = performance.now();
    for (const [i, packet] of packets.entries()) {
      const dueMs = startMs + Number(times[i] - times[0]) / 1e6;
      if (performance.now() < dueMs) await sleep(dueMs - performance.now());
      const bytes = ipPart(packet).slice();
      const result = await run.batch({ bytes, ends: Uint32Array.of(bytes.length) });
      rows.push({
        n: packet.n,
        t: result.times[0],
        ct: verdictText(result.verdicts[0]),
        why: null,
        ev: [...eventsOf(result)].map(({ event }) => eventLine(event, parseOutput('id'))),
        tab: null,
      });
    }
    return rows;
  } finally {
    await run.close();
  }
}

/** The classes of differences are needed for the clock only: a timeout is printed a moment later there. */
async function compareRecorders(packets: readonly CapturedPacket[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-oracle-'));
  try {
    const { bytes } = createStamper()(packets.map((packet) => ({ packet, t: BigInt(packet.n) })));
    const sysctls = LONG.flatMap(([name, value]) => ['--sysctl', `${name}=${value}`]);
    const oracle = askKernel(Buffer.from(bytes), folder, 0, sysctls);
    const times = oracle.map(({ t }) => t);
    const own = await record(packets, times);
    const { unexplained, counts } = compareWith('recorders', oracle, own, packets, null);
    assert.deepEqual(unexplained.map(describe), []);
    assert.equal(counts.verdicts.compared, packets.length);
    assert.ok(counts.events.equal > 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const CAPTURES = ['icmp/zeek__smtp.pcap', 'tcp/zeek__reassembly.pcap', 'link/zeek__linux_dlt_sll2.pcap'];

for (const name of CAPTURES)
  it(`${name}: both recorders say the same`, { skip }, async () => {
    const file = join(FIXTURES, 'captures', name);
    assert.ok(readFileSync(file).length > 0);
    const { packets } = await readCapture(file);
    await compareRecorders(packets);
  });

it('generated traffic: both recorders say the same', { skip }, async () => {
  const source = createFuzzSource({ packets: 700, seed: 11, mix: FUZZ_KINDS });
  await compareRecorders(await source.next(700));
});
