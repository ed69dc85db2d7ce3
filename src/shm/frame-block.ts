/**
 * Frames in shared memory, prepared before a run so that nothing is measured but the run: records one behind the
 * other, each a header of four words and a frame, padded to whole words.
 */
import { assert } from '../common/assert.ts';

/** Words of a record's header; the frame follows. */
export enum FrameHeader {
  /** Seconds since 1970, an unsigned 32-bit number kept as int32. */
  SEC = 0,
  NSEC = 1,
  /** Bytes of the frame that follow. */
  CAPTURE_LENGTH = 2,
  WIRE_LENGTH = 3,
  WORDS = 4,
}

/** Places of frames are int32. */
const BLOCK_BYTES_MAX = 0x7fff_ff00;

/** What a thread needs to go through a block. All of it can be sent to another thread; the memory stays the same. */
export interface FrameBlock {
  /** Shapes: the records, nothing behind them. */
  readonly words: Int32Array;
  /** LINKTYPE_ value of all frames. */
  readonly linkType: number;
  /** Records before this word are given out once; those from here on again in every lap. */
  readonly loopAt: number;
  /** How often the loop is gone through; Infinity: until STOP. */
  readonly laps: number;
  /** Each lap is so much later in time than the one before. */
  readonly lapMs: number;
}

export interface FrameBlockWriter {
  /** The memory, to write frames into. */
  readonly view: DataView;
  readonly bytes: Uint8Array;
  /** Words used so far: where the next record begins. */
  used(): number;
  /** Makes room for a frame and writes its header. Units: returns the byte where the frame begins. Errors: an assertion when it is full. */
  add(sec: number, nsec: number, frameBytes: number, wireBytes?: number): number;
  /** What was written, gone through once, unless `run` says otherwise. */
  block(linkType: number, run?: Partial<Pick<FrameBlock, 'loopAt' | 'laps' | 'lapMs'>>): FrameBlock;
}

/** Bytes that a frame takes up in a block. */
export const frameRecordBytes = (frameBytes: number): number =>
  (FrameHeader.WORDS + ((frameBytes + 3) >> 2)) * 4;

/** Memory for a block of at most so many bytes. The system gives the pages only when they are touched. */
export function createFrameBlockWriter(bytesMax: number): FrameBlockWriter {
  assert(bytesMax <= BLOCK_BYTES_MAX, `frame block: ${bytesMax} bytes, at most ${BLOCK_BYTES_MAX}`);
  const buffer = new SharedArrayBuffer(Math.ceil(bytesMax / 4) * 4);
  const words = new Int32Array(buffer);
  let used = 0;
  return {
    view: new DataView(buffer),
    bytes: new Uint8Array(buffer),
    used: () => used,
    add(sec, nsec, frameBytes, wireBytes = frameBytes) {
      const at = used;
      used += frameRecordBytes(frameBytes) / 4;
      assert(used <= words.length, 'frame block: full');
      words[at + FrameHeader.SEC] = sec;
      words[at + FrameHeader.NSEC] = nsec;
      words[at + FrameHeader.CAPTURE_LENGTH] = frameBytes;
      words[at + FrameHeader.WIRE_LENGTH] = wireBytes;
      return (at + FrameHeader.WORDS) * 4;
    },
    block: (linkType, run = {}) => ({
      words: words.subarray(0, used),
      linkType,
      loopAt: run.loopAt ?? 0,
      laps: run.laps ?? 1,
      lapMs: run.lapMs ?? 0,
    }),
  };
}
