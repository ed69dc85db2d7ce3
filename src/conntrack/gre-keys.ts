/**
 * The key map of PPTP: a GRE packet bears only the call id of its receiver; the one of its sender is
 * what the control connection said. Owned by the ingest thread, filled by the PPTP helper.
 */

/** One direction of a call. Addresses are four words, IPv4 in the first. */
export interface GreCall {
  readonly source: Int32Array;
  readonly destination: Int32Array;
  readonly sourceKey: number;
  readonly destinationKey: number;
  /** The control connection. */
  readonly master: number;
  /** 0 original, 1 reply: one call for each. */
  readonly dir: number;
}

export interface GreKeys {
  /** Calls known. */
  count(): number;
  /** Source key of an IPv4 packet with this destination key; 0 when no call is known. */
  sourceKey4(source: number, destination: number, destinationKey: number): number;
  /** Adds a call; the same call of the same master again is no news, another one of that direction is refused. */
  add(call: GreCall): boolean;
  removeOf(master: number): void;
}

/** Calls that are kept at most; each control connection has two. */
const CALLS_MAX = 65_536;

/** Thread: ingest. Cost: a lookup walks the calls of one destination key. */
export function createGreKeys(): GreKeys {
  const byKey = new Map<number, GreCall[]>();
  const byMaster = new Map<number, GreCall[]>();
  let count = 0;

  return {
    count: () => count,
    sourceKey4(source, destination, destinationKey) {
      const calls = byKey.get(destinationKey);
      if (calls === undefined) return 0;
      for (const call of calls)
        if (call.source[0] === source && call.destination[0] === destination) return call.sourceKey;
      return 0;
    },
    add(call) {
      const own = byMaster.get(call.master) ?? [];
      const before = own.find((c) => c.dir === call.dir);
      if (before !== undefined) {
        return before.sourceKey === call.sourceKey && before.destinationKey === call.destinationKey;
      }
      if (count >= CALLS_MAX) return false;
      count++;
      byMaster.set(call.master, [...own, call]);
      const same = byKey.get(call.destinationKey);
      if (same === undefined) byKey.set(call.destinationKey, [call]);
      else same.push(call);
      return true;
    },
    removeOf(master) {
      for (const call of byMaster.get(master) ?? []) {
        count--;
        const rest = (byKey.get(call.destinationKey) ?? []).filter((c) => c !== call);
        if (rest.length === 0) byKey.delete(call.destinationKey);
        else byKey.set(call.destinationKey, rest);
      }
      byMaster.delete(master);
    },
  };
}
