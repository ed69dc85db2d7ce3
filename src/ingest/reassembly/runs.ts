/**
 * Where a fragment fits among those that are there. As in Linux, fragments that come in order at the end
 * of what is there grow one run; any other fragment is a run of its own. A fragment that lies within one run
 * is a duplicate, and any other overlap, be it with two runs that touch, is an overlap.
 *
 * Source: observed (test/conformance/live/fragments.ts); RFC 5722 4 for IPv6
 */
import { Fragment } from './records.ts';

export enum Fit {
  /** It makes a run of its own between others, or is the first of all. */
  BETWEEN = 0,
  /** The same, behind all others. */
  BEHIND = 1,
  /** It makes the last run longer. */
  APPEND = 2,
  DUPLICATE = 3,
  OVERLAP = 4,
}

/** Cost: one path down the tree, about 2 log2 n steps; none for fragments in order. */
export function fitOf(f: Int32Array, root: number, lastRun: number, start: number, end: number): Fit {
  if (root === 0) return Fit.BEHIND;
  const tail = f[lastRun + Fragment.RUN_END];
  if (tail < end) {
    if (start < tail) return Fit.OVERLAP;
    return start === tail ? Fit.APPEND : Fit.BEHIND;
  }
  let run = root;
  while (run !== 0) {
    if (end <= f[run + Fragment.START]) run = f[run + Fragment.LEFT];
    else if (start >= f[run + Fragment.RUN_END]) run = f[run + Fragment.RIGHT];
    else {
      const isWithin = start >= f[run + Fragment.START] && end <= f[run + Fragment.RUN_END];
      return isWithin ? Fit.DUPLICATE : Fit.OVERLAP;
    }
  }
  return Fit.BETWEEN;
}

/** The root's place while a tree is changed: a link of record 0, which is no record. */
const ROOT_LINK = Fragment.LEFT;

/**
 * Puts a run into the tree and returns its root.
 *
 * Cost:    two paths down the tree, about 2 log2 n steps
 * Source:  insertion by splitting; Seidel and Aragon, Randomized Search Trees, 1996
 */
export function insertRun(f: Int32Array, root: number, run: number): number {
  const start = f[run + Fragment.START];
  const priority = f[run + Fragment.PRIORITY];
  let link: number = ROOT_LINK;
  let current = root;
  f[link] = root;
  while (current !== 0 && f[current + Fragment.PRIORITY] >= priority) {
    link = current + (start < f[current + Fragment.START] ? Fragment.LEFT : Fragment.RIGHT);
    current = f[link];
  }
  f[link] = run;
  // What was here is split into what lies below and what lies above the new run.
  let below = run + Fragment.LEFT;
  let above = run + Fragment.RIGHT;
  while (current !== 0) {
    if (f[current + Fragment.START] < start) {
      f[below] = current;
      below = current + Fragment.RIGHT;
      current = f[below];
    } else {
      f[above] = current;
      above = current + Fragment.LEFT;
      current = f[above];
    }
  }
  f[below] = 0;
  f[above] = 0;
  return f[ROOT_LINK];
}
