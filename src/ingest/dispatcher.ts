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
import { tickMsOf } from '../common/tick.ts';
import { createDecoder } from '../packet/decode.ts';
import type { SourceKeys } from '../packet/gre.ts';
import { Last } from '../packet/last.ts';
import { LinkType } from '../packet/link.ts';
import type { OpenChecksums } from '../packet/transport.ts';
import type { Decap } from '../packet/tunnels/options.ts';
import { createUnwrapper, NO_UNWRAPPER, TUNNEL_COUNTERS } from '../packet/tunnels/unwrap.ts';
import { Kind, Task, Verdict } from '../shm/bits.ts';
import { Counter } from '../shm/counters.ts';
import { Desc } from '../shm/offsets.generated.ts';
import { mayHavePort, PORT_WORDS } from '../shm/port-bits.ts';
import type { RingWriter } from '../shm/ring.ts';
import { WHEEL_TICK_MS, WHEEL_TICK_SHIFT } from '../shm/wheel.ts';
import { createPeeler, isPeelable } from './peel.ts';
import type { ReassemblyLimits } from './reassembly/limits.ts';
import { createReassembly } from './reassembly/reassembly.ts';

/** Slots of a ring that a live source keeps free for what must not be lost: commands, the clock, the end. */
const RESERVE_SLOTS = 64;
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

/**
 * Connections with helpers, as the dispatcher sees them (src/conntrack/masters.ts). They are tracked in
 * this thread; the packets that they foretold go to the shards like all others, announced.
 */
export interface Masters {
  /** The calls of PPTP. */
  readonly greKeys: SourceKeys;
  /** The ports that have helpers (port-bits.ts). */
  readonly ports: Int32Array;
  /** Word 0 is not 0 while packets of other ports may concern a helper, too. */
  readonly watch: Int32Array;
  owns(words: Int32Array, o: number): boolean;
  /** The expectation that a packet matches; 0 for none. */
  expectationOf(words: Int32Array, o: number): number;
  /** The connection of this expectation gets a helper, so that it is to be tracked here. */
  assigns(expectation: number): boolean;
  /** Writes the descriptor that goes to the shard before the packet. */
  foretell(expectation: number, words: Int32Array, o: number, out: Int32Array, f: number): void;
  /** Waits for the answer to question number `ask`. */
  answer(ask: number): boolean;
  /** Tracks a packet; its transport is at `l4` to `end` of `view`. */
  packet(words: Int32Array, o: number, view: DataView, l4: number, end: number): void;
  clock(words: Int32Array, o: number): void;
  /** A command for a shard; with ACK set it is also a question, whose answer is told to `answered`. */
  takeCommand(out: Int32Array, o: number): boolean;
  answered(found: boolean): void;
}

export interface DispatcherOptions {
  readonly rings: readonly RingWriter[];
  readonly hashKey: HashKey;
  readonly verifyChecksums: boolean;
  readonly zoneFromVlan: boolean;
  /** Tunnels to take off; null or nothing for none. */
  readonly decap?: Decap | null;
  readonly counters: Float64Array;
  readonly reassembly: ReassemblyLimits;
  /** Called when the ring of a shard is full, after its cursor was moved on; returns when there may be room for `wanted`. */
  readonly waitForShard: (shard: number, wanted: number) => void;
  readonly masters?: Masters;
  /**
   * Of a live source: it is behind, so that waiting would cost packets elsewhere. Where a ring is full and this says
   * yes, the packet is dropped and counted. Absent: always wait.
   */
  readonly isBehind?: () => boolean;
  /** Of several ingest threads: packets are numbered from `first` on in steps of `step`, so that numbers are unique. */
  readonly numbers?: { readonly first: number; readonly step: number };
  readonly checksums?: OpenChecksums;
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
  /** Time went on without a packet. */
  clock(sec: number, nsec: number): void;
  /** Hands over what was written so far. */
  flush(): void;
  /** Tells every shard that the last packet was the last. */
  finish(): void;
  /** Time of the newest packet. */
  nowSec(): number;
  nowNsec(): number;
}

/** What changes with every packet: words, since numbers that closures share would be boxed (src/conntrack/now.ts). */
enum Now {
  /** Of the packet at hand. */
  NUMBER = 0,
  /** Time of the newest packet. */
  SEC = 1,
  NSEC = 2,
  /** Its wheel tick, and the end of that in nanoseconds of the same second. */
  TICK = 3,
  TICK_END_NSEC = 4,
  /** 1 once there is a time. */
  STARTED = 5,
  /** Number of the last packet that was found in another one, so that its bytes are those of `inside`. */
  PEELED = 6,
  /** Questions to the shards so far. */
  ASKS = 7,
  WORDS = 16,
}

/** Thread: the ingest thread's. Cost: no allocation per packet. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { rings, counters, onUndispatched, verifyChecksums, zoneFromVlan, decap = null } = options;
  const hash4 = createHash4(options.hashKey);
  const decoder = createDecoder({
    hash4,
    verifyChecksums,
    zoneFromVlan,
    ...(options.masters ? { greKeys: options.masters.greKeys } : {}),
    ...(options.checksums ? { checksums: options.checksums } : {}),
  });
  const reassembly = createReassembly({
    limits: options.reassembly,
    hash4,
    seed: hash4(0, 0, 0, 0),
    counters,
  });
  const tunnelCounters = counters.subarray(Counter.PEELED, Counter.PEELED + TUNNEL_COUNTERS);
  const unwrapper =
    decap === null
      ? NO_UNWRAPPER
      : createUnwrapper({ ...decap, verifyChecksums, zoneFromVlan, counters: tunnelCounters });
  const { frame, peel, again, inside } = createPeeler({ decoder, reassembly, unwrapper });
  /** Called for every packet, so that it is chosen once. */
  const decode = decap === null ? decoder.frame : frame;
  const { express, last } = decoder;
  /** There are no tunnels to look for: a frame is what it seems. */
  const isPlain = decap === null;
  /** The ring of a packet is known before its hash: its descriptor is made there. */
  const isDirect = rings.length === 1;
  const masters = options.masters ?? null;
  const helperPorts = masters?.ports ?? new Int32Array(PORT_WORDS);
  const watch = masters?.watch ?? new Int32Array(1);
  const shards = rings.length;
  const slotsOf = rings.map((ring) => ring.slots);
  const mask = rings[0].mask;
  /** Next slot, free slots and unpublished slots of each ring, kept here so that a packet calls nothing. */
  const head = Int32Array.from(rings, (ring) => ring.head());
  const room = new Int32Array(shards);
  const pending = new Int32Array(shards);
  /** Where a descriptor is made when only its hash tells whose it is, or when a helper may have to see it first. */
  const scratch = new Int32Array(Desc.WORDS);
  /** A descriptor without a packet, or what goes before one. */
  const note = new Int32Array(Desc.WORDS);
  const { isBehind } = options;
  const reserve = isBehind === undefined ? 0 : RESERVE_SLOTS;
  const numberStep = options.numbers?.step ?? 1;

  const now = new Int32Array(Now.WORDS);
  now[Now.NUMBER] = (options.numbers?.first ?? 1) - numberStep;

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
      // Of all shards: the one that is waited for may wait for another one (claims.ts).
      flush();
      options.waitForShard(shard, 1);
    }
  }

  /** Makes room for a packet; a live source that is behind does not wait for it. Returns whether there is any. */
  function hasRoom(shard: number): boolean {
    if (isBehind === undefined) {
      makeRoom(shard);
      return true;
    }
    for (;;) {
      room[shard] = rings[shard].free(pending[shard] + reserve + 1) - pending[shard];
      if (room[shard] > reserve) return true;
      if (isBehind()) return false;
      flush();
      options.waitForShard(shard, reserve + 1);
    }
  }

  function commit(shard: number): void {
    head[shard] = (head[shard] + 1) | 0;
    room[shard]--;
    if (++pending[shard] === PUBLISH_EVERY) publish(shard);
  }

  /** Writes a descriptor without a packet into every ring. */
  function broadcast(task: Task, sec: number, nsec: number): void {
    if (masters !== null) tellMasters(masters, task, sec, nsec);
    for (let shard = 0; shard < shards; shard++) {
      if (room[shard] <= 0) makeRoom(shard);
      const slots = slotsOf[shard];
      const o = (head[shard] & mask) * Desc.WORDS;
      slots[o + Desc.META] = task;
      slots[o + Desc.SEC] = sec;
      slots[o + Desc.NSEC] = nsec;
      slots[o + Desc.HASH] = 0;
      slots[o + Desc.NUMBER] = now[Now.NUMBER];
      commit(shard);
    }
  }

  /** Before the shards are: what ends here may end connections there, and after FINISH they hear nothing. */
  function tellMasters(told: Masters, task: Task, sec: number, nsec: number): void {
    note.fill(0);
    note[Desc.META] = task;
    note[Desc.SEC] = sec;
    note[Desc.NSEC] = nsec;
    note[Desc.NUMBER] = now[Now.NUMBER];
    told.clock(note, 0);
    sendCommands(told);
  }

  function begin(sec: number, nsec: number): void {
    now[Now.STARTED] = 1;
    setTime(sec, nsec);
    broadcast(Task.CLOCK, sec, nsec);
  }

  /** Sets the time, and until when its wheel tick lasts. Returns whether it is another tick. */
  function setTime(sec: number, nsec: number): boolean {
    const ms = tickMsOf(sec, nsec);
    const before = now[Now.TICK];
    now[Now.SEC] = sec;
    now[Now.NSEC] = nsec;
    now[Now.TICK] = ms >>> WHEEL_TICK_SHIFT;
    now[Now.TICK_END_NSEC] =
      (((nsec / 1_000_000) | 0) + WHEEL_TICK_MS - (ms & (WHEEL_TICK_MS - 1))) * 1_000_000;
    return now[Now.TICK] !== before;
  }

  /** Moves the clock to another wheel tick, or another second; a time before the last one counts as the last one. */
  function advance(sec: number, nsec: number): void {
    if (now[Now.STARTED] === 0) return begin(sec, nsec);
    if (sec >>> 0 < now[Now.SEC] >>> 0 || (sec === now[Now.SEC] && nsec < now[Now.NSEC])) {
      counters[Counter.TIME_BACKWARD]++;
      return;
    }
    while ((sec >>> 0) - (now[Now.SEC] >>> 0) > TIME_STEP_S) {
      setTime((now[Now.SEC] + TIME_STEP_S) | 0, now[Now.NSEC]);
      reassembly.advance(tickMsOf(now[Now.SEC], now[Now.NSEC]));
      broadcast(Task.CLOCK, now[Now.SEC], now[Now.NSEC]);
    }
    if (setTime(sec, nsec)) {
      reassembly.advance(tickMsOf(sec, nsec));
      broadcast(Task.CLOCK, sec, nsec);
    }
  }

  function undispatched(reason: Reason): void {
    counters[Counter.REASON + reason]++;
    if (onUndispatched === null) return;
    const outcome = REASONS.get(reason)?.outcome ?? Outcome.SKIPPED;
    onUndispatched(
      now[Now.NUMBER],
      now[Now.SEC],
      now[Now.NSEC],
      NOT_IP.has(reason) ? Verdict.SKIP : VERDICTS[outcome],
      reason,
    );
  }

  /** Goes on where a frame could not be decoded as it stands: with the datagram that it completes. */
  function readOn(
    found: Reason,
    view: DataView,
    end: number,
    wireEnd: number,
    out: Int32Array,
    o: number,
  ): Reason {
    if (!isPeelable(found)) return found;
    const nowMs = tickMsOf(now[Now.SEC], now[Now.NSEC]);
    now[Now.PEELED] = now[Now.NUMBER];
    return decap === null ? peel(found, view, end, wireEnd, nowMs, out, o) : again(found, nowMs, out, o);
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
    now[Now.NUMBER] += numberStep;
    counters[Counter.PACKETS]++;
    counters[Counter.BYTES] += wireLength;
    if (sec !== now[Now.SEC] || nsec < now[Now.NSEC] || nsec >= now[Now.TICK_END_NSEC]) advance(sec, nsec);
    else now[Now.NSEC] = nsec;
    if (!isDirect) return decodeAndSend(view, offset, captureLength, wireLength, linkType);
    if (room[0] <= reserve && !hasRoom(0)) return undispatched(Reason.RING_FULL);
    const slots = slotsOf[0];
    const o = (head[0] & mask) * Desc.WORDS;
    const isExpress =
      linkType === LinkType.ETHERNET && isPlain && express(view, offset, captureLength, slots, o);
    if (!isExpress && !isDecoded(view, offset, captureLength, wireLength, linkType, slots, o)) return;
    stamp(slots, o);
    if (mayConcernHelper(slots[o + Desc.L4])) return copyViaMasters(view, slots, o);
    commit(0);
  }

  /** The way of a packet whose shard is known by its hash only: made here, and then copied. */
  function decodeAndSend(
    view: DataView,
    offset: number,
    captureLength: number,
    wireLength: number,
    linkType: number,
  ): void {
    const isExpress =
      linkType === LinkType.ETHERNET && isPlain && express(view, offset, captureLength, scratch, 0);
    if (!isExpress && !isDecoded(view, offset, captureLength, wireLength, linkType, scratch, 0)) return;
    stamp(scratch, 0);
    if (mayConcernHelper(scratch[Desc.L4])) return viaMasters(view);
    const shard = shardOf(scratch[Desc.HASH]);
    if (room[shard] <= reserve && !hasRoom(shard)) return undispatched(Reason.RING_FULL);
    push(shard, scratch);
  }

  /** Decodes any packet; one that goes to no shard is told. */
  function isDecoded(
    view: DataView,
    offset: number,
    captureLength: number,
    wireLength: number,
    linkType: number,
    out: Int32Array,
    o: number,
  ): boolean {
    let reason = decode(view, offset, captureLength, wireLength, linkType, out, o);
    if (reason !== Reason.NONE)
      reason = readOn(reason, view, offset + captureLength, offset + wireLength, out, o);
    if (reason === Reason.NONE) return true;
    undispatched(reason);
    return false;
  }

  function copyViaMasters(view: DataView, slots: Int32Array, o: number): void {
    for (let i = 0; i < Desc.WORDS; i++) scratch[i] = slots[o + i];
    viaMasters(view);
  }

  /** Writes a descriptor into the ring of its shard. */
  function send(words: Int32Array): void {
    push(shardOf(words[Desc.HASH]), words);
  }

  function shardOf(hash: number): number {
    // The high bits choose the shard, the low bits the slot in its index.
    return ((hash >>> 16) * shards) >>> 16;
  }

  function push(shard: number, words: Int32Array): void {
    if (room[shard] <= 0) makeRoom(shard);
    const slots = slotsOf[shard];
    const o = (head[shard] & mask) * Desc.WORDS;
    const count = (words[Desc.KIND] & Kind.IPV6) === 0 ? Desc.LO1 : Desc.WORDS;
    for (let i = 0; i < count; i++) slots[o + i] = words[i];
    commit(shard);
  }

  // ---- Helpers ----

  function mayConcernHelper(l4: number): boolean {
    return (mayHavePort(helperPorts, l4) | watch[0]) !== 0;
  }

  /** The packet in `scratch` may belong to a connection with a helper, or to one that was foretold. */
  function viaMasters(view: DataView): void {
    if (masters === null) return send(scratch);
    const shard = shardOf(scratch[Desc.HASH]);
    if (room[shard] <= reserve && !hasRoom(shard)) return undispatched(Reason.RING_FULL);
    if (!masters.owns(scratch, 0)) {
      const expectation = masters.expectationOf(scratch, 0);
      if (expectation === 0) return send(scratch);
      if (!masters.assigns(expectation)) {
        masters.foretell(expectation, scratch, 0, note, 0);
        push(shard, note);
        return send(scratch);
      }
      // A connection that exists has precedence over what is expected.
      if (isKnownToShard(masters)) return send(scratch);
    }
    const source = decap !== null || now[Now.PEELED] === now[Now.NUMBER] ? inside.view : view;
    masters.packet(scratch, 0, source, last[Last.TRANSPORT], last[Last.END]);
    sendCommands(masters);
  }

  /** Asks the shard whether it has the connection of the packet in `scratch`, and waits for the answer. */
  function isKnownToShard(asked: Masters): boolean {
    for (let i = 0; i < Desc.WORDS; i++) note[i] = scratch[i];
    note[Desc.META] = Task.ASK;
    return isYes(asked);
  }

  /** Sends the question in `note` and waits for its answer. */
  function isYes(asked: Masters): boolean {
    now[Now.ASKS] = (now[Now.ASKS] + 1) | 0;
    note[Desc.SEQ] = now[Now.ASKS];
    send(note);
    flush();
    return asked.answer(now[Now.ASKS]);
  }

  function sendCommands(from: Masters): void {
    while (from.takeCommand(note, 0)) {
      stamp(note, 0);
      if (note[Desc.ACK] === 0) send(note);
      else from.answered(isYes(from));
    }
  }

  function stamp(slots: Int32Array, o: number): void {
    slots[o + Desc.SEC] = now[Now.SEC];
    slots[o + Desc.NSEC] = now[Now.NSEC];
    slots[o + Desc.NUMBER] = now[Now.NUMBER];
  }

  function flush(): void {
    for (let shard = 0; shard < shards; shard++) {
      publish(shard);
      rings[shard].wake();
    }
  }

  return {
    packet,
    clock(sec, nsec) {
      if (now[Now.STARTED] === 0) begin(sec, nsec);
      // What a packet would count as gone back is nothing here: the clock of an idle source lags behind a little.
      else if (sec >>> 0 > now[Now.SEC] >>> 0 || (sec === now[Now.SEC] && nsec > now[Now.NSEC]))
        advance(sec, nsec);
    },
    flush,
    finish() {
      reassembly.finish(tickMsOf(now[Now.SEC], now[Now.NSEC]));
      counters[Counter.NOW_SEC] = now[Now.SEC] >>> 0;
      counters[Counter.NOW_NSEC] = now[Now.NSEC];
      broadcast(Task.FINISH, now[Now.SEC], now[Now.NSEC]);
      flush();
    },
    nowSec: () => now[Now.SEC],
    nowNsec: () => now[Now.NSEC],
  };
}
