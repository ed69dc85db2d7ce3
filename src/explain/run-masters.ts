/** Connections with helpers in a run: what the ingest thread tracks itself, and what it expects. */
import type { HashKey } from '../common/hash.ts';
import { HELPER_NAMES, type HelperNumber } from '../common/helpers.ts';
import { tickMsOf } from '../common/tick.ts';
import type { ExpectMemory } from '../conntrack/expectations.ts';
import type { HelperAt } from '../conntrack/helpers/registry.ts';
import { createMasters, type Masters } from '../conntrack/masters.ts';
import { ReportMode } from '../conntrack/reporter.ts';
import { ipv4Text, ipv6Text } from '../export/addresses.ts';
import { connectionOf } from '../export/entry-view.ts';
import { EventBit, Kind, Status } from '../shm/bits.ts';
import type { ClaimWait } from '../shm/claims.ts';
import { Counter } from '../shm/counters.ts';
import { Desc, Expect, Hot, Report } from '../shm/offsets.generated.ts';
import { createRingReader, createRingWriter } from '../shm/ring.ts';
import { createSegment } from '../shm/segment.ts';
import { REPORT_SLOTS } from './run-shard.ts';
import { type Expected, type Master, type ShardReport, type Step, takeReports } from './step.ts';
import { isDescriptorOf, type TupleKey, tupleText } from './tuple-key.ts';

export interface RunMastersOptions {
  readonly helpers: readonly HelperAt[];
  readonly expectations: ExpectMemory;
  readonly settings: Int32Array;
  readonly maxConnections: number;
  readonly hashKey: HashKey;
  readonly watch: TupleKey;
  readonly waitForClaim: ClaimWait;
}

export interface RunMasters {
  /** For the dispatcher. */
  readonly masters: Masters;
  /** Puts into the step what was reported meanwhile. */
  take(): void;
}

/** Masters that are remembered, to be named in the stories of what they foretold. */
const MASTERS_MAX = 65_536;

function expectedOf(words: Int32Array, slot: number, nowMs: number): Expected {
  const e = slot * Expect.WORDS;
  const kind = words[e + Expect.KIND];
  const isIpv6 = (kind & Kind.IPV6) !== 0;
  const address = (at: number): string =>
    isIpv6 ? ipv6Text(words[at], words[at + 1], words[at + 2], words[at + 3]) : ipv4Text(words[at]);
  const hasSource = words[e + Expect.MASK0] !== 0;
  return {
    protocol: kind & Kind.PROTOCOL_MASK,
    src: hasSource ? address(e + Expect.SRC0) : 'any',
    sport: words[e + Expect.PORT_MASK] === 0 ? null : words[e + Expect.PORTS] >>> 16,
    dst: address(e + Expect.DST0),
    dport: words[e + Expect.PORTS] & 0xffff,
    timeoutS: ((words[e + Expect.DEADLINE] - nowMs) | 0) / 1000,
  };
}

export function createRunMasters(
  options: RunMastersOptions,
  step: Step,
  known: Map<number, Master>,
): RunMasters {
  const { watch, expectations } = options;
  const segment = createSegment(1, { maxEntries: options.maxConnections, reportSlots: REPORT_SLOTS });
  const output = createRingReader(segment.reports, Report.WORDS);

  /** Remembers who has a helper. */
  function see({ events, words, tickMs }: ShardReport): void {
    if ((events & (EventBit.NEW | EventBit.RELATED)) === 0 || words === null) return;
    const helper: HelperNumber =
      (words.hot[words.h + Hot.STATUS] & Status.HELPER_MASK) >>> Status.HELPER_SHIFT;
    if (known.size >= MASTERS_MAX) known.clear();
    const c = connectionOf(words, tickMs, null);
    known.set(c.id, { tuple: tupleText(c), helper: HELPER_NAMES[helper] });
  }

  const take = (): void => takeReports(output, watch, step, see);
  const masters = createMasters({
    helpers: options.helpers,
    segment,
    expectations,
    settings: options.settings,
    hashKey: options.hashKey,
    reports: createRingWriter(segment.reports, Report.WORDS),
    mode: ReportMode.PACKETS,
    waitForReader: take,
    waitForClaim: options.waitForClaim,
  });

  /** What the packet at hand made its connection expect. */
  function expectedNow(): Expected[] {
    const nowMs = tickMsOf(step.desc[Desc.SEC], step.desc[Desc.NSEC]);
    const entry = masters.tracker.find(step.desc[Desc.HASH], step.desc, 0, nowMs);
    if (entry === 0) return [];
    const list: Expected[] = [];
    const { words } = expectations;
    for (let slot = masters.expectations.firstOf(entry); slot !== 0; slot = masters.expectations.nextOf(slot))
      if (words[slot * Expect.WORDS + Expect.NUMBER] >>> 0 === step.number)
        list.push(expectedOf(words, slot, nowMs));
    return list.reverse();
  }

  return {
    take,
    masters: {
      ...masters,
      packet(words, o, view, l4, end) {
        for (let i = 0; i < Desc.WORDS; i++) step.desc[i] = words[o + i];
        step.isDispatched = true;
        step.isWatched = isDescriptorOf(watch, step.desc);
        const ignored = segment.counters[Counter.IGNORED];
        masters.packet(words, o, view, l4, end);
        if (segment.counters[Counter.IGNORED] !== ignored) step.isIgnored = true;
        take();
        if (step.isWatched) step.expects = expectedNow();
      },
    },
  };
}
