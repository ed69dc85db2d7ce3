/** Runs a command as a user would and says how long it took and how much memory it held. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { monotonicMs } from '../src/common/clock.ts';

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

/** Errors: rejects when the command cannot be started or fails. */
export function runProcess(command: string, args: readonly string[]): Promise<ProcessFigures> {
  return new Promise((resolve, reject) => {
    const startMs = monotonicMs();
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
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

/** Whether a command can be started at all. */
export async function isInstalled(command: string): Promise<boolean> {
  try {
    await runProcess(command, ['--version']);
    return true;
  } catch {
    return false;
  }
}
