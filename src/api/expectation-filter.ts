/**
 * Which expectations are meant. There are a few thousand at most, so they are compared as the data that they are; the keys
 * are those of the command: the tuple, its mask, the master.
 */
import { isIP } from 'node:net';
import { OptionError } from '../common/errors.ts';
import type { Expectation } from '../export/expectation.ts';
import { FAMILY, integer, type Schema, text } from './schemas/parts.ts';
import { protocolNumber } from './tuple-forms.ts';

export interface ExpectationQuery {
  readonly [key: string]: unknown;
  readonly family?: 'ipv4' | 'ipv6';
  readonly protocol?: string;
  readonly src?: string;
  readonly dst?: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly zone?: number;
  readonly helper?: string;
  readonly master?: number;
}

export const EXPECTATION_QUERY: Readonly<Record<string, Schema>> = {
  family: { ...FAMILY, description: 'address family' },
  protocol: text('number or name', { maxLength: 8 }),
  src: text('source address of what is expected', { maxLength: 45 }),
  dst: text('destination address of what is expected', { maxLength: 45 }),
  sport: integer('its source port', 0xffff),
  dport: integer('its destination port', 0xffff),
  zone: integer('', 0xffff),
  helper: text('helper that foretold it', { maxLength: 32 }),
  master: integer('id of the connection that foretold it', 2 ** 32 - 1),
};

const KEYS = Object.keys(EXPECTATION_QUERY);

/** An address in its shortest form, as expectations have it. */
function addressText(key: string, address: string): string {
  const version = address.includes('%') ? 0 : isIP(address);
  if (version === 0) throw new OptionError(key, address, 'an IPv4 or IPv6 address');
  return version === 4 ? address : new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** null: nothing is said, all are meant. Errors: OptionError */
export function expectationFilterOf(query: ExpectationQuery): ((x: Expectation) => boolean) | null {
  if (KEYS.every((key) => query[key] === undefined)) return null;
  const { family, protocol, src, dst, sport, dport, zone, helper, master } = query;
  const number =
    protocol === undefined
      ? undefined
      : protocolNumber(/^\d{1,3}$/.test(protocol) ? Number(protocol) : protocol);
  const source = src === undefined ? undefined : addressText('src', src);
  const destination = dst === undefined ? undefined : addressText('dst', dst);
  const agrees = <T>(wanted: T | undefined, is: T): boolean => wanted === undefined || wanted === is;
  return (x) =>
    agrees(family, x.family) &&
    agrees(number, x.protocol) &&
    agrees(source, x.tuple.src) &&
    agrees(destination, x.tuple.dst) &&
    (sport === undefined || sport === x.tuple.sport) &&
    (dport === undefined || dport === x.tuple.dport) &&
    agrees(zone, x.zone) &&
    agrees(helper, x.helper) &&
    agrees(master, x.masterId);
}
