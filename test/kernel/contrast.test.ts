/** `flowshard contrast verdicts` against the kernel that runs here. */

import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { contrastJson, contrastLines, isAlike } from '../../src/cli/contrast-report.ts';
import { grouped } from '../../src/common/grouped.ts';
import { createSettings } from '../../src/conntrack/settings.ts';
import { createFuzzSource } from '../../src/kernel/fuzz/source.ts';
import { captureSource } from '../../src/kernel/packet-source.ts';
import { type ContrastResult, runContrast } from '../../src/workers/contrast.ts';
import { flowshard, linesOf, MIXED, MIXED_PACKETS, mixedBytes, start, tempFile } from '../cli/cli.ts';
import { IS_SOAK } from '../support/random.ts';
import { kernelMissing } from './live.ts';

const skip = await kernelMissing();
/** Seeds and packets of a normal run: about twenty seconds. */
const SEEDS = IS_SOAK ? 10 : 4;
const PACKETS = IS_SOAK ? 1_000_000 : 60_000;
/** Of verdicts and of events. */
const EQUAL_SHARE = 0.9999;

const verdicts = (...args: readonly string[]) => flowshard(['contrast', 'verdicts', ...args]);

describe('generated traffic', { skip }, () => {
  for (let seed = 1; seed <= SEEDS; seed++)
    it(`seed ${seed}: ${PACKETS} packets`, async (t) => {
      const { status, stdout } = await verdicts('--fuzz', String(PACKETS), '--seed', String(seed), '--json');
      const result = JSON.parse(stdout);
      t.diagnostic(JSON.stringify({ ...result, causes: undefined }));
      assert.deepEqual(result.causes, []);
      assert.equal(result.unexplained, 0);
      assert.deepEqual(result.wrongTimeouts, []);
      assert.equal(status, 0);
      assert.equal(result.packets, PACKETS);
      assert.ok(result.counts.events.compared > PACKETS / 20);
      const known = Object.values<number>(result.known).reduce((sum, n) => sum + n, 0);
      const { verdicts: v, events } = result.counts;
      assert.ok(v.equal + events.equal + known >= (v.compared + events.compared) * EQUAL_SHARE, stdout);
    });
});

describe('captures', { skip }, () => {
  it('a capture: verdicts, events and table', async () => {
    const { status, stdout, stderr } = await verdicts('-r', MIXED);
    assert.equal(stderr, '');
    assert.equal(status, 0, stdout);
    const lines = linesOf(stdout);
    assert.match(lines[0], new RegExp(`^${grouped(MIXED_PACKETS)} packets, through Linux `));
    assert.match(stdout, /^ {2}verdicts +4,709 packets +4,709 equal {2}100\.0000 %$/m);
    assert.equal(lines.at(-1), 'unexplained: none');
  });

  it('with --write the packets are kept, with the times of the kernel', async () => {
    const file = tempFile('kept.pcapng', new Uint8Array(0));
    assert.equal((await verdicts('-r', MIXED, '--write', file, '-q')).status, 0);
    const trace = await flowshard(['track', '-r', file, '--print', 'trace', '-q']);
    const rows = linesOf(trace.stdout).map((line) => JSON.parse(line));
    assert.equal(rows.length, MIXED_PACKETS);
    assert.ok(Date.now() - Number(rows[0].t) / 1e6 < 60_000);
    assert.equal((await verdicts('-r', file, '-q')).stdout, '');
  });

  it('a damaged capture is compared up to the damage; the exit status is 1', async () => {
    const cut = tempFile('cut.pcap', mixedBytes.subarray(0, 100_000));
    const { status, stdout, stderr } = await verdicts('-r', cut);
    assert.equal(status, 1);
    assert.match(stderr, /cut\.pcap: at byte \d+: expected/);
    assert.match(stdout, /^unexplained: none$/m);
  });
});

describe('differences', { skip }, () => {
  const run = (settings: Int32Array, sysctls: [string, string][]): Promise<ContrastResult> =>
    runContrast({
      source: createFuzzSource({ packets: 4000, seed: 1, mix: ['tcp', 'udp'] }),
      settings,
      sysctls,
      helpers: [],
      ignoreChecksums: false,
      write: null,
    });

  it('settings that are not the same on both sides are seen in verdicts, events and the table', async () => {
    const result = await run(createSettings(), [
      ['net.netfilter.nf_conntrack_tcp_loose', '0'],
      ['net.netfilter.nf_conntrack_udp_timeout', '77'],
    ]);
    const kinds = new Set(result.judgement.unexplained.map((d) => d.kind));
    result.close();
    for (const kind of ['event', 'table', 'verdict'] as const) assert.ok(kinds.has(kind), kind);
  });

  it('--set is for both sides', async () => {
    const { status, stdout } = await verdicts(
      ...['--fuzz', '20000', '--mix', 'tcp,udp', '--set', 'tcp_loose=0', '--set', 'udp_timeout=77'],
      ...['--set', 'tcp_be_liberal=1', '--set', 'tcp_timeout_close=1'],
    );
    assert.equal(status, 0, stdout);
    assert.equal((await verdicts('--fuzz', '20000', '--set', 'checksum=0', '-q')).stdout, '');
  });

  it('a timeout that is wrong by the second that a tick of the clock may explain is wrong too often', async () => {
    const result = await run(createSettings(), [['net.netfilter.nf_conntrack_udp_timeout', '29']]);
    const wanted = { differences: 1, file: null, explainOptions: '', seed: null };
    const text = contrastLines(result, wanted).join('\n');
    const { wrongTimeouts } = contrastJson(result, wanted);
    result.close();
    assert.deepEqual(result.judgement.unexplained, []);
    assert.equal(isAlike(result), false);
    assert.match(
      text,
      /^timeouts that differ by a second more often .*:\n {2}NEW or UPDATE udp 30: \d+ of \d+ lines/m,
    );
    assert.match(String(wrongTimeouts), /^NEW or UPDATE udp 30: /);
  });

  it('packets and events come with their line, both sides and a command', async () => {
    const source = await captureSource([MIXED]);
    const settings = createSettings();
    const result = await runContrast({
      source,
      settings,
      sysctls: [['net.netfilter.nf_conntrack_udp_timeout', '77']],
      helpers: [],
      ignoreChecksums: false,
      write: null,
    });
    const wanted = { differences: 1, file: 'x.pcap', explainOptions: ' --set a=1', seed: null };
    const text = contrastLines(result, wanted).join('\n');
    assert.match(text, /^ {2}\d+ x event, udp \[NEW\]: timeout 77 and 30/m);
    assert.match(text, /^ {4}packet \d+: \S+:\d+ > \S+:\d+ UDP len \d+$/m);
    assert.match(text, /^ {6}kernel {2}\[NEW\] udp 17 77 .*\n {6}ours {4}\[NEW\] udp 17 30 /m);
    assert.match(text, /^ {6}flowshard explain x\.pcap --packet \d+ --set a=1$/m);
    const json = JSON.parse(JSON.stringify(contrastJson(result, wanted)));
    result.close();
    assert.equal(json.causes[0].differences.length, 1);
    assert.match(json.causes[0].differences[0].explain, /^flowshard explain x\.pcap --packet \d+ --set a=1$/);
  });
});

describe('the end', { skip }, () => {
  const namespaces = (pid: number): Set<string> =>
    new Set(readdirSync(`/proc/${pid}/task`).map((task) => readlinkSync(`/proc/${pid}/task/${task}/ns/net`)));

  it('one thread has a namespace of its own; Ctrl-C ends the run with what was compared', async () => {
    const { child, ended } = start(['contrast', 'verdicts', '--fuzz', '100000000']);
    const { pid } = child;
    assert.ok(pid !== undefined);
    for (let tries = 0; namespaces(pid).size < 2; tries++) {
      assert.ok(tries < 200, 'no thread left the namespace');
      await sleep(20);
    }
    await sleep(500);
    child.kill('SIGINT');
    const { status, stdout } = await ended;
    assert.equal(status, 130);
    assert.match(stdout, /^unexplained: none$/m);
  });
});
