/** Generated frames in memory, and what they say, read without the decoder of the tracker. */
import assert from 'node:assert/strict';
import { crc32c, folded, sumOf, transportChecksum } from '../../src/kernel/fuzz/wire.ts';
import { FRAME_BYTES_MAX, type TrafficOptions, trafficOptions } from '../../src/traffic/options.ts';
import { createTraffic, Stamp } from '../../src/traffic/traffic.ts';

export interface Frame {
  readonly ns: number;
  readonly data: Uint8Array;
}

export interface Generated {
  readonly frames: readonly Frame[];
  readonly made: Float64Array;
}

/** Nanoseconds of a frame are since the start. */
export function generate(given: Partial<TrafficOptions>): Generated {
  const options = trafficOptions(given);
  const bytes = new Uint8Array(FRAME_BYTES_MAX);
  const traffic = createTraffic(options, { bytes, view: new DataView(bytes.buffer), at: 0 });
  const frames: Frame[] = [];
  for (let length = traffic.next(); length > 0; length = traffic.next()) {
    const { stamp } = traffic;
    const sec = (stamp[Stamp.SEC] >>> 0) - options.startSec;
    frames.push({ ns: sec * 1e9 + stamp[Stamp.NSEC], data: bytes.slice(0, length) });
    // What one frame leaves behind must not be part of the next.
    bytes.fill(0xa5);
  }
  return { frames, made: traffic.made };
}

export interface Fields {
  readonly isIpv6: boolean;
  readonly protocol: number;
  /** Hexadecimal digits. */
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Of the IP packet. */
  readonly bytes: number;
  readonly fragment: number;
  readonly tcpFlags: number;
  readonly seq: number;
  readonly data: number;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Of an echo its identifier; of GRE there is none. */
function portOf(protocol: number, l4: DataView, at: number): number {
  if (protocol === 47) return 0;
  return l4.getUint16(protocol === 1 || protocol === 58 ? 4 : at);
}

/** Reads a frame, and asserts that every length and checksum in it is right. */
export function read({ data }: Frame): Fields {
  const view = new DataView(data.buffer);
  const type = view.getUint16(12);
  const isIpv6 = type === 0x86dd;
  assert.ok(isIpv6 || type === 0x0800, `ethertype ${type}`);
  const ip = data.subarray(14);
  assert.equal(ip[0] >>> 4, isIpv6 ? 6 : 4);
  const header = isIpv6 ? 40 : 20;
  const bytes = isIpv6 ? 40 + view.getUint16(18) : view.getUint16(16);
  assert.equal(bytes, ip.length, 'the length in the IP header');
  if (!isIpv6) assert.equal(folded(sumOf(ip, 0, 20)), 0, 'the checksum of the IP header');
  const protocol = ip[isIpv6 ? 6 : 9];
  const ends = isIpv6
    ? { src: ip.subarray(8, 24), dst: ip.subarray(24, 40) }
    : { src: ip.subarray(12, 16), dst: ip.subarray(16, 20) };
  const l4 = ip.subarray(header);
  const l4View = new DataView(l4.buffer, l4.byteOffset, l4.length);
  const fragment = isIpv6 ? 0 : view.getUint16(20) & 0x3fff;
  const fields = {
    isIpv6,
    protocol,
    source: hex(ends.src),
    destination: hex(ends.dst),
    sourcePort: portOf(protocol, l4View, 0),
    destinationPort: portOf(protocol, l4View, 2),
    bytes,
    fragment,
    tcpFlags: protocol === 6 ? l4[13] : 0,
    seq: protocol === 6 ? l4View.getUint32(4) : 0,
    data: protocol === 6 ? l4.length - (l4[12] >>> 4) * 4 : l4.length - 8,
  };
  if (fragment !== 0) return fields;
  switch (protocol) {
    case 6:
      assert.equal(transportChecksum(ends, 6, l4), 0, 'the checksum of TCP');
      break;
    case 17:
      assert.equal(l4View.getUint16(4), l4.length, 'the length in the UDP header');
      assert.notEqual(l4View.getUint16(6), 0);
      assert.equal(transportChecksum(ends, 17, l4), 0, 'the checksum of UDP');
      break;
    case 1:
      assert.equal(folded(sumOf(l4)), 0, 'the checksum of ICMP');
      break;
    case 58:
      assert.equal(transportChecksum(ends, 58, l4), 0, 'the checksum of ICMPv6');
      break;
    case 132: {
      const stored = l4View.getUint32(8, true);
      const copy = l4.slice();
      copy.fill(0, 8, 12);
      assert.equal(crc32c(copy), stored, 'the checksum of SCTP');
      break;
    }
    case 47:
      assert.equal(l4View.getUint32(0), 0x88b5, 'GRE version 0');
      break;
    default:
      assert.fail(`protocol ${protocol}`);
  }
  return fields;
}

/** Both endpoints in either order, so that the two directions of a connection have one name. */
export function connectionName(f: Fields): string {
  const ends = [`${f.source}:${f.sourcePort}`, `${f.destination}:${f.destinationPort}`];
  return `${f.protocol} ${ends.sort().join(' ')}`;
}
