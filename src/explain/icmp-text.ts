/** ICMP and ICMPv6 types in words. */

const ICMP: ReadonlyMap<number, string> = new Map([
  [0, 'echo reply'],
  [3, 'unreachable'],
  [4, 'source quench'],
  [5, 'redirect'],
  [8, 'echo request'],
  [9, 'router advertisement'],
  [10, 'router solicitation'],
  [11, 'time exceeded'],
  [12, 'parameter problem'],
  [13, 'timestamp request'],
  [14, 'timestamp reply'],
  [15, 'information request'],
  [16, 'information reply'],
  [17, 'mask request'],
  [18, 'mask reply'],
]);

const UNREACHABLE: readonly string[] = [
  'network unreachable',
  'host unreachable',
  'protocol unreachable',
  'port unreachable',
  'fragmentation needed',
  'source route failed',
  'network unknown',
  'host unknown',
  'source host isolated',
  'network prohibited',
  'host prohibited',
  'network unreachable for this TOS',
  'host unreachable for this TOS',
  'prohibited',
];

const ICMPV6: ReadonlyMap<number, string> = new Map([
  [1, 'unreachable'],
  [2, 'packet too big'],
  [3, 'time exceeded'],
  [4, 'parameter problem'],
  [128, 'echo request'],
  [129, 'echo reply'],
  [130, 'listener query'],
  [131, 'listener report'],
  [132, 'listener done'],
  [133, 'router solicitation'],
  [134, 'router advertisement'],
  [135, 'neighbour solicitation'],
  [136, 'neighbour advertisement'],
  [137, 'redirect'],
  [139, 'node information query'],
  [140, 'node information reply'],
  [143, 'listener report v2'],
]);

const UNREACHABLE6: readonly string[] = [
  'no route',
  'prohibited',
  'beyond scope',
  'address unreachable',
  'port unreachable',
  'source address failed policy',
  'route rejected',
];

/** In words; null for a type without a name. */
export function icmpName(version: 4 | 6, type: number, code: number): string | null {
  const detail =
    version === 4 && type === 3
      ? UNREACHABLE[code]
      : version === 6 && type === 1
        ? UNREACHABLE6[code]
        : undefined;
  const name = detail ?? (version === 4 ? ICMP : ICMPV6).get(type);
  if (name === undefined) return null;
  return detail === undefined && code !== 0 ? `${name}, code ${code}` : name;
}

export const icmpText = (version: 4 | 6, type: number, code: number): string =>
  icmpName(version, type, code) ?? `type ${type}, code ${code}`;

/** Whether it quotes the packet that it is about. */
export const isIcmpError = (version: 4 | 6, type: number): boolean =>
  version === 4 ? [3, 4, 5, 11, 12].includes(type) : type < 128 || type === 137;
