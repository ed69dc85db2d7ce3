/**
 * A tracker without threads for tests of what stands above TrackerControl: entries are words as in shared memory, pages
 * reuse their memory, events overwrite each other, and reading takes turns, as with the real one.
 */
import { addressWords } from '../../src/common/address-words.ts';
import { createSettings } from '../../src/conntrack/settings.ts';
import {
  type Change,
  type CreateAnswer,
  type EventGap,
  type EventReader,
  type NewConnection,
  type NewExpectation,
  type OwnerInfo,
  PAGE_ENTRY_WORDS,
  type RawEvent,
  type ScanOptions,
  type ScanPage,
  type TrackerControl,
  type TupleQuery,
} from '../../src/control/tracker-control.ts';
import { type Connection, StatusBit } from '../../src/export/connection.ts';
import { connectionOf } from '../../src/export/entry-view.ts';
import type { Expectation } from '../../src/export/expectation.ts';
import { protocolName, SCTP_STATE_NAMES, TCP_STATE_NAMES } from '../../src/export/names.ts';
import { collectStats } from '../../src/export/stats.ts';
import { createMatcher } from '../../src/query/matcher.ts';
import type { Program } from '../../src/query/program.ts';
import { EndCode, EventBit, Kind, ReportType, Status } from '../../src/shm/bits.ts';
import { Counter } from '../../src/shm/counters.ts';
import { Cold, Hot, Report } from '../../src/shm/offsets.generated.ts';
import { createSharedF64 } from '../../src/shm/segment.ts';

/** A connection, and what packets would have made of it. */
export interface FakeConnection extends NewConnection {
  readonly packets?: readonly [number, number];
  readonly bytes?: readonly [number, number];
  /** Seconds before now that it began. */
  readonly ageS?: number;
}

export interface FakeOptions {
  readonly shards?: number;
  /** Room of each owner. */
  readonly entriesMax?: number;
  readonly pageEntries?: number;
  /** Events that each owner keeps. */
  readonly logSlots?: number;
}

export interface FakeControl extends TrackerControl {
  /** Makes a connection as packets would, with its NEW event. Returns its id. */
  add(connection: FakeConnection): number;
  /** An UPDATE event of some connection of that owner. */
  touch(owner: number): void;
  /** Ends a connection as a timeout would. */
  expire(id: number): void;
  table(): Connection[];
  /** Scans that are being read now. */
  openScans(): number;
  /** What `scan` throws at its first page. */
  failWith(error: Error | null): void;
  readonly counters: Float64Array;
}

const NOW_SEC = 1_750_000_000;
const TICK = (NOW_SEC * 1000) | 0;

function words4(address: string): number[] {
  const words = addressWords(address) ?? [];
  return [0, 1, 2, 3].map((i) => words[i] ?? 0);
}

function l4Word(t: TupleQuery): number {
  if (t.type !== undefined) return ((t.id ?? 0) << 16) | (t.type << 8) | (t.code ?? 0);
  if (t.srckey !== undefined) return (t.srckey << 16) | (t.dstkey ?? 0);
  return ((t.sport ?? 0) << 16) | (t.dport ?? 0);
}

function stateNumber(protocol: number, state = 'NONE'): number {
  return Math.max(0, (protocol === 132 ? SCTP_STATE_NAMES : TCP_STATE_NAMES).indexOf(state));
}

/** The words of an entry. The original source is the lower endpoint, whatever its address. */
function wordsOf(c: FakeConnection, created: number): Int32Array {
  const words = new Int32Array(PAGE_ENTRY_WORDS);
  const src = words4(c.src);
  const dst = words4(c.dst);
  words[Hot.LO0] = src[0];
  words[Hot.HI0] = dst[0];
  words[Hot.L4] = l4Word(c);
  words[Hot.KIND] =
    c.protocol | (c.family === 'ipv6' ? Kind.IPV6 : 0) | Kind.USED | ((c.zone ?? 0) << Kind.ZONE_SHIFT);
  words[Hot.STATUS] =
    StatusBit.CONFIRMED |
    Status.COUNTED |
    (c.status ?? 0) |
    (stateNumber(c.protocol, c.state) << Status.STATE_SHIFT);
  words[Hot.DEADLINE] = (TICK + c.timeoutS * 1000) | 0;
  words[Hot.LAST_SEC] = NOW_SEC;
  words[Hot.CREATED] = created;
  words[Hot.MARK] = c.mark ?? 0;
  const counters = new Float64Array([
    c.packets?.[0] ?? 1,
    c.bytes?.[0] ?? 60,
    c.packets?.[1] ?? 0,
    c.bytes?.[1] ?? 0,
  ]);
  words.set(new Int32Array(counters.buffer), Hot.PACKETS_ORIG);
  for (let i = 0; i < 3; i++) {
    words[Hot.WORDS + Cold.LO1 + i] = src[i + 1];
    words[Hot.WORDS + Cold.HI1 + i] = dst[i + 1];
  }
  words[Hot.WORDS + Cold.START_SEC] = NOW_SEC - (c.ageS ?? 0);
  words[Hot.WORDS + Cold.START_NSEC] = created;
  return words;
}

const viewOf = (words: Int32Array): Connection =>
  connectionOf({ hot: words, h: 0, cold: words, c: Hot.WORDS }, TICK, null);

const sameTuple = (a: TupleQuery, c: Connection): boolean => {
  const text = (t: Partial<TupleQuery>): string =>
    [t.src, t.dst, t.sport, t.dport, t.type, t.code, t.id, t.srckey, t.dstkey].join();
  return (
    a.protocol === c.protocol &&
    (a.zone ?? 0) === c.zone &&
    [text(c.original), text(c.reply)].includes(text(a))
  );
};

const matcher = createMatcher();
function matches(filter: Program, words: Int32Array): boolean {
  matcher.load(filter);
  return matcher.matches(words, null, 0, words, Hot.WORDS, TICK, NOW_SEC);
}

/** Shards by the last byte of the source, so that tests know who owns what. */
export function createFakeControl(options: FakeOptions = {}): FakeControl {
  const shards = options.shards ?? 2;
  const { entriesMax = 1 << 20, pageEntries = 16, logSlots = 1024 } = options;
  /** By owner, then by place; ended ones leave a hole. */
  const tables: (Int32Array | null)[][] = Array.from({ length: shards }, () => []);
  const places = new Map<number, { readonly owner: number; readonly place: number }>();
  const logs: { first: number; events: RawEvent[] }[] = tables.map(() => ({ first: 0, events: [] }));
  const settings = createSettings();
  const counters = createSharedF64(Counter.WORDS);
  let created = 0;
  let alive = 0;
  let openScans = 0;
  let failure: Error | null = null;
  let expected: Expectation[] = [];

  function log(owner: number, words: Int32Array, events: number, end: EndCode | null): void {
    const report = new Int32Array(Report.WORDS);
    report[Report.TYPE] = end === null ? ReportType.PACKET : ReportType.END;
    report[Report.SEC] = NOW_SEC;
    report[Report.NSEC] = nextEvent(owner);
    report[Report.EVENTS] = events;
    report[Report.END] = end ?? 0;
    report[Report.TICK] = TICK;
    report.set(words, Report.HOT);
    const { events: kept } = logs[owner];
    kept.push({ owner, seq: nextEvent(owner), words: report });
    if (kept.length > logSlots) {
      kept.splice(0, kept.length - logSlots);
      logs[owner].first = kept[0].seq;
    }
  }
  function nextEvent(owner: number): number {
    return logs[owner].first + logs[owner].events.length;
  }

  function ended(owner: number, place: number, code: EndCode): Int32Array | null {
    const words = tables[owner][place];
    if (words === null) return null;
    tables[owner][place] = null;
    places.delete(viewOf(words).id);
    alive--;
    log(owner, words, EventBit.DESTROY, code);
    return words;
  }

  function add(connection: FakeConnection): number {
    const owner = (words4(connection.src)[0] >>> 0) % shards;
    const words = wordsOf(connection, ++created);
    const { id } = viewOf(words);
    places.set(id, { owner, place: tables[owner].push(words) - 1 });
    alive++;
    log(owner, words, EventBit.NEW, null);
    return id;
  }

  /** Pages of what matches; `each` may change or end an entry, and gives the words to show. */
  async function* pages(
    { filter, from, limit = Number.POSITIVE_INFINITY }: ScanOptions,
    each: (owner: number, place: number, words: Int32Array) => Int32Array | null,
  ): AsyncGenerator<ScanPage> {
    const buffer = new Int32Array(pageEntries * PAGE_ENTRY_WORDS);
    let left = limit;
    let place = from?.entry ?? 0;
    openScans++;
    try {
      if (failure !== null) throw failure;
      for (let owner = from?.owner ?? 0; owner < shards; owner++, place = 0) {
        while (place < tables[owner].length) {
          let count = 0;
          for (; place < tables[owner].length && count < Math.min(pageEntries, left); place++) {
            const words = tables[owner][place];
            if (words === null || (filter !== null && !matches(filter, words))) continue;
            const shown = each(owner, place, words);
            if (shown !== null) buffer.set(shown, count++ * PAGE_ENTRY_WORDS);
          }
          left -= count;
          const isLast = owner === shards - 1 && place >= tables[owner].length;
          const next = isLast ? null : { owner, entry: place };
          yield { owner, words: buffer, count, tickMs: TICK, nowSec: NOW_SEC, next };
          if (left <= 0) return;
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    } finally {
      openScans--;
      // Whoever kept a page sees that its time is over.
      buffer.fill(-1);
    }
  }

  function changed(words: Int32Array, change: Change): Int32Array {
    const { mark, timeoutS, status } = change;
    if (mark !== undefined) words[Hot.MARK] = (words[Hot.MARK] & ~mark.mask) ^ mark.value;
    if (timeoutS !== undefined) words[Hot.DEADLINE] = (TICK + timeoutS * 1000) | 0;
    words[Hot.STATUS] |= status ?? 0;
    return words;
  }

  function connections(): Connection[] {
    return tables.flat().flatMap((words) => (words === null ? [] : [viewOf(words)]));
  }

  async function create(connection: NewConnection): Promise<CreateAnswer<Connection>> {
    if (connections().some((c) => sameTuple(connection, c))) return { refused: 'exists' };
    if (alive >= shards * entriesMax) return { refused: 'full' };
    const id = add(connection);
    const made = connections().find((c) => c.id === id);
    return made === undefined ? { refused: 'not allowed' } : { made };
  }

  async function createExpectation(x: NewExpectation): Promise<CreateAnswer<Expectation>> {
    const master = connections().find((c) => sameTuple(x.master, c));
    if (master === undefined) return { refused: 'no master' };
    const { family, protocol, zone = 0, ...tuple } = x.tuple;
    const { family: _family, protocol: _protocol, zone: _zone, ...mask } = x.mask;
    if (expected.some((e) => JSON.stringify(e.tuple) === JSON.stringify(tuple))) return { refused: 'exists' };
    const { packets: _packets, bytes: _bytes, ...masterTuple } = master.original;
    const made: Expectation = {
      family,
      protocol,
      protocolName: protocolName(protocol),
      tuple,
      mask,
      master: masterTuple,
      masterId: master.id,
      flags: x.permanent === true ? ['PERMANENT'] : [],
      class: 0,
      className: null,
      helper: x.helper ?? 'ftp',
      assigns: null,
      zone,
      timeoutS: x.timeoutS,
    };
    expected.push(made);
    return { made };
  }

  const ownerInfo = (owner: number): OwnerInfo => ({
    owner,
    kind: 'shard',
    entries: tables[owner].filter((words) => words !== null).length,
    entriesMax,
    indexSlots: entriesMax * 2,
    load: 0,
    probeMax: 1,
    wheelBacklog: 0,
    expiryLagMs: 0,
    ringDepth: 0,
    ringSlots: 4096,
    nextEvent: nextEvent(owner),
    bytes: entriesMax * 192,
    latencyNs: { count: 10, min: 100, p50: 500, p90: 900, p99: 2000, p999: 5000, max: 9000 },
  });

  function reader(from: readonly number[]): EventReader {
    const position = [...from];
    return {
      take(max) {
        const gaps: EventGap[] = [];
        const events: RawEvent[] = [];
        for (const [owner, { first, events: kept }] of logs.entries()) {
          if (position[owner] < first) {
            gaps.push({ owner, from: position[owner], to: first - 1 });
            position[owner] = first;
          }
          const taken = kept.slice(position[owner] - first, position[owner] - first + max - events.length);
          position[owner] += taken.length;
          events.push(...taken);
        }
        return { events: events.sort((a, b) => a.words[Report.NSEC] - b.words[Report.NSEC]), gaps };
      },
      position: () => [...position],
    };
  }

  return {
    shards,
    owners: shards,
    settings,
    counters,
    count: () => alive,
    scan: (scan) => pages(scan, (_owner, _place, words) => words),
    find: async (tuple) => connections().find((c) => sameTuple(tuple, c)) ?? null,
    remove: (scan) => pages(scan, (owner, place) => ended(owner, place, EndCode.KILLED)),
    async flush() {
      let count = 0;
      for (const [owner, table] of tables.entries())
        for (const place of table.keys()) if (ended(owner, place, EndCode.KILLED) !== null) count++;
      return count;
    },
    update: (scan, change) =>
      pages(scan, (_owner, _place, words) => {
        const isFixed = (words[Hot.STATUS] & StatusBit.FIXED_TIMEOUT) !== 0;
        return isFixed && change.timeoutS !== undefined ? null : changed(words, change);
      }),
    create,
    expectations: async () => [...expected],
    async removeExpectations(which) {
      const gone = expected.filter(which);
      expected = expected.filter((x) => !gone.includes(x));
      return gone;
    },
    createExpectation,
    expectedCounts: async () => new Map(),
    stats: () =>
      collectStats(
        counters,
        tables.map(() => createSharedF64(Counter.WORDS)),
        null,
      ),
    ownersInfo: () => tables.map((_table, owner) => ownerInfo(owner)),
    eventPosition: () => logs.map((_log, owner) => nextEvent(owner)),
    events: (from) => reader(from ?? logs.map((_log, owner) => nextEvent(owner))),
    add,
    touch(owner) {
      const words = tables[owner].find((entry) => entry !== null);
      if (words !== undefined && words !== null) log(owner, words, EventBit.ASSURED, null);
    },
    expire(id) {
      const at = places.get(id);
      if (at !== undefined) ended(at.owner, at.place, EndCode.TIMEOUT);
    },
    table: connections,
    openScans: () => openScans,
    failWith(error) {
      failure = error;
    },
  };
}
