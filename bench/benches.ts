/** Every benchmark by name, in the order in which they run, and how long each may take. */
import type { RunBench } from './lib/figure.ts';

export interface BenchInfo {
  readonly name: string;
  readonly about: string;
  /** Of a full run, about. Parts of others have none. */
  readonly seconds: number;
  readonly load: () => Promise<RunBench>;
}

export const BENCHES: readonly BenchInfo[] = [
  {
    name: 'file',
    about: 'a capture file to the table, beside argus, softflowd, nfpcapd and tcpdump',
    seconds: 75,
    load: async () => (await import('./macro/file.ts')).run,
  },
  {
    name: 'established',
    about: 'established TCP through the threads, beside the same work in C',
    seconds: 35,
    load: async () => (await import('./macro/established.ts')).run,
  },
  {
    name: 'huge',
    about: 'the same with 16,000,000 connections of UDP',
    seconds: 35,
    load: async () => (await import('./macro/huge.ts')).run,
  },
  {
    name: 'new',
    about: 'new connections for a minute, with events',
    seconds: 65,
    load: async () => (await import('./macro/fresh.ts')).run,
  },
  {
    name: 'insert',
    about: 'a new connection in a table that is nearly empty, and in one that is full',
    seconds: 15,
    load: async () => (await import('./macro/insert.ts')).run,
  },
  {
    name: 'memory',
    about: 'memory per connection',
    seconds: 15,
    load: async () => (await import('./macro/memory.ts')).run,
  },
  {
    name: 'ingest',
    about: 'ingest alone, and the tracker alone',
    seconds: 15,
    load: async () => (await import('./macro/ingest.ts')).run,
  },
  {
    name: 'startup',
    about: 'from the start of the process to its first packet',
    seconds: 8,
    load: async () => (await import('./macro/startup.ts')).run,
  },
  {
    name: 'garbage',
    about: 'garbage collections in 10^8 packets',
    seconds: 20,
    load: async () => (await import('./macro/garbage.ts')).run,
  },
  {
    name: 'expiry',
    about: 'a million connections due within a second, and what packets feel of it',
    seconds: 20,
    load: async () => (await import('./macro/expiry.ts')).run,
  },
  {
    name: 'kernel',
    about: 'the conntrack of the kernel, which forwards packets (root)',
    seconds: 20,
    load: async () => (await import('./macro/kernel.ts')).run,
  },
  {
    name: 'gen',
    about: 'synthetic traffic, alone and into a file',
    seconds: 15,
    load: async () => (await import('./macro/gen.ts')).run,
  },
  {
    name: 'micro',
    about: 'hash, table, wheel, ring, each parser, an update of each protocol, alone',
    seconds: 40,
    load: async () => (await import('./micro/micro.ts')).run,
  },
  {
    name: 'ladder',
    about: 'tables of 64,512 to 16,515,072 connections; shards; loads of the table',
    seconds: 110,
    load: async () => (await import('./macro/ladder.ts')).run,
  },
];

/** Parts of the benchmarks that run in processes of their own. */
const PARTS: Readonly<Record<string, () => Promise<RunBench>>> = {
  'memory-few': async () => (await import('./macro/memory.ts')).few,
  'memory-many': async () => (await import('./macro/memory.ts')).many,
  'ingest-verified': async () => (await import('./macro/ingest.ts')).verified,
  'ingest-unchecked': async () => (await import('./macro/ingest.ts')).unchecked,
  'track-alone': async () => (await import('./macro/ingest.ts')).tracked,
  'garbage-run': async () => (await import('./macro/garbage.ts')).trace,
};

/** Those that have many parts: name-part. */
const FAMILIES: Readonly<Record<string, () => Promise<Readonly<Record<string, RunBench>>>>> = {
  micro: async () => (await import('./micro/micro.ts')).MICRO_PARTS,
  ladder: async () => (await import('./macro/ladder.ts')).LADDER_PARTS,
};

/** Errors: when there is none of that name. */
export async function loadBench(name: string): Promise<RunBench> {
  const dash = name.indexOf('-');
  const part = (await FAMILIES[name.slice(0, dash)]?.())?.[name.slice(dash + 1)];
  if (part !== undefined) return part;
  const load = BENCHES.find((bench) => bench.name === name)?.load ?? PARTS[name];
  if (load === undefined) throw new Error(`there is no benchmark ${name}`);
  return load();
}
