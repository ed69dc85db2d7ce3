/** Whether a filter names one tuple, so that its connection can be looked up and no table need be read. */
import type { TupleQuery } from '../control/tracker-control.ts';
import { ipv4Text, ipv6Text } from '../export/addresses.ts';
import type { Filter } from './filter.ts';
import type { FilterKey } from './keys.ts';
import type { NetworkAlternative } from './values.ts';

const ICMP = 1;
const GRE = 47;
const ICMPV6 = 58;
const PORT_PROTOCOLS: ReadonlySet<number> = new Set([6, 17, 132, 136]);

/**
 * The tuple of the original direction that every connection which matches has; null when the filter does not say all of
 * it. The filter may have more tests: what is found must still be held against it (`matchesConnection`), and a
 * connection that has the tuple in its reply direction does not match.
 *
 * `zone`: where a filter that names no zone is to be looked up; without it such a filter names no tuple, since there
 * may be a connection of it in each zone.
 */
export function tupleOf(filter: Filter, zone?: number): TupleQuery | null {
  const src = addressOf(filter, ['src', 'reply-dst']);
  const dst = addressOf(filter, ['dst', 'reply-src']);
  const protocol = numberOf(filter, ['protocol']);
  const inZone = numberOf(filter, ['zone']) ?? zone;
  if (src === null || dst === null || protocol === null || inZone === undefined) return null;
  if (src.family !== dst.family) return null;
  const transport = transportOf(filter, protocol);
  if (transport === null) return null;
  return {
    family: src.family,
    protocol,
    src: addressText(src),
    dst: addressText(dst),
    ...transport,
    zone: inZone,
  };
}

type Transport = Omit<TupleQuery, 'family' | 'protocol' | 'src' | 'dst' | 'zone'>;

function transportOf(filter: Filter, protocol: number): Transport | null {
  if (PORT_PROTOCOLS.has(protocol)) {
    const sport = numberOf(filter, ['sport', 'reply-dport']);
    const dport = numberOf(filter, ['dport', 'reply-sport']);
    return sport === null || dport === null ? null : { sport, dport };
  }
  if (protocol === ICMP || protocol === ICMPV6) {
    const type = numberOf(filter, ['icmp-type']);
    const code = numberOf(filter, ['icmp-code']);
    const id = numberOf(filter, ['icmp-id']);
    return type === null || code === null || id === null ? null : { type, code, id };
  }
  if (protocol === GRE) {
    const srckey = numberOf(filter, ['src-key']);
    const dstkey = numberOf(filter, ['dst-key']);
    return srckey === null || dstkey === null ? null : { srckey, dstkey };
  }
  return {};
}

/** The one number that one of these keys must have. */
function numberOf(filter: Filter, keys: readonly FilterKey[]): number | null {
  for (const { key, negated, alternatives } of filter.tests) {
    const [only] = alternatives;
    if (!keys.includes(key) || negated || alternatives.length !== 1) continue;
    if (only.kind === 'range' && only.min === only.max) return only.min;
  }
  return null;
}

function addressOf(filter: Filter, keys: readonly FilterKey[]): NetworkAlternative | null {
  for (const { key, negated, alternatives } of filter.tests) {
    const [only] = alternatives;
    if (!keys.includes(key) || negated || alternatives.length !== 1) continue;
    if (only.kind === 'network' && only.prefix === only.words.length * 32) return only;
  }
  return null;
}

const addressText = ({ words: [w0, w1, w2, w3], family }: NetworkAlternative): string =>
  family === 'ipv4' ? ipv4Text(w0) : ipv6Text(w0, w1, w2, w3);
