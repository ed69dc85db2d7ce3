/** Captures cut into their two directions, as taps of asymmetric routes would have taken them. */
import { openCapture } from '../../src/ingest/open-capture.ts';
import { type CaptureReader, ReadStatus, Rec } from '../../src/ingest/reader.ts';
import { ReportType, Verdict } from '../../src/shm/bits.ts';
import { type OrderedReport, reportConnection } from '../../src/workers/report-order.ts';
import { createLab, type Lab, type LabOptions } from './lab.ts';
import type { TimedFrame } from './traffic.ts';

const WIRE_LENGTH_MAX = 1 << 20;

async function drain(reader: CaptureReader, max: number): Promise<TimedFrame[]> {
  const frames: TimedFrame[] = [];
  const { record } = reader;
  let startS: number | null = null;
  while (frames.length < max) {
    const status = reader.next();
    if (status === ReadStatus.END) break;
    if (status === ReadStatus.NEED_BYTES) {
      await reader.fill();
      continue;
    }
    const at = record[Rec.OFFSET];
    const captureLength = record[Rec.CAPTURE_LENGTH];
    const frame = new Uint8Array(
      Math.max(captureLength, Math.min(record[Rec.WIRE_LENGTH] >>> 0, WIRE_LENGTH_MAX)),
    );
    frame.set(reader.bytes.subarray(at, at + captureLength));
    const sec = record[Rec.SEC] >>> 0;
    startS ??= sec;
    frames.push({
      frame,
      captureLength,
      ms: (sec - startS) * 1000 + record[Rec.NSEC] / 1e6,
      linkType: record[Rec.LINK_TYPE],
    });
  }
  await reader.close();
  return frames;
}

/** The first `max` packets of a capture. Times count from the second of the first one. */
export async function readFrames(file: string, max: number): Promise<TimedFrame[]> {
  return drain(await openCapture(file), max);
}

/** A run over some of the frames. */
export interface Run {
  readonly lab: Lab;
  readonly reports: readonly OrderedReport[];
  /** What became of each frame, by its place among all frames; nothing for those that were left out. */
  readonly packets: ReadonlyMap<number, OrderedReport>;
}

/** Tracks the frames at these places; the counters are checked at the end. */
export function runFrames(
  frames: readonly TimedFrame[],
  places: readonly number[],
  options: LabOptions,
): Run {
  const lab = createLab({ maxEntries: 16_384, descriptorSlots: 256, reportSlots: 256, ...options });
  const shards = options.shards ?? 1;
  places.forEach((place, i) => {
    const { frame, ms, linkType, captureLength } = frames[place];
    lab.dispatch(frame, ms, linkType, captureLength);
    if (i % 64 !== 63) return;
    lab.flush();
    for (let shard = 0; shard < shards; shard++) lab.runShard(shard);
    lab.collect();
  });
  const reports = lab.finish();
  lab.check();
  const packets = new Map<number, OrderedReport>();
  for (const report of reports)
    if (report.type === ReportType.PACKET) packets.set(places[report.number - 1], report);
  return { lab, reports, packets };
}

export const placesOf = (frames: readonly TimedFrame[]): number[] => frames.map((_, place) => place);

const directionOfVerdict = (verdict: Verdict | undefined): 0 | 1 | null => {
  if (verdict === Verdict.ESTABLISHED_REPLY || verdict === Verdict.RELATED_REPLY) return 1;
  return verdict === undefined || verdict > Verdict.RELATED_REPLY ? null : 0;
};

/**
 * Places of the frames that each direction's tap sees: as the first of the runs says that tracked
 * the frame. What none tracked is seen by both.
 */
export function halvesOf(frames: readonly TimedFrame[], runs: readonly Run[]): [number[], number[]] {
  const halves: [number[], number[]] = [[], []];
  for (let place = 0; place < frames.length; place++) {
    const directions = runs.map((run) => directionOfVerdict(run.packets.get(place)?.verdict));
    const direction = directions.find((d) => d !== null) ?? null;
    if (direction !== 1) halves[0].push(place);
    if (direction !== 0) halves[1].push(place);
  }
  return halves;
}

/** All that was reported, as text, to compare runs. */
export function reportTexts(run: Run): string[] {
  return run.reports.map((report) =>
    JSON.stringify({ ...report, words: null, connection: reportConnection(report) }, (_, part) =>
      typeof part === 'bigint' ? `${part}` : part,
    ),
  );
}
