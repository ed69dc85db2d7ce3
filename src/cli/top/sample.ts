/**
 * What `flowshard top` asks, and what it makes of two answers: rates. Counters are asked for every time; the table, whose
 * reading costs the shards time, only so often that it takes them a twentieth of it.
 */
import type {
  ConnectionForm,
  ConnectionPage,
  CountForm,
  OwnerForm,
  OwnersForm,
  StatsForm,
} from '../../api/forms.ts';
import type { Client, Query } from '../../client/client.ts';
import { monotonicMs } from '../../common/clock.ts';

export type SortKey = 'bytes' | 'packets' | 'age' | 'rate';

export interface Counters {
  readonly atMs: number;
  readonly stats: StatsForm;
  readonly owners: readonly OwnerForm[];
}

export interface Busy {
  readonly connection: ConnectionForm;
  /** Since the last reading of the table; null for one that was not in it. */
  readonly bytesPerS: number | null;
}

export interface TableLook {
  readonly atMs: number;
  /** Connections that match the filter, and how many of each state. */
  readonly matching: number;
  readonly states: Readonly<Record<string, number>>;
  readonly busiest: readonly Busy[];
}

/** Everything that is shown. Rates are per second. */
export interface Picture {
  readonly version: string;
  readonly uptimeS: number;
  readonly packetsPerS: number;
  readonly bitsPerS: number;
  readonly createdPerS: number;
  readonly endedPerS: number;
  readonly entries: number;
  readonly entriesMax: number;
  /** Packets that were lost, by name of the reason: in all, and per second. */
  readonly drops: readonly (readonly [name: string, total: number, perS: number])[];
  /** The same for packets that belong to no connection. */
  readonly refusals: readonly (readonly [name: string, total: number, perS: number])[];
  readonly owners: readonly OwnerForm[];
  readonly table: TableLook;
}

/** Connections that are asked for; those by rate are the liveliest of the greatest. */
const ROWS_MAX = 200;
/** How much of the time may go into reading the table. */
const TABLE_SHARE = 20;

export async function readCounters(client: Client): Promise<Counters> {
  const stats = await client.json<StatsForm>({ path: '/v1/stats' });
  const { shards } = await client.json<OwnersForm>({ path: '/v1/shards' });
  return { atMs: monotonicMs(), stats, owners: shards };
}

export const bytesOf = ({ original, reply }: ConnectionForm): number =>
  (original.bytes ?? 0) + (reply.bytes ?? 0);
export const packetsOf = ({ original, reply }: ConnectionForm): number =>
  (original.packets ?? 0) + (reply.packets ?? 0);

export interface TableReader {
  /** A new look at the table when it is time for one, else the last one. */
  look(filter: Query, sort: SortKey): Promise<TableLook>;
}

export function createTableReader(client: Client): TableReader {
  let last: TableLook | null = null;
  let lastKey = '';
  let notBeforeMs = 0;
  let bytesById = new Map<number, number>();

  return {
    async look(filter, sort) {
      const beginMs = monotonicMs();
      const key = JSON.stringify([filter, sort]);
      if (last !== null && key === lastKey && beginMs < notBeforeMs) return last;
      const query = { ...filter, sort: sort === 'rate' ? 'bytes' : sort, limit: ROWS_MAX, format: 'json' };
      const page = await client.json<ConnectionPage>({ path: '/v1/connections', query });
      const count = await client.json<CountForm>({
        path: '/v1/connections/count',
        query: { ...filter, by: 'state' },
      });
      const atMs = monotonicMs();
      notBeforeMs = atMs + TABLE_SHARE * (atMs - beginMs);
      const seconds = last === null ? 0 : (atMs - last.atMs) / 1000;
      const busiest = page.connections.map((connection) => {
        const before = bytesById.get(connection.id);
        const bytesPerS =
          before === undefined || seconds <= 0 ? null : Math.max(0, bytesOf(connection) - before) / seconds;
        return { connection, bytesPerS };
      });
      bytesById = new Map(page.connections.map((connection) => [connection.id, bytesOf(connection)]));
      if (sort === 'rate') busiest.sort((a, b) => (b.bytesPerS ?? 0) - (a.bytesPerS ?? 0));
      last = { atMs, matching: count.count, states: count.by ?? {}, busiest };
      lastKey = key;
      return last;
    },
  };
}

type Counts = Readonly<Record<string, number>>;
const sum = (counts: Counts): number => Object.values(counts).reduce((total, n) => total + n, 0);

/** Losses before and in the tracker. */
function dropsOf({ dropped, live }: StatsForm): Counts {
  if (live === null) return { ...dropped };
  return { kernel: live.kernelDrops, ...dropped };
}

const refusalsOf = ({ invalid, untracked, skipped }: StatsForm): Counts => ({
  invalid: sum(invalid),
  untracked: sum(untracked),
  skipped: sum(skipped),
});

function rated(before: Counts, now: Counts, seconds: number): Picture['drops'] {
  const rows = Object.entries(now).map(
    ([name, total]) => [name, total, perSecond(before[name] ?? 0, total, seconds)] as const,
  );
  return rows.sort((a, b) => b[2] - a[2] || b[1] - a[1]);
}

/** A counter that has become smaller is one of a tracker that was started anew. */
const perSecond = (before: number, now: number, seconds: number): number =>
  seconds <= 0 || now < before ? 0 : (now - before) / seconds;

export function pictureOf(before: Counters, now: Counters, table: TableLook): Picture {
  const seconds = (now.atMs - before.atMs) / 1000;
  const a = before.stats;
  const b = now.stats;
  const rate = (of: (stats: StatsForm) => number): number => perSecond(of(a), of(b), seconds);
  const shards = now.owners.filter(({ kind }) => kind === 'shard');
  return {
    version: b.version,
    uptimeS: b.uptimeS,
    packetsPerS: rate((stats) => stats.packets),
    bitsPerS: 8 * rate((stats) => stats.bytes),
    createdPerS: rate((stats) => stats.connections.created),
    endedPerS: rate((stats) => sum(stats.connections.ended)),
    entries: now.owners.reduce((total, { entries }) => total + entries, 0),
    entriesMax: shards.reduce((total, { entriesMax }) => total + entriesMax, 0),
    drops: rated(dropsOf(a), dropsOf(b), seconds),
    refusals: rated(refusalsOf(a), refusalsOf(b), seconds),
    owners: now.owners,
    table,
  };
}
