/**
 * npm run bench: how fast a capture becomes a table, beside tcpdump where it is installed.
 *
 * Everything is measured alternately within one run, because absolute figures drift on shared
 * machines: quote the ratios. One JSON line per figure goes to bench/results/.
 *
 *   npm run bench                      4,000,000 packets of 200,000 connections, five rounds
 *   npm run bench -- --packets 100000 --connections 5000 --rounds 1
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { generateCapture } from './generate.ts';
import { isInstalled, runProcess } from './process.ts';
import { runStage, type StageName } from './stages.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const cli = join(root, 'dist', 'cli.js');
const STAGES: readonly StageName[] = ['read', 'ingest', 'ingest-no-checksums', 'track'];

interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly values: number[];
  readonly checksum: number;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function commitOf(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

const { values: flags } = parseArgs({
  options: {
    packets: { type: 'string', default: '4000000' },
    connections: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    shards: { type: 'string', default: '1' },
    results: { type: 'string', default: join(root, 'bench', 'results') },
  },
});
const packets = Number(flags.packets);
const connections = Number(flags.connections);
const rounds = Number(flags.rounds);
const seed = Number(flags.seed);

const folder = mkdtempSync(join(tmpdir(), 'flowshard-bench-'));
const capture = join(folder, 'tcp.pcap');
try {
  console.log(
    `machine: ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}, commit ${commitOf()}`,
  );
  const bytes = generateCapture({ path: capture, packets, connections, seed });
  console.log(
    `capture: ${packets} TCP packets, ${connections} connections, ${(bytes / 1e6).toFixed(0)} MB, seed ${seed}\n`,
  );
  const figures = await measure();
  print(figures);
  record(figures);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(): Promise<Figure[]> {
  const wall: Figure = { name: 'flowshard track, file to table', unit: 's', values: [], checksum: 0 };
  const memory: Figure = { name: 'flowshard track, resident memory', unit: 'MB', values: [], checksum: 0 };
  const peer: Figure = { name: 'tcpdump -w /dev/null', unit: 's', values: [], checksum: 0 };
  const hasTcpdump = await isInstalled('tcpdump');
  let tracked = 0;
  for (let round = 0; round < rounds; round++) {
    const args = [
      cli,
      'track',
      '-r',
      capture,
      '--print',
      'none',
      '--quiet',
      '--stats',
      '--json',
      '--shards',
      flags.shards,
    ];
    const ours = await runProcess(process.execPath, args);
    tracked = Number(JSON.parse(ours.stdout).tracked);
    if (tracked !== packets) throw new Error(`bench: ${tracked} of ${packets} packets were tracked`);
    wall.values.push(ours.wallMs / 1000);
    memory.values.push(ours.residentMaxBytes / 1e6);
    if (hasTcpdump) {
      const theirs = await runProcess('tcpdump', ['-r', capture, '-w', '/dev/null']);
      peer.values.push(theirs.wallMs / 1000);
    }
  }
  const figures: Figure[] = [{ ...wall, checksum: tracked }, memory];
  if (hasTcpdump) figures.push(peer);
  for (const stage of STAGES) {
    const values: number[] = [];
    let checksum = 0;
    for (let round = 0; round < rounds; round++) {
      const result = await runStage(stage, capture);
      values.push(result.nsPerPacket);
      checksum = result.checksum;
    }
    figures.push({ name: `stage ${stage}`, unit: 'ns/packet', values, checksum });
  }
  return figures;
}

function print(figures: readonly Figure[]): void {
  console.log('figure                               min      median   max      unit');
  for (const f of figures) {
    const cells = [Math.min(...f.values), median(f.values), Math.max(...f.values)];
    console.log(`${f.name.padEnd(36)} ${cells.map((v) => v.toFixed(3).padEnd(8)).join(' ')} ${f.unit}`);
  }
  const ours = median(figures[0].values);
  console.log(
    `\n${(packets / ours / 1e6).toFixed(2)} million packets per second from file to table, start-up included`,
  );
  const peer = figures.find((f) => f.name.startsWith('tcpdump'));
  if (peer === undefined) console.log('tcpdump is not installed: no comparison');
  else
    console.log(
      `${(median(peer.values) / ours).toFixed(2)} times the speed of tcpdump copying the same file to /dev/null`,
    );
}

function record(figures: readonly Figure[]): void {
  mkdirSync(flags.results, { recursive: true });
  const common = {
    commit: commitOf(),
    machine: cpus()[0]?.model,
    node: process.versions.node,
    seed,
    packets,
    connections,
  };
  for (const f of figures) {
    const line = {
      ...common,
      name: f.name,
      unit: f.unit,
      n: f.values.length,
      min: Math.min(...f.values),
      median: median(f.values),
      max: Math.max(...f.values),
      checksum: f.checksum,
    };
    appendFileSync(join(flags.results, 'track.jsonl'), `${JSON.stringify(line)}\n`);
  }
}
