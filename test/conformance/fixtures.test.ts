/** The project's own captures against the kernel's recorded traces. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { compareWith } from '../../src/kernel/compare/judge.ts';
import { parseTrace, readTrace } from '../../src/kernel/compare/trace.ts';
import { checkTrace, stampedCapture } from './check-trace.ts';
import { FIXTURES, filesBelow, type GoldenTrace, goldenTraces } from './places.ts';
import { addResult, assertExplained, createTally, diagnose } from './report.ts';

const CAPTURES = join(FIXTURES, 'captures');
const goldens = goldenTraces(join(FIXTURES, 'traces'), CAPTURES);

it('every fixture gives the verdicts, events and tables of the kernel', async (t) => {
  assert.ok(goldens.length >= 50, 'traces of the fixtures are missing');
  const tally = createTally();
  for (const golden of goldens) addResult(tally, await checkTrace(golden));
  diagnose(t, tally);
  assertExplained(tally);
});

/** One of each kind: the others go through the same code in one thread above. */
const BY_COMMAND = [
  'bad/sv__decode-too-small-test.pcap',
  'flood/malcolm__backscatter.pcap',
  'fmt/gopacket__test202-045e5b.pcapng.nocsum',
  'icmp/zeek__smtp.pcap',
  'l2/mercury__pppoe_double_vlan_tagging.pcap',
  'link/zeek__linux_dlt_sll2.pcap',
  'mix/mercury__emix.pcap',
  'tcp/arkime__tcp_handshake_synthetic.pcap',
];

function runCommand(golden: GoldenTrace, capture: string): string {
  const checksums = golden.ignoresChecksums ? ['--checksum', 'ignore'] : [];
  const args = ['track', '-r', capture, '--print', 'trace', '--trace-table', '24', '-q', ...checksums];
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli.js', ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  return stdout;
}

it('the command prints the same', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-conformance-'));
  try {
    const tally = createTally();
    for (const name of BY_COMMAND) {
      const golden = goldens.find((g) => g.name === name);
      assert.ok(golden !== undefined, `no fixture ${name}`);
      const kernel = readTrace(golden.trace);
      const { bytes, packets, error } = await stampedCapture(golden, kernel);
      const capture = join(folder, 'stamped');
      writeFileSync(capture, bytes);
      const ours = parseTrace(runCommand(golden, capture));
      assert.equal(ours.length, kernel.length, name);
      addResult(tally, compareWith(name, kernel, ours, packets, error));
    }
    diagnose(t, tally);
    assertExplained(tally);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('every capture among the fixtures names its source and licence', () => {
  const sources = readFileSync(join(CAPTURES, 'SOURCES.tsv'), 'utf8').trimEnd().split('\n').slice(1);
  const rows = sources.map((line) => line.split('\t'));
  for (const row of rows) assert.match(row[3], /^(BSD-3|MIT|Apache-2\.0|Unlicense)$/, row[0]);
  const named = rows.map((row) => row[0]).sort();
  assert.deepEqual(
    named,
    filesBelow(CAPTURES).filter((file) => file !== 'SOURCES.tsv'),
  );
});
