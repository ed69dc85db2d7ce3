/**
 * From a capture file to the table, start-up included, as a user runs it: beside argus, softflowd, nfpcapd and tcpdump on the same
 * file, in turn and in the same run. Programs that are not installed are left out, with a word about it.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { grouped } from '../../src/common/grouped.ts';
import { generateCapture } from '../generate.ts';
import { type Context, type Figure, scaled } from '../lib/figure.ts';
import { isInstalled, runProcess } from '../lib/process.ts';

export const FILE = 'capture file to table';
export const FILE_MEMORY = 'capture file to table, resident memory';
export const PEERS = ['argus', 'softflowd', 'nfpcapd', 'tcpdump'] as const;
export const peerName = (peer: string): string => `${FILE}: ${peer}`;

/** The arguments with which a program reads the file and keeps, or writes, what it found. */
function argumentsOf(
  peer: (typeof PEERS)[number],
  capture: string,
  context: Context,
  connections: number,
): string[] {
  if (peer === 'argus') return ['-r', capture, '-w', '/dev/null'];
  if (peer === 'tcpdump') return ['-r', capture, '-w', '/dev/null'];
  if (peer === 'softflowd') {
    const pidFile = join(context.folder, 'softflowd.pid');
    return ['-r', capture, '-m', String(connections * 2), '-p', pidFile, '-c', 'none'];
  }
  const folder = join(context.folder, 'nfpcapd');
  mkdirSync(folder, { recursive: true });
  return ['-r', capture, '-w', folder];
}

export async function run(context: Context): Promise<Figure[]> {
  const packets = scaled(context, 4_000_000, 1_000_000, 4000);
  const connections = packets / 20;
  const rounds = scaled(context, 3, 2, 1);
  const capture = join(context.folder, 'tcp.pcap');
  context.say(`making a capture of ${grouped(packets)} TCP packets`);
  generateCapture({ path: capture, packets, connections, seed: context.seed });
  const peers: (typeof PEERS)[number][] = [];
  for (const peer of context.hasPeers ? PEERS : []) {
    if (isInstalled(peer)) peers.push(peer);
    else context.skip(`${peer} is not installed: no comparison with it`);
  }
  const found = new Map<string, number[]>();
  const keep = (name: string, value: number): unknown => found.set(name, [...(found.get(name) ?? []), value]);
  for (let round = 1; round <= rounds; round++) {
    // Twice in a round: it is quick, and what is divided by should be sure.
    for (let again = 0; again < 2; again++) {
      context.say(`round ${round} of ${rounds}: flowshard`);
      const ours = await track(context, capture, packets);
      keep(FILE, ours.wallMs / 1000);
      keep(FILE_MEMORY, ours.residentMaxBytes / 1e6);
    }
    for (const peer of peers) {
      context.say(`round ${round} of ${rounds}: ${peer}`);
      const theirs = await runProcess(peer, argumentsOf(peer, capture, context, connections));
      keep(peerName(peer), theirs.wallMs / 1000);
    }
  }
  return [...found].map(([name, values]) => ({
    name,
    unit: name === FILE_MEMORY ? 'MB' : 's',
    values,
    checksum: packets,
    at: { packets, connections },
  }));
}

/** Errors: when a packet was not tracked. */
async function track(context: Context, capture: string, packets: number) {
  const cli = join(context.root, 'dist', 'cli.js');
  const args = ['track', '-r', capture, '--print', 'none', '--quiet', '--stats', '--json', '--shards', '1'];
  const result = await runProcess(process.execPath, [cli, ...args]);
  const tracked = Number(JSON.parse(result.stdout).tracked);
  if (tracked !== packets) throw new Error(`${tracked} of ${packets} packets were tracked`);
  return result;
}
