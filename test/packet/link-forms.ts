/** Every way in which a link layer can carry an IP packet, with the bytes that it puts before it. */
import { LinkType } from '../../src/packet/link.ts';
import { type Bytes, ethernet, label, pppoe, tag, u16, u32, zeros } from './build.ts';

export interface LinkForm {
  readonly name: string;
  readonly linkType: number;
  readonly wrap: (ip: Bytes) => Bytes;
  /** Which IP versions it is for. */
  readonly versions: readonly number[];
  /** VLAN id that the decoder shall find. */
  readonly vlan: number;
}

const isV4 = (ip: Bytes): boolean => ip[0] >>> 4 === 4;
const etherType = (ip: Bytes): number => (isV4(ip) ? 0x0800 : 0x86dd);
const pppProtocol = (ip: Bytes): number => (isV4(ip) ? 0x0021 : 0x0057);
const little32 = (value: number): Bytes => u32(value).reverse();

const form = (
  name: string,
  linkType: number,
  wrap: LinkForm['wrap'],
  more: Partial<LinkForm> = {},
): LinkForm => ({
  name,
  linkType,
  wrap,
  versions: [4, 6],
  vlan: 0,
  ...more,
});

const ETHERNET: LinkForm[] = [
  form('Ethernet', LinkType.ETHERNET, (ip) => ethernet(etherType(ip), ip)),
  form('VLAN', LinkType.ETHERNET, (ip) => ethernet(0x8100, tag(0x6064, etherType(ip), ip)), { vlan: 100 }),
  form('QinQ', LinkType.ETHERNET, (ip) => ethernet(0x88a8, tag(200, 0x8100, tag(300, etherType(ip), ip))), {
    vlan: 200,
  }),
  form(
    'QinQ by its old number, three tags',
    LinkType.ETHERNET,
    (ip) => ethernet(0x9100, tag(4095, 0x9100, tag(2, 0x8100, tag(3, etherType(ip), ip)))),
    { vlan: 4095 },
  ),
  form('MPLS', LinkType.ETHERNET, (ip) => ethernet(0x8847, [...label(17, true), ...ip])),
  form('MPLS multicast, three labels', LinkType.ETHERNET, (ip) =>
    ethernet(0x8848, [...label(1, false), ...label(2, false), ...label(3, true), ...ip]),
  ),
  form(
    'VLAN and MPLS',
    LinkType.ETHERNET,
    (ip) => ethernet(0x8100, tag(5, 0x8847, [...label(17, true), ...ip])),
    {
      vlan: 5,
    },
  ),
  form('PPPoE', LinkType.ETHERNET, (ip) => ethernet(0x8864, pppoe(u16(pppProtocol(ip)), ip))),
  form('PPPoE, protocol in one byte', LinkType.ETHERNET, (ip) =>
    ethernet(0x8864, pppoe([pppProtocol(ip)], ip)),
  ),
  form(
    'VLAN, PPPoE and MPLS',
    LinkType.ETHERNET,
    (ip) => ethernet(0x8100, tag(9, 0x8864, pppoe(u16(0x0281), [...label(3, true), ...ip]))),
    { vlan: 9 },
  ),
];

const SLL_START: Bytes = [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
const sll2 = (type: number, payload: Bytes): Bytes => [
  ...u16(type),
  ...zeros(2),
  ...u32(3),
  ...u16(1),
  ...zeros(10),
  ...payload,
];
const AF_INET6 = [10, 24, 28, 30];

const OTHERS: LinkForm[] = [
  form('SLL', LinkType.LINUX_SLL, (ip) => [...SLL_START, ...u16(etherType(ip)), ...ip]),
  form(
    'SLL with VLAN',
    LinkType.LINUX_SLL,
    (ip) => [...SLL_START, ...u16(0x8100), ...tag(7, etherType(ip), ip)],
    {
      vlan: 7,
    },
  ),
  form('SLL2', LinkType.LINUX_SLL2, (ip) => sll2(etherType(ip), ip)),
  form('SLL2 with VLAN', LinkType.LINUX_SLL2, (ip) => sll2(0x8100, tag(8, etherType(ip), ip)), { vlan: 8 }),
  form('raw', LinkType.RAW, (ip) => ip),
  form('raw, BSD', LinkType.RAW_BSD, (ip) => ip),
  form('raw, OpenBSD', LinkType.RAW_OPENBSD, (ip) => ip),
  form('IPv4', LinkType.IPV4, (ip) => ip, { versions: [4] }),
  form('IPv6', LinkType.IPV6, (ip) => ip, { versions: [6] }),
  form('NULL, little-endian', LinkType.NULL, (ip) => [...little32(isV4(ip) ? 2 : 30), ...ip]),
  form('NULL, big-endian', LinkType.NULL, (ip) => [...u32(isV4(ip) ? 2 : 30), ...ip]),
  ...AF_INET6.map((family) =>
    form(`LOOP, family ${family}`, LinkType.LOOP, (ip) => [...u32(isV4(ip) ? 2 : family), ...ip]),
  ),
  ...AF_INET6.map((family) =>
    form(`NULL, family ${family}`, LinkType.NULL, (ip) => [...little32(family), ...ip], { versions: [6] }),
  ),
  form('PPP', LinkType.PPP, (ip) => [...u16(pppProtocol(ip)), ...ip]),
  form('PPP with address and control', LinkType.PPP, (ip) => [0xff, 3, ...u16(pppProtocol(ip)), ...ip]),
  form('PPP, protocol in one byte', LinkType.PPP, (ip) => [pppProtocol(ip), ...ip]),
  form('PPP with MPLS', LinkType.PPP, (ip) => [...u16(0x0281), ...label(3, true), ...ip]),
  form('PPP in HDLC', LinkType.PPP_HDLC, (ip) => [0xff, 3, ...u16(pppProtocol(ip)), ...ip]),
  form('PPP in HDLC, protocol in one byte', LinkType.PPP_HDLC, (ip) => [0xff, 3, pppProtocol(ip), ...ip]),
  form('PPPoE without Ethernet', LinkType.PPP_ETHER, (ip) => pppoe(u16(pppProtocol(ip)), ip)),
  form('Cisco HDLC', LinkType.C_HDLC, (ip) => [0x0f, 0, ...u16(etherType(ip)), ...ip]),
];

export const LINK_FORMS: readonly LinkForm[] = [...ETHERNET, ...OTHERS];
