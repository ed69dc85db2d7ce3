/** What is expected, line by line as `conntrack -L expect` prints it, oldest first. */
import { HELPER_NAMES, type HelperNumber } from '../../src/common/helpers.ts';
import { connectionOf } from '../../src/export/entry-view.ts';
import { ExpectFlag, Kind } from '../../src/shm/bits.ts';
import { Cold, Expect, Hot } from '../../src/shm/offsets.generated.ts';
import type { Segment } from '../../src/shm/segment.ts';

const hex = (words: readonly number[]): string =>
  words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');

/** An address of four words; of IPv6 all digits, without any shortening. */
function addressText(words: Int32Array, at: number, isIpv6: boolean): string {
  const [first, ...others] = words.subarray(at, at + 4);
  if (!isIpv6) return [24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join('.');
  return (hex([first, ...others]).match(/..../g) ?? []).join(':');
}

/** The kernel's lines bear IPv6 addresses in the short form: both are brought to the long one. */
export function longAddress(text: string): string {
  if (!text.includes(':')) return text;
  const [left, right] = text.split('::');
  const parts = (half: string | undefined): string[] =>
    half === undefined || half === '' ? [] : half.split(':').flatMap(groupsOf);
  const [head, tail] = [parts(left), parts(right)];
  const zeroes = right === undefined ? 0 : 8 - head.length - tail.length;
  return [...head, ...new Array<string>(zeroes).fill('0'), ...tail].map((g) => g.padStart(4, '0')).join(':');
}

/** A group of four digits, or the two of an IPv4 tail. */
function groupsOf(part: string): string[] {
  if (!part.includes('.')) return [part];
  const [a, b, c, d] = part.split('.').map(Number);
  return [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)];
}

export interface ExpectationLine {
  /** Without the timeout: `proto=6 src=... helper=ftp`. */
  readonly text: string;
  readonly timeoutS: number;
}

export function expectationLines(
  words: Int32Array,
  masters: Segment,
  nowMs: number,
): readonly ExpectationLine[] {
  const found: { order: number; line: ExpectationLine }[] = [];
  for (let e = Expect.WORDS; e < words.length; e += Expect.WORDS) {
    const kind = words[e + Expect.KIND];
    const left = (words[e + Expect.DEADLINE] - nowMs) | 0;
    const masterLeft = (masters.hot[words[e + Expect.MASTER] * Hot.WORDS + Hot.DEADLINE] - nowMs) | 0;
    // The wheel may come later to a master that is overdue: no packet would match any more.
    if (kind === 0 || left <= 0 || masterLeft <= 0) continue;
    found.push({
      order: words[e + Expect.ORDER],
      line: { text: lineOf(words, e, kind, masters), timeoutS: Math.floor(left / 1000) },
    });
  }
  return found.sort((a, b) => a.order - b.order).map(({ line }) => line);
}

function lineOf(words: Int32Array, e: number, kind: number, masters: Segment): string {
  const isIpv6 = (kind & Kind.IPV6) !== 0;
  const address = (at: number): string => addressText(words, at, isIpv6);
  const exact = addressText(Int32Array.of(-1, -1, -1, -1), 0, isIpv6);
  const { hot, cold } = masters;
  const master = words[e + Expect.MASTER];
  const entry = { hot, h: master * Hot.WORDS, cold, c: master * Cold.WORDS };
  const { src, dst, sport, dport } = connectionOf(entry, 0, null).original;
  const [sourcePort, destinationPort] = [words[e + Expect.PORTS] >>> 16, words[e + Expect.PORTS] & 0xffff];
  const flags = [ExpectFlag.PERMANENT, ExpectFlag.INACTIVE, ExpectFlag.USERSPACE]
    .filter((flag) => (words[e + Expect.FLAGS] & flag) !== 0)
    .map((flag) => ExpectFlag[flag])
    .join(',');
  const number = words[e + Expect.HELPER] as HelperNumber;
  const klass = words[e + Expect.CLASS];
  return [
    `proto=${kind & Kind.PROTOCOL_MASK}`,
    `src=${address(e + Expect.SRC0)} dst=${address(e + Expect.DST0)}`,
    `sport=${sourcePort} dport=${destinationPort}`,
    `mask-src=${address(e + Expect.MASK0)} mask-dst=${exact}`,
    `sport=${words[e + Expect.PORT_MASK]} dport=65535`,
    `master-src=${longAddress(src)} master-dst=${longAddress(dst)} sport=${sport} dport=${dport}`,
    ...(flags === '' ? [] : [flags]),
    `class=${klass}`,
    `helper=${HELPER_NAMES[number]}`,
  ].join(' ');
}
