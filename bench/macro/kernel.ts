/**
 * The kernel as a peer: what conntrack adds to a packet that a router forwards, beside what flowshard costs at an interface, as
 * `flowshard contrast throughput` measures it (root). The kernel takes no capture, so that the packets are not those of the file.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { grouped } from '../../src/common/grouped.ts';
import { type Context, type Figure, scaled } from '../lib/figure.ts';

export const KERNEL_ADDED = 'kernel: what conntrack adds to a packet';
export const KERNEL_FORWARD = 'kernel: forwarding a packet, tracked';
export const INTERFACE_CPU = 'flowshard track -i: processor time of a packet';
export const KERNEL_BYTES = 'kernel: memory of a connection';

const MAX_MS = 180_000;

/** What is taken of its JSON. */
interface Measure {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function run(context: Context): Promise<Figure[]> {
  const connections = scaled(context, 100_000, 100_000, 1000);
  const packets = scaled(context, 1_000_000, 500_000, 10_000);
  const rounds = scaled(context, 1, 1, 1);
  context.say(`${grouped(connections)} connections`);
  const words = ['--connections', connections, '--packets', packets, '--rounds', rounds].map(String);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(context.root, 'dist', 'cli.js'), 'contrast', 'throughput', ...words, '--json', '--quiet'],
    { encoding: 'utf8', timeout: MAX_MS, maxBuffer: 1 << 26 },
  );
  if (status !== 0) {
    const [reason] = stderr.trim().split('\n');
    context.skip(`no comparison with the kernel: ${reason || `exit status ${status}`}`);
    return Promise.resolve([]);
  }
  const measures: Readonly<Record<string, Measure>> = JSON.parse(stdout).sizes[0].measures;
  const figureOf = (name: string, unit: string, { min, median, max }: Measure): Figure => ({
    name,
    unit,
    values: rounds === 1 ? [median] : [min, median, max],
    checksum: packets,
    at: { connections },
  });
  return Promise.resolve([
    figureOf(KERNEL_FORWARD, 'ns/packet', measures.conntrackNs),
    figureOf(KERNEL_ADDED, 'ns/packet', measures.conntrackAddedNs),
    figureOf(INTERFACE_CPU, 'ns/packet', measures.tapCpuNs),
    figureOf(KERNEL_BYTES, 'bytes', measures.kernelBytes),
  ]);
}
