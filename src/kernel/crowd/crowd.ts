/**
 * The kernel's table of a namespace, full of connections, and how long it takes to work with it: what the thread in that
 * namespace can be asked. Times are taken there, around the call and nothing else.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { monotonicMs } from '../../common/clock.ts';
import { openConntrackTable } from '../linux/conntrack-table.ts';
import { KernelError } from '../linux/kernel-error.ts';
import { loadLibc } from '../linux/libc.ts';
import { leaveForOwnNamespace, setSysctl } from '../linux/namespace.ts';
import { NetlinkFamily, openNetlink } from '../linux/netlink-socket.ts';
import { createPopulation, sourceOf } from './population.ts';

/** `group` numbers the source addresses, see population.ts; null is all. */
export type CrowdRequest =
  | { readonly ask: 'fill'; readonly connections: number }
  | { readonly ask: 'count' | 'flush' }
  | { readonly ask: 'list'; readonly group: number | null }
  | { readonly ask: 'delete'; readonly group: number }
  | {
      readonly ask: 'run';
      readonly command: readonly string[];
      /** Beside the environment that we have. */
      readonly environment?: Readonly<Record<string, string>>;
    };

export interface Timed {
  readonly ms: number;
  /** Connections that were listed, deleted, counted. */
  readonly connections: number;
  /** What a command said besides its output; of its output nothing is kept. */
  readonly said: string;
}

/** What the kernel gives an established connection. */
const TIMEOUT_S = 432_000;
const COMMAND_MS_MAX = 120_000;

/** Runs a program to its end, its output thrown away. Errors: KernelError when it fails */
function run(
  [command, ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
  nowhere: number,
): string {
  const ended = spawnSync(command, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', nowhere, 'pipe'],
    timeout: COMMAND_MS_MAX,
    killSignal: 'SIGKILL',
  });
  const said = ended.stderr?.toString() ?? '';
  if (ended.status !== 0)
    throw new KernelError(
      `${[command, ...args].join(' ')} failed: ${ended.error?.message ?? said.trim()}`,
      'see what it says',
    );
  return said;
}

export interface Crowd {
  ask(request: CrowdRequest): Timed;
  close(): void;
}

/**
 * Thread:  one that has no other use: it lives in a namespace of its own from here on
 * Errors:  KernelError
 */
export function openCrowd(): Crowd {
  const libc = loadLibc();
  leaveForOwnNamespace(libc);
  // As we do: a line has packets and bytes.
  setSysctl('net.netfilter.nf_conntrack_acct', '1');
  const socket = openNetlink(libc, NetlinkFamily.NETFILTER);
  const table = openConntrackTable(socket);
  const nowhere = openSync('/dev/null', 'w');

  function work(request: CrowdRequest): number | string {
    switch (request.ask) {
      case 'fill':
        table.insert(request.connections, createPopulation(request.connections), TIMEOUT_S);
        return request.connections;
      case 'count':
        return table.count();
      case 'flush':
        table.flush();
        return 0;
      case 'list':
        return table.list(request.group === null ? null : sourceOf(request.group)).connections;
      case 'delete':
        return table.deleteOf(sourceOf(request.group));
      case 'run':
        return run(request.command, request.environment ?? {}, nowhere);
    }
  }

  return {
    ask(request) {
      const startMs = monotonicMs();
      const result = work(request);
      const ms = monotonicMs() - startMs;
      return typeof result === 'number'
        ? { ms, connections: result, said: '' }
        : { ms, connections: 0, said: result };
    },
    close() {
      closeSync(nowhere);
      socket.close();
    },
  };
}
