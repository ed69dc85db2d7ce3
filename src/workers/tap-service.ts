/**
 * `flowshard track -i` at the router's device, as an operator would run it: started in the router's namespace, asked over its
 * socket how far it is.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../common/clock.ts';
import { type Stats, total } from '../export/stats.ts';
import { DEVICES } from '../kernel/router/router.ts';
import { ownCommand, requestOver } from './crowd-service.ts';
import type { RouterRun } from './router-run.ts';

export interface TapCounts {
  /** Packets that were tracked, or were INVALID, as what follows a lost one may be. */
  readonly judged: number;
  /** Packets that the kernel dropped because the ring was full, and those that we dropped. */
  readonly lost: number;
  readonly connections: number;
}

export interface TapSettled extends TapCounts {
  /** Of all threads, since the process began. */
  readonly cpuMs: number;
  /** When the last of it came. */
  readonly atMs: number;
}

export interface TapService {
  /** When so many packets were judged or lost: what there is by then. Others may keep it from its work for a while. */
  settled(packets: number): Promise<TapSettled>;
  close(): Promise<void>;
}

const START_MS_MAX = 20_000;
const POLL_MS = 5;
/** Nothing comes any more. */
const QUIET_MS_MAX = 5000;
/** Units of /proc/PID/stat: USER_HZ is 100 everywhere. */
const MS_PER_TICK = 10;

/** Of the threads that there are. */
function cpuMsOf(pid: number): number {
  const ticks = readdirSync(`/proc/${pid}/task`).map((task) => {
    const fields = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8').split(') ')[1].split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((a, b) => a + b, 0) * MS_PER_TICK;
}

export function tapCounts({ tracked, invalid, dropped, live, connections }: Stats): TapCounts {
  return {
    judged: tracked + total(invalid),
    lost: (live?.kernelDrops ?? 0) + total(dropped),
    connections: connections.created,
  };
}

/** Errors: when it does not answer in time; what the router's thread says */
export async function startTap(
  router: RouterRun,
  maxConnections: number,
  shards: number | null,
): Promise<TapService> {
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-throughput-'));
  const socket = join(folder, 'socket');
  // With this process the sender's namespace goes, and with it the device: then the tap ends too.
  const options = ['-i', DEVICES.in, '--on-down', 'exit', '--print', 'none', '-q', '--socket', socket];
  options.push('--max', String(maxConnections));
  if (shards !== null) options.push('--shards', String(shards));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let pid = 0;
  async function close(): Promise<void> {
    agent.destroy();
    // By its number, should the thread that started it be gone.
    if (pid !== 0) tryKill(pid);
    await router.ask({ ask: 'stop' }).catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  }
  async function stats(): Promise<Stats> {
    const { head, status } = await requestOver(agent, socket, 'GET', '/v1/stats', false);
    if (status !== 200) throw new Error(`flowshard track -i: status ${status}: ${head}`);
    return JSON.parse(head) as Stats;
  }
  async function waitForStart(): Promise<void> {
    const startMs = monotonicMs();
    for (;;) {
      const isReady = await requestOver(agent, socket, 'GET', '/readyz', false).then(
        ({ status }) => status === 200,
        () => false,
      );
      if (isReady) return;
      if (monotonicMs() - startMs > START_MS_MAX)
        throw new Error(`flowshard track -i ${DEVICES.in}: no answer within ${START_MS_MAX / 1000} s`);
      await sleep(POLL_MS);
    }
  }
  try {
    pid = await router.ask({ ask: 'start', command: [...ownCommand(), 'track', ...options] });
    await waitForStart();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async settled(packets) {
      let last = await stats();
      let atMs = monotonicMs();
      const isComplete = (): boolean => {
        const { judged, lost } = tapCounts(last);
        return judged + lost >= packets;
      };
      while (!isComplete() && monotonicMs() - atMs < QUIET_MS_MAX) {
        await sleep(POLL_MS);
        const now = await stats();
        if (now.packets !== last.packets) atMs = monotonicMs();
        last = now;
      }
      return { ...tapCounts(last), cpuMs: cpuMsOf(pid), atMs };
    },
    close,
  };
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
