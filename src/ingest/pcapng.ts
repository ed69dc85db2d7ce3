/**
 * The pcapng format: blocks, each with its type and length; sections, each with its byte order and
 * its interfaces. Source: draft-ietf-opsawg-pcapng.
 */
import { CaptureError } from '../common/errors.ts';
import type { ByteWindow } from './byte-window.ts';
import type { Mutable } from './mutable.ts';
import { parseInterfaceOptions } from './pcapng-options.ts';
import { storePcapngTime } from './pcapng-time.ts';
import { Place } from './place.ts';
import { type CaptureReader, ReadStatus, Rec } from './reader.ts';

enum BlockType {
  INTERFACE_DESCRIPTION = 1,
  /** Obsolete; an enhanced packet block with a shorter interface number. */
  PACKET = 2,
  SIMPLE_PACKET = 3,
  ENHANCED_PACKET = 6,
  SECTION_HEADER = 0x0a0d0d0a,
}

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const VERSION_MAJOR = 1;

/** Type and total length before, total length after the body. */
const BLOCK_BYTES_MIN = 12;
/** Type, length and byte-order magic: what it takes to know the length of a section header. */
const BLOCK_START_BYTES = 12;
const TRAILER_BYTES = 4;
/** Room for the largest packet that libpcap allows an interface to have, and for its options. */
const BLOCK_BYTES_MAX = 16 * 1024 * 1024 + 128 * 1024;
/** Interfaces of one section; bounds the memory that a damaged file can take. */
const INTERFACES_MAX = 65_536;

/** Where the body of each block has the packet, from the start of the block. */
const SECTION_HEADER_BYTES_MIN = 28;
const INTERFACE_BYTES_MIN = 20;
const INTERFACE_OPTIONS_AT = 16;
const TIMED_PACKET_AT = 28;
const SIMPLE_PACKET_AT = 12;

interface Interface {
  readonly linkType: number;
  /** 0 when there is no limit. */
  readonly snapLenBytes: number;
  readonly resolution: number;
  readonly offsetSec: number;
}

/** What one block was. */
enum Step {
  PACKET = 0,
  SKIPPED = 1,
  FAILED = 2,
}

/**
 * Reads a window that starts with a section header block.
 *
 * Cost:    `next` allocates nothing but for an interface description
 * Errors:  none thrown; `error` of the reader
 */
export function createPcapngReader(window: ByteWindow): CaptureReader {
  const file = window.source.file;
  const record = new Int32Array(Rec.WORDS);

  let view = window.view;
  const place = new Int32Array(Place.WORDS);
  place[Place.END] = window.end;
  let needed = BLOCK_START_BYTES;
  let littleEndian = true;
  let interfaces: Interface[] = [];

  /** An error of the block at `at`. */
  function fail(expected: string, found: string): Step.FAILED {
    reader.error ??= new CaptureError({ file, offset: window.base + place[Place.AT], expected, found });
    return Step.FAILED;
  }

  /** The block at `at` is not whole: more bytes, or the end. */
  function starve(blockBytes: number): ReadStatus {
    if (!window.ended) {
      needed = blockBytes;
      return ReadStatus.NEED_BYTES;
    }
    reader.error ??= window.source.failure;
    const rest = place[Place.END] - place[Place.AT];
    if (rest === 0 || reader.error !== null) return ReadStatus.END;
    const expected =
      blockBytes === BLOCK_START_BYTES ? 'a block of at least 12 bytes' : `a block of ${blockBytes} bytes`;
    fail(expected, `the end of the file after ${rest} bytes`);
    return ReadStatus.END;
  }

  function refuseLength(blockBytes: number): ReadStatus {
    fail(
      `a block length of ${BLOCK_BYTES_MIN} to ${BLOCK_BYTES_MAX} bytes, a multiple of 4`,
      `block length ${blockBytes >>> 0}`,
    );
    return ReadStatus.END;
  }

  function refuseTrailer(blockEnd: number): ReadStatus {
    const blockBytes = blockEnd - place[Place.AT];
    const trailer = view.getUint32(blockEnd - TRAILER_BYTES, littleEndian);
    fail(`the block length ${blockBytes} again after the block`, `${trailer}`);
    return ReadStatus.END;
  }

  /** A section header decides the byte order of its own length already. */
  function readByteOrder(at: number): boolean {
    const magic = view.getUint32(at + 8, true);
    littleEndian = magic === BYTE_ORDER_MAGIC;
    if (littleEndian || view.getUint32(at + 8, false) === BYTE_ORDER_MAGIC) return true;
    fail('the byte-order magic 1a2b3c4d of a section header', `0x${magic.toString(16).padStart(8, '0')}`);
    return false;
  }

  function startSection(at: number, blockBytes: number): Step {
    if (blockBytes < SECTION_HEADER_BYTES_MIN) {
      return fail(
        `a section header of at least ${SECTION_HEADER_BYTES_MIN} bytes`,
        `block length ${blockBytes}`,
      );
    }
    const major = view.getUint16(at + 12, littleEndian);
    if (major !== VERSION_MAJOR) {
      const minor = view.getUint16(at + 14, littleEndian);
      return fail(`pcapng version ${VERSION_MAJOR}`, `version ${major}.${minor}`);
    }
    interfaces = [];
    return Step.SKIPPED;
  }

  function addInterface(at: number, blockBytes: number): Step {
    if (blockBytes < INTERFACE_BYTES_MIN) {
      return fail(
        `an interface block of at least ${INTERFACE_BYTES_MIN} bytes`,
        `block length ${blockBytes}`,
      );
    }
    if (interfaces.length === INTERFACES_MAX) {
      return fail(`at most ${INTERFACES_MAX} interfaces in a section`, 'one more');
    }
    const options = parseInterfaceOptions(
      view,
      at + INTERFACE_OPTIONS_AT,
      at + blockBytes - TRAILER_BYTES,
      littleEndian,
    );
    interfaces.push({
      linkType: view.getUint16(at + 8, littleEndian),
      snapLenBytes: view.getUint32(at + 12, littleEndian),
      resolution: options.resolution,
      offsetSec: options.offsetSec,
    });
    return Step.SKIPPED;
  }

  function badInterface(id: number): Step {
    const known =
      interfaces.length === 0
        ? 'an interface description before any packet'
        : `an interface below ${interfaces.length}`;
    return fail(known, `a packet of interface ${id}`);
  }

  function storeLengths(packetAt: number, captureLength: number, wireLength: number): void {
    record[Rec.OFFSET] = packetAt;
    record[Rec.CAPTURE_LENGTH] = captureLength;
    // A negative wire length is one of 2 GiB and more, which no wire carried either.
    record[Rec.WIRE_LENGTH] = Math.max(wireLength, captureLength);
  }

  /** The body of enhanced and of obsolete packet blocks differs only in the width of the interface number. */
  function readTimedPacket(at: number, blockBytes: number, interfaceId: number): Step {
    if (interfaceId >= interfaces.length) return badInterface(interfaceId);
    const room = blockBytes - TIMED_PACKET_AT - TRAILER_BYTES;
    const captureLength = view.getUint32(at + 20, littleEndian);
    if (captureLength > room) {
      return fail(
        `a capture length of at most the ${room} bytes in its block`,
        `capture length ${captureLength}`,
      );
    }
    const source = interfaces[interfaceId];
    storeLengths(at + TIMED_PACKET_AT, captureLength, view.getInt32(at + 24, littleEndian));
    record[Rec.LINK_TYPE] = source.linkType;
    storePcapngTime(
      record,
      view.getInt32(at + 12, littleEndian),
      view.getInt32(at + 16, littleEndian),
      source.resolution,
      source.offsetSec,
    );
    return Step.PACKET;
  }

  /** A simple packet has no time of its own: the words of the last packet stay. */
  function readSimplePacket(at: number, blockBytes: number): Step {
    if (interfaces.length === 0) return badInterface(0);
    const source = interfaces[0];
    const wireLength = view.getUint32(at + 8, littleEndian);
    const limit = source.snapLenBytes === 0 ? wireLength : source.snapLenBytes;
    const room = blockBytes - SIMPLE_PACKET_AT - TRAILER_BYTES;
    storeLengths(at + SIMPLE_PACKET_AT, Math.min(wireLength, limit, room), wireLength | 0);
    record[Rec.LINK_TYPE] = source.linkType;
    return Step.PACKET;
  }

  function isPacketTooShort(type: BlockType, blockBytes: number): boolean {
    const least = (type === BlockType.SIMPLE_PACKET ? SIMPLE_PACKET_AT : TIMED_PACKET_AT) + TRAILER_BYTES;
    if (blockBytes >= least) return false;
    fail(`a packet block of at least ${least} bytes`, `block length ${blockBytes}`);
    return true;
  }

  /** Reads the whole block of that many bytes at `at`. */
  function readBlock(at: number, type: number, blockBytes: number): Step {
    switch (type) {
      case BlockType.ENHANCED_PACKET:
        if (isPacketTooShort(type, blockBytes)) return Step.FAILED;
        return readTimedPacket(at, blockBytes, view.getUint32(at + 8, littleEndian));
      case BlockType.PACKET:
        if (isPacketTooShort(type, blockBytes)) return Step.FAILED;
        return readTimedPacket(at, blockBytes, view.getUint16(at + 8, littleEndian));
      case BlockType.SIMPLE_PACKET:
        if (isPacketTooShort(type, blockBytes)) return Step.FAILED;
        return readSimplePacket(at, blockBytes);
      case BlockType.INTERFACE_DESCRIPTION:
        return addInterface(at, blockBytes);
      case BlockType.SECTION_HEADER:
        return startSection(at, blockBytes);
      default:
        return Step.SKIPPED;
    }
  }

  function next(): ReadStatus {
    if (reader.error !== null) return ReadStatus.END;
    const end = place[Place.END];
    for (;;) {
      const at = place[Place.AT];
      const chunk = view;
      if (at + BLOCK_START_BYTES > end) return starve(BLOCK_START_BYTES);
      const type = chunk.getInt32(at, littleEndian);
      if (type === BlockType.SECTION_HEADER && !readByteOrder(at)) return ReadStatus.END;
      // A length with the top bit set is negative here, so too short.
      const blockBytes = chunk.getInt32(at + 4, littleEndian);
      if (blockBytes < BLOCK_BYTES_MIN || blockBytes > BLOCK_BYTES_MAX || (blockBytes & 3) !== 0) {
        return refuseLength(blockBytes);
      }
      const blockEnd = at + blockBytes;
      if (blockEnd > end) return starve(blockBytes);
      if (chunk.getInt32(blockEnd - TRAILER_BYTES, littleEndian) !== blockBytes)
        return refuseTrailer(blockEnd);
      const step = readBlock(at, type, blockBytes);
      if (step === Step.FAILED) return ReadStatus.END;
      place[Place.AT] = blockEnd;
      if (step === Step.PACKET) return ReadStatus.PACKET;
    }
  }

  // Plain properties, not getters: see the reader of pcap.
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
