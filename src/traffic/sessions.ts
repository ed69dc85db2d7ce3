/**
 * Connections that come, talk and go: all traffic that is no attack. Whoever is due first has its turn: what was
 * overtaken, answers, ends, new connections, and with what is left of the rate, data.
 */

import { Conn, ConnFlag, Kind } from './connection.ts';
import { chanceLimit, type Dice } from './dice.ts';
import { createZipf, drawLifetime, drawRest, SIZE_SHIFT, sizeTable } from './draws.ts';
import { addressSum, type FrameTarget } from './frames.ts';
import { populationOf, TRAFFIC_PROTOCOLS, type TrafficOptions } from './options.ts';
import { createSctpSession } from './sctp-session.ts';
import { createSimpleSessions } from './simple-sessions.ts';
import { Made, NO_FRAME, type Stage } from './stage.ts';
import { createTcpSession } from './tcp-session.ts';
import { createEnds, createQueue, createReady } from './waiting.ts';

/** Instead of the bytes of a frame: nobody has anything to send at this time. */
export const SILENCE = -1;

export interface Sessions {
  /** Writes the next frame, and gives its bytes; or SILENCE. */
  next(): number;
}

const CLIENT_BASE = 0x0a000000;
/** Of GRE, whose connections have no ports: each has an address of its own. */
const GRE_CLIENT_BASE = 0x0b000000;
const GRE_CLIENTS_MASK = 0xffffff;
/** For benchmarks. RFC 2544 */
const SERVER_BASE = 0xc6120000 | 0;
/** Where systems take the ports of clients from; no helper is there. */
const PORT_FIRST = 32_768;
const PORTS = 28_232;
/** Of servers; no helper is there either. */
const SERVER_PORTS: Readonly<Record<Kind, readonly number[]>> = {
  [Kind.TCP]: [443, 80, 22, 8080],
  [Kind.UDP]: [53, 443, 123, 4500],
  [Kind.ICMP]: [0],
  [Kind.SCTP]: [2905, 36_412],
  [Kind.GRE]: [0],
};

const MIX_CELLS = 4096;
const MIX_SHIFT = 20;
const DEADLINE_MAX = 0x7fffffff;
/** A connection whose time is up while a packet of it is under way. */
const SOON_MS = 1;

/** Kinds in their shares, each cell as likely as any other. */
function kindTable({ mix }: TrafficOptions): Uint8Array {
  const table = new Uint8Array(MIX_CELLS);
  const all = TRAFFIC_PROTOCOLS.reduce((sum, protocol) => sum + mix[protocol], 0);
  let before = 0;
  for (const [kind, protocol] of TRAFFIC_PROTOCOLS.entries()) {
    const from = Math.round((before / all) * MIX_CELLS);
    before += mix[protocol];
    table.fill(kind, from, Math.round((before / all) * MIX_CELLS));
  }
  return table;
}

/** Shapes: clock: Float64Array(1), the time; made: Float64Array(Made.WORDS). Units: ns since the start */
export function createSessions(
  options: TrafficOptions,
  dice: Dice,
  to: FrameTarget,
  clock: Float64Array,
  made: Float64Array,
): Sessions {
  const population = populationOf(options);
  const { places, isClosed } = population;
  const words = new Int32Array(places * Conn.WORDS);
  const vacant = Int32Array.from({ length: places }, (_, i) => places - 1 - i);
  let vacancies = places;
  let opened = 0;
  const ready = createReady(places, words, dice);
  const ends = createEnds(words);
  const answers = createQueue(places, clock, (options.roundTripMs * 1e6) / 2);
  const kinds = kindTable(options);
  const sizes = sizeTable(options.sizes);
  const popular = options.zipf > 0 ? createZipf(places, options.zipf, dice) : null;
  const lossLimit = chanceLimit(options.loss);
  const ipv6Limit = chanceLimit(options.ipv6Share);
  const oneWayLimit = chanceLimit(options.oneWayShare);
  const { clients, servers } = options;
  /** When the next one comes, where they come at their own rate. */
  const arrival = new Float64Array(1);
  const arrivalGapNs = isClosed ? 0 : 1e9 / population.connectionsPerSecond;

  const stage: Stage = {
    words,
    to,
    clock,
    dice,
    made,
    ready,
    isSeen(c, dir) {
      if (((words[c + Conn.FLAGS] >>> (ConnFlag.MUTED_SHIFT + dir)) & 1) !== 0) {
        made[Made.UNSEEN]++;
        return false;
      }
      if (lossLimit > 0 && dice.isBelow(lossLimit)) {
        made[Made.LOST]++;
        return false;
      }
      return true;
    },
    wait(slot, phase) {
      const c = slot * Conn.WORDS;
      words[c + Conn.FLAGS] =
        (words[c + Conn.FLAGS] & ~ConnFlag.PHASE_MASK) | (phase << ConnFlag.PHASE_SHIFT);
      answers.add(slot);
    },
    vacate(slot) {
      // What is still to be repeated of it is repeated no more.
      words[slot * Conn.WORDS + Conn.NUMBER] = -1;
      vacant[vacancies++] = slot;
      made[Made.ENDED]++;
    },
    size: () => sizes[dice.bits() >>> SIZE_SHIFT],
  };
  const tcp = createTcpSession(stage, options);
  const sctp = createSctpSession(stage);
  const simple = createSimpleSessions(stage);

  const kindOf = (slot: number): Kind => words[slot * Conn.WORDS + Conn.FLAGS] & ConnFlag.KIND_MASK;

  /** Counts a frame for the connection that sent it. */
  function count(slot: number, bytes: number): number {
    if (bytes > 0) made[Made.TCP + kindOf(slot)]++;
    return bytes;
  }

  // ---- Opening ----

  /** Who talks to whom: no two of 28,232 times `clients` connections in a row have the same ports and addresses. */
  function introduce(c: number, kind: Kind, flags: number): void {
    const number = opened;
    const isGre = kind === Kind.GRE;
    const client = isGre ? GRE_CLIENT_BASE + (number & GRE_CLIENTS_MASK) : CLIENT_BASE + (number % clients);
    const server = SERVER_BASE + dice.below(servers);
    const serverPorts = SERVER_PORTS[kind];
    const port = PORT_FIRST + (Math.floor(number / clients) % PORTS);
    words[c + Conn.NUMBER] = number;
    words[c + Conn.FLAGS] = flags;
    words[c + Conn.CLIENT] = client;
    words[c + Conn.SERVER] = server;
    words[c + Conn.PORTS] = isGre ? 0 : (port << 16) | serverPorts[dice.below(serverPorts.length)];
    words[c + Conn.SUM] = addressSum((flags & ConnFlag.IPV6) !== 0, client, server);
    words[c + Conn.SEQ_CLIENT] = 0;
    words[c + Conn.SEQ_SERVER] = 0;
    words[c + Conn.IDS] = dice.bits();
    words[c + Conn.PLACE] = -1;
    opened = (opened + 1) & 0x7fffffff;
  }

  function deadline(): number {
    // Those that are there from the start have lived for a while.
    const draw = isClosed && made[Made.OPENED] < places ? drawRest : drawLifetime;
    const ms = draw(options, population.lifetimeS, dice);
    return Math.min(DEADLINE_MAX, Math.ceil(clock[0] / 1e6 + ms));
  }

  function open(): number {
    const slot = vacant[--vacancies];
    const c = slot * Conn.WORDS;
    const kind = kinds[dice.bits() >>> MIX_SHIFT];
    let flags: number = kind;
    if (ipv6Limit > 0 && dice.isBelow(ipv6Limit)) flags |= ConnFlag.IPV6;
    if (oneWayLimit > 0 && dice.isBelow(oneWayLimit)) flags |= ConnFlag.MUTED << (dice.bits() >>> 31);
    introduce(c, kind, flags);
    words[c + Conn.DEADLINE] = deadline();
    if (words[c + Conn.DEADLINE] !== DEADLINE_MAX) ends.add(slot);
    made[Made.OPENED]++;
    arrival[0] += arrivalGapNs;
    return count(slot, openAs(kind, slot));
  }

  function openAs(kind: Kind, slot: number): number {
    if (kind === Kind.TCP) return tcp.open(slot);
    return kind === Kind.SCTP ? sctp.open(slot) : simple.open(slot);
  }

  // ---- What goes on ----

  function step(slot: number): number {
    const kind = kindOf(slot);
    if (kind === Kind.TCP) return count(slot, tcp.step(slot));
    return count(slot, kind === Kind.SCTP ? sctp.step(slot) : simple.step(slot));
  }

  function data(): number {
    const waiting = ready.count();
    if (waiting === 0) return SILENCE;
    let place = popular === null ? dice.below(waiting) : popular();
    if (place >= waiting) place = dice.below(waiting);
    const slot = ready.at(place);
    made[Made.DATA]++;
    const kind = kindOf(slot);
    if (kind === Kind.TCP) return count(slot, tcp.data(slot));
    return count(slot, kind === Kind.SCTP ? sctp.data(slot) : simple.data(slot));
  }

  function end(slot: number): number {
    const c = slot * Conn.WORDS;
    if (words[c + Conn.PLACE] < 0) {
      words[c + Conn.DEADLINE] = Math.floor(clock[0] / 1e6) + SOON_MS;
      ends.add(slot);
      return NO_FRAME;
    }
    ready.remove(slot);
    const kind = kindOf(slot);
    if (kind === Kind.TCP) return count(slot, tcp.end(slot));
    return count(slot, kind === Kind.SCTP ? sctp.end(slot) : simple.end(slot));
  }

  function repeat(): number {
    const bytes = tcp.repeat();
    if (bytes > 0) made[Made.TCP]++;
    return bytes;
  }

  /** The next that has its turn: the bytes of its frame, NO_FRAME when it gave none. */
  function one(): number {
    const repeated = repeat();
    if (repeated > 0) return repeated;
    if (answers.isDue()) return step(answers.take());
    const ended = ends.take();
    if (ended >= 0) return end(ended);
    if (vacancies > 0 && (isClosed || arrival[0] <= clock[0])) return open();
    return data();
  }

  return {
    next() {
      ends.advance(Math.floor(clock[0] / 1e6));
      for (;;) {
        const bytes = one();
        if (bytes !== NO_FRAME) return bytes;
      }
    },
  };
}
