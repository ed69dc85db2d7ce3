/** What stands in a TCP header, for people: all flags, all options. */

export interface TcpFacts {
  readonly seq: number;
  readonly ack: number;
  /** The flags byte, with PSH, URG, ECE and CWR. */
  readonly flags: number;
  /** As it stands there. */
  readonly window: number;
  /** Payload, by the IP length. */
  readonly bytes: number;
  readonly headerBytes: number;
  /** SACK blocks: left and right edge. */
  readonly sack: readonly (readonly [number, number])[];
  /** Other options, in words. */
  readonly options: readonly string[];
}

/** Bits of the flags byte. */
export enum TcpFlag {
  FIN = 0x01,
  SYN = 0x02,
  RST = 0x04,
  PSH = 0x08,
  ACK = 0x10,
  URG = 0x20,
  ECE = 0x40,
  CWR = 0x80,
}

/** In the order in which people say them. */
const FLAGS: readonly TcpFlag[] = [
  TcpFlag.SYN,
  TcpFlag.FIN,
  TcpFlag.RST,
  TcpFlag.PSH,
  TcpFlag.URG,
  TcpFlag.ECE,
  TcpFlag.CWR,
  TcpFlag.ACK,
];

/** `SYN ACK`, `PSH ACK`; `no flags` for none. */
export function flagsText(flags: number): string {
  const names = FLAGS.filter((flag) => (flags & flag) !== 0).map((flag) => TcpFlag[flag]);
  return names.length === 0 ? 'no flags' : names.join(' ');
}

const OPTION_SACK = 5;

function optionText(view: DataView, at: number, kind: number, length: number): string {
  if (kind === 2 && length === 4) return `MSS ${view.getUint16(at + 2)}`;
  if (kind === 3 && length === 3) return `window scale ${view.getUint8(at + 2)}`;
  if (kind === 4 && length === 2) return 'SACK permitted';
  if (kind === 8 && length === 10)
    return `timestamp ${view.getUint32(at + 2)} echo ${view.getUint32(at + 6)}`;
  if (kind === 19) return 'MD5 signature';
  if (kind === 29) return 'TCP-AO';
  if (kind === 30) return 'multipath TCP';
  if (kind === 34) return 'fast open';
  return `option ${kind}`;
}

/**
 * Reads a header whose first 20 bytes are there; options end where the captured bytes do.
 *
 * Units:   `segmentBytes` counts header and payload
 */
export function readTcpFacts(view: DataView, at: number, end: number, segmentBytes: number): TcpFacts {
  const headerBytes = (view.getUint8(at + 12) >>> 4) * 4;
  const options: string[] = [];
  const sack: (readonly [number, number])[] = [];
  const stop = Math.min(at + headerBytes, end);
  let i = at + 20;
  while (i < stop) {
    const kind = view.getUint8(i);
    if (kind === 0) break;
    if (kind === 1) {
      i++;
      continue;
    }
    const length = stop - i < 2 ? 0 : view.getUint8(i + 1);
    if (length < 2 || length > stop - i) {
      options.push(`option ${kind} is damaged`);
      break;
    }
    if (kind === OPTION_SACK && length >= 10 && (length - 2) % 8 === 0) {
      for (let b = i + 2; b < i + length; b += 8) sack.push([view.getInt32(b), view.getInt32(b + 4)]);
    } else options.push(optionText(view, i, kind, length));
    i += length;
  }
  return {
    seq: view.getInt32(at + 4),
    ack: view.getInt32(at + 8),
    flags: view.getUint8(at + 13),
    window: view.getUint16(at + 14),
    bytes: Math.max(0, segmentBytes - headerBytes),
    headerBytes,
    sack,
    options,
  };
}
