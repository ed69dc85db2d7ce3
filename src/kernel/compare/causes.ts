/**
 * Differences that no class allows, put together by what they look like: one cause, not a thousand lines.
 * After the first difference of a connection the two trackers know different things of it, so its
 * later ones count as consequences of that first one.
 */
import type { Difference } from './compare.ts';
import { type Endpoints, hostsKey } from './connection-key.ts';
import type { PacketFacts } from './packet-facts.ts';

export interface Cause {
  /** What the differences have in common, in words. */
  readonly name: string;
  readonly differences: readonly Difference[];
  /** Later differences of the same connections. */
  readonly consequences: number;
}

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [47, 'gre'],
  [58, 'icmpv6'],
  [132, 'sctp'],
  [136, 'udplite'],
]);
const protocolText = (number: number): string => PROTOCOL_NAMES.get(number) ?? `protocol ${number}`;

/** `[NEW] tcp SYN_SENT`: what an event is about, without what is different in every one. */
function eventKind(line: string): string {
  const type = /^\[\w+\]/.exec(line)?.[0] ?? '';
  const state = / (NONE|[A-Z]{3,}[A-Z_0-9]*) src=/.exec(line)?.[1] ?? '';
  return `${type} ${state}`.trim();
}

/** The words of two lines that differ, or a number that differs by its name. */
function changedWords(kernel: string, ours: string): string {
  const [k, o] = [kernel.split(' '), ours.split(' ')];
  if (k.length !== o.length) {
    const extra = [...k.filter((w) => !o.includes(w)), ...o.filter((w) => !k.includes(w))];
    return extra.map((word) => word.replace(/\d+$/, 'N')).join(' ');
  }
  const changed = k.flatMap((word, i) => {
    if (word === o[i]) return [];
    if (/^\d+$/.test(word)) return [`timeout ${word} and ${o[i]}`];
    return [`${word.replace(/=.*/, '')} and ${o[i].replace(/=.*/, '')}`];
  });
  return changed.join(', ');
}

function nameOf(d: Difference, facts: PacketFacts | null): string {
  if (d.kind === 'verdict') {
    const what = facts === null ? 'not IP' : protocolText(facts.protocol);
    const details = facts?.isFragment === true ? `${what} fragment` : what;
    const quoting = facts?.isIcmpError === true ? `${details} error` : details;
    return `verdict, ${quoting}: kernel ${d.kernel ?? 'none'}, ours ${d.ours ?? 'none'}${d.why === null ? '' : ` (${d.why})`}`;
  }
  const protocol = protocolText(Number(d.key.split(' ')[0]));
  if (d.ours === null) return `${d.kind}, ${protocol}: only the kernel has ${eventKind(d.kernel ?? '')}`;
  if (d.kernel === null) return `${d.kind}, ${protocol}: only we have ${eventKind(d.ours)}`;
  const [k, o] = [eventKind(d.kernel), eventKind(d.ours)];
  if (k !== o) return `${d.kind}, ${protocol}: kernel ${k}, ours ${o}`;
  return `${d.kind}, ${protocol} ${k}: ${changedWords(d.kernel, d.ours)}`;
}

/** The connection, and, for what has no ports to tell it by, everything between the two hosts. */
function keysOf(d: Difference, facts: PacketFacts | null): string[] {
  if (d.kind !== 'verdict') return [d.key];
  if (facts === null) return [];
  return [facts.key, ...(facts.isFragment ? [hostsOf(facts.endpoints)] : [])];
}

const hostsOf = (endpoints: Endpoints): string => hostsKey(endpoints);

/** Differences must come in the order of packets. The most frequent cause comes first. */
export function causesOf(
  differences: readonly Difference[],
  facts: (n: number) => PacketFacts | null,
): Cause[] {
  const causes = new Map<string, { name: string; differences: Difference[]; consequences: number }>();
  const firstByKey = new Map<string, string>();
  for (const d of differences) {
    const packet = facts(d.n);
    const keys = keysOf(d, packet);
    const earlier = keys.map((key) => firstByKey.get(key)).find((name) => name !== undefined);
    const name = earlier ?? nameOf(d, packet);
    const cause = causes.get(name) ?? { name, differences: [], consequences: 0 };
    causes.set(name, cause);
    if (earlier === undefined) cause.differences.push(d);
    else cause.consequences++;
    for (const key of keys) if (!firstByKey.has(key)) firstByKey.set(key, name);
  }
  return [...causes.values()].sort((a, b) => b.differences.length - a.differences.length);
}
