/**
 * CRC32c (Castagnoli), the checksum of SCTP. RFC 9260 appendix A: reflected polynomial 0x82f63b78,
 * all ones at the start, inverted at the end, stored with its lowest byte first.
 */

const POLYNOMIAL = 0x82f63b78 | 0;
/** Tables for four bytes at a time: entry `256 * k + byte` is that byte followed by `k` zero bytes. */
const TABLES = tables();

function tables(): Int32Array {
  const table = new Int32Array(1024);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL;
    table[byte] = crc;
  }
  for (let i = 256; i < table.length; i++) {
    const shorter = table[i - 256];
    table[i] = (shorter >>> 8) ^ table[shorter & 0xff];
  }
  return table;
}

/**
 * Carries a CRC on over more bytes.
 *
 * Units:  `crc` is neither inverted before nor after; it starts as -1 and is complete as `~crc`
 * Cost:   one load and four look-ups per 4 bytes, no allocation
 */
export function updateCrc32c(crc: number, view: DataView, start: number, length: number): number {
  let c = crc;
  let at = start;
  for (const end = start + (length & ~3); at < end; at += 4) {
    c ^= view.getInt32(at, true);
    c =
      TABLES[768 + (c & 0xff)] ^
      TABLES[512 + ((c >>> 8) & 0xff)] ^
      TABLES[256 + ((c >>> 16) & 0xff)] ^
      TABLES[c >>> 24];
  }
  for (const end = start + length; at < end; at++) c = (c >>> 8) ^ TABLES[(c ^ view.getUint8(at)) & 0xff];
  return c;
}

/** The CRC over 4 bytes of 0. */
export function zeroWordCrc32c(crc: number): number {
  return (
    TABLES[768 + (crc & 0xff)] ^
    TABLES[512 + ((crc >>> 8) & 0xff)] ^
    TABLES[256 + ((crc >>> 16) & 0xff)] ^
    TABLES[crc >>> 24]
  );
}
