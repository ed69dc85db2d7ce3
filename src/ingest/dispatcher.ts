/**
 * From frames to the shards' rings. The dispatcher numbers packets, keeps their time from going
 * back, decodes them (peel.ts: or what is inside), and writes each descriptor into the ring of the
 * shard that its hash names.
 *
 * Time also reaches shards that get no packets: whenever a wheel tick of packet time has passed,
 * every shard is told (Task.CLOCK), so that expiries are reported in order however the connections
 * are spread.
 */
import { createHash4, type HashKey } from '../common/hash.ts';
import { Outcome, REASONS, Reason } from '../common/reasons.ts';
import { createDecoder } from '../packet/decode.ts';
import { Kind, Task, Verdict } from '../shm/bits.ts';
import { Counter } from '../shm/counters.ts';
import { Desc } from '../shm/offsets.generated.ts';
import type { RingWriter } from '../shm/ring.ts';
import { WHEEL_TICK_SHIFT } from '../shm/wheel.ts';
import { createPeeler, isPeelable } from './peel.ts';
import { createReassembly } from './reassembly/reassembly.ts';

/** Descriptors written before a ring's cursor is moved on. */
const PUBLISH_EVERY = 64;
/** A gap in time is crossed in steps of this, since deadlines are compared by signed difference. */
const TIME_STEP_S = 1 << 20;
/** Verdict by Outcome of a packet that does not go to a shard. */
const VERDICTS: Readonly<Record<Outcome, Verdict>> = {
  [Outcome.TRACKED]: Verdict.NULL,
  [Outcome.INVALID]: Verdict.INVALID,
  [Outcome.UNTRACKED]: Verdict.UNTRACKED,
  [Outcome.SKIPPED]: Verdict.NULL,
  [Outcome.DROPPED]: Verdict.NULL,
};
/** Reasons for which a packet is not IP at all. */
const NOT_IP: ReadonlySet<Reason> = new Set([
  Reason.LINK_TYPE,
  Reason.LINK_SHORT,
  Reason.NOT_IP,
  Reason.IP_VERSION,
]);

/** The shards' clock: milliseconds since 1970 modulo 2^32, as int32. */
export function tickMsOf(sec: number, nsec: number): number {
  return (Math.imul(sec, 1000) + ((nsec / 1_000_000) | 0)) | 0;
}

export interface DispatcherOptions {
  readonly rings: readonly RingWriter[];
  readonly hashKey: HashKey;
  readonly verifyChecksums: boolean;
  readonly zoneFromVlan: boolean;
  readonly counters: Float64Array;
  /** Called when the ring of a shard is full, after its cursor was moved on; returns when there may be room. */
  readonly waitForShard: (shard: number) => void;
  /** Told of every packet that goes to no shard; null when nobody wants to know. */
  readonly onUndispatched:
    | ((number: number, sec: number, nsec: number, verdict: Verdict, reason: Reason) => void)
    | null;
}

export interface Dispatcher {
  /** Takes one frame. Times are seconds since 1970 (u32 kept as int32) and nanoseconds. */
  packet(
    view: DataView,
    offset: number,
    captureLength: number,
    wireLength: number,
    linkType: number,
    sec: number,
    nsec: number,
  ): void;
  /** Hands over what was written so far. */
  flush(): void;
  /** Tells every shard that the last packet was the last. */
  finish(): void;
  /** Time of the newest packet. */
  nowSec(): number;
  nowNsec(): number;
}

/** Thread: the ingest thread's. Cost: no allocation per packet. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { rings, counters, onUndispatched } = options;
  const hash4 = createHash4(options.hashKey);
  const decoder = createDecoder({
    hash4,
    verifyChecksums: options.verifyChecksums,
    zoneFromVlan: options.zoneFromVlan,
  });
  const decode = decoder.frame;
  const { peel } = createPeeler({ decoder, reassembly: createReassembly() });
  const shards = rings.length;
  const slotsOf = rings.map((ring) => ring.slots);
  const mask = rings[0].mask;
  /** Next slot, free slots and unpublished slots of each ring, kept here so that a packet calls nothing. */
  const head = Int32Array.from(rings, (ring) => ring.head());
  const room = new Int32Array(shards);
  const pending = new Int32Array(shards);
  /** With several shards the descriptor is made here, since only its hash tells whose it is. */
  const scratch = new Int32Array(Desc.WORDS);

  let number = 0;
  let lastSec = 0;
  let lastNsec = 0;
  let lastTick = 0;
  let started = false;

  function publish(shard: number): void {
    if (pending[shard] === 0) return;
    rings[shard].publish(pending[shard]);
    pending[shard] = 0;
  }

  function makeRoom(shard: number): void {
    while (room[shard] <= 0) {
      const free = rings[shard].free(pending[shard] + 1) - pending[shard];
      if (free > 0) {
        room[shard] = free;
        return;
      }
      publish(shard);
      rings[shard].wake();
      options.waitForShard(shard);
    }
  }

  function commit(shard: number): void {
    head[shard] = (head[shard] + 1) | 0;
    room[shard]--;
    if (++pending[shard] === PUBLISH_EVERY) publish(shard);
  }

  /** Writes a descriptor without a packet into every ring. */
  function broadcast(task: Task, sec: number, nsec: number): void {
    for (let shard = 0; shard < shards; shard++) {
      if (room[shard] <= 0) makeRoom(shard);
      const slots = slotsOf[shard];
      const o = (head[shard] & mask) * Desc.WORDS;
      slots[o + Desc.META] = task;
      slots[o + Desc.SEC] = sec;
      slots[o + Desc.NSEC] = nsec;
      slots[o + Desc.HASH] = 0;
      slots[o + Desc.NUMBER] = number;
      commit(shard);
    }
  }

  function begin(sec: number, nsec: number): void {
    started = true;
    lastSec = sec;
    lastNsec = nsec;
    lastTick = tickMsOf(sec, nsec) >>> WHEEL_TICK_SHIFT;
    broadcast(Task.CLOCK, sec, nsec);
  }

  /** Moves the clock on; a time before the last one counts as the last one. */
  function advance(sec: number, nsec: number): void {
    if (sec >>> 0 < lastSec >>> 0 || (sec === lastSec && nsec < lastNsec)) {
      counters[Counter.TIME_BACKWARD]++;
      return;
    }
    while ((sec >>> 0) - (lastSec >>> 0) > TIME_STEP_S) {
      lastSec = (lastSec + TIME_STEP_S) | 0;
      broadcast(Task.CLOCK, lastSec, lastNsec);
    }
    lastSec = sec;
    lastNsec = nsec;
    const tick = tickMsOf(sec, nsec) >>> WHEEL_TICK_SHIFT;
    if (tick !== lastTick) {
      lastTick = tick;
      broadcast(Task.CLOCK, sec, nsec);
    }
  }

  function undispatched(reason: Reason): void {
    counters[Counter.REASON + reason]++;
    if (onUndispatched === null) return;
    const outcome = REASONS.get(reason)?.outcome ?? Outcome.SKIPPED;
    onUndispatched(number, lastSec, lastNsec, NOT_IP.has(reason) ? Verdict.SKIP : VERDICTS[outcome], reason);
  }

  /** Writes the descriptor of a frame, or of what is inside. */
  function read(
    view: DataView,
    offset: number,
    captureLength: number,
    wireLength: number,
    linkType: number,
    out: Int32Array,
    o: number,
  ): Reason {
    const reason = decode(view, offset, captureLength, wireLength, linkType, out, o);
    if (reason === Reason.NONE || !isPeelable(reason)) return reason;
    const nowMs = tickMsOf(lastSec, lastNsec);
    return peel(reason, view, offset + captureLength, offset + wireLength, nowMs, out, o);
  }

  function packet(
    view: DataView,
    offset: number,
    captureLength: number,
    wireLength: number,
    linkType: number,
    sec: number,
    nsec: number,
  ): void {
    number = (number + 1) | 0;
    counters[Counter.PACKETS]++;
    counters[Counter.BYTES] += wireLength;
    if (!started) begin(sec, nsec);
    else if (sec !== lastSec || nsec !== lastNsec) advance(sec, nsec);
    if (shards === 1) {
      if (room[0] <= 0) makeRoom(0);
      const slots = slotsOf[0];
      const o = (head[0] & mask) * Desc.WORDS;
      const reason = read(view, offset, captureLength, wireLength, linkType, slots, o);
      if (reason !== Reason.NONE) return undispatched(reason);
      stamp(slots, o);
      commit(0);
      return;
    }
    const reason = read(view, offset, captureLength, wireLength, linkType, scratch, 0);
    if (reason !== Reason.NONE) return undispatched(reason);
    stamp(scratch, 0);
    // The high bits choose the shard, the low bits the slot in its index.
    const shard = ((scratch[Desc.HASH] >>> 16) * shards) >>> 16;
    if (room[shard] <= 0) makeRoom(shard);
    const slots = slotsOf[shard];
    const o = (head[shard] & mask) * Desc.WORDS;
    const words = (scratch[Desc.KIND] & Kind.IPV6) === 0 ? Desc.LO1 : Desc.WORDS;
    for (let i = 0; i < words; i++) slots[o + i] = scratch[i];
    commit(shard);
  }

  function stamp(slots: Int32Array, o: number): void {
    slots[o + Desc.SEC] = lastSec;
    slots[o + Desc.NSEC] = lastNsec;
    slots[o + Desc.NUMBER] = number;
  }

  function flush(): void {
    for (let shard = 0; shard < shards; shard++) {
      publish(shard);
      rings[shard].wake();
    }
  }

  return {
    packet,
    flush,
    finish() {
      counters[Counter.NOW_SEC] = lastSec >>> 0;
      counters[Counter.NOW_NSEC] = lastNsec;
      broadcast(Task.FINISH, lastSec, lastNsec);
      flush();
    },
    nowSec: () => lastSec,
    nowNsec: () => lastNsec,
  };
}
