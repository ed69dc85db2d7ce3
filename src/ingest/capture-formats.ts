/** The formats that a capture file may turn out to have, by their first bytes. */

export enum CaptureFormat {
  UNKNOWN = 0,
  PCAP = 1,
  PCAPNG = 2,
}

/** Of a pcap file, read in the byte order of the file. */
export enum PcapMagic {
  MICROSECONDS = 0xa1b2c3d4,
  NANOSECONDS = 0xa1b23c4d,
}

/** Enough for every magic number below. */
export const MAGIC_BYTES_MAX = 16;

const PCAPNG_BLOCK_TYPE = 0x0a0d0d0a;

/** 32-bit magic numbers of formats that look like pcap and are not; in either byte order. */
const PCAP_LOOKALIKES: readonly (readonly [magic: number, name: string])[] = [
  [0xa1b2cd34, 'a pcap file with the longer record headers of Kuznetzov (FRITZ!Box writes it too)'],
  [0xa1b234cd, "a pcap file as modified by Mesquita's tcpdump"],
  [0xa12b3c4d, 'a pcap file as modified by Navtel'],
  [0x1c0001ac, 'a pcap file as written by Ixia lcap (hardware)'],
  [0x1c0001ab, 'a pcap file as written by Ixia lcap (software)'],
];

/** Formats known by their leading bytes, as latin1. */
const OTHER_FORMATS: readonly (readonly [magic: string, name: string])[] = [
  ['snoop\0\0\0', 'a Solaris snoop capture'],
  ['btsnoop\0', 'a Bluetooth btsnoop capture'],
  ['iptrace 1.0', 'an AIX iptrace capture'],
  ['iptrace 2.0', 'an AIX iptrace capture'],
  ['RTSS', 'a Microsoft Network Monitor 1 capture'],
  ['GMBU', 'a Microsoft Network Monitor 2 capture'],
  ['TRSNIFF data    ', 'a Network General Sniffer capture'],
  ['XCP\0', 'a NetXRay or Sniffer for Windows capture'],
  ['\x7fver', 'an OmniPeek capture'],
  ['\x05VNF', 'a Visual Networks capture'],
  ['ObserverPktBuffe', 'a Network Instruments Observer capture'],
  ['\x1f\x8b', 'gzip data inside gzip data'],
  ['\xfd7zXZ\0', 'xz data; unpack it first: xz -dc FILE | flowshard ... -'],
  ['\x28\xb5\x2f\xfd', 'zstd data; unpack it first: zstd -dc FILE | flowshard ... -'],
  ['\x04\x22\x4d\x18', 'lz4 data; unpack it first: lz4 -dc FILE | flowshard ... -'],
  ['BZh', 'bzip2 data; unpack it first: bzip2 -dc FILE | flowshard ... -'],
  ['PK\x03\x04', 'a zip archive; unpack it first'],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive; unpack it first'],
];

function word(head: Uint8Array, littleEndian: boolean): number {
  return new DataView(head.buffer, head.byteOffset, head.length).getUint32(0, littleEndian);
}

/** Whether a pcap file with these first bytes is little-endian. */
export function isLittleEndianPcap(head: Uint8Array): boolean {
  const magic = word(head, true);
  return magic === PcapMagic.MICROSECONDS || magic === PcapMagic.NANOSECONDS;
}

/** Tells a format from the first bytes of a file, of which there may be fewer than any magic number has. */
export function detectFormat(head: Uint8Array): CaptureFormat {
  if (head.length < 4) return CaptureFormat.UNKNOWN;
  if (word(head, true) === PCAPNG_BLOCK_TYPE) return CaptureFormat.PCAPNG;
  const big = word(head, false);
  const isPcap = isLittleEndianPcap(head) || big === PcapMagic.MICROSECONDS || big === PcapMagic.NANOSECONDS;
  return isPcap ? CaptureFormat.PCAP : CaptureFormat.UNKNOWN;
}

function otherFormatName(head: Uint8Array): string {
  if (head.length >= 4) {
    const [little, big] = [word(head, true), word(head, false)];
    for (const [magic, name] of PCAP_LOOKALIKES) if (magic === little || magic === big) return name;
  }
  const text = String.fromCharCode(...head);
  for (const [magic, name] of OTHER_FORMATS) if (text.startsWith(magic)) return name;
  return '';
}

/** Words for the first bytes of a file that is no capture that we read. */
export function describeUnknown(head: Uint8Array): string {
  if (head.length === 0) return 'an empty file';
  const shown = head.subarray(0, 8);
  const hex = Array.from(shown, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const name = otherFormatName(head);
  if (name !== '') return `${name} (${hex})`;
  return head.length < 4 ? `a file of ${head.length} bytes (${hex})` : `the bytes ${hex}`;
}
