/**
 * An expectation as people and programs see it: plain data, decoded from its words, and its forms:
 * `conntrack -L expect`, /proc/net/nf_conntrack_expect, XML and JSON.
 */
import { HELPER_NAMES, type HelperNumber } from '../common/helpers.ts';
import { ExpectFlag, Kind } from '../shm/bits.ts';
import { Expect } from '../shm/offsets.generated.ts';
import { fullText, ipv4Text, ipv6Text } from './addresses.ts';
import type { Connection, Tuple } from './connection.ts';
import { tupleFields } from './fields.ts';
import { FAMILY_NUMBERS, protocolName } from './names.ts';

export type ExpectFlagName = 'PERMANENT' | 'INACTIVE' | 'USERSPACE';

export interface Expectation {
  readonly family: 'ipv4' | 'ipv6';
  /** IP protocol number. */
  readonly protocol: number;
  readonly protocolName: string;
  /** The connection that is expected, and which bits of its source must agree. */
  readonly tuple: Tuple;
  readonly mask: Tuple;
  /** Original direction of the connection that foretold it, and its id. */
  readonly master: Tuple;
  readonly masterId: number;
  readonly flags: readonly ExpectFlagName[];
  /** Row of its helper's policy, and that row's name; null where it has none. */
  readonly class: number;
  readonly className: string | null;
  readonly helper: string;
  /** Helper of the new connection; null for none. */
  readonly assigns: string | null;
  readonly zone: number;
  /** Whole seconds until it expires, rounded down. */
  readonly timeoutS: number;
}

const GRE = 47;
const FLAGS: readonly (readonly [ExpectFlag, ExpectFlagName])[] = [
  [ExpectFlag.PERMANENT, 'PERMANENT'],
  [ExpectFlag.INACTIVE, 'INACTIVE'],
  [ExpectFlag.USERSPACE, 'USERSPACE'],
];

function addressText(words: Int32Array, at: number, isIpv6: boolean): string {
  if (!isIpv6) return ipv4Text(words[at]);
  return ipv6Text(words[at], words[at + 1], words[at + 2], words[at + 3]);
}

const ports = (protocol: number, source: number, destination: number): Omit<Tuple, 'src' | 'dst'> =>
  protocol === GRE ? { srckey: source, dstkey: destination } : { sport: source, dport: destination };

/** Full mask of an address. */
const ALL = { ipv4: '255.255.255.255', ipv6: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' } as const;

/**
 * Shapes:  words as in Expect, from word `e` on
 * Units:   `tickMs` is the clock at the moment for which the remaining time is wanted
 */
export function expectationOf(
  words: Int32Array,
  e: number,
  tickMs: number,
  master: Connection,
  className: string | null,
): Expectation {
  const kind = words[e + Expect.KIND];
  const protocol = kind & Kind.PROTOCOL_MASK;
  const isIpv6 = (kind & Kind.IPV6) !== 0;
  const family = isIpv6 ? 'ipv6' : 'ipv4';
  const pair = words[e + Expect.PORTS];
  const assign: HelperNumber = words[e + Expect.ASSIGN];
  const helper: HelperNumber = words[e + Expect.HELPER];
  const { packets: _packets, bytes: _bytes, ...masterTuple } = master.original;
  const remainingMs = (words[e + Expect.DEADLINE] - tickMs) | 0;
  return {
    family,
    protocol,
    protocolName: protocolName(protocol),
    tuple: {
      src: addressText(words, e + Expect.SRC0, isIpv6),
      dst: addressText(words, e + Expect.DST0, isIpv6),
      ...ports(protocol, pair >>> 16, pair & 0xffff),
    },
    mask: {
      src: addressText(words, e + Expect.MASK0, isIpv6),
      dst: ALL[family],
      ...ports(protocol, words[e + Expect.PORT_MASK], 0xffff),
    },
    master: masterTuple,
    masterId: master.id,
    flags: FLAGS.filter(([bit]) => (words[e + Expect.FLAGS] & bit) !== 0).map(([, name]) => name),
    class: words[e + Expect.CLASS],
    className,
    helper: HELPER_NAMES[helper],
    assigns: assign === 0 ? null : HELPER_NAMES[assign],
    zone: kind >>> Kind.ZONE_SHIFT,
    timeoutS: remainingMs > 0 ? Math.floor(remainingMs / 1000) : 0,
  };
}

/** A line of `conntrack -L expect`, without line feed. */
export function expectationLine(x: Expectation): string {
  const mask = tupleFields(x.mask, x.mask.src, x.mask.dst)
    .replace('src=', 'mask-src=')
    .replace(' dst=', ' mask-dst=');
  const master = tupleFields(x.master, x.master.src, x.master.dst)
    .replace('src=', 'master-src=')
    .replace(' dst=', ' master-dst=');
  const zone = x.zone !== 0 ? `zone=${x.zone} ` : '';
  const flags = x.flags.length > 0 ? `${x.flags.join(',')} ` : '';
  const tuple = tupleFields(x.tuple, x.tuple.src, x.tuple.dst);
  return `${x.timeoutS} proto=${x.protocol} ${tuple}${mask}${master}${zone}${flags}class=${x.class} helper=${x.helper}`;
}

/** A line of /proc/net/nf_conntrack_expect, without line feed. */
export function expectationProcLine(x: Expectation): string {
  const head = `${x.timeoutS} l3proto = ${FAMILY_NUMBERS[x.family]} proto=${x.protocol} `;
  const tuple = tupleFields(x.tuple, fullText(x.tuple.src), fullText(x.tuple.dst));
  const flags = x.flags.join(',');
  const helper = `${flags === '' ? '' : ' '}${x.helper}${x.className === null ? '' : `/${x.className}`}`;
  return `${head}${tuple}${flags}${helper}`;
}

const element = (name: string, content: string | number): string => `<${name}>${content}</${name}>`;
const addressesXml = (t: Tuple): string => element('src', t.src) + element('dst', t.dst);
const portsXml = (t: Tuple): string =>
  t.srckey === undefined ? element('sport', t.sport ?? 0) + element('dport', t.dport ?? 0) : '';

/** The `<flow>` of a line of `conntrack -L expect -o xml`, without line feed. */
export function expectationXml(x: Expectation): string {
  const parts = (of: (t: Tuple) => string): string =>
    element('expected', of(x.tuple)) + element('mask', of(x.mask)) + element('master', of(x.master));
  const layer3 = `<layer3 protonum="${FAMILY_NUMBERS[x.family]}" protoname="${x.family}">${parts(addressesXml)}</layer3>`;
  const layer4 = `<layer4 protonum="${x.protocol}" protoname="${x.protocolName}">${parts(portsXml)}</layer4>`;
  const zone = x.zone !== 0 ? element('zone', x.zone) : '';
  const flags = x.flags.map((flag) => `<${flag.toLowerCase()}/>`).join('');
  const meta = `${element('helper-name', x.helper)}${element('timeout', x.timeoutS)}${element('class', x.class)}${zone}${flags}`;
  return `<flow>${layer3}${layer4}<meta>${meta}</meta></flow>`;
}

/** Before the first `<flow>` of expectations, with line feeds. */
export function expectXmlBegin(): string {
  return '<?xml version="1.0" encoding="utf-8"?>\n<expect>\n';
}

/** After the last one, with line feed. */
export function expectXmlEnd(): string {
  return '</expect>\n';
}

/** `{"record":"expectation",...}`, without line feed. */
export function expectationJson(x: Expectation): string {
  return JSON.stringify({ record: 'expectation', ...x });
}
