/**
 * The memory of one shard: one SharedArrayBuffer, cut into sections. Whoever attaches gets typed
 * views and nothing else; no other module makes shared memory or looks at raw bytes of it.
 *
 *   header | counters | wheel | index | hot entries | cold entries | reports
 */
import { assert } from '../common/assert.ts';
import { BELL_WORDS } from './bell.ts';
import { Claim } from './claims.ts';
import { Counter } from './counters.ts';
import { Cold, Expect, Hot, LAYOUT_HASH, Report } from './offsets.generated.ts';
import { WHEEL_SLOTS } from './wheel.ts';

/** "FlSh" */
const MAGIC = 0x466c5368;
const VERSION = 1;

/** Words of the header. Every cursor has a cache line for itself. */
export enum Header {
  MAGIC = 0,
  VERSION = 1,
  LAYOUT_HASH = 2,
  SHARD = 3,
  MAX_ENTRIES = 4,
  INDEX_SLOTS = 5,
  REPORT_SLOTS = 6,
  WORDS = 16,
}

/** Entries per index slot are at most this: walks stay short, to the last connection, for 14.5 bytes of index each. */
export const LOAD_MAX = 0.55;

export interface SegmentSize {
  /** Greatest number of connections. */
  readonly maxEntries: number;
  /** Power of two. */
  readonly reportSlots: number;
}

/** Views of a shard's memory. Entry 0 is never used, so that 0 can mean "none". */
export interface Segment {
  readonly buffer: SharedArrayBuffer;
  readonly shard: number;
  readonly maxEntries: number;
  readonly reportSlots: number;
  /** Shapes: Counter.WORDS; written by the owner with plain stores. */
  readonly counters: Float64Array;
  /** Shapes: WHEEL_SLOTS entry numbers, the heads of the lists. */
  readonly wheel: Int32Array;
  /** Shapes: 2 * indexSlots: hash, entry number (0: empty slot). */
  readonly index: Int32Array;
  /** Shapes: (maxEntries + 1) * Hot.WORDS */
  readonly hot: Int32Array;
  /** The same memory as hot, for the f64 fields: half the word number. */
  readonly hotF64: Float64Array;
  /** Shapes: (maxEntries + 1) * Cold.WORDS */
  readonly cold: Int32Array;
  /** A ring of reports, with its cursors. */
  readonly reports: RingMemory;
}

/** A ring's memory: cursors, and slots of a fixed number of words. */
export interface RingMemory {
  /** Shapes: RING_CURSOR_WORDS */
  readonly cursors: Int32Array;
  /** Shapes: slots * words */
  readonly slots: Int32Array;
  /** Wakes the reader (bell.ts). */
  readonly bell: Int32Array;
}

/** Head, tail, the reader's bell, and the flag of a writer that waits, 64 bytes apart. */
export const RING_CURSOR_WORDS = 64;
const RING_BELL_WORD = 32;

/** Slots of the index for so many entries: the least power of two that keeps the load under LOAD_MAX. */
export function indexSlotsFor(maxEntries: number): number {
  let slots = 64;
  while (slots * LOAD_MAX < maxEntries) slots *= 2;
  return slots;
}

const CACHE_LINE_BYTES = 64;
const align = (bytes: number): number => Math.ceil(bytes / CACHE_LINE_BYTES) * CACHE_LINE_BYTES;

function plan(maxEntries: number, indexSlots: number, reportSlots: number) {
  let at = 0;
  const take = (bytes: number): number => {
    const start = at;
    at = align(at + bytes);
    return start;
  };
  const header = take(Header.WORDS * 4);
  const counters = take(Counter.WORDS * 8);
  const wheel = take(WHEEL_SLOTS * 4);
  const index = take(indexSlots * 8);
  const hot = take((maxEntries + 1) * Hot.WORDS * 4);
  const cold = take((maxEntries + 1) * Cold.WORDS * 4);
  const reportCursors = take(RING_CURSOR_WORDS * 4);
  const reports = take(reportSlots * Report.WORDS * 4);
  return { header, counters, wheel, index, hot, cold, reportCursors, reports, bytes: at };
}

/** WebAssembly counts memory in pages of this size. */
const WASM_PAGE_BYTES = 65536;

const pagesFor = (bytes: number): number => Math.ceil(bytes / WASM_PAGE_BYTES);

/**
 * Shared memory that starts at a page, so that what is aligned within it is aligned in the cache:
 * `new SharedArrayBuffer` promises 16 bytes only, and an entry would lie across three cache lines
 * instead of two. Zeroed; the system gives the pages only when they are touched.
 */
function createAlignedBuffer(bytes: number): SharedArrayBuffer {
  const pages = pagesFor(bytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const { buffer } = memory;
  assert(buffer instanceof SharedArrayBuffer, 'segment: the memory is not shared');
  return buffer;
}

/** Makes the memory of a shard, zeroed; the system gives the pages only when they are touched. */
export function createSegment(shard: number, size: SegmentSize): Segment {
  const indexSlots = indexSlotsFor(size.maxEntries);
  const p = plan(size.maxEntries, indexSlots, size.reportSlots);
  const buffer = createAlignedBuffer(p.bytes);
  const header = new Int32Array(buffer, p.header, Header.WORDS);
  header[Header.MAGIC] = MAGIC;
  header[Header.VERSION] = VERSION;
  header[Header.LAYOUT_HASH] = LAYOUT_HASH;
  header[Header.SHARD] = shard;
  header[Header.MAX_ENTRIES] = size.maxEntries;
  header[Header.INDEX_SLOTS] = indexSlots;
  header[Header.REPORT_SLOTS] = size.reportSlots;
  return attachSegment(buffer);
}

/** Views of memory that another thread made. Errors: an InvariantError when it is not laid out as this code expects. */
export function attachSegment(buffer: SharedArrayBuffer): Segment {
  assert(buffer.byteLength >= Header.WORDS * 4, `segment: ${buffer.byteLength} bytes, less than its header`);
  const header = new Int32Array(buffer, 0, Header.WORDS);
  assert(header[Header.MAGIC] === MAGIC, 'segment: wrong magic number');
  assert(
    header[Header.VERSION] === VERSION,
    `segment: version ${header[Header.VERSION]}, expected ${VERSION}`,
  );
  assert(header[Header.LAYOUT_HASH] === LAYOUT_HASH, 'segment: laid out by a different build');
  const maxEntries = header[Header.MAX_ENTRIES];
  const indexSlots = header[Header.INDEX_SLOTS];
  const reportSlots = header[Header.REPORT_SLOTS];
  const p = plan(maxEntries, indexSlots, reportSlots);
  const bytes = pagesFor(p.bytes) * WASM_PAGE_BYTES;
  assert(buffer.byteLength === bytes, `segment: ${buffer.byteLength} bytes, expected ${bytes}`);
  const hotWords = (maxEntries + 1) * Hot.WORDS;
  return {
    buffer,
    shard: header[Header.SHARD],
    maxEntries,
    reportSlots,
    counters: new Float64Array(buffer, p.counters, Counter.WORDS),
    wheel: new Int32Array(buffer, p.wheel, WHEEL_SLOTS),
    index: new Int32Array(buffer, p.index, indexSlots * 2),
    hot: new Int32Array(buffer, p.hot, hotWords),
    hotF64: new Float64Array(buffer, p.hot, hotWords / 2),
    cold: new Int32Array(buffer, p.cold, (maxEntries + 1) * Cold.WORDS),
    reports: {
      cursors: new Int32Array(buffer, p.reportCursors, RING_CURSOR_WORDS),
      slots: new Int32Array(buffer, p.reports, reportSlots * Report.WORDS),
      bell: new Int32Array(buffer, p.reportCursors + RING_BELL_WORD * 4, BELL_WORDS),
    },
  };
}

/**
 * Memory of a ring of its own: `slots` (a power of two) of `words` words each. A reader with several rings gives all of
 * them its one bell.
 */
export function createRingMemory(slots: number, words: number, bell?: Int32Array): RingMemory {
  const buffer = new SharedArrayBuffer(RING_CURSOR_WORDS * 4 + slots * words * 4);
  return {
    cursors: new Int32Array(buffer, 0, RING_CURSOR_WORDS),
    slots: new Int32Array(buffer, RING_CURSOR_WORDS * 4, slots * words),
    bell: bell ?? new Int32Array(buffer, RING_BELL_WORD * 4, BELL_WORDS),
  };
}

/** Shared words, zeroed: counters and switches that several threads read. */
export const createSharedF64 = (length: number): Float64Array =>
  new Float64Array(new SharedArrayBuffer(length * 8));
export const createSharedI32 = (length: number): Int32Array =>
  new Int32Array(new SharedArrayBuffer(length * 4));

/** Memory of so many expectations, and of the claims on them. Slot 0 is never used for one. */
export function createExpectationMemory(capacity: number): { words: Int32Array; claims: Int32Array } {
  return {
    words: createSharedI32((capacity + 1) * Expect.WORDS),
    claims: createSharedI32((capacity + 1) * Claim.WORDS),
  };
}
