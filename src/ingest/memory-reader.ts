/**
 * Reads a block of frames in memory (src/shm/frame-block.ts) for so many laps: a source that costs next to nothing, for
 * measuring what comes after it. Each lap is later in time than the one before; nothing is copied.
 */
import { type FrameBlock, FrameHeader } from '../shm/frame-block.ts';
import type { Mutable } from './mutable.ts';
import { type CaptureReader, ReadStatus, Rec } from './reader.ts';

/** Words between two moments in which the ingest loop may look at what else there is to do: some 50,000 packets. */
const BREATH_WORDS = 1 << 20;

/** Words of the reader's place: see place.ts for why they are not variables. */
enum At {
  /** Word of the next record. */
  NEXT = 0,
  /** Here the reader pauses: at the end of the block, or for a breath. */
  PAUSE = 1,
  /** Added to each packet's time. */
  SEC = 2,
  NSEC = 3,
  WORDS = 4,
}

/**
 * Cost:    `next` allocates nothing, and asks for a `fill`, which does nothing, every `breathWords` words
 * Errors:  none
 */
export function createMemoryReader(block: FrameBlock, breathWords: number = BREATH_WORDS): CaptureReader {
  const { words, loopAt, laps, lapMs } = block;
  const end = words.length;
  const hasLoop = loopAt < end;
  const bytesAll = (loopAt + (end - loopAt) * laps) * 4;
  const record = new Int32Array(Rec.WORDS);
  record[Rec.LINK_TYPE] = block.linkType;
  const place = new Int32Array(At.WORDS);
  let lap = 0;
  /** Words since the last breath, without those since `lapFrom`. */
  let since = 0;
  let from = 0;
  /** Words read in the laps before this one. */
  let before = 0;

  /** So far, and then a breath is due. */
  function goOn(): void {
    from = place[At.NEXT];
    place[At.PAUSE] = Math.min(end, from + breathWords - since);
  }

  /** At the end of a lap, or where a breath is due. */
  function pause(): ReadStatus {
    since += place[At.NEXT] - from;
    from = place[At.NEXT];
    if (from === end) {
      if (!hasLoop || lap + 1 >= laps) return ReadStatus.END;
      beginLap();
    }
    if (since >= breathWords) return ReadStatus.NEED_BYTES;
    goOn();
    return next();
  }

  function beginLap(): void {
    lap++;
    before += end - loopAt;
    place[At.NEXT] = loopAt;
    from = loopAt;
    const laterMs = lap * lapMs;
    const laterSec = Math.floor(laterMs / 1000);
    place[At.SEC] = laterSec;
    place[At.NSEC] = Math.round((laterMs - laterSec * 1000) * 1e6);
  }

  function next(): ReadStatus {
    const at = place[At.NEXT];
    if (at >= place[At.PAUSE]) return pause();
    const captureLength = words[at + FrameHeader.CAPTURE_LENGTH];
    let sec = words[at + FrameHeader.SEC] + place[At.SEC];
    let nsec = words[at + FrameHeader.NSEC] + place[At.NSEC];
    if (nsec >= 1_000_000_000) {
      nsec -= 1_000_000_000;
      sec++;
    }
    record[Rec.OFFSET] = (at + FrameHeader.WORDS) << 2;
    record[Rec.CAPTURE_LENGTH] = captureLength;
    record[Rec.WIRE_LENGTH] = words[at + FrameHeader.WIRE_LENGTH];
    record[Rec.SEC] = sec;
    record[Rec.NSEC] = nsec;
    place[At.NEXT] = at + FrameHeader.WORDS + ((captureLength + 3) >> 2);
    return ReadStatus.PACKET;
  }

  goOn();
  const reader: Mutable<CaptureReader> = {
    file: 'memory',
    bytes: new Uint8Array(words.buffer, words.byteOffset, words.byteLength),
    view: new DataView(words.buffer, words.byteOffset, words.byteLength),
    record,
    bytesConsumed: 0,
    bytesTotal: Number.isFinite(bytesAll) ? bytesAll : 0,
    error: null,
    next,
    fill() {
      since = 0;
      goOn();
      reader.bytesConsumed = (before + place[At.NEXT]) * 4;
      return Promise.resolve();
    },
    close() {
      place[At.NEXT] = end;
      place[At.PAUSE] = end;
      lap = laps;
      return Promise.resolve();
    },
  };
  return reader;
}
