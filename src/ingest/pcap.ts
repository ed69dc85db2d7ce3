/**
 * The classic pcap format: a file header, then records, each a header of 16 bytes and the packet.
 * Source: draft-ietf-opsawg-pcap, pcap-savefile(5).
 */
import { CaptureError } from '../common/errors.ts';
import type { ByteWindow } from './byte-window.ts';
import { isLittleEndianPcap, PcapMagic } from './capture-formats.ts';
import { createFailedReader } from './failed-reader.ts';
import type { Mutable } from './mutable.ts';
import { Place } from './place.ts';
import { type CaptureReader, ReadStatus, Rec } from './reader.ts';

export const PCAP_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

/** The least bound on a capture length, whatever snap length the header claims; libpcap's own maximum. */
const CAPTURE_LENGTH_LIMIT = 262_144;
/** No header, however odd, makes us buffer more for one packet. */
const CAPTURE_LENGTH_LIMIT_MAX = 16 * 1024 * 1024;

const NSEC_PER_SEC = 1_000_000_000;
const SEC_MAX = 0xffff_ffff;

/** Which of the two lengths of a record header comes first. */
enum LengthOrder {
  CAPTURE_FIRST = 0,
  WIRE_FIRST = 1,
  /** Version 2.3 swapped them, but not every writer of it did: the smaller one is the capture length. */
  EITHER = 2,
}

interface PcapHeader {
  readonly littleEndian: boolean;
  readonly nsecPerUnit: number;
  readonly lengthOrder: LengthOrder;
  readonly captureLengthLimit: number;
  readonly linkType: number;
}

function isVersionKnown(major: number): boolean {
  // DG/UX writes 543.0 and means 2.2.
  return major === 2 || major === 543;
}

function lengthOrderOf(major: number, minor: number): LengthOrder {
  if (major === 543 || minor < 3) return LengthOrder.WIRE_FIRST;
  return minor === 3 ? LengthOrder.EITHER : LengthOrder.CAPTURE_FIRST;
}

/** The link type without what shares its field: the length of the frame check sequence, reserved bits. */
function linkTypeOf(network: number): number {
  // NetBSD's address families have a class of link types of their own above the 16 bits.
  const withClass = network & 0x03ff_ffff;
  return (withClass & 0x03ff_0000) === 0x0224_0000 ? withClass : network & 0xffff;
}

function parseHeader(view: DataView, littleEndian: boolean): PcapHeader {
  const isNano = view.getUint32(0, littleEndian) === PcapMagic.NANOSECONDS;
  const snapLenBytes = view.getUint32(16, littleEndian);
  return {
    littleEndian,
    nsecPerUnit: isNano ? 1 : 1000,
    lengthOrder: lengthOrderOf(view.getUint16(4, littleEndian), view.getUint16(6, littleEndian)),
    captureLengthLimit: Math.min(Math.max(snapLenBytes, CAPTURE_LENGTH_LIMIT), CAPTURE_LENGTH_LIMIT_MAX),
    linkType: linkTypeOf(view.getUint32(20, littleEndian)),
  };
}

function headerError(window: ByteWindow): CaptureError | null {
  const { source, end, bytes, view } = window;
  const file = source.file;
  if (end < PCAP_HEADER_BYTES) {
    const expected = `a pcap file header of ${PCAP_HEADER_BYTES} bytes`;
    const found = `the end of the file after ${end} bytes`;
    return source.failure ?? new CaptureError({ file, offset: 0, expected, found });
  }
  const littleEndian = isLittleEndianPcap(bytes.subarray(0, 4));
  const [major, minor] = [view.getUint16(4, littleEndian), view.getUint16(6, littleEndian)];
  if (isVersionKnown(major)) return null;
  return new CaptureError({
    file,
    offset: 4,
    expected: 'pcap version 2',
    found: `version ${major}.${minor}`,
  });
}

/**
 * Reads a window whose first bytes are a pcap file header, wholly there unless the file is shorter.
 *
 * Cost:    `next` allocates nothing
 * Errors:  none thrown; `error` of the reader
 */
export function createPcapReader(window: ByteWindow): CaptureReader {
  const badHeader = headerError(window);
  if (badHeader !== null) return createFailedReader(badHeader, window);
  const header = parseHeader(window.view, isLittleEndianPcap(window.bytes.subarray(0, 4)));
  return createRecordReader(window, header);
}

function createRecordReader(window: ByteWindow, header: PcapHeader): CaptureReader {
  const { littleEndian, nsecPerUnit, captureLengthLimit } = header;
  const file = window.source.file;
  const unitsPerSec = NSEC_PER_SEC / nsecPerUnit;
  const mayBeSwapped = header.lengthOrder === LengthOrder.EITHER;
  const captureLengthAt = header.lengthOrder === LengthOrder.WIRE_FIRST ? 12 : 8;
  const wireLengthAt = captureLengthAt === 8 ? 12 : 8;
  const record = new Int32Array(Rec.WORDS);
  record[Rec.LINK_TYPE] = header.linkType;

  let view = window.view;
  const place = new Int32Array(Place.WORDS);
  place[Place.AT] = PCAP_HEADER_BYTES;
  place[Place.END] = window.end;
  let needed = RECORD_HEADER_BYTES;

  function fail(expected: string, found: string): ReadStatus {
    reader.error ??= new CaptureError({ file, offset: window.base + place[Place.AT], expected, found });
    return ReadStatus.END;
  }

  /** The record at `at` is not whole: more bytes, or the end. */
  function starve(recordBytes: number): ReadStatus {
    if (!window.ended) {
      needed = recordBytes;
      return ReadStatus.NEED_BYTES;
    }
    reader.error ??= window.source.failure;
    const rest = place[Place.END] - place[Place.AT];
    if (rest === 0 || reader.error !== null) return ReadStatus.END;
    if (rest < RECORD_HEADER_BYTES) {
      return fail(
        `a record header of ${RECORD_HEADER_BYTES} bytes`,
        `the end of the file after ${rest} bytes`,
      );
    }
    const packetBytes = recordBytes - RECORD_HEADER_BYTES;
    const found = `the end of the file after ${rest - RECORD_HEADER_BYTES} bytes`;
    return fail(`${packetBytes} bytes of packet`, found);
  }

  function refuseLength(captureLength: number): ReadStatus {
    return fail(
      `a record length of at most ${captureLengthLimit} bytes`,
      `record length ${captureLength >>> 0}`,
    );
  }

  /** A fraction of a second or more: the kernel of some hosts wrote such; the time is the sum. */
  function carryTime(sec: number, units: number): void {
    const carried = sec + Math.floor(units / unitsPerSec);
    const isPastEnd = carried > SEC_MAX;
    record[Rec.SEC] = isPastEnd ? SEC_MAX : carried;
    record[Rec.NSEC] = isPastEnd ? NSEC_PER_SEC - 1 : (units % unitsPerSec) * nsecPerUnit;
  }

  function next(): ReadStatus {
    const at = place[Place.AT];
    const chunk = view;
    const end = place[Place.END];
    const packetAt = at + RECORD_HEADER_BYTES;
    if (packetAt > end) return starve(RECORD_HEADER_BYTES);
    let captureLength = chunk.getInt32(at + captureLengthAt, littleEndian);
    let wireLength = chunk.getInt32(at + wireLengthAt, littleEndian);
    if (wireLength < captureLength) {
      // A negative wire length is one of 2 GiB and more, which no wire carried either.
      const smaller = wireLength;
      wireLength = captureLength;
      if (mayBeSwapped && smaller >= 0) captureLength = smaller;
    }
    if (captureLength >>> 0 > captureLengthLimit) return refuseLength(captureLength);
    const packetEnd = packetAt + captureLength;
    if (packetEnd > end) return starve(RECORD_HEADER_BYTES + captureLength);

    const sec = chunk.getInt32(at, littleEndian);
    const units = chunk.getInt32(at + 4, littleEndian);
    if (units >>> 0 < unitsPerSec) {
      record[Rec.SEC] = sec;
      record[Rec.NSEC] = Math.imul(units, nsecPerUnit);
    } else {
      carryTime(sec >>> 0, units >>> 0);
    }
    record[Rec.OFFSET] = packetAt;
    record[Rec.CAPTURE_LENGTH] = captureLength;
    record[Rec.WIRE_LENGTH] = wireLength;
    place[Place.AT] = packetEnd;
    return ReadStatus.PACKET;
  }

  // Plain properties, not getters: an object literal with getters is a dictionary to V8, and finding
  // `next` in it costs more than `next`.
  const reader: Mutable<CaptureReader> = {
    file,
    bytes: window.bytes,
    view,
    record,
    bytesConsumed: window.source.storedBytesConsumed,
    bytesTotal: window.source.storedBytesTotal,
    error: null,
    next,
    async fill() {
      await window.refill(place[Place.AT], needed);
      view = window.view;
      place[Place.AT] = 0;
      place[Place.END] = window.end;
      reader.bytes = window.bytes;
      reader.view = view;
      reader.bytesConsumed = window.source.storedBytesConsumed;
    },
    async close() {
      place[Place.AT] = place[Place.END];
      await window.close();
    },
  };
  return reader;
}
