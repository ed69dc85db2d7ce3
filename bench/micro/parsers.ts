/**
 * What it costs to read packets: capture formats, link layers, and of each protocol the whole way from a frame to a descriptor in the
 * ring (checksums verified), as ingest does it. Each in a process of its own.
 */
import { monotonicMs } from '../../src/common/clock.ts';
import { openCaptureSource } from '../../src/ingest/open-capture.ts';
import { type CaptureReader, ReadStatus, Rec } from '../../src/ingest/reader.ts';
import { Link, LinkType, locateIp } from '../../src/packet/link.ts';
import { Counter } from '../../src/shm/counters.ts';
import {
  concat,
  enhancedBlock,
  interfaceBlock,
  memorySource,
  pcapFile,
  sectionBlock,
} from '../../test/ingest/capture-files.ts';
import { ethernet } from '../../test/support/frames.ts';
import { withLaps } from '../lib/blocks.ts';
import type { Context, Figure, RunBench } from '../lib/figure.ts';
import { trafficOf } from '../lib/frame-list.ts';
import { createInThread, sourceOf } from '../lib/in-thread.ts';
import { measureTask } from '../lib/tiny.ts';
import { framesOf, ipFrames, laidOut, PROTOCOLS, type ProtocolName } from './packets.ts';

const FRAMES = 256;

/** From frames to descriptors. */
function decoding(name: string, frames: readonly Uint8Array[]): RunBench {
  return (context) => {
    const thread = createInThread({ maxEntries: 64, ringSlots: 1024 });
    const source = sourceOf(withLaps(trafficOf([], frames, FRAMES), Number.POSITIVE_INFINITY));
    const operations = (1024 - 64) >> 1;
    const figure = measureTask(context, {
      name: `read ${name}`,
      operations,
      run: () => thread.ingest(source),
      before: thread.discard,
    });
    const reasons = thread.counters.subarray(Counter.REASON);
    const refused = reasons.findIndex((count) => count > 0);
    if (refused >= 0) throw new Error(`${name}: packets were refused, reason ${refused}`);
    return Promise.resolve([figure]);
  };
}

const protocolFrames = (protocol: ProtocolName): Uint8Array[] => {
  const { loop } = framesOf(protocol, FRAMES / 2);
  return [...loop];
};

function link(context: Context): Promise<Figure[]> {
  const frames = ipFrames('IPv4', FRAMES).map((frame) => ethernet(frame.subarray(14), 77));
  const { view, offsets } = laidOut(frames);
  const out = new Int32Array(Link.WORDS);
  let sum = 0;
  const run = (): void => {
    sum = 0;
    for (let i = 0; i < FRAMES; i++) {
      if (locateIp(view, offsets[i], offsets[i] + frames[i].length, LinkType.ETHERNET, out) !== 0)
        throw new Error('bench: a frame without IP');
      sum += out[Link.OFFSET] - offsets[i];
    }
  };
  return Promise.resolve([
    measureTask(context, {
      name: 'read the link layer: Ethernet, VLAN',
      operations: FRAMES,
      run,
      checksum: () => sum,
    }),
  ]);
}

/** A capture file in memory, read from its first packet to its last; opening it is not in the clock. */
async function format(context: Context, name: string, bytes: Uint8Array, packets: number): Promise<Figure[]> {
  const open = async (): Promise<CaptureReader> => {
    const reader = await openCaptureSource(memorySource(bytes), { bufferBytes: bytes.length + 4096 });
    // Until all of it is in memory.
    for (let status = reader.next(); status !== ReadStatus.PACKET; status = reader.next())
      await reader.fill();
    // The first reads of a file are small: have all of it in memory.
    for (let i = 0; i < 100 && reader.bytesConsumed < reader.bytesTotal; i++) await reader.fill();
    return reader;
  };
  // A file can be read once: as many are open as there are calls, in rounds of their own.
  const values: number[] = [];
  let checksum = 0;
  for (let round = 0; round < (context.scale === 'tiny' ? 2 : 300); round++) {
    const reader = await open();
    let read = 1;
    const figure = measureOnce(() => {
      let sum = 0;
      while (reader.next() === ReadStatus.PACKET) {
        sum = (sum + reader.record[Rec.OFFSET] + reader.record[Rec.CAPTURE_LENGTH]) | 0;
        read++;
      }
      return sum;
    });
    if (read !== packets) throw new Error(`${name}: ${read} of ${packets} packets were read`);
    if (context.scale === 'tiny' || round >= 20) values.push((figure.ms * 1e6) / packets);
    checksum = figure.sum >>> 0;
  }
  return [{ name: `read ${name}`, unit: 'ns', values, checksum }];
}

function measureOnce(run: () => number): { ms: number; sum: number } {
  const startMs = monotonicMs();
  const sum = run();
  return { ms: monotonicMs() - startMs, sum };
}

const FILE_PACKETS = 4000;

const pcap: RunBench = (context) => {
  const [data] = ipFrames('IPv4', 1);
  const packets = Array.from({ length: FILE_PACKETS }, (_, i) => ({
    sec: 1_700_000_000,
    nsec: i * 1000,
    wireLength: data.length,
    data,
  }));
  return format(context, 'pcap records', pcapFile(packets), FILE_PACKETS);
};

const pcapng: RunBench = (context) => {
  const [data] = ipFrames('IPv4', 1);
  const packet = enhancedBlock({ time: BigInt(1_700_000_000_000_000), data });
  const blocks = Array.from({ length: FILE_PACKETS }, () => packet);
  return format(context, 'pcapng blocks', concat(sectionBlock(), interfaceBlock(), ...blocks), FILE_PACKETS);
};

export const PARSERS: Readonly<Record<string, RunBench>> = {
  'parse-pcap': pcap,
  'parse-pcapng': pcapng,
  'parse-link': link,
  'parse-ipv4': (context) => decoding('IPv4', ipFrames('IPv4', FRAMES))(context),
  'parse-ipv6': (context) => decoding('IPv6', ipFrames('IPv6', FRAMES))(context),
  'parse-ipv6-headers': (context) =>
    decoding('IPv6, two extension headers', ipFrames('IPv6, two extension headers', FRAMES))(context),
  ...Object.fromEntries(
    PROTOCOLS.map((protocol): [string, RunBench] => [
      `parse-${protocol.toLowerCase()}`,
      (context) => decoding(protocol, protocolFrames(protocol))(context),
    ]),
  ),
};
