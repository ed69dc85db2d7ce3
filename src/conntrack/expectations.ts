/**
 * The table of expectations: connections that helpers foretold. It belongs to the ingest thread,
 * which finds the expectation of a packet before the packet goes to its shard.
 *
 * A tuple matches at most one expectation: one that would overlap another is refused. What becomes of
 * a match is known when the shard has settled the claim (src/shm/claims.ts); nothing here depends on
 * how soon that is, since whoever adds or removes waits for the claims that are open.
 */
import { assert } from '../common/assert.ts';
import { createHash4, type HashKey } from '../common/hash.ts';
import { ExpectFlag, Kind } from '../shm/bits.ts';
import { awaitClaim, Claim, type ClaimWait, isClaimSettled } from '../shm/claims.ts';
import { Counter } from '../shm/counters.ts';
import { Expect } from '../shm/offsets.generated.ts';
import { Setting } from './settings.ts';

/** Chains of the hash table; a power of two. */
const CHAINS = 1024;

/** What a helper asks for. One object per thread, filled anew for each expectation. */
export class ExpectRequest {
  kind = 0;
  readonly source = new Int32Array(4);
  readonly mask = new Int32Array(4);
  readonly destination = new Int32Array(4);
  /** -1: any. */
  sourcePort = -1;
  destinationPort = 0;
  flags = 0;
  klass = 0;
  /** Greatest number of expectations of this class and master. */
  classMax = 1;
  timeoutMs = 0;
  helper = 0;
  /** Helper of the new connection. */
  assign = 0;
  master = 0;
  masterCreated = 0;
  number = 0;
  /** An equal expectation of another master is in the way, too, instead of one that overlaps. */
  skipMaster = false;
}

export enum ExpectAnswer {
  ADDED = 0,
  /** Another one overlaps. */
  BUSY = 1,
  /** The same is there, of another class or master. */
  ALREADY = 2,
  FULL = 3,
}

export interface ExpectMemory {
  /** Shapes: (capacity + 1) * Expect.WORDS; slot 0 is never used. */
  readonly words: Int32Array;
  /** Shapes: (capacity + 1) * Claim.WORDS */
  readonly claims: Int32Array;
}

export interface Expectations {
  /** Expectations in the table; some may have expired meanwhile. */
  count(): number;
  /** The active expectation that a packet matches; 0 for none. Addresses as four words, IPv4 in the first. */
  find(
    source: Int32Array,
    destination: Int32Array,
    sourcePort: number,
    destinationPort: number,
    kind: number,
    nowMs: number,
  ): number;
  /** The expectation with exactly this destination, active or not, whatever its source; 0 for none. */
  findDestination(destination: Int32Array, destinationPort: number, kind: number, nowMs: number): number;
  add(request: ExpectRequest, nowMs: number): ExpectAnswer;
  /** Slot of the expectation that was added last. */
  added(): number;
  /** When one of the two is taken, the other one goes. */
  pair(a: number, b: number): void;
  /** Numbers a claim on an expectation that is not permanent. */
  claim(slot: number): number;
  /** Where claims on an expectation are settled; 0 when it is permanent, since then everybody gets it. */
  claimSlot(slot: number): number;
  /** Takes an expectation at once, for a connection of this thread; false when an earlier packet has it. */
  take(slot: number): boolean;
  remove(slot: number): void;
  /** Removes all of a master. */
  removeOf(master: number): void;
  /** Newest expectation of a master, and the next older one of the same master. */
  firstOf(master: number): number;
  nextOf(slot: number): number;
  /** A word of an expectation. */
  word(slot: number, word: Expect): number;
  /** Whether it foretells connections to this address, four words, and port. */
  isTo(slot: number, destination: Int32Array, destinationPort: number, kind: number): boolean;
  setFlags(slot: number, flags: number): void;
  setDeadline(slot: number, deadlineMs: number): void;
  /** Forgets what has expired or was taken, as far as that is known without waiting. */
  sweep(nowMs: number): void;
  /** The same to the last one; then the words can be read. */
  settle(nowMs: number): void;
  /** Errors: InvariantError. */
  selfCheck(): void;
}

export interface ExpectationsOptions {
  readonly memory: ExpectMemory;
  readonly settings: Int32Array;
  readonly hashKey: HashKey;
  readonly counters: Float64Array;
  /** Waits until a claim may be settled; hands over before what was written to the shards. */
  readonly wait: ClaimWait;
}

/** Thread: ingest. Cost: find one chain; add and remove the master's list; no allocation. */
export function createExpectations(options: ExpectationsOptions): Expectations {
  const { settings, counters, wait } = options;
  const { words, claims } = options.memory;
  const capacity = words.length / Expect.WORDS - 1;
  const hash4 = createHash4(options.hashKey);
  const chains = new Int32Array(CHAINS);
  /** Newest expectation by master. */
  const lists = new Map<number, number>();
  let used = 0;
  let fresh = 1;
  let freed = 0;
  let newest = 0;
  let order = 0;
  /** No expectation expires before this; valid while `used` is not 0. */
  let earliestMs = 0;
  /** Expectations with claims that may be open. */
  let open: number[] = [];

  function chainOf(destination: Int32Array, d: number, port: number, kind: number): number {
    const address = hash4(destination[d], destination[d + 1], destination[d + 2], destination[d + 3]);
    return hash4(address, port, kind, 0) & (CHAINS - 1);
  }

  const at = (slot: number): number => slot * Expect.WORDS;

  function sameDestination(e: number, destination: Int32Array, port: number, kind: number): boolean {
    return (
      words[e + Expect.KIND] === kind &&
      (words[e + Expect.PORTS] & 0xffff) === port &&
      words[e + Expect.DST0] === destination[0] &&
      words[e + Expect.DST1] === destination[1] &&
      words[e + Expect.DST2] === destination[2] &&
      words[e + Expect.DST3] === destination[3]
    );
  }

  const isOver = (e: number, nowMs: number): boolean => ((words[e + Expect.DEADLINE] - nowMs) | 0) <= 0;

  /** Seen from here already taken? A claim that is still open may take it later. */
  function isTaken(slot: number): boolean {
    const where = claimSlot(slot);
    return where !== 0 && claims[where * Claim.WORDS + Claim.TAKEN] !== 0;
  }

  function claimSlot(slot: number): number {
    if ((words[at(slot) + Expect.FLAGS] & ExpectFlag.PERMANENT) !== 0) return 0;
    const partner = words[at(slot) + Expect.PARTNER];
    return partner !== 0 && partner < slot ? partner : slot;
  }

  function find(
    source: Int32Array,
    destination: Int32Array,
    sourcePort: number,
    destinationPort: number,
    kind: number,
    nowMs: number,
  ): number {
    let slot = chains[chainOf(destination, 0, destinationPort, kind)];
    for (; slot !== 0; slot = words[at(slot) + Expect.NEXT]) {
      const e = at(slot);
      if (
        sameDestination(e, destination, destinationPort, kind) &&
        ((words[e + Expect.SRC0] ^ source[0]) & words[e + Expect.MASK0]) === 0 &&
        ((words[e + Expect.SRC1] ^ source[1]) & words[e + Expect.MASK1]) === 0 &&
        ((words[e + Expect.SRC2] ^ source[2]) & words[e + Expect.MASK2]) === 0 &&
        ((words[e + Expect.SRC3] ^ source[3]) & words[e + Expect.MASK3]) === 0 &&
        (((words[e + Expect.PORTS] >>> 16) ^ sourcePort) & words[e + Expect.PORT_MASK]) === 0 &&
        (words[e + Expect.FLAGS] & ExpectFlag.INACTIVE) === 0 &&
        !isOver(e, nowMs) &&
        !isTaken(slot)
      ) {
        return slot;
      }
    }
    return 0;
  }

  function findDestination(destination: Int32Array, port: number, kind: number, nowMs: number): number {
    settle(nowMs);
    let slot = chains[chainOf(destination, 0, port, kind)];
    while (slot !== 0 && !sameDestination(at(slot), destination, port, kind))
      slot = words[at(slot) + Expect.NEXT];
    return slot;
  }

  // ---- Claims ----

  function claim(slot: number): number {
    const where = at(claimSlot(slot)) + Expect.CLAIMS;
    words[where] = (words[where] + 1) | 0;
    if (!open.includes(slot)) open.push(slot);
    return words[where];
  }

  /** Forgets what was taken. Waits for claims that are open, or, not `patient`, leaves them for later. */
  function settleClaims(patient = true): void {
    if (open.length === 0) return;
    const waiting = open;
    open = [];
    for (const slot of waiting) {
      if (words[at(slot) + Expect.KIND] === 0) continue;
      const where = claimSlot(slot);
      if (!patient && !isClaimSettled(claims, where, words[at(where) + Expect.CLAIMS])) {
        open.push(slot);
        continue;
      }
      if (awaitClaim(claims, where, words[at(where) + Expect.CLAIMS], wait)) take(slot);
    }
  }

  function settle(nowMs: number): void {
    settleClaims();
    expire(nowMs);
  }

  function expire(nowMs: number): void {
    if (used === 0 || ((earliestMs - nowMs) | 0) > 0) return;
    let next = 0;
    let found = false;
    for (let slot = 1; slot < fresh; slot++) {
      const e = at(slot);
      if (words[e + Expect.KIND] === 0) continue;
      if (isOver(e, nowMs)) remove(slot);
      else if (!found || ((words[e + Expect.DEADLINE] - next) | 0) < 0) {
        next = words[e + Expect.DEADLINE];
        found = true;
      }
    }
    earliestMs = next;
  }

  // ---- Adding ----

  /** Tuple and mask are the same. */
  function isSame(e: number, r: ExpectRequest): boolean {
    const portMask = r.sourcePort < 0 ? 0 : 0xffff;
    if (words[e + Expect.PORT_MASK] !== portMask) return false;
    if (portMask !== 0 && words[e + Expect.PORTS] >>> 16 !== r.sourcePort) return false;
    for (let i = 0; i < 4; i++) {
      if (words[e + Expect.MASK0 + i] !== r.mask[i]) return false;
      if (((words[e + Expect.SRC0 + i] ^ r.source[i]) & r.mask[i]) !== 0) return false;
    }
    return true;
  }

  /** A packet could match both. */
  function overlaps(e: number, r: ExpectRequest): boolean {
    const portMask = r.sourcePort < 0 ? 0 : 0xffff;
    if (((words[e + Expect.PORTS] >>> 16) ^ r.sourcePort) & words[e + Expect.PORT_MASK] & portMask)
      return false;
    for (let i = 0; i < 4; i++) {
      const mask = words[e + Expect.MASK0 + i] & r.mask[i];
      if (((words[e + Expect.SRC0 + i] ^ r.source[i]) & mask) !== 0) return false;
    }
    return true;
  }

  /** Removes what the new one replaces; returns what is in its way. */
  function makeWay(r: ExpectRequest, chain: number): ExpectAnswer {
    for (let slot = chains[chain]; slot !== 0; ) {
      const e = at(slot);
      const next = words[e + Expect.NEXT];
      if (sameDestination(e, r.destination, r.destinationPort, r.kind)) {
        const sameMaster = words[e + Expect.MASTER] === r.master;
        if ((sameMaster || r.skipMaster) && isSame(e, r)) {
          if (!sameMaster || words[e + Expect.CLASS] !== r.klass) return ExpectAnswer.ALREADY;
          remove(slot);
          return ExpectAnswer.ADDED;
        }
        if (overlaps(e, r)) return ExpectAnswer.BUSY;
      }
      slot = next;
    }
    return ExpectAnswer.ADDED;
  }

  /** The oldest expectation of the class makes room when there are too many. */
  function keepClassMax(r: ExpectRequest): boolean {
    let siblings = 0;
    let oldest = 0;
    for (let slot = firstOf(r.master); slot !== 0; slot = nextOf(slot)) {
      if (words[at(slot) + Expect.CLASS] !== r.klass) continue;
      siblings++;
      oldest = slot;
    }
    if (r.classMax === 0 || siblings < r.classMax) return true;
    remove(oldest);
    return siblings - 1 < r.classMax;
  }

  function add(r: ExpectRequest, nowMs: number): ExpectAnswer {
    settle(nowMs);
    const chain = chainOf(r.destination, 0, r.destinationPort, r.kind);
    const answer = makeWay(r, chain);
    if (answer !== ExpectAnswer.ADDED) return refused(answer);
    if (!keepClassMax(r) || used >= Math.min(capacity, settings[Setting.EXPECT_MAX]))
      return refused(ExpectAnswer.FULL);
    let slot = freed;
    if (slot !== 0) freed = words[at(slot) + Expect.NEXT];
    else slot = fresh++;
    const e = at(slot);
    for (let i = 0; i < 4; i++) {
      words[e + Expect.SRC0 + i] = r.source[i];
      words[e + Expect.DST0 + i] = r.destination[i];
      words[e + Expect.MASK0 + i] = r.mask[i];
    }
    const hasSourcePort = r.sourcePort >= 0;
    words[e + Expect.PORTS] = ((hasSourcePort ? r.sourcePort : 0) << 16) | r.destinationPort;
    words[e + Expect.PORT_MASK] = hasSourcePort ? 0xffff : 0;
    words[e + Expect.KIND] = r.kind;
    words[e + Expect.FLAGS] = r.flags;
    words[e + Expect.CLASS] = r.klass;
    words[e + Expect.HELPER] = r.helper;
    words[e + Expect.ASSIGN] = r.assign;
    words[e + Expect.DEADLINE] = (nowMs + r.timeoutMs) | 0;
    words[e + Expect.MASTER] = r.master;
    words[e + Expect.MASTER_CREATED] = r.masterCreated;
    words[e + Expect.NUMBER] = r.number;
    words[e + Expect.ORDER] = ++order;
    words[e + Expect.PARTNER] = 0;
    words[e + Expect.NEXT] = chains[chain];
    chains[chain] = slot;
    words[e + Expect.SIBLING] = firstOf(r.master);
    lists.set(r.master, slot);
    claims[slot * Claim.WORDS + Claim.TAKEN] = 0;
    if (used++ === 0 || ((words[e + Expect.DEADLINE] - earliestMs) | 0) < 0)
      earliestMs = words[e + Expect.DEADLINE];
    newest = slot;
    counters[Counter.EXPECT_CREATED]++;
    return ExpectAnswer.ADDED;
  }

  function refused(answer: ExpectAnswer): ExpectAnswer {
    counters[Counter.EXPECT_REFUSED]++;
    return answer;
  }

  // ---- Removing ----

  function unlinkChain(slot: number): void {
    const e = at(slot);
    const chain = chainOf(words, e + Expect.DST0, words[e + Expect.PORTS] & 0xffff, words[e + Expect.KIND]);
    const next = words[e + Expect.NEXT];
    if (chains[chain] === slot) {
      chains[chain] = next;
      return;
    }
    let before = chains[chain];
    while (words[at(before) + Expect.NEXT] !== slot) before = words[at(before) + Expect.NEXT];
    words[at(before) + Expect.NEXT] = next;
  }

  function unlinkSibling(slot: number): void {
    const master = words[at(slot) + Expect.MASTER];
    const next = nextOf(slot);
    let before = firstOf(master);
    if (before === slot) {
      if (next === 0) lists.delete(master);
      else lists.set(master, next);
      return;
    }
    while (nextOf(before) !== slot) before = nextOf(before);
    words[at(before) + Expect.SIBLING] = next;
  }

  /** A slot is free again when no claim on it is open: a late claim must not meet its successor. */
  function release(slot: number): void {
    const e = at(slot);
    awaitClaim(claims, slot, words[e + Expect.CLAIMS], wait);
    words[e + Expect.KIND] = 0;
    words[e + Expect.NEXT] = freed;
    freed = slot;
    used--;
  }

  function remove(slot: number): void {
    const partner = words[at(slot) + Expect.PARTNER];
    if (partner !== 0) words[at(partner) + Expect.PARTNER] = 0;
    unlinkChain(slot);
    unlinkSibling(slot);
    release(slot);
  }

  function take(slot: number): void {
    if ((words[at(slot) + Expect.FLAGS] & ExpectFlag.PERMANENT) !== 0) return;
    const partner = words[at(slot) + Expect.PARTNER];
    remove(slot);
    if (partner !== 0) remove(partner);
  }

  function removeOf(master: number): void {
    settleClaims();
    for (let slot = firstOf(master); slot !== 0; slot = firstOf(master)) remove(slot);
  }

  const firstOf = (master: number): number => lists.get(master) ?? 0;
  const nextOf = (slot: number): number => words[at(slot) + Expect.SIBLING];

  function selfCheck(): void {
    let linked = 0;
    for (let chain = 0; chain < CHAINS; chain++) {
      for (let slot = chains[chain]; slot !== 0; slot = words[at(slot) + Expect.NEXT]) {
        const e = at(slot);
        linked++;
        assert(linked <= used, 'expectations: more in the chains than are used');
        assert((words[e + Expect.KIND] & Kind.USED) !== 0, `expectations: free slot ${slot} in a chain`);
        const port = words[e + Expect.PORTS] & 0xffff;
        assert(
          chainOf(words, e + Expect.DST0, port, words[e + Expect.KIND]) === chain,
          `expectations: slot ${slot} in a wrong chain`,
        );
      }
    }
    assert(linked === used, `expectations: ${linked} in the chains, ${used} used`);
    let listed = 0;
    for (const [master, first] of lists) {
      for (let slot = first; slot !== 0; slot = nextOf(slot)) {
        assert(
          words[at(slot) + Expect.MASTER] === master,
          `expectations: slot ${slot} in the list of ${master}`,
        );
        assert(++listed <= used, 'expectations: more in the lists of masters than are used');
      }
    }
    assert(listed === used, `expectations: ${listed} in the lists of masters, ${used} used`);
  }

  return {
    count: () => used,
    find,
    findDestination,
    add,
    added: () => newest,
    pair(a, b) {
      words[at(a) + Expect.PARTNER] = b;
      words[at(b) + Expect.PARTNER] = a;
    },
    claim,
    claimSlot,
    take(slot) {
      settleClaims();
      if (words[at(slot) + Expect.KIND] === 0) return false;
      take(slot);
      return true;
    },
    remove(slot) {
      settleClaims();
      if (words[at(slot) + Expect.KIND] !== 0) remove(slot);
    },
    removeOf,
    firstOf,
    nextOf,
    word: (slot, word) => words[at(slot) + word],
    isTo: (slot, destination, port, kind) => sameDestination(at(slot), destination, port, kind),
    setFlags(slot, flags) {
      words[at(slot) + Expect.FLAGS] = flags;
    },
    setDeadline(slot, deadlineMs) {
      words[at(slot) + Expect.DEADLINE] = deadlineMs;
      if (((deadlineMs - earliestMs) | 0) < 0) earliestMs = deadlineMs;
    },
    settle,
    sweep(nowMs) {
      settleClaims(false);
      if (open.length === 0) expire(nowMs);
    },
    selfCheck,
  };
}
