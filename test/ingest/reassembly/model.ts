/**
 * Reassembly as plainly as it can be said: a list of byte ranges for each datagram, all of them looked
 * at each time. Knows neither trees nor arenas.
 */
import { fragmentCharge } from '../../../src/ingest/reassembly/charge.ts';
import type { ReassemblyLimits } from '../../../src/ingest/reassembly/limits.ts';

interface Held {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
  readonly header: Uint8Array;
  readonly charge: number;
}

interface Waiting {
  deadlineMs: number;
  runs: { start: number; end: number }[];
  held: Held[];
  length: number;
  isEndKnown: boolean;
  ecn: Set<number>;
  /** Of the source, at the last fragment. */
  sourceCount: number;
}

export interface ModelFragment {
  readonly version: 4 | 6;
  /** All that tells datagrams apart. */
  readonly key: string;
  readonly source: string;
  readonly start: number;
  readonly more: boolean;
  readonly ecn: number;
  readonly header: Uint8Array;
  readonly data: Uint8Array;
  /** Bytes of the whole packet. */
  readonly packetBytes: number;
}

export interface ModelOutcome {
  readonly reason: string;
  /** Header of the first fragment and data, when the datagram is complete. */
  readonly datagram: { readonly header: Uint8Array; readonly data: Uint8Array } | null;
}

const QUEUE_CHARGE = { 4: 200, 6: 184 };
const gone = (reason: string): ModelOutcome => ({ reason, datagram: null });

export function createModel(limits: ReassemblyLimits) {
  const waiting = { 4: new Map<string, Waiting>(), 6: new Map<string, Waiting>() };
  const counts: Record<string, number> = {};
  const sources = new Map<string, number>();

  const count = (reason: string, packets = 1): void => {
    counts[reason] = (counts[reason] ?? 0) + packets;
    if (counts[reason] === 0) delete counts[reason];
  };

  function lose(w: Waiting, reason: string): void {
    if (w.held.length > 0) {
      count('fragment', -w.held.length);
      count(reason, w.held.length);
    }
  }

  function expire(nowMs: number): void {
    for (const version of [4, 6] as const) {
      for (const [key, w] of waiting[version]) {
        if (w.deadlineMs > nowMs) continue;
        lose(w, 'fragment-timeout');
        waiting[version].delete(key);
      }
    }
  }

  const bytes = (version: 4 | 6): number =>
    [...waiting[version].values()].reduce(
      (sum, w) => sum + QUEUE_CHARGE[version] + w.held.reduce((s, h) => s + h.charge, 0),
      0,
    );

  function take(f: ModelFragment, nowMs: number): ModelOutcome {
    expire(nowMs);
    const outcome = judge(f, nowMs);
    count(outcome.reason);
    return outcome;
  }

  function judge(f: ModelFragment, nowMs: number): ModelOutcome {
    // A first fragment that has nothing of its upper header is not gathered.
    if (f.version === 6 && f.start === 0 && f.data.length === 0) return gone('none');
    const its = f.version === 4 ? limits.ipv4 : limits.ipv6;
    if (its.bytesMax === 0 || bytes(f.version) > its.bytesMax) return gone('fragment-memory');
    const w = find(f, nowMs + its.timeoutMs);
    const end = f.start + f.data.length;
    if (f.version === 6) return judge6(f, w, end);
    const sourceCount = (sources.get(f.source) ?? 0) + 1;
    sources.set(f.source, sourceCount);
    const between = sourceCount - w.sourceCount;
    w.sourceCount = sourceCount;
    if (limits.ipv4.distanceMax > 0 && w.held.length > 0 && between > limits.ipv4.distanceMax) {
      lose(w, 'fragment-distance');
      Object.assign(w, fresh(nowMs + its.timeoutMs), { sourceCount });
    }
    return judge4(f, w, f.more ? end - (end % 8) : end);
  }

  function find(f: ModelFragment, deadlineMs: number): Waiting {
    const found = waiting[f.version].get(f.key);
    if (found !== undefined) return found;
    const made = fresh(deadlineMs);
    waiting[f.version].set(f.key, made);
    return made;
  }

  const fresh = (deadlineMs: number): Waiting => ({
    deadlineMs,
    runs: [],
    held: [],
    length: 0,
    isEndKnown: false,
    ecn: new Set(),
    sourceCount: 0,
  });

  function discard(f: ModelFragment, w: Waiting, reason: string): ModelOutcome {
    lose(w, reason);
    waiting[f.version].delete(f.key);
    return gone(reason);
  }

  /** Whether the fragment contradicts what is known of the end; else what it says is remembered. */
  function contradicts(f: ModelFragment, w: Waiting, end: number): boolean {
    if (f.more) {
      if (end > w.length && w.isEndKnown) return true;
      w.length = Math.max(w.length, end);
      return false;
    }
    if (end < w.length || (w.isEndKnown && end !== w.length)) return true;
    w.isEndKnown = true;
    w.length = end;
    return false;
  }

  function judge4(f: ModelFragment, w: Waiting, end: number): ModelOutcome {
    const isEmpty = end === f.start;
    if (contradicts(f, w, end)) return discard(f, w, isEmpty ? 'fragment-length' : 'fragment-conflict');
    if (isEmpty) return discard(f, w, 'fragment-length');
    return hold(f, w, end, 65_535);
  }

  function judge6(f: ModelFragment, w: Waiting, end: number): ModelOutcome {
    if (end > 65_535) return gone('fragment-oversize');
    if (f.more && end % 8 !== 0) {
      discard(f, w, 'fragment-length');
      return gone('none');
    }
    if (contradicts(f, w, end)) return gone('fragment-conflict');
    if (end === f.start) return gone('fragment-length');
    return hold(f, w, end, 65_575);
  }

  function hold(f: ModelFragment, w: Waiting, end: number, bytesMax: number): ModelOutcome {
    const { start } = f;
    const meeting = w.runs.filter((run) => start < run.end && end > run.start);
    const last = w.runs.reduce((a, b) => (b.end > a.end ? b : a), { start: -1, end: -1 });
    // Behind all others, a piece that begins within the last run is an overlap; else it is one unless it is within a run.
    if (meeting.length > 0) {
      const isWithin = meeting.some((run) => start >= run.start && end <= run.end);
      return isWithin ? gone('fragment-duplicate') : discard(f, w, 'fragment-overlap');
    }
    if (last.end === start) last.end = end;
    else w.runs.push({ start, end });
    const data = f.data.subarray(0, end - start);
    w.held.push({ start, end, bytes: data, header: f.header, charge: fragmentCharge(f.packetBytes) });
    w.ecn.add(f.ecn);
    const sum = w.held.reduce((s, h) => s + h.end - h.start, 0);
    const first = w.held.find((h) => h.start === 0);
    if (!w.isEndKnown || first === undefined || sum !== w.length) return gone('fragment');
    w.held.pop();
    if (w.ecn.has(0) && w.ecn.size > 1) return discard(f, w, 'fragment-ecn');
    if (first.header.length + w.length > bytesMax) return discard(f, w, 'fragment-oversize');
    waiting[f.version].delete(f.key);
    const whole = new Uint8Array(w.length);
    for (const h of [...w.held, { start, bytes: data }]) whole.set(h.bytes, h.start);
    return { reason: 'none', datagram: { header: first.header, data: whole } };
  }

  return {
    take,
    counts,
    bytes: (): number => bytes(4) + bytes(6),
    count: (): number => waiting[4].size + waiting[6].size,
  };
}
