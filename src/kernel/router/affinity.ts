/** Which processors some work runs on: what is measured on one shall not meet what is measured on the others. */
import type { Libc } from '../linux/libc.ts';

/** Room for 1,024 processors, as libc has it. */
const SET_BYTES = 128;

function allowed(libc: Libc): Uint8Array | null {
  const set = new Uint8Array(SET_BYTES);
  return libc.sched_getaffinity(0, SET_BYTES, set) < 0 || !set.some((byte) => byte !== 0) ? null : set;
}

function on<Result>(libc: Libc, processors: Uint8Array, all: Uint8Array, work: () => Result): Result {
  libc.sched_setaffinity(0, SET_BYTES, processors);
  try {
    return work();
  } finally {
    libc.sched_setaffinity(0, SET_BYTES, all);
  }
}

/** The first of them alone. */
function firstOf(all: Uint8Array): Uint8Array {
  const one = new Uint8Array(SET_BYTES);
  const at = all.findIndex((byte) => byte !== 0);
  one[at] = all[at] & -all[at];
  return one;
}

/**
 * The calling thread stays on the first of the processors that it may use while `work` runs; what it starts later may use
 * all of them again. Where the system does not allow that it runs where it likes.
 */
export function onFirstProcessor<Result>(libc: Libc, work: () => Result): Result {
  const all = allowed(libc);
  return all === null ? work() : on(libc, firstOf(all), all, work);
}

/** What `work` starts leaves that processor alone, where there is another one. */
export function onOtherProcessors<Result>(libc: Libc, work: () => Result): Result {
  const all = allowed(libc);
  if (all === null) return work();
  const first = firstOf(all);
  const others = all.map((byte, i) => byte & ~first[i]);
  return others.some((byte) => byte !== 0) ? on(libc, others, all, work) : work();
}
