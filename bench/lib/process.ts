/** Runs a command as a user would and says how long it took and how much memory it held. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { monotonicMs } from '../../src/common/clock.ts';

const MEMORY_POLL_MS = 20;

export interface ProcessFigures {
  readonly wallMs: number;
  /** Greatest resident memory; 0 where /proc does not tell. */
  readonly residentMaxBytes: number;
  readonly stdout: string;
}

function residentMax(pid: number): number {
  try {
    const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match === null ? 0 : Number(match[1]) * 1024;
  } catch {
    return 0;
  }
}

/** Where programs are that are not for everybody, and that may be missing from the path. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin'];

/**
 * What measured commands find in their environment: a path and nothing else. Settings of whoever runs the benchmarks are
 * not what they measure: NODE_EXTRA_CA_CERTS alone lets Node start 35 ms later.
 */
export const ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: [process.env.PATH, ...SYSTEM_FOLDERS].join(delimiter),
};

/** Errors: rejects when the command cannot be started or fails. */
export function runProcess(command: string, args: readonly string[]): Promise<ProcessFigures> {
  return new Promise((resolve, reject) => {
    const startMs = monotonicMs();
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], env: ENVIRONMENT });
    let residentMaxBytes = 0;
    let stdout = '';
    const timer = setInterval(() => {
      if (child.pid !== undefined) residentMaxBytes = Math.max(residentMaxBytes, residentMax(child.pid));
    }, MEMORY_POLL_MS);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.on('error', (error) => {
      clearInterval(timer);
      reject(error);
    });
    child.on('close', (code) => {
      clearInterval(timer);
      const wallMs = monotonicMs() - startMs;
      if (code === 0) resolve({ wallMs, residentMaxBytes, stdout });
      else reject(new Error(`${command} ${args.join(' ')}: exit status ${code}`));
    });
  });
}

/** Whether there is such a program. */
export function isInstalled(command: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.some((folder) => existsSync(join(folder, command)));
}
