/** What is one for the whole host, and what a run may leave there. */
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Limit and buckets of the kernel's table, as texts. */
export const tableSize = (): string[] =>
  ['max', 'buckets'].map((name) => readFileSync(`/proc/sys/net/netfilter/nf_conntrack_${name}`, 'utf8'));

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Folders of a run whose names begin so, and the numbers of processes that work with one. */
export const leftOvers = (prefix: string): string[] => [
  ...readdirSync(tmpdir()).filter((name) => name.startsWith(prefix)),
  ...readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(prefix)),
];
