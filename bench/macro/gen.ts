/** Synthetic traffic: what a packet costs to make, and to write into a file, all in one thread. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../src/common/clock.ts';
import { IMIX, type SizeShare, trafficOptions } from '../../src/traffic/options.ts';
import { createChunk, fillChunk, SNAPLEN_WHOLE, writePcapHeader } from '../../src/traffic/pcap-chunk.ts';
import { Made } from '../../src/traffic/stage.ts';
import { createTraffic } from '../../src/traffic/traffic.ts';
import { type Context, type Figure, scaled } from '../lib/figure.ts';

export const GEN = 'generated, small packets';
export const GEN_FILE = 'generated to a file, small packets';
export const GEN_FILE_IMIX = 'generated to a file, the usual mixture of sizes';

const SMALL: readonly SizeShare[] = [{ min: 64, max: 64, weight: 1 }];
const CHUNK_BYTES = 1 << 20;

/** ns for a packet, and the bytes that were made; nothing is written where `path` is null. */
function generate(packets: number, seed: number, sizes: readonly SizeShare[], path: string | null) {
  const chunk = createChunk(CHUNK_BYTES);
  const traffic = createTraffic(trafficOptions({ packets, seed, sizes, packetsPerSecond: 1e6 }), {
    ...chunk,
    at: 0,
  });
  const fd = path === null ? -1 : openSync(path, 'w');
  const startMs = monotonicMs();
  let from = writePcapHeader(chunk, SNAPLEN_WHOLE);
  for (;;) {
    const end = fillChunk(traffic, chunk, from, SNAPLEN_WHOLE);
    if (end === 0) break;
    from = 0;
    for (let at = 0; fd >= 0 && at < end; ) at += writeSync(fd, chunk.bytes, at, end - at);
  }
  if (fd >= 0) closeSync(fd);
  const ms = monotonicMs() - startMs;
  if (path !== null) rmSync(path);
  return { ns: (ms * 1e6) / traffic.made[Made.PACKETS], bytes: traffic.made[Made.BYTES] };
}

export async function run(context: Context): Promise<Figure[]> {
  const packets = scaled(context, 4_000_000, 1_000_000, 2000);
  const file = join(context.folder, 'generated.pcap');
  const rows = [
    [GEN, SMALL, null],
    [GEN_FILE, SMALL, file],
    [GEN_FILE_IMIX, IMIX, file],
  ] as const;
  return rows.map(([name, sizes, path]) => {
    const rounds = Array.from({ length: scaled(context, 3, 3, 1) }, () =>
      generate(packets, context.seed, sizes, path),
    );
    return { name, unit: 'ns/packet', values: rounds.map(({ ns }) => ns), checksum: rounds[0].bytes };
  });
}
