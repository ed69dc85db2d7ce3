/**
 * Fragments to datagrams, as the kernel's defragmentation does before conntrack: the fragment that makes
 * a datagram complete brings it to the tracker, the others end here. Every fragment that is held counts as
 * Reason.FRAGMENT; if its datagram never comes to be it is counted anew, for what became of that.
 */
import type { Hash4 } from '../../common/hash.ts';
import { Reason } from '../../common/reasons.ts';
import { Counter } from '../../shm/counters.ts';
import type { PacketPlace } from '../peel.ts';
import { createDatagramBuilder } from './datagram.ts';
import { createIpv4Reassembly, type FamilyOptions, type FamilyReassembly } from './ipv4.ts';
import { createIpv6Reassembly } from './ipv6.ts';
import type { ReassemblyLimits } from './limits.ts';

export interface ReassemblyOptions {
  readonly limits: ReassemblyLimits;
  readonly hash4: Hash4;
  /** For what must not be foreseen. */
  readonly seed: number;
  readonly counters: Float64Array;
}

export interface Reassembly {
  /**
   * Takes a fragment. `fragmentAt` is where its fragment header is, 0 for IPv4. The caller counts the fragment for
   * the reason that is returned.
   *
   * Returns: NONE when `packet` now is what is to be tracked: the whole datagram, or a packet that is not
   *          gathered; else what became of the fragment
   * Units:   nowMs as a tick, never before that of an earlier call
   */
  add(packet: PacketPlace, fragmentAt: number, nowMs: number): Reason;
  /** Gives up what is overdue. To be called at least every 2^30 ms of packet time. */
  advance(nowMs: number): void;
  /** No packet follows: what is held will never be a datagram. */
  finish(nowMs: number): void;
  /** Bytes held, as charged, and datagrams begun. */
  bytes(): number;
  count(): number;
  selfCheck(): void;
}

/** Thread: the ingest thread's. Cost: memory for an IP version is allocated when its first fragment comes. */
export function createReassembly(options: ReassemblyOptions): Reassembly {
  const { limits, counters } = options;
  const datagram = createDatagramBuilder(counters);
  let ipv4: FamilyReassembly | null = null;
  let ipv6: FamilyReassembly | null = null;

  const family = <Limits>(its: Limits): FamilyOptions<Limits> => ({ ...options, limits: its, datagram });

  function familyOf(fragmentAt: number): FamilyReassembly {
    if (fragmentAt === 0) {
      ipv4 ??= createIpv4Reassembly(family(limits.ipv4));
      return ipv4;
    }
    ipv6 ??= createIpv6Reassembly(family(limits.ipv6));
    return ipv6;
  }

  function add(packet: PacketPlace, fragmentAt: number, nowMs: number): Reason {
    advance(nowMs);
    const reason = familyOf(fragmentAt).add(packet, fragmentAt, nowMs);
    const held = bytes();
    if (held > counters[Counter.FRAGMENT_BYTES_MAX]) counters[Counter.FRAGMENT_BYTES_MAX] = held;
    return reason;
  }

  const bytes = (): number => (ipv4?.store.bytes() ?? 0) + (ipv6?.store.bytes() ?? 0);

  function advance(nowMs: number): void {
    ipv4?.store.expire(nowMs);
    ipv6?.store.expire(nowMs);
  }

  return {
    add,
    advance,
    finish(nowMs) {
      advance(nowMs);
      ipv4?.store.endAll(Reason.FRAGMENT_UNFINISHED);
      ipv6?.store.endAll(Reason.FRAGMENT_UNFINISHED);
    },
    bytes,
    count: () => (ipv4?.store.count() ?? 0) + (ipv6?.store.count() ?? 0),
    selfCheck() {
      ipv4?.store.selfCheck();
      ipv6?.store.selfCheck();
    },
  };
}
