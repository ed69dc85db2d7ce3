/**
 * Packets that the IP layer of a Linux host drops for their addresses or options. flowshard is no host:
 * it sits where the packets pass, and tracks them.
 *
 * Source: observed (test/conformance/live-kernel.test.ts makes one of each); RFC 1122 3.2.1.3, RFC 4291 2.5 and 2.7
 */
import type { Endpoints } from './connection-key.ts';

const IPV6_LOOPBACK = `${'0'.repeat(31)}1`;
const ANY4 = '00000000';
const BROADCAST4 = 'ffffffff';
const isIpv6 = (address: string): boolean => address.length === 32;
const isIpv4Multicast = (address: string): boolean => address.startsWith('e');
const isIpv6Multicast = (address: string): boolean => address.startsWith('ff');
const isLinkLocal = (address: string): boolean => /^fe[89ab]/.test(address);

/** Before conntrack sees them. */
export function isRefusedBeforeTracking({ source, destination }: Endpoints): boolean {
  if (!isIpv6(source)) return false;
  return (
    isIpv6Multicast(source) ||
    source === IPV6_LOOPBACK ||
    destination === IPV6_LOOPBACK ||
    /^ff.[01]/.test(destination)
  );
}

/**
 * After conntrack gave its verdict and before it confirms the connection: the kernel forgets the
 * connection, and holds back the events of one that exists.
 */
export function isDroppedAfterTracking({ source, destination }: Endpoints): boolean {
  if (isIpv6(source)) return isLinkLocal(destination);
  return (
    isIpv4Multicast(source) ||
    source === BROADCAST4 ||
    (source === ANY4 && destination !== BROADCAST4) ||
    destination === ANY4
  );
}

const SOURCE_ROUTES: ReadonlySet<number> = new Set([131, 137]);
const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;

/**
 * IPv4 options that are dropped at the same place: source routes (accept_source_route is 0), a
 * length that is wrong.
 */
export function hasDroppedOptions(ip: Uint8Array): boolean {
  if (ip[0] >>> 4 !== 4) return false;
  const options = ip.subarray(20, (ip[0] & 15) * 4);
  for (let at = 0; at < options.length && options[at] !== END_OF_OPTIONS; ) {
    if (SOURCE_ROUTES.has(options[at])) return true;
    const length = options[at] === NO_OPERATION ? 1 : options[at + 1];
    if (options[at] !== NO_OPERATION && !(length >= 2 && at + length <= options.length)) return true;
    at += length;
  }
  return false;
}

const HOP_BY_HOP = 0;
const PAD1 = 0;
const PADN = 1;
const ROUTER_ALERT = 5;
const PADDING_MAX = 7;
const OPTIONS_MAX = 8;

/**
 * IPv6 hop-by-hop options that make the kernel drop a packet before conntrack sees it: one that is
 * unknown and says so itself (RFC 8200 4.2), a jumbo payload that is none, odd padding, too many.
 */
export function hasRefusedHopByHop(ip: Uint8Array): boolean {
  if (ip[0] >>> 4 !== 6 || ip[6] !== HOP_BY_HOP) return false;
  const end = 42 + ip[41] * 8 + 6;
  if (!(end <= ip.length)) return true;
  let [padding, count] = [0, 0];
  for (let at = 42; at < end; ) {
    const type = ip[at];
    const length = type === PAD1 ? 1 : 2 + ip[at + 1];
    if (at + length > end || (type !== PAD1 && at + 2 > end)) return true;
    if (type === PAD1 || type === PADN) {
      padding += length;
      const isOdd = type === PADN && ip.subarray(at + 2, at + length).some((byte) => byte !== 0);
      if (padding > PADDING_MAX || isOdd) return true;
    } else {
      padding = 0;
      if (++count > OPTIONS_MAX || type >>> 6 !== 0) return true;
      if (type === ROUTER_ALERT && length !== 4) return true;
    }
    at += length;
  }
  return false;
}
