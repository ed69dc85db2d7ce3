/**
 * The key map of PPTP: a GRE packet bears only the call id of its receiver; the one of its sender is
 * what the control connection said. Owned by the ingest thread, filled by the PPTP helper.
 *
 * As in the kernel, the keys of a control connection go when it ends or clears its call, and also when any
 * GRE connection ends that it foretold.
 */
import type { Hash4 } from '../common/hash.ts';
import type { SourceKeys } from '../packet/gre.ts';

/** One direction of a call. IPv4 addresses. */
export interface GreCall {
  readonly source: number;
  readonly destination: number;
  readonly sourceKey: number;
  readonly destinationKey: number;
  /** The control connection, among the masters. */
  readonly master: number;
  /** 0 original, 1 reply: one call for each. */
  readonly dir: number;
}

export interface GreKeys extends SourceKeys {
  /** Directions of calls that are known. */
  count(): number;
  /** Adds a call; one with the same destination key again is no news, another one of that direction is refused. */
  add(call: GreCall): boolean;
  removeOf(master: number): void;
}

/** Calls that are kept at most; each control connection has two. */
const CALLS_MAX = 65_536;

/** A call in the list of those with its hash, the oldest first. */
interface Listed {
  readonly call: GreCall;
  readonly hash: number;
  before: Listed | null;
  after: Listed | null;
}

interface List {
  first: Listed | null;
  last: Listed | null;
}

/** Thread: ingest. Cost: without calls none; a lookup allocates nothing, and finds the oldest call of its tuple at once. */
export function createGreKeys(hash4: Hash4): GreKeys {
  const lists = new Map<number, List>();
  const byMaster = new Map<number, readonly Listed[]>();
  let count = 0;

  const hashOf = (source: number, destination: number, key: number): number =>
    hash4(source, destination, key, 0);

  function append(call: GreCall): Listed {
    const hash = hashOf(call.source, call.destination, call.destinationKey);
    const list = lists.get(hash) ?? { first: null, last: null };
    lists.set(hash, list);
    const listed: Listed = { call, hash, before: list.last, after: null };
    if (list.last === null) list.first = listed;
    else list.last.after = listed;
    list.last = listed;
    count++;
    return listed;
  }

  function unlink({ hash, before, after }: Listed): void {
    const list = lists.get(hash);
    if (list === undefined) return;
    if (before === null) list.first = after;
    else before.after = after;
    if (after === null) list.last = before;
    else after.before = before;
    if (list.first === null) lists.delete(hash);
    count--;
  }

  return {
    count: () => count,
    sourceKey4(source, destination, destinationKey) {
      if (count === 0) return 0;
      let listed = lists.get(hashOf(source, destination, destinationKey))?.first ?? null;
      for (; listed !== null; listed = listed.after) {
        const { call } = listed;
        if (
          call.source === source &&
          call.destination === destination &&
          call.destinationKey === destinationKey
        )
          return call.sourceKey;
      }
      return 0;
    },
    add(call) {
      const own = byMaster.get(call.master) ?? [];
      const before = own.find((listed) => listed.call.dir === call.dir);
      if (before !== undefined) return before.call.destinationKey === call.destinationKey;
      if (count >= CALLS_MAX) return false;
      byMaster.set(call.master, [...own, append(call)]);
      return true;
    },
    removeOf(master) {
      for (const listed of byMaster.get(master) ?? []) unlink(listed);
      byMaster.delete(master);
    },
  };
}
