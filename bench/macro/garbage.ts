/**
 * Garbage: how often the heaps of ingest thread and shard were collected while a hundred million packets went through them, as
 * V8 itself tells it (--trace-gc), and how much was thrown away. The main thread, which looks at the counters all the while, does
 * not count. What is left is a pause of the ingest thread now and then, in which it looks whether it shall stop.
 */
import { tcpTraffic, withLaps } from '../lib/blocks.ts';
import { runPart } from '../lib/child.ts';
import { type Context, type Figure, scaled } from '../lib/figure.ts';
import { runPipeline } from '../lib/pipeline-run.ts';

export const COLLECTIONS = 'garbage collections in 10^8 packets';
export const GARBAGE = 'garbage per packet';

const BEGIN = '\n== measured from here\n';
const END = '\n== measured until here\n';
/** What V8 prints: process and isolate, how full the heap was before and after. Units: MB */
const COLLECTION =
  /^\[\d+:(0x[0-9a-f]+)\].*: (Scavenge|Mark-Compact)[^(]*?([\d.]+) \([\d.]+\) -> ([\d.]+) \(/;

export async function run(context: Context): Promise<Figure[]> {
  let output = '';
  const [figure] = await runPart(context, 'garbage-run', {
    nodeFlags: ['--trace-gc'],
    onOutput(text) {
      output += text;
    },
  });
  const between = output.split(BEGIN)[1]?.split(END)[0];
  if (between === undefined) throw new Error('the run did not say where it began and ended');
  // The main thread's heap is the first to be collected: it made the packets.
  const main = COLLECTION.exec(output.split('\n').find((line) => COLLECTION.test(line)) ?? '')?.[1];
  let garbageBytes = 0;
  let collections = 0;
  for (const line of between.split('\n')) {
    const match = COLLECTION.exec(line);
    if (match === null || match[1] === main) continue;
    collections++;
    garbageBytes += Math.max(0, Number(match[3]) - Number(match[4])) * 1e6;
  }
  const { checksum, at } = figure;
  const [packets] = figure.values;
  const place = at === undefined ? {} : { at };
  return [
    { name: COLLECTIONS, unit: 'times', values: [(collections * 1e8) / packets], checksum, ...place },
    { name: GARBAGE, unit: 'bytes/packet', values: [garbageBytes / packets], checksum, ...place },
  ];
}

/** The run itself, in a process that V8 tells about. Its figure: packets between the two words. */
export async function trace(context: Context): Promise<Figure[]> {
  const connections = scaled(context, 10_000, 10_000, 100);
  const packets = scaled(context, 100e6, 20e6, 200_000);
  const traffic = tcpTraffic(connections, context.seed);
  const result = await runPipeline({
    block: withLaps(traffic, Math.ceil((packets * 1.05) / traffic.loop)),
    maxConnections: connections * 2,
    from: traffic.prologue + packets * 0.05,
    onMeasured: (isOver) => process.stdout.write(isOver ? END : BEGIN),
  });
  const measured = result.last.tracked - result.looks[0].tracked;
  return [
    { name: 'packets', unit: 'packets', values: [measured], checksum: result.checksum, at: { connections } },
  ];
}
