/**
 * From the start of the process to its first packet, seen from outside: the command is started on a capture of one packet, and the
 * clock stops when the event of that packet comes out of it. So the printing is in it, too.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../src/common/clock.ts';
import { udpTraffic } from '../lib/blocks.ts';
import { type Context, type Figure, scaled } from '../lib/figure.ts';
import { pcapOf } from '../lib/pcap-of.ts';
import { ENVIRONMENT } from '../lib/process.ts';

export const STARTUP = 'start-up to first packet';

export async function run(context: Context): Promise<Figure[]> {
  const capture = join(context.folder, 'one.pcap');
  writeFileSync(capture, pcapOf(udpTraffic(1, context.seed), 1));
  const cli = join(context.root, 'dist', 'cli.js');
  const values: number[] = [];
  let lines = 0;
  for (let round = 0; round < scaled(context, 21, 11, 2); round++) {
    const startMs = monotonicMs();
    const child = spawn(process.execPath, [cli, 'track', '-r', capture, '--print', 'events', '--quiet'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: ENVIRONMENT,
    });
    const ended = once(child, 'close');
    const first = await Promise.race([once(child.stdout, 'data'), ended]);
    values.push((monotonicMs() - startMs) / 1000);
    if (/NEW/.test(String(first[0]))) lines++;
    await ended;
  }
  if (lines !== values.length) throw new Error('the command printed no event');
  // The first one reads the disk.
  return [{ name: STARTUP, unit: 's', values: values.length > 2 ? values.slice(1) : values, checksum: 1 }];
}
