/** A packet for each reason that only a tracker can have: a capture, and the number of the packet in it. */
import { Reason } from '../../src/common/reasons.ts';
import { pcapFile } from '../ingest/capture-files.ts';
import * as b from '../packet/build.ts';
import { ethernet, LINK_RAW, udpPacket } from '../support/frames.ts';
import { type StoryOptions, scriptCapture } from './stories.ts';

export interface ReasonPacket {
  readonly reason: Reason;
  readonly capture: Uint8Array;
  readonly packet: number;
  readonly options?: StoryOptions;
  /** Its numbers. */
  readonly says: RegExp;
}

/** Reasons that no short capture can show, and where they are shown. */
export const NOT_SHOWN: ReadonlyMap<Reason, string> = new Map([
  [Reason.PROBE_LIMIT, 'needs a thousand tuples that collide: test/shm/table.test.ts'],
  [Reason.FRAGMENT_TIMEOUT, 'its packets bear FRAGMENT; known when the time is over: test/ingest/reassembly'],
  [Reason.FRAGMENT_UNFINISHED, 'the same, known at the end: test/ingest/reassembly'],
  [Reason.FRAGMENT_DISTANCE, 'the same, known when the next one comes: test/ingest/reassembly'],
  [Reason.RING_FULL, 'only of a live source, whose packets explain never sees: test/live'],
  [Reason.SNAP_LENGTH, 'needs a cut packet: test/explain/facts.test.ts'],
]);

const HANDSHAKE = `
  c S 1000 win 1000
  s S. 5000:1001 win 1000
  c . 1001:5001 win 1000`;

const ASSOCIATION = `
  c sctp 0 init:100
  s sctp 100 init-ack:200
  c sctp 200 cookie-echo
  s sctp 100 cookie-ack`;

/** Two connections that are ASSURED fill a table for two. */
function fullTable(): Uint8Array {
  const frame = (sport: number, back: boolean): Uint8Array => {
    const [src, dst] = back ? ['198.51.100.1', '192.0.2.1'] : ['192.0.2.1', '198.51.100.1'];
    const ports = back ? { sport: 53, dport: sport } : { sport, dport: 53 };
    return ethernet(udpPacket({ src, dst }, { ...ports, payload: 8 }));
  };
  const at = (sec: number, data: Uint8Array) => ({ sec, nsec: 0, wireLength: data.length, data });
  const assured = [1, 2].flatMap((port) => [
    at(1000, frame(port, false)),
    at(1001, frame(port, true)),
    at(1003, frame(port, false)),
  ]);
  return pcapFile([...assured.sort((a, b) => a.sec - b.sec), at(1004, frame(3, false))]);
}

/** One packet a second, without a link layer. */
const capture = (...frames: readonly b.Bytes[]): Uint8Array =>
  pcapFile(
    frames.map((frame, i) => ({
      sec: 1000 + i,
      nsec: 0,
      wireLength: frame.length,
      data: Uint8Array.from(frame),
    })),
    { network: LINK_RAW },
  );

/** A piece of an IPv4 datagram. */
function piece(offset: number, bytes: number, more: boolean, { id = 1, ecn = 0 } = {}): b.Bytes {
  const fragment = (offset >>> 3) | (more ? 0x2000 : 0);
  const plain = b.ipv4({ protocol: 17, bytes: b.zeros(bytes) }, { fragment });
  const header = b
    .patched(b.patched(plain, 1, ecn), 4, ...b.u16(id), ...plain.slice(6, 10), 0, 0)
    .slice(0, 20);
  return [...b.patched(header, 10, ...b.u16(b.naiveChecksum(header))), ...plain.slice(20)];
}

const fragment = (
  reason: Reason,
  frames: readonly b.Bytes[],
  says: RegExp,
  options: StoryOptions = {},
): ReasonPacket => ({
  reason,
  capture: capture(...frames),
  packet: frames.length,
  options,
  says,
});

const tunnel = (reason: Reason, port: number, payload: b.Bytes): ReasonPacket => ({
  reason,
  capture: capture(b.ipv4(b.udp({ destinationPort: port, payload }))),
  packet: 1,
  options: { decap: 'all' },
  says: /UDP: ports/,
});

/** IPv4 in IPv4, so many times. */
const nested = (times: number): b.Bytes =>
  times === 0 ? b.ipv4(b.udp()) : b.ipv4({ protocol: 4, bytes: nested(times - 1) });

/** FTP: what clients say, each in a connection of its own, behind a handshake and a first line. */
function ftp(...commands: readonly string[]): Uint8Array {
  const { SYN, ACK, PSH } = b;
  const frames = commands.flatMap((command, i) => {
    const sourcePort = 40_000 + i;
    const there = (seq: number, flags: number, words = ''): b.Bytes =>
      b.ipv4(
        b.tcp({
          sourcePort,
          destinationPort: 21,
          seq,
          ack: flags === SYN ? 0 : 5001,
          flags,
          payload: b.text(words),
        }),
      );
    const back = (seq: number, ack: number, flags: number, words = ''): b.Bytes =>
      b.ipv4(
        b.tcp({ sourcePort: 21, destinationPort: sourcePort, seq, ack, flags, payload: b.text(words) }),
        {
          source: b.B4,
          destination: b.A4,
        },
      );
    return [
      there(1000, SYN),
      back(5000, 1001, SYN | ACK),
      there(1001, ACK),
      there(1001, ACK | PSH, 'USER u\r\n'),
      there(1009, ACK | PSH, command),
    ];
  });
  return capture(...frames);
}

export const REASON_PACKETS: readonly ReasonPacket[] = [
  {
    reason: Reason.TCP_NOT_OPENING,
    capture: scriptCapture('s S. 5000:1001'),
    packet: 1,
    says: /cannot open one.*There was none before either/,
  },
  {
    reason: Reason.TCP_NOT_LOOSE,
    capture: scriptCapture('c . 1000:5000'),
    packet: 1,
    options: { set: ['tcp_loose=0'] },
    says: /tcp_loose=0/,
  },
  {
    reason: Reason.TCP_STATE,
    capture: scriptCapture('c S 1000\nc . 1001:5001'),
    packet: 2,
    says: /^In SYN_SENT there is no place for an ACK of the client; from that side it has places for SYN and RST\. /,
  },
  {
    reason: Reason.TCP_SEQ_OVER,
    capture: scriptCapture(`${HANDSHAKE}\nc P. 2002:5001 len 999`),
    packet: 4,
    // 1001 + 1000 is the right edge; relative to 1000.
    says: /Sequence 1002\.\.2001 must not start above 1001, the right edge that the server offered with packet 2; it starts 1 byte above\. .*no more than 1,000, the largest window of the server \(packet 2\); it does so by 1,001\./,
  },
  {
    reason: Reason.TCP_ACK_OVER,
    capture: scriptCapture(`${HANDSHAKE}\ns . 5001:1003 win 1000`),
    packet: 4,
    says: /acknowledges 3, and that must not lie above 1, the end of all that the client was seen to send \(packet 1\); it is 2 bytes above/,
  },
  {
    reason: Reason.TCP_RST_SEQ,
    capture: scriptCapture(`${HANDSHAKE}\ns R 4900`),
    packet: 4,
    says: /Sequence -100 must not lie below 1, the highest acknowledgement of the client \(packet 3\); it is 101 bytes below/,
  },
  {
    reason: Reason.ICMP_UNSOLICITED,
    capture: scriptCapture('s echoreply 7'),
    packet: 1,
    says: /nobody asked.*ICMP: type 0, code 0: echo reply, id 7, sequence 1/,
  },
  {
    reason: Reason.ICMP_QUOTE_UNKNOWN,
    capture: scriptCapture('s error 3/3 c udp'),
    packet: 1,
    says: /It would have needed udp 192\.0\.2\.10:40000-198\.51\.100\.5:80\. There was none before/,
  },
  {
    reason: Reason.ICMP_QUOTE_DESTINATION,
    // To the client, about a packet of the server.
    capture: scriptCapture('c udp\ns udp\nx error 3/3 s udp'),
    packet: 3,
    says: /goes to somebody else.*198\.51\.100\.5 → 192\.0\.2\.10/,
  },
  {
    reason: Reason.TABLE_FULL,
    capture: fullTable(),
    packet: 7,
    options: { maxConnections: 2 },
    says: /ASSURED/,
  },
  fragment(
    Reason.FRAGMENT_OVERLAP,
    [piece(0, 16, true), piece(8, 16, true)],
    /overlaps another piece.*offset 8/,
  ),
  fragment(Reason.FRAGMENT_DUPLICATE, [piece(0, 16, true), piece(0, 16, true)], /there already/),
  fragment(
    Reason.FRAGMENT_CONFLICT,
    [piece(16, 8, false), piece(32, 8, false)],
    /ends elsewhere.*offset 32, the last one/,
  ),
  fragment(Reason.FRAGMENT_LENGTH, [piece(8, 0, true)], /carries no data/),
  fragment(
    Reason.FRAGMENT_OVERSIZE,
    [b.ipv6({ protocol: 44, bytes: [17, 0, ...b.u16(65528), ...b.zeros(104)] })],
    /longer than IP allows.*offset 65528/,
  ),
  fragment(Reason.FRAGMENT_ECN, [piece(0, 16, true, { ecn: 3 }), piece(16, 8, false)], /contradict/),
  fragment(Reason.FRAGMENT_MEMORY, [piece(0, 16, true), piece(0, 16, true, { id: 2 })], /used up/, {
    set: ['ipfrag_high_thresh=1'],
  }),
  fragment(Reason.FRAGMENT_HEADER, [b.ipv6({ protocol: 44, bytes: b.zeros(4) })], /fragment header/),
  tunnel(Reason.TUNNEL_SHORT, 4789, b.zeros(4)),
  tunnel(Reason.TUNNEL_VERSION, 6081, [0x40, ...b.zeros(15)]),
  tunnel(Reason.TUNNEL_PAYLOAD, 6081, [0, 0, 0x12, 0x34, ...b.zeros(20)]),
  {
    reason: Reason.TUNNEL_DEPTH,
    capture: capture(nested(10)),
    packet: 1,
    options: { decap: 'all' },
    says: /eight tunnels/,
  },
  {
    reason: Reason.SCTP_NOT_OPENING,
    capture: scriptCapture('c sctp 7 data'),
    packet: 1,
    says: /cannot open one\. There was none before/,
  },
  {
    reason: Reason.SCTP_TAG,
    capture: scriptCapture(`${ASSOCIATION}\nc sctp 201 data`),
    packet: 5,
    says: /Its tag is 201; what the client sends must bear 200/,
  },
  {
    reason: Reason.SCTP_STATE,
    capture: scriptCapture('c sctp 5 heartbeat\ns sctp 0 init:7'),
    packet: 2,
    says: /In HEARTBEAT_SENT there is no place for INIT of the server/,
  },
  {
    reason: Reason.SCTP_HEARTBEAT,
    capture: scriptCapture(`${ASSOCIATION}\nc sctp 55 heartbeat,data`),
    packet: 5,
    says: /tag that does not fit.*HEARTBEAT, DATA/,
  },
  {
    reason: Reason.SCTP_INITIATE_TAG,
    capture: scriptCapture('c sctp 0 init:100\ns sctp 0 init:200\ns sctp 100 init-ack:201'),
    packet: 3,
    says: /INIT ACK \(initiate tag 201\)/,
  },
  {
    reason: Reason.ONE_WAY_RESET,
    capture: scriptCapture('s R 5000'),
    packet: 1,
    options: { oneWay: true },
    says: /nothing was seen/,
  },
  {
    reason: Reason.ONE_WAY_ERROR,
    capture: scriptCapture('s error 3/3 c udp'),
    packet: 1,
    options: { oneWay: true },
    says: /it quotes: 192\.0\.2\.10 → 198/,
  },
  {
    reason: Reason.HELPER_PARTIAL,
    capture: ftp('PORT 10,0,0,1,4'),
    packet: 5,
    says: /beginning of a command/,
  },
  {
    reason: Reason.HELPER_REFUSED,
    capture: ftp('PORT 10,0,0,1,4,1\r\n', 'PORT 10,0,0,1,4,2\r\n'),
    packet: 10,
    options: { set: ['expect_max=1'] },
    says: /no room for what it foretells/,
  },
];
