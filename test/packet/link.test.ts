import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Reason } from '../../src/common/reasons.ts';
import { LinkType } from '../../src/packet/link.ts';
import { Kind } from '../../src/shm/bits.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import * as b from './build.ts';
import { decoded, decoderOf, expectReason } from './decoded.ts';
import { LINK_FORMS } from './link-forms.ts';

const SYN4 = b.ipv4(b.tcp({ flags: b.SYN }));
const SYN6 = b.ipv6(b.tcp({ flags: b.SYN }));
const PACKETS: readonly (readonly [number, b.Bytes])[] = [
  [4, SYN4],
  [6, SYN6],
];
const withZones = decoderOf({ zoneFromVlan: true });

describe('link layers', () => {
  for (const { name, linkType, wrap, versions, vlan } of LINK_FORMS) {
    for (const [version, ip] of PACKETS.filter(([v]) => versions.includes(v))) {
      test(`${name}: IPv${version}`, () => {
        const plain = decoded(ip);
        assert.deepEqual(decoded(wrap(ip), linkType).words, plain.words);
        const zone = decoded(wrap(ip), linkType, withZones);
        assert.equal(zone.words[Desc.KIND], plain.words[Desc.KIND] | (vlan << Kind.ZONE_SHIFT));
        assert.equal(zone.words[Desc.HASH] === plain.words[Desc.HASH], vlan === 0);
      });

      test(`${name}: IPv${version}, a frame that ends in its link header is LINK_SHORT`, () => {
        const headerBytes = wrap(ip).length - ip.length;
        for (let length = 0; length < headerBytes; length++) {
          expectReason(wrap(ip).slice(0, length), Reason.LINK_SHORT, linkType);
        }
        const { reason } = decoded(wrap(ip).slice(0, headerBytes), linkType);
        // After labels the version is part of what says where IP starts.
        assert.ok([Reason.IP_SHORT, Reason.LINK_SHORT].includes(reason), Reason[reason]);
      });

      test(`${name}: IPv${version}, a capture that ends in its link header is SNAP_LENGTH`, () => {
        const frame = wrap(ip);
        for (let captured = 0; captured <= frame.length - ip.length; captured++) {
          const { reason } = decoded(frame, linkType, undefined, captured);
          assert.equal(Reason[reason], 'SNAP_LENGTH', `${captured} bytes`);
        }
      });
    }
  }

  test('every link type has a form here', () => {
    const known = Object.values(LinkType).filter((value) => typeof value === 'number');
    assert.deepEqual(new Set(LINK_FORMS.map((form) => form.linkType)), new Set(known));
  });

  test('other link types are not read, whatever they carry', () => {
    const known = new Set(LINK_FORMS.map((form) => form.linkType));
    for (let linkType = 0; linkType < 400; linkType++) {
      if (!known.has(linkType)) expectReason(SYN4, Reason.LINK_TYPE, linkType);
    }
  });

  test('what is announced as IPv4 must be it, and likewise IPv6', () => {
    for (const { wrap, linkType, versions, name } of LINK_FORMS) {
      // Raw links and labels announce nothing: they leave the version to the packet.
      if (/^raw|MPLS/.test(name)) continue;
      for (const version of versions) {
        const [, ip] = PACKETS[version === 4 ? 0 : 1];
        const other = version === 4 ? 0x65 : 0x45;
        const frame = wrap(ip);
        const damaged = b.patched(frame, frame.length - ip.length, other);
        expectReason(damaged, Reason.IP_VERSION, linkType);
      }
    }
  });

  test('what is not IP is NOT_IP', () => {
    const notIp: [number, b.Bytes][] = [
      [LinkType.ETHERNET, b.ethernet(0x0806, b.zeros(28))],
      [LinkType.ETHERNET, b.ethernet(0x0026, b.zeros(38))],
      [LinkType.ETHERNET, b.ethernet(0x8863, b.pppoe(b.u16(0x21), SYN4))],
      [LinkType.ETHERNET, b.ethernet(0x8100, b.tag(1, 0x88cc, b.zeros(40)))],
      [LinkType.ETHERNET, b.ethernet(0x8847, [...b.label(1, true), 0x00, 1, 2, 3])],
      [LinkType.ETHERNET, b.ethernet(0x8864, b.pppoe(b.u16(0xc021), b.zeros(8)))],
      [LinkType.PPP, [0xff, 3, ...b.u16(0xc021), 1, 1]],
      [LinkType.NULL, [...b.u32(7), ...SYN4]],
      [LinkType.C_HDLC, [0x8f, 0, ...b.u16(0x8035), ...b.zeros(18)]],
    ];
    for (const [linkType, frame] of notIp) expectReason(frame, Reason.NOT_IP, linkType);
  });

  test('sixteen tags are damage, fifteen are read', () => {
    const tagged = (tags: number): b.Bytes => {
      let payload: b.Bytes = SYN4;
      for (let i = 0; i < tags; i++) payload = b.tag(i + 1, i === 0 ? 0x0800 : 0x8100, payload);
      return b.ethernet(0x8100, payload);
    };
    assert.equal(decoded(tagged(15), LinkType.ETHERNET).reason, Reason.NONE);
    expectReason(tagged(16), Reason.NOT_IP, LinkType.ETHERNET);
  });

  test('the zone is the VLAN of the outermost tag and only of this frame', () => {
    const [, vlan, , old] = LINK_FORMS;
    const zoneOf = (frame: b.Bytes): number =>
      decoded(frame, LinkType.ETHERNET, withZones).words[Desc.KIND] >>> Kind.ZONE_SHIFT;
    assert.equal(zoneOf(old.wrap(SYN4)), 4095);
    assert.equal(zoneOf(b.ethernet(0x0800, SYN4)), 0);
    assert.equal(zoneOf(vlan.wrap(SYN6)), 100);
    assert.equal(zoneOf(b.ethernet(0x86dd, SYN6)), 0);
    // Also in the tuple that an ICMP error quotes.
    const error = b.ipv4(b.icmp(3, 1, b.zeros(4), SYN4.slice(0, 28)));
    assert.equal(zoneOf(vlan.wrap(error)), 100);
  });
});
