/** The options of an interface description block that change how its packets are read. */
import { RESOLUTION_DEFAULT } from './pcapng-time.ts';

export interface InterfaceOptions {
  /** if_tsresol: n for units of 10^-n s, with the top bit set 2^-n s. */
  readonly resolution: number;
  /** if_tsoffset: seconds to add to every time. */
  readonly offsetSec: number;
}

const OPTION_HEADER_BYTES = 4;
const END_OF_OPTIONS = 0;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;
/** Beyond any time that a record can hold, and far from where doubles stop being whole numbers. */
const OFFSET_SEC_MAX = 2 ** 40 - 1;

function paddedTo4(length: number): number {
  return (length + 3) & ~3;
}

/** Reads options from `start` to `end`; one that does not fit ends the list, and what came before counts. */
export function parseInterfaceOptions(
  view: DataView,
  start: number,
  end: number,
  littleEndian: boolean,
): InterfaceOptions {
  let resolution = RESOLUTION_DEFAULT;
  let offsetSec = 0;
  let at = start;
  while (at + OPTION_HEADER_BYTES <= end) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    const valueAt = at + OPTION_HEADER_BYTES;
    if (code === END_OF_OPTIONS || valueAt + length > end) break;
    if (code === IF_TSRESOL && length === 1) resolution = view.getUint8(valueAt);
    if (code === IF_TSOFFSET && length === 8) {
      const highAt = littleEndian ? valueAt + 4 : valueAt;
      const lowAt = littleEndian ? valueAt : valueAt + 4;
      const offset = view.getInt32(highAt, littleEndian) * 2 ** 32 + view.getUint32(lowAt, littleEndian);
      offsetSec = Math.min(Math.max(offset, -OFFSET_SEC_MAX), OFFSET_SEC_MAX);
    }
    at = valueAt + paddedTo4(length);
  }
  return { resolution, offsetSec };
}
