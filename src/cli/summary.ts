/** The closing words on standard error, and all counters for `--stats`. */
import { grouped } from '../common/grouped.ts';
import type { ReasonCounts, Stats } from '../export/stats.ts';
import { total } from '../export/stats.ts';

const byteUnit = ['B', 'kB', 'MB', 'GB', 'TB'];

export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < byteUnit.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${byteUnit[unit]}`;
}

/** `(udp-checksum 9, tcp-state 2)`, the most frequent first; nothing where all are 0. */
function counts(of: ReasonCounts): string {
  const some = Object.entries(of).filter(([, n]) => n > 0);
  if (some.length === 0) return '';
  some.sort((a, b) => b[1] - a[1]);
  return ` (${some.map(([name, n]) => `${name} ${grouped(n)}`).join(', ')})`;
}

function outcome(label: string, of: ReasonCounts): string[] {
  return total(of) === 0 ? [] : [`  ${label.padEnd(12)}${grouped(total(of))}${counts(of)}`];
}

const plural = (n: number, word: string): string => `${grouped(n)} ${word}${n === 1 ? '' : 's'}`;

/** Numbers too large for a zone may put two networks into one: nobody shall overlook that. */
function zoneCutLine({ zoneCut }: Stats): string[] {
  return zoneCut === 0 ? [] : [`  zones       ${plural(zoneCut, 'number')} above 65535 cut to 16 bits`];
}

/** What the kernel lost before we could read it: said also when it is nothing. */
function kernelLine({ live }: Stats): string[] {
  if (live === null) return [];
  const full = live.kernelFreezes === 0 ? '' : ` (the ring was full ${plural(live.kernelFreezes, 'time')})`;
  return [
    `  kernel      ${grouped(live.kernelDrops)} of ${plural(live.kernelPackets, 'packet')} dropped${full}`,
  ];
}

/** A few lines that answer: how much, how fast, what became of it. */
export function summaryLines(stats: Stats, seconds: number): string[] {
  const { connections: c } = stats;
  const rate = seconds > 0 ? Math.round(stats.packets / seconds) : 0;
  const read = `${plural(stats.packets, 'packet')}, ${bytesText(stats.bytes)}`;
  const speed = `${seconds.toFixed(3)} s: ${plural(rate, 'packet')}/s`;
  const ended = `${grouped(total(c.ended))} ended${counts(c.ended)}`;
  return [
    `${read} in ${speed}, ${plural(stats.shards.length, 'shard')}`,
    `  connections ${grouped(c.created)} created, ${ended}, ${grouped(c.alive)} alive`,
    `  tracked     ${grouped(stats.tracked)}${counts(stats.verdicts)}`,
    ...kernelLine(stats),
    ...outcome('tunnels', stats.tunnels),
    ...zoneCutLine(stats),
    ...outcome('invalid', stats.invalid),
    ...outcome('untracked', stats.untracked),
    ...outcome('skipped', stats.skipped),
    ...outcome('dropped', stats.dropped),
  ];
}

/** Every counter, one per line, in total and per shard. */
export function statsLines(stats: Stats): string[] {
  const lines: string[] = [];
  const walk = (prefix: string, value: unknown): void => {
    if (typeof value === 'number') lines.push(`${prefix}=${value}`);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (key === 'shard' && typeof inner === 'number') continue;
        walk(prefix === '' ? key : `${prefix}.${key}`, inner);
      }
    }
  };
  walk('', stats);
  return lines;
}
