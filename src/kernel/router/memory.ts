/** The frames of a traffic as a block in shared memory: opened once, then the established part for so many laps. */
import { createFrameBlockWriter, type FrameBlock, frameRecordBytes } from '../../shm/frame-block.ts';
import { createTraffic, FRAME_BYTES } from './frames.ts';

const LINKTYPE_ETHERNET = 1;
/** Seconds since 1970 of the first frame; there is one in each microsecond. */
const START_SEC = 1_700_000_000;
const PER_SECOND = 1e6;

/** Cost: 72 bytes for each frame, five frames for each connection */
export function trafficInMemory(connections: number, packets: number): FrameBlock {
  const traffic = createTraffic(connections);
  const writer = createFrameBlockWriter(traffic.frames * frameRecordBytes(FRAME_BYTES));
  let loopAt = 0;
  for (let i = 0; i < traffic.frames; i++) {
    if (i === traffic.established.begin) loopAt = writer.used();
    const at = writer.add(START_SEC + Math.floor(i / PER_SECOND), (i % PER_SECOND) * 1000, FRAME_BYTES);
    traffic.put(i, writer.view, at);
  }
  const inLap = traffic.established.end - traffic.established.begin;
  return writer.block(LINKTYPE_ETHERNET, {
    loopAt,
    laps: Math.ceil(packets / inLap),
    lapMs: Math.ceil((inLap * 1000) / PER_SECOND),
  });
}
