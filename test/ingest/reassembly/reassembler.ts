/** One reassembler, given IP packets as they are, and the bytes of the datagrams that it makes. */
import { createHash4 } from '../../../src/common/hash.ts';
import { REASONS, Reason, reasonInfo } from '../../../src/common/reasons.ts';
import type { PacketPlace } from '../../../src/ingest/peel.ts';
import type { ReassemblyLimits } from '../../../src/ingest/reassembly/limits.ts';
import { createReassembly, type Reassembly } from '../../../src/ingest/reassembly/reassembly.ts';
import { Counter } from '../../../src/shm/counters.ts';

const MIB = 1 << 20;
export const LINUX: ReassemblyLimits = {
  ipv4: { timeoutMs: 30_000, bytesMax: 4 * MIB, distanceMax: 64 },
  ipv6: { timeoutMs: 60_000, bytesMax: 4 * MIB },
};

export interface Taken {
  /** Name of the reason; "none" for a packet that goes on to the tracker. */
  readonly reason: string;
  /** That packet; null when the fragment ended here. */
  readonly packet: Uint8Array | null;
  /** Bytes of it that are known; the rest was cut off by the capture. */
  readonly captured: number;
}

export interface Reassembler {
  readonly reassembly: Reassembly;
  /** Gives it a fragment, of which `captured` bytes were captured, and counts what becomes of it. */
  take(fragment: Uint8Array, nowMs: number, zone?: number, captured?: number): Taken;
  /** Packets by name of their reason, "none" included. */
  counts(): Record<string, number>;
  counter(word: Counter): number;
}

const IPV6_FRAGMENT_AT = 40;
/** Fragments lie at an odd place, so that nothing relies on alignment. */
const ODD = 3;

export function createReassembler(limits: ReassemblyLimits = LINUX, seed = 1): Reassembler {
  const counters = new Float64Array(Counter.WORDS);
  const hash4 = createHash4({ k0: seed, k1: ~seed });
  const reassembly = createReassembly({ limits, hash4, seed, counters });

  function take(fragment: Uint8Array, nowMs: number, zone = 0, captured = fragment.length): Taken {
    const bytes = new Uint8Array(captured + ODD);
    bytes.set(fragment.subarray(0, captured), ODD);
    const view = new DataView(bytes.buffer);
    const place: PacketPlace = {
      view,
      at: ODD,
      end: ODD + captured,
      wireEnd: ODD + fragment.length,
      zone: zone << 16,
    };
    const isIpv6 = fragment[0] >>> 4 === 6;
    const reason = reassembly.add(place, isIpv6 ? ODD + IPV6_FRAGMENT_AT : 0, nowMs);
    counters[Counter.REASON + reason]++;
    if (reason !== Reason.NONE) return { reason: reasonInfo(reason).name, packet: null, captured: 0 };
    const { buffer } = place.view;
    const packet = new Uint8Array(buffer.slice(place.at, place.wireEnd));
    return { reason: 'none', packet, captured: place.end - place.at };
  }

  return {
    reassembly,
    take,
    counts() {
      const found = [...REASONS].map(
        ([reason, { name }]) => [name, counters[Counter.REASON + reason]] as const,
      );
      return Object.fromEntries(found.filter(([, packets]) => packets !== 0));
    },
    counter: (word) => counters[word],
  };
}
