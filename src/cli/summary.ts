/** The closing words on standard error, and all counters for `--stats`. */
import type { ReasonCounts, Stats } from '../export/stats.ts';
import { total } from '../export/stats.ts';

const number = new Intl.NumberFormat('en-US');
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

function counts(of: ReasonCounts): string {
  const parts = Object.entries(of).sort((a, b) => b[1] - a[1]);
  return parts.map(([name, n]) => `${name} ${number.format(n)}`).join(', ');
}

function reasonsOf(label: string, of: ReasonCounts): string[] {
  return total(of) === 0 ? [] : [`  ${label.padEnd(12)}${number.format(total(of))} (${counts(of)})`];
}

const plural = (n: number, word: string): string => `${number.format(n)} ${word}${n === 1 ? '' : 's'}`;

/** A few lines that answer: how much, how fast, what became of it. */
export function summaryLines(stats: Stats, seconds: number): string[] {
  const { connections: c } = stats;
  const rate = seconds > 0 ? Math.round(stats.packets / seconds) : 0;
  const ended = total(c.ended);
  return [
    `${plural(stats.packets, 'packet')}, ${bytesText(stats.bytes)} in ${seconds.toFixed(3)} s: ${number.format(rate)} packets/s, ${plural(stats.shards.length, 'shard')}`,
    `  connections ${number.format(c.created)} created, ${number.format(ended)} ended${ended > 0 ? ` (${counts(c.ended).replace(/, \w+ 0/g, '')})` : ''}, ${number.format(c.alive)} alive`,
    `  tracked     ${number.format(stats.tracked)} (${counts(stats.verdicts).replace(/(, )?[\w/]+ 0(?=,|$)/g, '')})`,
    ...reasonsOf('invalid', stats.invalid),
    ...reasonsOf('untracked', stats.untracked),
    ...reasonsOf('skipped', stats.skipped),
    ...reasonsOf('dropped', stats.dropped),
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
