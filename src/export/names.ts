/** Names that the kernel and the conntrack command print, and the numbers behind them. */
import { Verdict } from '../shm/bits.ts';
import { type EndReason, StatusBit } from './connection.ts';

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [47, 'gre'],
  [58, 'icmpv6'],
  [132, 'sctp'],
  [136, 'udplite'],
]);

/** By state number; 9 is what older kernels call LISTEN. */
export const TCP_STATE_NAMES: readonly string[] = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
];

/** By state number. */
export const SCTP_STATE_NAMES: readonly string[] = [
  'NONE',
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECD',
  'SHUTDOWN_ACK_SENT',
  'HEARTBEAT_SENT',
];

/** As nft's `ct state` has them, with the direction; null where there was no verdict. */
export const VERDICT_NAMES: Readonly<Record<Verdict, string | null>> = {
  [Verdict.ESTABLISHED]: 'ESTABLISHED',
  [Verdict.RELATED]: 'RELATED',
  [Verdict.NEW]: 'NEW',
  [Verdict.ESTABLISHED_REPLY]: 'ESTABLISHED/reply',
  [Verdict.RELATED_REPLY]: 'RELATED/reply',
  [Verdict.UNTRACKED]: 'UNTRACKED',
  [Verdict.INVALID]: 'INVALID',
  [Verdict.NULL]: null,
  [Verdict.SKIP]: 'SKIP',
};

/** The layer 3 number that conntrack prints: the AF_ value, not the EtherType. */
export const FAMILY_NUMBERS = { ipv4: 2, ipv6: 10 } as const;

const STATUS_NAMES: readonly (readonly [StatusBit, string])[] = [
  [StatusBit.EXPECTED, 'EXPECTED'],
  [StatusBit.SEEN_REPLY, 'SEEN_REPLY'],
  [StatusBit.ASSURED, 'ASSURED'],
  [StatusBit.CONFIRMED, 'CONFIRMED'],
  [StatusBit.DYING, 'DYING'],
  [StatusBit.FIXED_TIMEOUT, 'FIXED_TIMEOUT'],
];

/** The name of an IP protocol number; "unknown" for those without a tracker of their own. */
export function protocolName(protocol: number): string {
  return PROTOCOL_NAMES.get(protocol) ?? 'unknown';
}

/** Names of the status bits that are set, lowest bit first; bits without a name here are left out. */
export function statusNames(status: number): string[] {
  const names: string[] = [];
  for (const [bit, name] of STATUS_NAMES) if ((status & bit) !== 0) names.push(name);
  return names;
}

/** An end reason as one word, for lines of fields parted by spaces: end-of-capture. */
export function endReasonWord(reason: EndReason): string {
  return reason.replaceAll(' ', '-');
}
