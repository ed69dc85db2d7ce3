/** Generated traffic as a capture that is read: each packet is made when it is asked for. */
import type { Mutable } from '../ingest/mutable.ts';
import { type CaptureReader, ReadStatus, Rec } from '../ingest/reader.ts';
import { FRAME_BYTES_MAX, type TrafficOptions } from './options.ts';
import { Made } from './stage.ts';
import { createTraffic, Stamp } from './traffic.ts';

/** Packets between two moments in which the ingest loop may look at what else there is to do. */
const BREATH = 32_768;
const LINKTYPE_ETHERNET = 1;

/**
 * Cost:    `next` allocates nothing, and asks for a `fill`, which does nothing, every 32,768 packets
 * Errors:  none
 */
export function createTrafficReader(options: TrafficOptions): CaptureReader {
  const bytes = new Uint8Array(FRAME_BYTES_MAX);
  const view = new DataView(bytes.buffer);
  const traffic = createTraffic(options, { view, bytes, at: 0 });
  const { stamp } = traffic;
  const record = new Int32Array(Rec.WORDS);
  record[Rec.LINK_TYPE] = LINKTYPE_ETHERNET;
  let breath = BREATH;
  let isClosed = false;

  function next(): ReadStatus {
    if (breath === 0) return ReadStatus.NEED_BYTES;
    const length = isClosed ? 0 : traffic.next();
    if (length === 0) return ReadStatus.END;
    breath--;
    record[Rec.CAPTURE_LENGTH] = length;
    record[Rec.WIRE_LENGTH] = length;
    record[Rec.SEC] = stamp[Stamp.SEC];
    record[Rec.NSEC] = stamp[Stamp.NSEC];
    return ReadStatus.PACKET;
  }

  const reader: Mutable<CaptureReader> = {
    file: 'traffic',
    bytes,
    view,
    record,
    bytesConsumed: 0,
    bytesTotal: 0,
    error: null,
    next,
    fill() {
      breath = BREATH;
      reader.bytesConsumed = traffic.made[Made.BYTES];
      return Promise.resolve();
    },
    close() {
      isClosed = true;
      return Promise.resolve();
    },
  };
  return reader;
}
