/** Frames of any protocol, one after the other, as prepared traffic: for the micro-benchmarks. */
import { createFrameBlockWriter, frameRecordBytes } from '../../src/shm/frame-block.ts';
import { BLOCK_START_SEC, type Traffic } from './blocks.ts';

const LINK_ETHERNET = 1;
const STEP_NS = 1000;

/** `opening`: frames that come once; `loop`: those that come again in every lap. */
export function trafficOf(
  opening: readonly Uint8Array[],
  loop: readonly Uint8Array[],
  connections: number,
): Traffic {
  const all = [...opening, ...loop];
  const writer = createFrameBlockWriter(all.reduce((sum, { length }) => sum + frameRecordBytes(length), 0));
  let loopAt = 0;
  all.forEach((frame, i) => {
    if (i === opening.length) loopAt = writer.used();
    writer.bytes.set(frame, writer.add(BLOCK_START_SEC, i * STEP_NS, frame.length));
  });
  const block = writer.block(LINK_ETHERNET, { loopAt, lapMs: Math.ceil((all.length * STEP_NS) / 1e6) });
  return { block, connections, prologue: opening.length, loop: loop.length };
}
