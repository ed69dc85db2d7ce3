/**
 * The connections that have helpers: the masters of those which they foretell. They are tracked in
 * the ingest thread, in the order of the packets, because what a helper reads in one packet must be
 * known before the next one is sent to its shard. The tracker is the same as a shard's; its memory is
 * a segment of its own.
 *
 *   a packet from or to a helper's port  ──► here: tracker, then helper, then perhaps an expectation
 *   any other packet                     ──► matches an expectation? then its shard is told so first
 */

import type { HashKey } from '../common/hash.ts';
import { createHash4 } from '../common/hash.ts';
import { Reason } from '../common/reasons.ts';
import { tickMsOf } from '../common/tick.ts';
import { Protocol } from '../packet/protocol.ts';
import { createTupleWriter } from '../packet/tuple.ts';
import { Kind, Meta, Status, Task, type Verdict } from '../shm/bits.ts';
import { awaitClaim, type ClaimWait } from '../shm/claims.ts';
import { connectionId } from '../shm/identity.ts';
import { Cold, Desc, Expect, Foretold, Hot } from '../shm/offsets.generated.ts';
import { addPort, PORT_WORDS } from '../shm/port-bits.ts';
import type { RingWriter } from '../shm/ring.ts';
import type { Segment } from '../shm/segment.ts';
import { createExpectations, type Expectations, type ExpectMemory, ExpectRequest } from './expectations.ts';
import { createGreKeys, type GreKeys } from './gre-keys.ts';
import { createHelperBudget } from './helper-budget.ts';
import type { HelperHooks } from './helper-hooks.ts';
import {
  type Helper,
  type HelperContext,
  type HelperReader,
  HelperVerdict,
  STATE_WORDS,
} from './helpers/helper.ts';
import { HELPERS_BY_NUMBER, type HelperAt, protocolsAt } from './helpers/registry.ts';
import { createKills } from './kills.ts';
import type { ReportLog, ReportMode } from './reporter.ts';
import { createTracker, type Tracker } from './tracker.ts';
import { createTunnels } from './tunnels.ts';

/** Slots of the tracker's descriptors: what was foretold, and the packet. */
const FORETOLD_SLOT = 0;
const PACKET_SLOT = 1;

const REASON_OF: Readonly<Record<HelperVerdict, Reason>> = {
  [HelperVerdict.ACCEPT]: Reason.NONE,
  [HelperVerdict.PARTIAL]: Reason.HELPER_PARTIAL,
  [HelperVerdict.REFUSE]: Reason.HELPER_REFUSED,
};

export interface MastersOptions {
  readonly helpers: readonly HelperAt[];
  readonly segment: Segment;
  readonly expectations: ExpectMemory;
  readonly settings: Int32Array;
  readonly hashKey: HashKey;
  readonly reports: RingWriter;
  readonly mode: ReportMode;
  readonly waitForReader: () => void;
  /** Waits for a shard to settle a claim; what was written for the shards must be handed over before. */
  readonly waitForClaim: ClaimWait;
  /** Check every structure after each so many packets; 0 for never. */
  readonly selfCheckEvery?: number;
  /** Given when `reports` is a log. */
  readonly log?: ReportLog;
}

export interface Masters {
  /** The ports that have helpers, of whatever protocol: nearly all packets are told apart by that alone (port-bits.ts). */
  readonly ports: Int32Array;
  /** Word 0 is not 0 while packets of other ports may concern a helper, too: there are expectations, or masters elsewhere. */
  readonly watch: Int32Array;
  /** Whether a packet belongs to a master. Shapes: a descriptor at word `o`. */
  owns(words: Int32Array, o: number): boolean;
  /** The expectation that a packet matches; 0 for none. */
  expectationOf(words: Int32Array, o: number): number;
  /** A connection of this expectation is to be tracked here: it gets a helper, or (GRE) the keys go when it ends. */
  assigns(expectation: number): boolean;
  /** Writes what the shard is to know before the packet at `o`, and numbers the claim. Shapes: Foretold at word `f` of `out`. */
  foretell(expectation: number, words: Int32Array, o: number, out: Int32Array, f: number): void;
  /** Waits for the answer to question number `ask` (Task.ASK). */
  answer(ask: number): boolean;
  /** Tracks a packet. `l4` to `end`: the captured bytes of its transport. */
  packet(words: Int32Array, o: number, view: DataView, l4: number, end: number): void;
  /** CLOCK or FINISH: time without a packet. */
  clock(words: Int32Array, o: number): void;
  /** After the last packet: waits for the claims that are open. */
  finish(): void;
  /**
   * Takes a command for the shards (a descriptor at word `o` of `out`); false when there is none. One with ACK set
   * is a question, too: whoever sends it numbers it in SEQ and tells `answered`.
   */
  takeCommand(out: Int32Array, o: number): boolean;
  /** Whether the shard had the connection of the command that was a question. */
  answered(found: boolean): void;
  /** To be called after connections or expectations were changed from outside. */
  changed(): void;
  readonly greKeys: GreKeys;
  readonly expectations: Expectations;
  readonly tracker: Tracker;
  /** The hot entries of the masters, and the words of the expectations. */
  readonly hot: Int32Array;
  readonly words: Int32Array;
  /** Errors: InvariantError. */
  selfCheck(): void;
}

/** Thread: ingest. Cost: for a packet of no helper one test of two bits. */
export function createMasters(options: MastersOptions): Masters {
  const { segment, settings, expectations: memory } = options;
  const { hot, cold, counters } = segment;
  const expectations = createExpectations({
    memory,
    settings,
    hashKey: options.hashKey,
    counters,
    wait: options.waitForClaim,
  });
  const hash4 = createHash4(options.hashKey);
  const greKeys = createGreKeys(hash4);
  const tuples = createTupleWriter(hash4);
  const desc = new Int32Array(2 * Desc.WORDS);

  // ---- Ports ----

  const ports = new Int32Array(PORT_WORDS);
  /** Helper by protocol, family and port. */
  const helperAt = new Map<number, number>();
  const portKey = (protocol: number, isIpv6: boolean, port: number): number =>
    (protocol << 17) | (isIpv6 ? 1 << 16 : 0) | port;
  for (const place of options.helpers) {
    const { port } = place;
    const helper = HELPERS_BY_NUMBER.get(place.helper);
    if (port === 0 || helper === undefined) continue;
    addPort(ports, port);
    for (const protocol of protocolsAt(place))
      for (const family of helper.families)
        helperAt.set(portKey(protocol, family === 'ipv6', port), helper.number);
  }
  const readers = new Map<number, { helper: Helper; reader: HelperReader }>();

  const selfCheckEvery = options.selfCheckEvery ?? 0;
  let packets = 0;
  const watch = new Int32Array(1);
  /** Masters whose ports do not tell that they are such. */
  let elsewhere = 0;
  /** Expectation of the packet at hand. */
  let foretoldBy = 0;

  const protocolAndFamily = (kind: number): number =>
    portKey(kind & Kind.PROTOCOL_MASK, (kind & Kind.IPV6) !== 0, 0);

  function hasHelperPort(kind: number, l4: number): boolean {
    const key = protocolAndFamily(kind);
    return helperAt.has(key | (l4 >>> 16)) || helperAt.has(key | (l4 & 0xffff));
  }

  // ---- The message at hand ----

  const state = new Int32Array((segment.maxEntries + 1) * STATE_WORDS);
  const message = {
    bytes: new Uint8Array(0) as Uint8Array,
    start: 0,
    end: 0,
    protocol: 0,
    isIpv6: false,
    dir: 0,
    verdict: 0 as Verdict,
    seq: 0,
    entry: 0,
    state,
    s: 0,
    nowMs: 0,
    number: 0,
  };
  /** Events that wait for the next packet of their connection, since a helper dropped the last one. */
  const heldEvents = new Map<number, number>();
  const budget = createHelperBudget(counters);

  function setConnection(entry: number): void {
    const kind = hot[entry * Hot.WORDS + Hot.KIND];
    message.entry = entry;
    message.s = entry * STATE_WORDS;
    message.protocol = kind & Kind.PROTOCOL_MASK;
    message.isIpv6 = (kind & Kind.IPV6) !== 0;
  }

  const helperOfEntry = (entry: number): number =>
    (hot[entry * Hot.WORDS + Hot.STATUS] & Status.HELPER_MASK) >>> Status.HELPER_SHIFT;

  const tunnels = createTunnels({ hot, state, words: memory.words, greKeys, ports });

  // ---- What the tracker tells ----

  /** The helper of a new connection: by the port that it goes to, unless its expectation names one. */
  function assign(entry: number, kind: number, l4: number, fromHi: boolean, assigned: number): number {
    const toPort = fromHi ? l4 >>> 16 : l4 & 0xffff;
    const number = assigned !== 0 ? assigned : (helperAt.get(protocolAndFamily(kind) | toPort) ?? 0);
    if (number === 0) return 0;
    state.fill(0, entry * STATE_WORDS, (entry + 1) * STATE_WORDS);
    if (!hasHelperPort(kind, l4)) elsewhere++;
    return number;
  }

  const hooks: HelperHooks = {
    opened(entry, d, assigned) {
      const kind = desc[d + Desc.KIND];
      if ((kind & Kind.PROTOCOL_MASK) === Protocol.GRE) {
        tunnels.opened(entry, foretoldBy);
        return 0;
      }
      const fromHi = (desc[d + Desc.META] & Meta.FROM_HI) !== 0;
      return assign(entry, kind, desc[d + Desc.L4], fromHi, assigned);
    },

    made(entry) {
      const h = entry * Hot.WORDS;
      return assign(
        entry,
        hot[h + Hot.KIND],
        hot[h + Hot.L4],
        (hot[h + Hot.STATUS] & Status.FROM_HI) !== 0,
        0,
      );
    },

    packet(entry, d, dir, verdict, events) {
      const found = readers.get(helperOfEntry(entry));
      const all = heldEvents.size === 0 ? events : events | (heldEvents.get(entry) ?? 0);
      if (found === undefined || !budget.take(message.end - message.start, message.nowMs)) return all;
      setConnection(entry);
      message.dir = dir;
      message.verdict = verdict;
      message.seq = desc[d + Desc.SEQ];
      message.number = desc[d + Desc.NUMBER];
      const whole = message.end;
      message.end = Math.min(whole, message.start + found.helper.payloadMax);
      const answer = found.reader.message(message);
      message.end = whole;
      if (answer !== HelperVerdict.ACCEPT) {
        if (all !== 0) heldEvents.set(entry, all);
        return -REASON_OF[answer];
      }
      if (heldEvents.size !== 0) heldEvents.delete(entry);
      return all;
    },

    ended(entry) {
      const h = entry * Hot.WORDS;
      if ((hot[h + Hot.KIND] & Kind.PROTOCOL_MASK) === Protocol.GRE) return tunnels.ended(entry);
      const number = helperOfEntry(entry);
      if (number === 0) return;
      setConnection(entry);
      readers.get(number)?.reader.ended?.(message);
      expectations.removeOf(entry);
      greKeys.removeOf(entry);
      heldEvents.delete(entry);
      if (!hasHelperPort(hot[h + Hot.KIND], hot[h + Hot.L4])) elsewhere--;
    },
  };

  const tracker = createTracker({
    segment,
    descriptors: desc,
    settings,
    hashKey: options.hashKey,
    reports: options.reports,
    mode: options.mode,
    waitForReader: options.waitForReader,
    ...(options.log === undefined ? {} : { log: options.log }),
    helpers: hooks,
    // Here a claim is settled when it is made.
    claims: { take: (slot) => expectations.take(slot), pass() {}, answer() {} },
  });

  const kills = createKills({ tracker, expectations, expectationWords: memory.words, desc });

  // ---- What helpers may do ----

  const request = new ExpectRequest();

  function address(high: boolean, out: Int32Array): void {
    const h = message.entry * Hot.WORDS;
    const c = message.entry * Cold.WORDS;
    const isIpv6 = (hot[h + Hot.KIND] & Kind.IPV6) !== 0;
    out[0] = hot[h + (high ? Hot.HI0 : Hot.LO0)];
    for (let i = 0; i < 3; i++) out[1 + i] = isIpv6 ? cold[c + (high ? Cold.HI1 : Cold.LO1) + i] : 0;
  }

  /** Whether the source of direction `dir` is the higher endpoint. */
  const isFromHi = (dir: number): boolean =>
    (((hot[message.entry * Hot.WORDS + Hot.STATUS] >>> Status.FROM_HI_SHIFT) ^ dir) & 1) !== 0;

  const port = (high: boolean): number => {
    const l4 = hot[message.entry * Hot.WORDS + Hot.L4];
    return high ? l4 & 0xffff : l4 >>> 16;
  };

  function contextFor(helper: Helper): HelperContext {
    return {
      source: (dir, out) => address(isFromHi(dir), out),
      destination: (dir, out) => address(!isFromHi(dir), out),
      sourcePort: (dir) => port(isFromHi(dir)),
      destinationPort: (dir) => port(!isFromHi(dir)),
      protocolOf: (entry) => hot[entry * Hot.WORDS + Hot.KIND] & Kind.PROTOCOL_MASK,
      request(protocol, klass = 0) {
        const h = message.entry * Hot.WORDS;
        request.kind = (hot[h + Hot.KIND] & ~Kind.PROTOCOL_MASK) | protocol;
        request.source.fill(0);
        request.mask.fill(0);
        request.destination.fill(0);
        request.sourcePort = -1;
        request.destinationPort = 0;
        request.flags = 0;
        request.klass = klass;
        request.classMax = helper.classes[klass].max;
        request.timeoutMs = helper.classes[klass].timeoutS * 1000;
        request.helper = helper.number;
        request.assign = 0;
        request.master = message.entry;
        request.masterCreated = hot[h + Hot.CREATED];
        request.number = message.number;
        request.skipMaster = false;
        return request;
      },
      expect: (asked) => expectations.add(asked, message.nowMs),
      expectations,
      isExpected: () => (hot[message.entry * Hot.WORDS + Hot.STATUS] & Status.EXPECTED) !== 0,
      refresh: (timeoutS) => tracker.refresh(message.entry, timeoutS * 1000),
      kill(protocol, source, destination, sourcePort, destinationPort, orElse) {
        const words = new Int32Array(Desc.WORDS);
        words[Desc.L4] = (sourcePort << 16) | destinationPort;
        const zone = hot[message.entry * Hot.WORDS + Hot.KIND] & (0xffff << Kind.ZONE_SHIFT);
        tuples.write4(source, destination, zone | Kind.USED | protocol, Task.GENERIC, words, 0);
        words[Desc.META] = Task.KILL;
        kills.add(words, orElse);
      },
      greKeys,
      settings,
    };
  }
  /** All that are there: an expectation may assign one that has no port. */
  for (const [number, helper] of HELPERS_BY_NUMBER)
    readers.set(number, { helper, reader: helper.create(contextFor(helper)) });

  // ---- Packets ----

  const source = new Int32Array(4);
  const destination = new Int32Array(4);

  function tickOf(words: Int32Array, o: number): number {
    return tickMsOf(words[o + Desc.SEC], words[o + Desc.NSEC]);
  }

  function owns(words: Int32Array, o: number): boolean {
    const kind = words[o + Desc.KIND];
    const protocol = kind & Kind.PROTOCOL_MASK;
    if (protocol === Protocol.GRE)
      return tunnels.count() > 0 && tracker.find(words[o + Desc.HASH], words, o, tickOf(words, o)) !== 0;
    if (protocol !== Protocol.TCP && protocol !== Protocol.UDP) return false;
    if (hasHelperPort(kind, words[o + Desc.L4])) return true;
    return elsewhere > 0 && tracker.find(words[o + Desc.HASH], words, o, tickOf(words, o)) !== 0;
  }

  function expectationOf(words: Int32Array, o: number): number {
    if (expectations.count() === 0 || (words[o + Desc.META] & Meta.TASK_MASK) === Task.ICMP_ERROR) return 0;
    const fromHi = (words[o + Desc.META] & Meta.FROM_HI) !== 0;
    const kind = words[o + Desc.KIND];
    const isIpv6 = (kind & Kind.IPV6) !== 0;
    source[0] = words[o + (fromHi ? Desc.HI0 : Desc.LO0)];
    destination[0] = words[o + (fromHi ? Desc.LO0 : Desc.HI0)];
    for (let i = 0; i < 3; i++) {
      source[1 + i] = isIpv6 ? words[o + (fromHi ? Desc.HI1 : Desc.LO1) + i] : 0;
      destination[1 + i] = isIpv6 ? words[o + (fromHi ? Desc.LO1 : Desc.HI1) + i] : 0;
    }
    const l4 = words[o + Desc.L4];
    const low = l4 >>> 16;
    const high = l4 & 0xffff;
    const nowMs = tickOf(words, o);
    const slot = expectations.find(
      source,
      destination,
      fromHi ? high : low,
      fromHi ? low : high,
      kind,
      nowMs,
    );
    if (slot === 0) return 0;
    // An overdue master is gone, whether or not the wheel has come to it, and its expectations with it.
    const master = memory.words[slot * Expect.WORDS + Expect.MASTER];
    return ((hot[master * Hot.WORDS + Hot.DEADLINE] - nowMs) | 0) > 0 ? slot : 0;
  }

  function writeForetold(slot: number, words: Int32Array, o: number, out: Int32Array, f: number): void {
    const e = slot * Expect.WORDS;
    const master = memory.words[e + Expect.MASTER];
    const h = master * Hot.WORDS;
    out.fill(0, f, f + Foretold.WORDS);
    out[f + Foretold.META] = Task.FORETOLD;
    out[f + Foretold.SEC] = words[o + Desc.SEC];
    out[f + Foretold.NSEC] = words[o + Desc.NSEC];
    out[f + Foretold.NUMBER] = words[o + Desc.NUMBER];
    out[f + Foretold.MASTER] = connectionId(hot, h, cold, master * Cold.WORDS);
    out[f + Foretold.MASTER_CREATED] = hot[h + Hot.CREATED];
    out[f + Foretold.MARK] = hot[h + Hot.MARK];
    out[f + Foretold.ASSIGN] = memory.words[e + Expect.ASSIGN];
  }

  function foretell(slot: number, words: Int32Array, o: number, out: Int32Array, f: number): void {
    writeForetold(slot, words, o, out, f);
    const where = expectations.claimSlot(slot);
    out[f + Foretold.SLOT] = where;
    if (where !== 0) out[f + Foretold.CLAIM] = expectations.claim(slot);
  }

  /** Payload of the packet at hand: what comes behind its transport header. */
  function setPayload(d: number, view: DataView, l4: number, end: number): void {
    if (message.bytes.buffer !== view.buffer) message.bytes = new Uint8Array(view.buffer);
    const isTcp = (desc[d + Desc.META] & Meta.TASK_MASK) === Task.TCP;
    const headerBytes = isTcp && end - l4 > 12 ? (view.getUint8(l4 + 12) >>> 4) << 2 : UDP_HEADER_BYTES;
    message.start = view.byteOffset + Math.min(l4 + headerBytes, end);
    message.end = view.byteOffset + end;
  }

  function packet(words: Int32Array, o: number, view: DataView, l4: number, end: number): void {
    const d = PACKET_SLOT * Desc.WORDS;
    for (let i = 0; i < Desc.WORDS; i++) desc[d + i] = words[o + i];
    message.nowMs = tickOf(desc, d);
    setPayload(d, view, l4, end);
    const slot = expectationOf(desc, d);
    foretoldBy = slot;
    if (slot === 0) {
      tracker.burst(PACKET_SLOT, 1);
    } else {
      writeForetold(slot, desc, d, desc, FORETOLD_SLOT);
      desc[Foretold.SLOT] = expectations.claimSlot(slot) === 0 ? 0 : slot;
      tracker.burst(FORETOLD_SLOT, 2);
    }
    kills.run(d, message.nowMs);
    lookOut();
    if (selfCheckEvery !== 0 && ++packets % selfCheckEvery === 0) selfCheck();
  }

  function lookOut(): void {
    watch[0] = expectations.count() + elsewhere;
  }

  function selfCheck(): void {
    tracker.selfCheck();
    expectations.selfCheck();
  }

  return {
    ports,
    watch,
    owns,
    expectationOf,
    assigns(slot) {
      const e = slot * Expect.WORDS;
      const isTunnel = (memory.words[e + Expect.KIND] & Kind.PROTOCOL_MASK) === Protocol.GRE;
      return isTunnel || memory.words[e + Expect.ASSIGN] !== 0;
    },
    foretell,
    answer: (ask) => awaitClaim(memory.claims, 0, ask, options.waitForClaim),
    packet,
    clock(words, o) {
      for (let i = 0; i < Desc.WORDS; i++) desc[i] = words[o + i];
      message.nowMs = tickOf(desc, 0);
      if ((desc[Desc.META] & Meta.TASK_MASK) === Task.FINISH) {
        // What ends now may end others, too, and after FINISH nothing is told any more.
        desc[Desc.META] = Task.CLOCK;
        tracker.burst(0, 1);
        tracker.expireDue();
        while (kills.run(0, message.nowMs)) tracker.expireDue();
        for (let i = 0; i < Desc.WORDS; i++) desc[i] = words[o + i];
      }
      tracker.burst(0, 1);
      kills.run(0, message.nowMs);
      if (expectations.count() > 0) expectations.sweep(message.nowMs);
      lookOut();
    },
    finish: () => expectations.settle(message.nowMs),
    takeCommand: kills.take,
    answered(found) {
      kills.answered(found);
      lookOut();
    },
    changed: lookOut,
    greKeys,
    expectations,
    tracker,
    hot,
    words: memory.words,
    selfCheck,
  };
}

/** What precedes the payload of UDP, and the quoted packet of an ICMP error. */
const UDP_HEADER_BYTES = 8;
