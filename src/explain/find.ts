/** First pass over a capture: which connection is meant, by a tuple or by the number of a packet. */
import type { CaptureError } from '../common/errors.ts';
import { Outcome, Reason, reasonInfo } from '../common/reasons.ts';
import type { Connection } from '../export/connection.ts';
import { timeNs } from '../export/entry-view.ts';
import { Meta, Task } from '../shm/bits.ts';
import { Desc } from '../shm/offsets.generated.ts';
import { type FactRow, readFrame } from './frame-facts.ts';
import { REASON_SENTENCES } from './reason-sentences.ts';
import { type RunOptions, runPackets } from './run.ts';
import type { Step } from './step.ts';
import { connectionOfDescriptor, keyOf, type TupleKey } from './tuple-key.ts';
import { matchesTuple, type TuplePattern } from './tuple-pattern.ts';

/** A connection, as far as its first packet tells. */
export interface Found {
  readonly key: TupleKey;
  readonly connection: Connection;
  /** Whether its first packet ran from the lower endpoint to the higher one. */
  readonly isFromLow: boolean;
}

/** A connection that a tuple may mean. */
export interface Candidate extends Found {
  readonly firstPacket: number;
  readonly firstNs: bigint;
  lastNs: bigint;
  /** ICMP errors about it included. */
  packets: number;
}

/** A packet that belongs to no connection. */
export interface LonePacket {
  readonly number: number;
  readonly atNs: bigint;
  /** Name of its reason, what becomes of such packets, and its sentence. */
  readonly reason: string;
  readonly outcome: string;
  readonly sentence: string;
  readonly advice: string | null;
  readonly facts: readonly FactRow[];
}

export interface SearchEnd {
  readonly packets: number;
  readonly error: CaptureError | null;
}

export type SearchOptions = Omit<RunOptions, 'watch'>;

/** Different connections that are remembered for a tuple; of those beyond only the number is known. */
const CANDIDATES_MAX = 10_000;

const SYN_ACK = Meta.SYN | Meta.ACK;

export function foundOf(desc: Int32Array): Found {
  const meta = desc[Desc.META];
  const task: Task = meta & Meta.TASK_MASK;
  // An ICMP error bears the tuple of an answer; a SYN/ACK is one, too.
  const isAnswer = task === Task.ICMP_ERROR || (task === Task.TCP && (meta & SYN_ACK) === SYN_ACK);
  const isFromLow = ((meta & Meta.FROM_HI) === 0) !== isAnswer;
  return { key: keyOf(desc), connection: connectionOfDescriptor(desc, isFromLow), isFromLow };
}

export interface TupleSearch extends SearchEnd {
  /** Oldest first. */
  readonly candidates: readonly Candidate[];
  /** Packets of connections that match, but are not among the candidates. */
  readonly othersPackets: number;
}

export async function findTuple(options: SearchOptions, pattern: TuplePattern): Promise<TupleSearch> {
  const candidates = new Map<string, Candidate>();
  let othersPackets = 0;
  const { packets, error } = await runPackets(
    { ...options, watch: null },
    ({ isDispatched, desc, sec, nsec, number }) => {
      if (!isDispatched || !matchesTuple(pattern, desc)) return true;
      const key = keyOf(desc).join();
      const known = candidates.get(key);
      const atNs = timeNs(sec, nsec);
      if (known !== undefined) {
        known.packets++;
        known.lastNs = atNs;
      } else if (candidates.size < CANDIDATES_MAX) {
        candidates.set(key, {
          ...foundOf(desc),
          firstPacket: number,
          firstNs: atNs,
          lastNs: atNs,
          packets: 1,
        });
      } else othersPackets++;
      return true;
    },
  );
  return { packets, error, candidates: [...candidates.values()], othersPackets };
}

export interface PacketSearch extends SearchEnd {
  /** Its connection, or its own story; null when the capture has no such packet. */
  readonly found: Found | LonePacket | null;
}

export const isLone = (found: Found | LonePacket): found is LonePacket => 'facts' in found;

export async function findPacket(options: SearchOptions, number: number): Promise<PacketSearch> {
  let found: Found | LonePacket | null = null;
  const { packets, error } = await runPackets({ ...options, watch: null }, (step) => {
    if (step.number !== number) return true;
    found = step.isDispatched ? foundOf(step.desc) : loneOf(step);
    return false;
  });
  return { packets, error, found };
}

function loneOf(step: Step): LonePacket {
  const { reason } = step;
  const told = reason === Reason.NONE || reason === Reason.COUNT ? null : REASON_SENTENCES[reason];
  return {
    number: step.number,
    atNs: timeNs(step.sec, step.nsec),
    reason: reasonInfo(reason).name,
    outcome: Outcome[reasonInfo(reason).outcome].toLowerCase(),
    sentence: told?.text ?? 'It is held back until more of it is there.',
    advice: told?.advice ?? null,
    facts: readFrame(step).rows,
  };
}
