/** Addresses that the IP layer of a host treats in a way of its own. */
import { icmpPacket, udpPacket } from '../../support/frames.ts';
import { createCaseList, withOptions4 } from './cases.ts';

const list = createCaseList(0x400);
const { add } = list;
const PORTS = { sport: 5000, dport: 53, payload: 4 };
const GLOBAL = '2001:db8:cccc::1';

const SOURCES4 = [
  '224.0.0.9',
  '239.1.2.3',
  '255.255.255.255',
  '240.0.0.1',
  '0.0.0.0',
  '0.1.2.3',
  '127.0.0.1',
  '169.254.1.1',
];
const DESTINATIONS4 = [
  '224.0.0.9',
  '239.1.2.3',
  '255.255.255.255',
  '240.0.0.1',
  '0.0.0.0',
  '0.1.2.3',
  '127.0.0.1',
  '10.255.255.255',
];
const SOURCES6 = [
  '::',
  '::1',
  '::2',
  'fe80::9',
  'fec0::1',
  'fc00::1',
  'ff02::1',
  'ff0e::5',
  '::ffff:a00:1',
  '::a00:1',
  '64:ff9b::a00:1',
  '2002:a00:1::',
];
const DESTINATIONS6 = [
  '::',
  '::1',
  '::2',
  'fe80::9',
  'fec0::1',
  'fc00::1',
  'ff00::1',
  'ff01::1',
  'ff02::1',
  'ff05::2',
  'ff0e::5',
  'ff12::1',
  '::ffff:a00:1',
  '::a00:1',
];

for (const src of SOURCES4) add(`from ${src}`, (h) => [udpPacket({ src, dst: h.v4.dst }, PORTS)]);
for (const dst of DESTINATIONS4) add(`to ${dst}`, (h) => [udpPacket({ src: h.v4.src, dst }, PORTS)]);
add('from nobody to all, as DHCP', () => [
  udpPacket({ src: '0.0.0.0', dst: '255.255.255.255' }, { sport: 68, dport: 67, payload: 4 }),
]);
for (const src of SOURCES6)
  add(`from ${src}`, (h) => [
    udpPacket({ src, dst: h.v6.dst }, PORTS),
    icmpPacket({ src, dst: h.v6.dst }, { type: 128, code: 0, rest: 7 << 16 }),
  ]);
for (const dst of DESTINATIONS6) add(`to ${dst}`, (h) => [udpPacket({ src: h.v6.src, dst }, PORTS)]);
add('to itself over a multicast address', () => [
  udpPacket({ src: 'ff02::1', dst: 'ff02::1' }, PORTS),
  udpPacket({ src: GLOBAL, dst: GLOBAL }, PORTS),
]);

const OPTIONS4: Readonly<Record<string, readonly number[]>> = {
  padding: [1, 1, 1, 0],
  'router alert': [148, 4, 0, 0],
  'record route': [7, 7, 4, 0, 0, 0, 0, 0],
  'loose source route, used up': [131, 7, 8, 10, 9, 9, 9, 0],
  'loose source route': [131, 7, 4, 10, 9, 9, 9, 0],
  'strict source route': [137, 7, 4, 10, 9, 9, 9, 0],
  'a length that is wrong': [7, 40, 4, 0],
  timestamp: [68, 8, 5, 0, 0, 0, 0, 0],
};
for (const [name, options] of Object.entries(OPTIONS4))
  add(`IPv4 options: ${name}`, (h) => [withOptions4(udpPacket(h.v4, PORTS), options)]);

export const hostCases = list.cases;
