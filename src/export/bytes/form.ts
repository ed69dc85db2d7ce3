/** What a form of lines must be able to do; one file here makes each form. */

/** How many live connections each master foretold, by id. */
export type ExpectedCounts = ReadonlyMap<number, number>;

/** Owner and number of an event. */
export interface EventNumber {
  readonly owner: number;
  readonly seq: number;
}

/**
 * All functions write at `p`, with room for LINE_BYTES_MAX bytes, and return where the line ends: without its line
 * feed.
 *
 * Shapes:  `words` has Hot, then Cold, from `at` on; for an event Report
 * Cost:    no allocation
 */
export interface LineForm {
  entry(view: DataView, p: number, words: Int32Array, at: number, tickMs: number): number;
  event(view: DataView, p: number, words: Int32Array, at: number, number: EventNumber | null): number;
}

/** Room for the longest line: an IPv6 connection with all fields in XML has about 1100 bytes. */
export const LINE_BYTES_MAX = 4096;
