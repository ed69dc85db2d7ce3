/** Tunnel headers with hand-made bytes: what is found inside, what is refused, what is left as it is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Reason } from '../../src/common/reasons.ts';
import { LinkType } from '../../src/packet/link.ts';
import { TunnelKind } from '../../src/packet/tunnels/tunnel.ts';
import { ZONE_CUT } from '../../src/packet/tunnels/unwrap.ts';
import { Kind } from '../../src/shm/bits.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import { createRandom, seedOf } from '../support/random.ts';
import * as b from './build.ts';
import { decapsulating } from './decap.ts';
import { decoded, decoderOf, tupleText } from './decoded.ts';
import { inEthernet, inTunnel, type Load, TUNNEL_FORMS } from './tunnel-forms.ts';

const SYN4 = b.ipv4(b.tcp({ flags: b.SYN }));
const SYN6 = b.ipv6(b.tcp({ flags: b.SYN }));
const FRAME4 = b.ethernet(0x0800, SYN4);
const FRAME6 = b.ethernet(0x86dd, SYN6);
const TAGGED4 = b.ethernet(0x8100, b.tag(33, 0x0800, SYN4));

const OUTER_A = 0xc0a80101;
const OUTER_B = 0xc0a80102;
const outer4 = (segment: b.Segment): b.Bytes => b.ipv4(segment, { source: OUTER_A, destination: OUTER_B });
const outer6 = (segment: b.Segment): b.Bytes => b.ipv6(segment);
const over = (destinationPort: number, ...parts: b.Bytes[]): b.Bytes =>
  outer4(b.udp({ destinationPort, payload: parts.flat() }));
const gre = (...parts: b.Bytes[]): b.Bytes => outer4({ protocol: 47, bytes: parts.flat() });

/** Of the inner packet and of what was found, with every tunnel named. */
const all = decapsulating(['all']);

function zoneOf(frame: b.Bytes, zoneFrom: string): number {
  const { words, returned } = decoded(frame, LinkType.RAW, decapsulating(['all'], zoneFrom).decode);
  assert.equal(Reason[returned], 'NONE');
  return words[Desc.KIND] >>> Kind.ZONE_SHIFT;
}

interface Found {
  readonly name: string;
  readonly frame: b.Bytes;
  readonly inner: b.Bytes;
  readonly kind: TunnelKind;
  /** `--zone-from`, and the zone that it gives. */
  readonly zone?: readonly [string, number];
}

const { VXLAN, GENEVE, GRE, ERSPAN, IPIP, GTP_U } = TunnelKind;

// biome-ignore format: a table of bytes
const FOUND: readonly Found[] = [
  { name: 'VXLAN, VNI 123', kind: VXLAN, inner: SYN4, zone: ['vni', 123],
    frame: over(4789, [0x08, 0, 0, 0, 0, 0, 123, 0], FRAME4) },
  { name: 'VXLAN on the port of Linux', kind: VXLAN, inner: SYN6, zone: ['vni', 0x0102],
    frame: over(8472, [0x08, 0, 0, 0, 0, 1, 2, 0xff], FRAME6) },
  { name: 'VXLAN with a group policy and reserved bits', kind: VXLAN, inner: SYN4, zone: ['vni', 7],
    frame: over(4789, [0xff, 0x48, 0, 9, 0, 0, 7, 1], FRAME4) },
  { name: 'VXLAN, a VNI larger than a zone', kind: VXLAN, inner: SYN4, zone: ['vni', 0x3456],
    frame: over(4789, [0x08, 0, 0, 0, 0x12, 0x34, 0x56, 0], FRAME4) },
  { name: 'VXLAN, VLAN inside', kind: VXLAN, inner: SYN4, zone: ['vlan', 33],
    frame: over(4789, [0x08, 0, 0, 0, 0, 0, 1, 0], TAGGED4) },
  { name: 'VXLAN over IPv6', kind: VXLAN, inner: SYN4, zone: ['vni', 5],
    frame: outer6(b.udp({ destinationPort: 4789, payload: [8, 0, 0, 0, 0, 0, 5, 0, ...FRAME4] })) },
  { name: 'VXLAN with a protocol: IPv4', kind: VXLAN, inner: SYN4, zone: ['vni', 9],
    frame: over(4790, [0x0c, 0, 0, 1, 0, 0, 9, 0], SYN4) },
  { name: 'VXLAN with a protocol: IPv6', kind: VXLAN, inner: SYN6,
    frame: over(4790, [0x0c, 0, 0, 2, 0, 0, 9, 0], SYN6) },
  { name: 'VXLAN with a protocol: Ethernet', kind: VXLAN, inner: SYN4,
    frame: over(4790, [0x0c, 0, 0, 3, 0, 0, 9, 0], FRAME4) },
  { name: 'Geneve with Ethernet', kind: GENEVE, inner: SYN4, zone: ['vni', 10],
    frame: over(6081, [0, 0, 0x65, 0x58, 0, 0, 10, 0], FRAME4) },
  { name: 'Geneve with two options, one of them critical', kind: GENEVE, inner: SYN6, zone: ['vni', 11],
    frame: over(6081, [3, 0x40, 0x65, 0x58, 0, 0, 11, 0, 1, 2, 0x80, 1, 9, 9, 9, 9, 1, 2, 3, 0], FRAME6) },
  { name: 'Geneve with IPv4', kind: GENEVE, inner: SYN4,
    frame: over(6081, [0, 0, 0x08, 0x00, 0, 0, 10, 0], SYN4) },
  { name: 'Geneve with IPv6', kind: GENEVE, inner: SYN6,
    frame: over(6081, [0, 0, 0x86, 0xdd, 0, 0, 10, 0], SYN6) },
  { name: 'GRE with IPv4', kind: GRE, inner: SYN4, zone: ['key', 0], frame: gre([0, 0, 8, 0], SYN4) },
  { name: 'GRE with IPv6 and a key', kind: GRE, inner: SYN6, zone: ['key', 77],
    frame: gre([0x20, 0, 0x86, 0xdd, 0, 0, 0, 77], SYN6) },
  { name: 'GRE with checksum, key and sequence number', kind: GRE, inner: SYN4, zone: ['key', 0x0809],
    frame: gre([0xb0, 0, 8, 0, 1, 2, 0, 0, 6, 7, 8, 9, 0, 0, 0, 1], SYN4) },
  { name: 'GRE with a sequence number alone', kind: GRE, inner: SYN4,
    frame: gre([0x10, 0, 8, 0, 0, 0, 0, 1], SYN4) },
  { name: 'GRE with a checksum alone', kind: GRE, inner: SYN4,
    frame: gre([0x80, 0, 8, 0, 0xab, 0xcd, 0, 0], SYN4) },
  { name: 'GRE with Ethernet', kind: GRE, inner: SYN4, zone: ['vlan', 33], frame: gre([0, 0, 0x65, 0x58], TAGGED4) },
  { name: 'GRE with MPLS', kind: GRE, inner: SYN6,
    frame: gre([0, 0, 0x88, 0x47], b.label(3, false), b.label(4, true), SYN6) },
  { name: 'GRE with PPP', kind: GRE, inner: SYN4, frame: gre([0, 0, 0x88, 0x0b], [0, 0x21], SYN4) },
  { name: 'GRE to a web cache', kind: GRE, inner: SYN4, frame: gre([0, 0, 0x88, 0x3e], [0, 1, 2, 3], SYN4) },
  { name: 'GRE to a web cache, older form', kind: GRE, inner: SYN4, frame: gre([0, 0, 0x88, 0x3e], SYN4) },
  { name: 'ERSPAN I', kind: ERSPAN, inner: SYN4, zone: ['session', 0], frame: gre([0, 0, 0x88, 0xbe], FRAME4) },
  { name: 'ERSPAN II, session 100', kind: ERSPAN, inner: SYN4, zone: ['session', 100],
    frame: gre([0x10, 0, 0x88, 0xbe, 0, 0, 0, 9], [0x10, 0x21, 0xfc, 100, 0, 0, 0, 1], FRAME4) },
  { name: 'ERSPAN III, session 1023', kind: ERSPAN, inner: SYN6, zone: ['session', 1023],
    frame: gre([0x10, 0, 0x22, 0xeb, 0, 0, 0, 9], [0x20, 0, 3, 0xff, 1, 2, 3, 4, 0, 0, 0, 0], FRAME6) },
  { name: 'ERSPAN III with a platform header', kind: ERSPAN, inner: SYN4, zone: ['session', 2],
    frame: gre([0x10, 0, 0x22, 0xeb, 0, 0, 0, 9], [0x20, 0, 0, 2, 1, 2, 3, 4, 0, 0, 0x80, 1], b.zeros(8), FRAME4) },
  { name: 'ERSPAN III with IP', kind: ERSPAN, inner: SYN4, zone: ['session', 2],
    frame: gre([0x10, 0, 0x22, 0xeb, 0, 0, 0, 9], [0x20, 0, 0, 2, 1, 2, 3, 4, 0, 0, 0x08, 0], SYN4) },
  { name: 'ERSPAN III without a sequence number', kind: ERSPAN, inner: SYN4,
    frame: gre([0, 0, 0x22, 0xeb], [0x20, 0, 0, 2, 1, 2, 3, 4, 0, 0, 0, 0], FRAME4) },
  { name: '4 in 4', kind: IPIP, inner: SYN4, frame: outer4({ protocol: 4, bytes: SYN4 }) },
  { name: '6 in 4', kind: IPIP, inner: SYN6, frame: outer4({ protocol: 41, bytes: SYN6 }) },
  { name: '4 in 6', kind: IPIP, inner: SYN4, frame: outer6({ protocol: 4, bytes: SYN4 }) },
  { name: '6 in 6', kind: IPIP, inner: SYN6, frame: outer6({ protocol: 41, bytes: SYN6 }) },
  { name: '6 in 6 behind options', kind: IPIP, inner: SYN6,
    frame: b.ipv6({ protocol: 41, bytes: SYN6 }, { extensions: [b.destinationOptions] }) },
  { name: 'GTP-U', kind: GTP_U, inner: SYN4, zone: ['teid', 0x0304],
    frame: over(2152, [0x30, 255, 0, SYN4.length, 1, 2, 3, 4], SYN4) },
  { name: 'GTP-U with a sequence number', kind: GTP_U, inner: SYN6, zone: ['teid', 4],
    frame: over(2152, [0x32, 255, 0, SYN6.length + 4, 0, 0, 0, 4], [0, 9, 0, 0], SYN6) },
  { name: 'GTP-U with an N-PDU number, the type of an extension being noise', kind: GTP_U, inner: SYN4,
    frame: over(2152, [0x31, 255, 0, SYN4.length + 4, 0, 0, 0, 4], [0, 0, 7, 0x85], SYN4) },
  { name: 'GTP-U with two extension headers', kind: GTP_U, inner: SYN4, zone: ['teid', 4],
    frame: over(2152, [0x34, 255, 0, SYN4.length + 16, 0, 0, 0, 4], [0, 0, 0, 0x85],
      [1, 0x10, 9, 0x40], [2, 8, 7, 6, 5, 4, 3, 0], SYN4) },
  { name: 'GTP-U whose length leaves bytes over', kind: GTP_U, inner: SYN4,
    frame: over(2152, [0x30, 255, 0, SYN4.length, 1, 2, 3, 4], SYN4, [1, 2, 3]) },
];

describe('tunnels of every kind', () => {
  for (const { name, frame, inner, kind, zone } of FOUND) {
    test(name, () => {
      all.counters.fill(0);
      const found = decoded(frame, LinkType.RAW, all.decode);
      assert.equal(Reason[found.reason], 'NONE');
      assert.equal(tupleText(found), tupleText(decoded(inner)));
      assert.equal(found.words[Desc.BYTES], inner.length);
      const counted = [...all.counters.subarray(0, TunnelKind.COUNT)];
      assert.deepEqual(
        counted,
        counted.map((_, k) => (k === kind ? 1 : 0)),
      );
      if (zone !== undefined) assert.equal(zoneOf(frame, zone[0]), zone[1]);
    });
  }

  test('in any link layer', () => {
    for (const { frame, inner } of FOUND) {
      const type = frame[0] >>> 4 === 4 ? 0x0800 : 0x86dd;
      for (const link of [b.ethernet(type, frame), b.ethernet(0x8100, b.tag(12, type, frame))]) {
        const found = decoded(link, LinkType.ETHERNET, all.decode);
        assert.equal(tupleText(found), tupleText(decoded(inner)));
      }
    }
  });

  test('a number that is larger than a zone is counted', () => {
    const { decode, counters } = decapsulating(['vxlan'], 'vni');
    decoded(over(4789, [8, 0, 0, 0, 0, 0xff, 0xff, 0], FRAME4), LinkType.RAW, decode);
    assert.equal(counters[ZONE_CUT], 0);
    decoded(over(4789, [8, 0, 0, 0, 1, 0, 0, 0], FRAME4), LinkType.RAW, decode);
    assert.equal(counters[ZONE_CUT], 1);
  });

  test('the VLAN that counts is that of the innermost frame', () => {
    const { decode } = decapsulating(['all'], 'vlan');
    const zone = (frame: b.Bytes): number =>
      decoded(frame, LinkType.ETHERNET, decode).words[Desc.KIND] >>> Kind.ZONE_SHIFT;
    const tagged = (packet: b.Bytes): b.Bytes => b.ethernet(0x8100, b.tag(12, 0x0800, packet));
    assert.equal(zone(tagged(outer4({ protocol: 4, bytes: SYN4 }))), 12, 'no frame inside');
    assert.equal(zone(tagged(gre([0, 0, 0x65, 0x58], TAGGED4))), 33);
    assert.equal(zone(tagged(gre([0, 0, 0x65, 0x58], FRAME4))), 0, 'a frame without a tag');
  });

  test('ports can be named', () => {
    const { decode } = decapsulating(['vxlan:9999', 'geneve:1']);
    const header = [8, 0, 0, 0, 0, 0, 5, 0];
    const isInner = (frame: b.Bytes): boolean =>
      tupleText(decoded(frame, LinkType.RAW, decode)) === tupleText(decoded(SYN4));
    assert.ok(isInner(over(9999, header, FRAME4)));
    assert.ok(isInner(over(1, [0, 0, 0x65, 0x58, 0, 0, 0, 0], FRAME4)));
    assert.ok(!isInner(over(4789, header, FRAME4)));
    assert.ok(!isInner(over(8472, header, FRAME4)));
  });
});

// biome-ignore format: a table of bytes
const REFUSED: readonly (readonly [name: string, reason: Reason, frame: b.Bytes])[] = [
  ['VXLAN without a valid VNI', Reason.TUNNEL_VERSION, over(4789, [0, 0, 0, 0, 0, 0, 5, 0], FRAME4)],
  ['VXLAN header cut', Reason.TUNNEL_SHORT, over(4789, [8, 0, 0, 0, 0, 0, 5])],
  ['VXLAN with nothing inside', Reason.LINK_SHORT, over(4789, [8, 0, 0, 0, 0, 0, 5, 0])],
  ['VXLAN with a frame that ends in its header, other bytes behind', Reason.LINK_SHORT,
    [...over(4789, [8, 0, 0, 0, 0, 0, 5, 0], FRAME4.slice(0, 13)), ...FRAME4.slice(13)]],
  ['VXLAN, inner packet longer than the datagram', Reason.IP_LENGTH,
    outer4(b.udp({ destinationPort: 4789, payload: [8, 0, 0, 0, 0, 0, 5, 0, ...FRAME4], length: 15 + FRAME4.length }))],
  ['VXLAN with ARP', Reason.NOT_IP, over(4789, [8, 0, 0, 0, 0, 0, 5, 0], b.ethernet(0x0806, b.zeros(28)))],
  ['VXLAN with a protocol: another version', Reason.TUNNEL_VERSION, over(4790, [0x1c, 0, 0, 1, 0, 0, 5, 0], SYN4)],
  ['VXLAN with a protocol: a service header', Reason.TUNNEL_PAYLOAD, over(4790, [0x0c, 0, 0, 4, 0, 0, 5, 0], SYN4)],
  ['VXLAN with a protocol of 0', Reason.TUNNEL_PAYLOAD, over(4790, [0x0c, 0, 0, 0, 0, 0, 5, 0], SYN4)],
  ['Geneve, version 1', Reason.TUNNEL_VERSION, over(6081, [0x40, 0, 0x65, 0x58, 0, 0, 5, 0], FRAME4)],
  ['Geneve header cut', Reason.TUNNEL_SHORT, over(6081, [0, 0, 0x65, 0x58])],
  ['Geneve options cut', Reason.TUNNEL_SHORT, over(6081, [2, 0, 0x65, 0x58, 0, 0, 5, 0], [1, 2, 3, 4])],
  ['Geneve with something else', Reason.TUNNEL_PAYLOAD, over(6081, [0, 0, 0x12, 0x34, 0, 0, 5, 0], SYN4)],
  ['Geneve that says IPv4 and carries IPv6', Reason.IP_VERSION, over(6081, [0, 0, 8, 0, 0, 0, 5, 0], SYN6)],
  ['GRE header cut', Reason.TUNNEL_SHORT, gre([0, 0, 8])],
  ['GRE key cut', Reason.TUNNEL_SHORT, gre([0x20, 0, 8, 0, 0, 0, 0])],
  ['GRE with a routing field', Reason.TUNNEL_VERSION, gre([0x40, 0, 8, 0, 0, 0, 0, 0], SYN4)],
  ['GRE, version 2', Reason.TUNNEL_VERSION, gre([0, 2, 8, 0], SYN4)],
  ['GRE with CDP', Reason.TUNNEL_PAYLOAD, gre([0, 0, 0x20, 0], SYN4)],
  ['GRE with nothing inside', Reason.IP_SHORT, gre([0, 0, 8, 0])],
  ['ERSPAN II that is of another version', Reason.TUNNEL_VERSION,
    gre([0x10, 0, 0x88, 0xbe, 0, 0, 0, 9], [0x20, 0, 0, 1, 0, 0, 0, 1], FRAME4)],
  ['ERSPAN II header cut', Reason.TUNNEL_SHORT, gre([0x10, 0, 0x88, 0xbe, 0, 0, 0, 9], [0x10, 0, 0, 1])],
  ['ERSPAN III that is of another version', Reason.TUNNEL_VERSION,
    gre([0x10, 0, 0x22, 0xeb, 0, 0, 0, 9], [0x10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], FRAME4)],
  ['ERSPAN III header cut', Reason.TUNNEL_SHORT,
    gre([0x10, 0, 0x22, 0xeb, 0, 0, 0, 9], [0x20, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])],
  ['ERSPAN III platform header cut', Reason.TUNNEL_SHORT,
    gre([0x10, 0, 0x22, 0xeb, 0, 0, 0, 9], [0x20, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1], b.zeros(7))],
  ['ERSPAN III with frames of another kind', Reason.TUNNEL_PAYLOAD,
    gre([0x10, 0, 0x22, 0xeb, 0, 0, 0, 9], [0x20, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 0], FRAME4)],
  ['4 in 4 that is IPv6', Reason.IP_VERSION, outer4({ protocol: 4, bytes: SYN6 })],
  ['6 in 4 with nothing inside', Reason.IP_SHORT, outer4({ protocol: 41, bytes: [] })],
  ['4 in 4, inner packet longer than the outer one', Reason.IP_LENGTH,
    outer4({ protocol: 4, bytes: SYN4.slice(0, -1) })],
  ['4 in 4, wrong inner IP checksum', Reason.IP_CHECKSUM, outer4({ protocol: 4, bytes: b.patched(SYN4, 10, 1, 2) })],
  ['4 in 4, wrong inner TCP checksum', Reason.TCP_CHECKSUM,
    outer4({ protocol: 4, bytes: b.patched(SYN4, 36, 1, 2) })],
  ['4 in 4, inner fragment', Reason.FRAGMENT,
    outer4({ protocol: 4, bytes: b.ipv4(b.tcp(), { fragment: 0x2000 }) })],
  ['GTP, version 2', Reason.TUNNEL_VERSION, over(2152, [0x48, 255, 0, 0, 0, 0, 0, 0])],
  ['GTP prime', Reason.TUNNEL_VERSION, over(2152, [0x20, 255, 0, SYN4.length, 0, 0, 0, 0], SYN4)],
  ['GTP-U header cut', Reason.TUNNEL_SHORT, over(2152, [0x30, 255, 0, 0, 0, 0, 0])],
  ['GTP-U that is longer than its datagram', Reason.TUNNEL_SHORT,
    over(2152, [0x30, 255, 0, SYN4.length + 1, 0, 0, 0, 0], SYN4)],
  ['GTP-U with nothing inside', Reason.TUNNEL_SHORT, over(2152, [0x30, 255, 0, 0, 0, 0, 0, 0])],
  ['GTP-U whose length is in the middle of the options', Reason.TUNNEL_SHORT,
    over(2152, [0x32, 255, 0, 3, 0, 0, 0, 0], [0, 0, 0, 0], SYN4)],
  ['GTP-U extension header of length 0', Reason.TUNNEL_SHORT,
    over(2152, [0x34, 255, 0, SYN4.length + 8, 0, 0, 0, 0], [0, 0, 0, 0x85], [0, 0, 0, 0], SYN4)],
  ['GTP-U extension header cut', Reason.TUNNEL_SHORT,
    over(2152, [0x34, 255, 0, 8, 0, 0, 0, 0], [0, 0, 0, 0x85], [2, 0, 0, 0])],
  ['GTP-U extension headers without end', Reason.TUNNEL_SHORT,
    over(2152, [0x34, 255, 0, 8, 0, 0, 0, 0], [0, 0, 0, 0x85], [1, 0, 0, 0x85])],
  ['GTP-U with Ethernet', Reason.TUNNEL_PAYLOAD, over(2152, [0x30, 255, 0, FRAME4.length, 0, 0, 0, 0], FRAME4)],
  ['GTP-U, inner packet longer than the message', Reason.IP_LENGTH,
    over(2152, [0x30, 255, 0, SYN4.length - 1, 0, 0, 0, 0], SYN4)],
];

describe('what cannot be read in a tunnel', () => {
  for (const [name, reason, frame] of REFUSED) {
    test(`${name}: ${Reason[reason]}`, () => {
      assert.equal(Reason[decoded(frame, LinkType.RAW, all.decode).reason], Reason[reason]);
    });
  }
});

// biome-ignore format: a table of bytes
const LEFT: readonly (readonly [name: string, frame: b.Bytes])[] = [
  ['GTP-U echo request', over(2152, [0x32, 1, 0, 4, 0, 0, 0, 0], [0, 1, 0, 0])],
  ['GTP-U error indication', over(2152, [0x30, 26, 0, 0, 0, 0, 0, 0])],
  ['GTP-U, to another port', over(2153, [0x30, 255, 0, SYN4.length, 1, 2, 3, 4], SYN4)],
  ['VXLAN, from its port', outer4(b.udp({ sourcePort: 4789, payload: [8, 0, 0, 0, 0, 0, 5, 0, ...FRAME4] }))],
  ['VXLAN with a protocol: maintenance', over(4790, [0x0d, 0, 0, 1, 0, 0, 5, 0], SYN4)],
  ['Geneve control packet', over(6081, [0, 0x80, 0, 0, 0, 0, 5, 0])],
  ['GRE keepalive that came back', gre([0, 0, 0, 0])],
  ['GRE of PPTP', gre([0x30, 1, 0x88, 0x0b, 0, 4, 0, 9, 0, 0, 0, 1], [0xff, 3, 0, 0x21], SYN4)],
  ['UDP length wrong', b.patched(over(4789, [8, 0, 0, 0, 0, 0, 5, 0], FRAME4), 24, 0xff, 0xff)],
  ['IP checksum wrong', b.patched(gre([0, 0, 8, 0], SYN4), 10, 0, 0)],
  ['IP length wrong', b.patched(gre([0, 0, 8, 0], SYN4), 2, 0xff, 0xff)],
  ['IP header length wrong', b.patched(gre([0, 0, 8, 0], SYN4), 0, 0x44)],
  ['a first fragment', b.ipv4({ protocol: 47, bytes: [0, 0, 8, 0, ...SYN4] }, { fragment: 0x2000 })],
  ['a later fragment', b.ipv4({ protocol: 47, bytes: [0, 0, 8, 0, ...SYN4] }, { fragment: 0x0010 })],
  ['a fragment over IPv6', b.ipv6({ protocol: 41, bytes: SYN6 }, { extensions: [b.fragmentHeader(1)] })],
  ['IPv6 length wrong', b.patched(outer6({ protocol: 41, bytes: SYN6 }), 4, 0xff, 0xff)],
  ['an ICMP error that quotes a tunnel', outer4(b.icmp(3, 3, b.zeros(4), over(4789, [8, 0, 0, 0, 0, 0, 5, 0], FRAME4)))],
  ['no IP at all', [0x10, 2, 3]],
  ['nothing', []],
];

describe('packets that are left as they are', () => {
  for (const [name, frame] of LEFT) {
    test(name, () => {
      all.counters.fill(0);
      const left = decoded(frame, LinkType.RAW, all.decode);
      const plain = decoded(frame);
      assert.equal(Reason[left.reason], Reason[plain.reason]);
      assert.deepEqual(left.words, plain.words);
      assert.ok(all.counters.every((count) => count === 0));
    });
  }

  test('a wrong checksum of UDP is none of the tunnel', () => {
    const frame = over(4789, [8, 0, 0, 0, 0, 0, 5, 0], FRAME4);
    const found = decoded(b.patched(frame, 26, 1, 2), LinkType.RAW, all.decode);
    assert.equal(tupleText(found), tupleText(decoded(SYN4)));
  });

  test('a wrong checksum of the outer IP header counts for nothing when none does', () => {
    const frame = b.patched(gre([0, 0, 8, 0], SYN4), 10, 0, 0);
    const { decode } = decapsulating(['gre'], undefined, false);
    assert.equal(tupleText(decoded(frame, LinkType.RAW, decode)), tupleText(decoded(SYN4)));
  });
});

describe('a capture that is cut inside of a tunnel', () => {
  const trusting = decapsulating(['all'], undefined, false).decode;
  const plain = decoderOf({ verifyChecksums: false });

  test('is SNAP_LENGTH up to where the inner packet can be read', (t) => {
    const random = createRandom(seedOf(t));
    for (const form of TUNNEL_FORMS) {
      for (const load of [
        { type: 'ipv4', bytes: SYN4 },
        { type: 'ipv6', bytes: SYN6 },
      ] satisfies Load[]) {
        const { bytes } = inEthernet(inTunnel(load, form, 3, random));
        const before = bytes.length - load.bytes.length;
        for (let captured = 0; captured <= bytes.length; captured++) {
          const cut = decoded(bytes, LinkType.ETHERNET, trusting, captured);
          const where = `${form.name}, ${captured} of ${bytes.length} bytes`;
          if (captured < before) {
            assert.equal(Reason[cut.reason], 'SNAP_LENGTH', where);
            continue;
          }
          const alone = decoded(load.bytes, LinkType.RAW, plain, captured - before);
          assert.equal(Reason[cut.reason], Reason[alone.reason], where);
          if (alone.returned === Reason.NONE) assert.deepEqual(cut.words, alone.words, where);
        }
      }
    }
  });
});
