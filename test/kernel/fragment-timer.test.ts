/** A fragment that comes after its time, while the kernel's timer for its datagram is late: a known difference. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { applySetting, createSettings } from '../../src/conntrack/settings.ts';
import type { CapturedPacket } from '../../src/kernel/compare/captures.ts';
import { CLASSES } from '../../src/kernel/compare/differences.ts';
import type { PacketSource } from '../../src/kernel/packet-source.ts';
import { sysctlOf } from '../../src/kernel/sysctls.ts';
import { runContrast } from '../../src/workers/contrast.ts';
import { LINK_RAW, udpPacket } from '../support/frames.ts';
import { kernelMissing } from './live.ts';

const DATAGRAMS = 40;
const SETTING = 'ipfrag_time=2';
const LIFE_MS = 2000;
/** Between the first fragments of two datagrams, and between the second ones: the timer's phase is not ours to choose. */
const STEP_MS = 8;
const IP_HEADER = 20;
const MORE_FRAGMENTS = 0x20;

/** The two halves of a UDP datagram of 40 bytes, as IPv4 fragments of their own. */
function halves(id: number): readonly [Uint8Array, Uint8Array] {
  const whole = udpPacket({ src: '10.0.0.1', dst: '10.0.0.2' }, { sport: 1000 + id, dport: 53, payload: 32 });
  const part = (from: number, to: number, flags: number): Uint8Array => {
    const bytes = Uint8Array.from([
      ...whole.subarray(0, IP_HEADER),
      ...whole.subarray(IP_HEADER + from, IP_HEADER + to),
    ]);
    bytes.set([0, bytes.length, 0, id, flags, from >> 3], 2);
    bytes.set([0, 0], 10);
    let sum = 0;
    for (let at = 0; at < IP_HEADER; at += 2) sum += (bytes[at] << 8) | bytes[at + 1];
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    bytes.set([(~sum >>> 8) & 0xff, ~sum & 0xff], 10);
    return bytes;
  };
  return [part(0, 16, MORE_FRAGMENTS), part(16, 40, 0)];
}

/** Gives each packet when it is due, and the kernel has it at once. */
function pacedSource(due: readonly (readonly [ms: number, data: Uint8Array])[]): PacketSource {
  const startMs = performance.now();
  let n = 0;
  return {
    async next() {
      const packet = due[n];
      if (packet === undefined) return [];
      const [ms, data] = packet;
      const left = startMs + ms - performance.now();
      if (left > 0) await sleep(left);
      n++;
      const made: CapturedPacket = { n, linkType: LINK_RAW, wireLength: data.length, data };
      return [made];
    },
    progress: () => n / due.length,
    errors: () => [],
    close: async () => {},
  };
}

it('is told apart from other differences', { skip: await kernelMissing() }, async (t) => {
  const made = Array.from({ length: DATAGRAMS }, (_, id) => halves(id));
  const due = [
    ...made.map(([first], i) => [i * STEP_MS, first] as const),
    ...made.map(([, second], i) => [LIFE_MS + 16 + i * STEP_MS, second] as const),
  ];
  const settings = createSettings();
  applySetting(settings, SETTING);
  const result = await runContrast({
    source: pacedSource(due),
    settings,
    sysctls: [sysctlOf(SETTING)],
    helpers: [],
    ignoreChecksums: false,
    write: null,
  });
  const { excused, unexplained } = result.judgement;
  result.close();
  const names = new Map<string, number>();
  for (const { className } of excused) names.set(className, (names.get(className) ?? 0) + 1);
  t.diagnostic(JSON.stringify([...names]));
  assert.deepEqual(unexplained, []);
  assert.deepEqual(
    [...names.keys()],
    CLASSES.filter((c) => c.shownBy === 'timing').map((c) => c.name),
  );
});
