/**
 * Tunnels of real and of made-up captures against another dissector: test/fixtures/tunnels/inner.tsv has the
 * innermost packet of each frame as scapy finds it, with the numbers of the tunnels around it. Frames with
 * outer fragments are not in the list, nor is ERSPAN I, which scapy does not know.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Reason } from '../../src/common/reasons.ts';
import { openCapture } from '../../src/ingest/open-capture.ts';
import { ReadStatus, Rec } from '../../src/ingest/reader.ts';
import { Kind, Meta } from '../../src/shm/bits.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import { ipPacket, tcpPacket, udpPacket } from '../support/frames.ts';
import { decapsulating } from './decap.ts';
import { type Decoded, decoded, decodeIn } from './decoded.ts';

const FIXTURES = 'test/fixtures';
const TCP = 6;
const UDP = 17;
/** Of ICMP and the like only the endpoints are compared. */
const PORTS: readonly number[] = [TCP, UDP];

/** What this project says of packets where it does not go as far as scapy, or sees damage that scapy passes over. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'tun/zeek__gtp7_ipv6.pcap:2': 'ICMPV6_CONTROL',
  'tun/zeek__gtp9_unknown_or_too_short_payload.pcap:11': 'IP_LENGTH',
  // GTP', which is another protocol.
  'tun/pcapflowlab__gtpu-24_gtpu_flag_matrix_inner_ipv4_tcp.pcap:1': 'TUNNEL_VERSION',
};
/** Marked as a control message, so it is the outer packet that is tracked. */
const LEFT = 'tun/pcapflowlab__geneve-25_geneve_option_and_flag_tolerance_matrix.pcap:2';

interface Row {
  readonly file: string;
  readonly packet: number;
  readonly src: string;
  readonly dst: string;
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
  /** By `--zone-from`. */
  readonly numbers: ReadonlyMap<string, number>;
}

function rows(): Row[] {
  const lines = readFileSync(join(FIXTURES, 'tunnels', 'inner.tsv'), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1);
  return lines.map((line) => {
    const [file, packet, src, dst, protocol, sport, dport, numbers = ''] = line.split('\t');
    const pairs = numbers === '' ? [] : numbers.split(';').map((pair) => pair.split('='));
    return {
      file,
      packet: Number(packet),
      src,
      dst,
      protocol: Number(protocol),
      sport: Number(sport),
      dport: Number(dport),
      numbers: new Map(pairs.map(([name, number]) => [name, Number(number)])),
    };
  });
}

/** A packet of its own with the tuple of the row, decoded without any tunnel. */
function expectedOf({ src, dst, protocol, sport, dport }: Row): Decoded {
  const ip = { src, dst };
  if (protocol === TCP) return decoded([...tcpPacket(ip, { sport, dport, seq: 1, flags: 2 })]);
  if (protocol === UDP) return decoded([...udpPacket(ip, { sport, dport })]);
  // Any protocol without ports gives the endpoints.
  return decoded([...ipPacket(ip, 99, [])]);
}

/** The words that a tuple has in common with one of the same endpoints, and of the same ports where it has some. */
function tupleOf({ words, meta }: Decoded, hasPorts: boolean): unknown {
  const isIpv6 = (words[Desc.KIND] & Kind.IPV6) !== 0;
  return {
    addresses: [words[Desc.LO0], words[Desc.HI0], ...(isIpv6 ? words.subarray(Desc.LO1, Desc.WORDS) : [])],
    fromHi: words[Desc.LO0] === words[Desc.HI0] && !isIpv6 ? 0 : meta & Meta.FROM_HI,
    ...(hasPorts ? { ports: words[Desc.L4], kind: words[Desc.KIND] & 0xffff } : {}),
  };
}

/** Every frame of a capture, decoded with each way to get zones. */
async function decodedFrames(file: string, zones: readonly (string | undefined)[]): Promise<Decoded[][]> {
  const decoders = zones.map((zone) => decapsulating(['all'], zone, false).decode);
  const reader = await openCapture(join(FIXTURES, 'captures', file));
  const frames: Decoded[][] = [];
  for (;;) {
    const status = reader.next();
    if (status === ReadStatus.END) break;
    if (status === ReadStatus.NEED_BYTES) {
      await reader.fill();
      continue;
    }
    const { record, view } = reader;
    const [offset, captured, wire] = [
      record[Rec.OFFSET],
      record[Rec.CAPTURE_LENGTH],
      record[Rec.WIRE_LENGTH],
    ];
    frames.push(
      decoders.map((decode) => decodeIn(decode, view, offset, captured, wire, record[Rec.LINK_TYPE])),
    );
  }
  await reader.close();
  return frames;
}

const ZONES = [undefined, 'vni', 'session', 'key', 'teid'] as const;

describe('captures with tunnels', () => {
  const all = rows();
  for (const file of new Set(all.map((row) => row.file))) {
    test(file, async () => {
      const frames = await decodedFrames(file, ZONES);
      for (const row of all.filter((r) => r.file === file)) {
        if (`${file}:${row.packet}` === LEFT) continue;
        const where = `${file} packet ${row.packet}`;
        const found = frames[row.packet - 1];
        const reason = Reason[found[0].reason];
        assert.equal(reason, EXCEPTIONS[`${file}:${row.packet}`] ?? 'NONE', where);
        if (reason !== 'NONE') continue;
        const hasPorts = PORTS.includes(row.protocol);
        assert.deepEqual(tupleOf(found[0], hasPorts), tupleOf(expectedOf(row), hasPorts), where);
        ZONES.forEach((zoneFrom, i) => {
          const number = zoneFrom === undefined ? 0 : (row.numbers.get(zoneFrom) ?? 0);
          assert.equal(
            found[i].words[Desc.KIND] >>> Kind.ZONE_SHIFT,
            number & 0xffff,
            `${where}: ${zoneFrom}`,
          );
        });
      }
    });
  }

  test('are many, of every kind', () => {
    assert.ok(all.length >= 250);
    const named = new Set(all.flatMap(({ numbers }) => [...numbers.keys()]));
    assert.deepEqual([...named].sort(), ['key', 'session', 'teid', 'vni']);
  });

  test('ERSPAN I, read by hand: a ping between two hosts', async () => {
    const frames = await decodedFrames('gre/sv__decode-erspan-typeI-02.pcap', [undefined]);
    const ping = expectedOf({ ...all[0], src: '100.95.2.201', dst: '100.95.3.105', protocol: 1 });
    assert.equal(frames.length, 42);
    frames.forEach(([frame], i) => {
      assert.equal(Reason[frame.reason], 'NONE');
      const direction = i % 2 === 0 ? ping.meta : ping.meta ^ Meta.FROM_HI;
      assert.deepEqual(tupleOf(frame, false), {
        ...(tupleOf(ping, false) as object),
        fromHi: direction & Meta.FROM_HI,
      });
    });
  });
});
