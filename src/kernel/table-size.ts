/**
 * Room in the kernel's table: how many connections it takes, and the buckets of its hash table. Both are one for
 * all namespaces of the host, so what was there before is put back.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { KernelError } from './linux/kernel-error.ts';

const SYSCTLS = '/proc/sys/net/netfilter';
const PATHS = { max: `${SYSCTLS}/nf_conntrack_max`, buckets: `${SYSCTLS}/nf_conntrack_buckets` } as const;

export interface TableSize {
  readonly max: number;
  readonly buckets: number;
}

function readSize(): TableSize {
  try {
    return {
      max: Number(readFileSync(PATHS.max, 'utf8')),
      buckets: Number(readFileSync(PATHS.buckets, 'utf8')),
    };
  } catch {
    throw new KernelError('nf_conntrack is not loaded', 'modprobe nf_conntrack');
  }
}

export interface Room {
  readonly size: TableSize;
  /** Whether there was too little, so that it was raised. */
  readonly isRaised: boolean;
  /** As it was. May be called again. */
  putBack(): void;
}

/**
 * Makes room for so many connections: a bucket for each, and half as many again in the limit. What is enough
 * already stays as it is.
 *
 * Thread:  one in the namespace of the host: others may not change it
 * Errors:  KernelError
 */
export function makeRoom(connections: number): Room {
  const before = readSize();
  const size: TableSize = {
    max: Math.max(before.max, Math.ceil(connections * 1.5)),
    buckets: Math.max(before.buckets, 2 ** Math.ceil(Math.log2(connections))),
  };
  const isRaised = size.max !== before.max || size.buckets !== before.buckets;
  const set = (wanted: TableSize): void => {
    if (readSize().buckets !== wanted.buckets) writeFileSync(PATHS.buckets, String(wanted.buckets));
    if (readSize().max !== wanted.max) writeFileSync(PATHS.max, String(wanted.max));
  };
  try {
    set(size);
  } catch (error) {
    if (before.max < connections) {
      const why = error instanceof Error ? error.message : String(error);
      throw new KernelError(
        `nf_conntrack_max is ${before.max} and cannot be raised: ${why}`,
        `run it in the host's own namespace, or with --connections ${before.max}`,
      );
    }
    return { size: readSize(), isRaised: false, putBack() {} };
  }
  return {
    size,
    isRaised,
    putBack() {
      if (isRaised) set(before);
    },
  };
}
