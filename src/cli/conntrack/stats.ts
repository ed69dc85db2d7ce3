/** `-S`: counters as conntrack has them, a line for each shard in the place of a processor. */
import type { OwnerForm, StatsForm } from '../../api/forms.ts';
import type { ReasonCounts } from '../../export/stats.ts';

const sum = (counts: ReasonCounts, names?: readonly string[]): number =>
  Object.entries(counts)
    .filter(([name]) => names?.includes(name) ?? true)
    .reduce((total, [, packets]) => total + packets, 0);

type ShardCounters = StatsForm['shards'][number];

/** The long searches that the kernel refuses as well, and those for which there was no room. */
const TOO_LONG = ['probe-limit'];
const NO_ROOM = ['table-full'];

function counterLine(number: number, c: Omit<ShardCounters, 'shard'>): string {
  const created = c.connections.created;
  const counters: readonly (readonly [string, number])[] = [
    ['found', Math.max(0, c.tracked - created)],
    ['invalid', sum(c.invalid)],
    ['insert', created],
    ['insert_failed', sum(c.dropped, [...NO_ROOM, ...TOO_LONG])],
    ['drop', sum(c.dropped)],
    ['early_drop', c.connections.ended.evicted],
    ['error', 0],
    ['search_restart', 0],
    ['clash_resolve', 0],
    ['chaintoolong', sum(c.dropped, TOO_LONG)],
  ];
  const text = counters.map(([name, value]) => `${name}=${value}`).join(' ');
  return `cpu=${String(number).padEnd(4)}\t${text} `;
}

/** The masters are one more; INVALID packets that no shard saw stand with the first. */
export function statsLines(stats: StatsForm, owners: readonly OwnerForm[]): string[] {
  const { shards, masters, ingest } = stats;
  const lines = shards.map((counters, i) =>
    counterLine(
      counters.shard,
      i > 0
        ? counters
        : { ...counters, invalid: { shard: sum(counters.invalid), ingest: sum(ingest.invalid) } },
    ),
  );
  const hasMasters = owners.some(({ kind }) => kind === 'masters');
  return masters === null || !hasMasters ? lines : [...lines, counterLine(shards.length, masters)];
}
