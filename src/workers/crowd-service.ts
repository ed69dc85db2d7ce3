/**
 * Our side of `flowshard contrast control`: a tracker as a service in a process of its own, as an operator would run
 * it, filled through its standard input, asked through its socket.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../common/clock.ts';
import { captureHeader, handshakes } from '../kernel/crowd/capture.ts';
import { createPopulation } from '../kernel/crowd/population.ts';
import { threadFile } from './threads.ts';

/** What came over the socket. */
export interface Reply {
  /** From the request to the last byte of the answer. */
  readonly ms: number;
  readonly bytes: number;
  readonly lines: number;
  readonly status: number;
  /** The beginning of it. */
  readonly head: string;
}

export interface CrowdService {
  readonly socket: string;
  /** What runs the command: its start is part of the measure, so it is told here. */
  readonly command: readonly string[];
  /** Brings in the connections; waits until all are in the table. */
  fill(connections: number): Promise<void>;
  request(method: 'GET' | 'DELETE', path: string): Promise<Reply>;
  close(): Promise<void>;
}

const START_MS_MAX = 20_000;
const FILL_MS_MAX = 120_000;
const POLL_MS = 20;
const HEAD_BYTES = 1 << 16;
/** Kept of what the process says, in characters. */
const SAID_MAX = 4000;
const LINE_END = 10;
/** Seconds since 1970 of the first capture; each one begins later than the one before. */
const FIRST_SEC = 1_700_000_000;
const STEP_SEC = 60;
/** More than there are connections, since each shard has an equal part. */
export const ROOM = 1.3;

function countLines(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(LINE_END); at >= 0; at = chunk.indexOf(LINE_END, at + 1)) lines++;
  return lines;
}

/** One request over a Unix socket, to the last byte of the answer. */
export function requestOver(
  agent: Agent,
  socketPath: string,
  method: string,
  path: string,
  isCounting: boolean,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const startMs = monotonicMs();
    const sent = httpRequest({ agent, socketPath, method, path }, (answer) => {
      let bytes = 0;
      let lines = 0;
      let head = '';
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (isCounting) lines += countLines(chunk);
        if (head.length < HEAD_BYTES) head += chunk.toString('latin1', 0, HEAD_BYTES);
      });
      answer.on('end', () =>
        resolve({ ms: monotonicMs() - startMs, bytes, lines, status: answer.statusCode ?? 0, head }),
      );
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

interface TrackProcess {
  /** Into its standard input. Errors: what it said, when it has ended */
  write(bytes: Uint8Array): Promise<void>;
  /** Asks again and again. Errors: what it said, when it has ended; or it took too long */
  until(what: string, msMax: number, isDone: () => Promise<boolean>): Promise<void>;
  kill(): Promise<void>;
}

function startTrack(command: readonly string[]): TrackProcess {
  const [node, ...args] = command;
  const child: ChildProcessByStdio<Writable, null, Readable> = spawn(node, args, {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-SAID_MAX);
  });
  // Whoever writes learns of the end by `checkAlive`.
  child.stdin.on('error', () => {});
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  function checkAlive(): void {
    if (hasEnded()) throw new Error(`${command.join(' ')} ended: ${said.trim()}`);
  }

  return {
    async write(bytes) {
      checkAlive();
      if (child.stdin.write(bytes)) return;
      try {
        await once(child.stdin, 'drain');
      } catch (error) {
        // The pipe breaks a moment before its end is known, which says why.
        await sleep(POLL_MS);
        checkAlive();
        throw error;
      }
    },
    async until(what, msMax, isDone) {
      const startMs = monotonicMs();
      while (!(await isDone())) {
        checkAlive();
        if (monotonicMs() - startMs > msMax) throw new Error(`${what}: not within ${msMax / 1000} s`);
        await sleep(POLL_MS);
      }
    },
    async kill() {
      if (hasEnded()) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** What runs the command that this is part of. */
export const ownCommand = (): string[] => [
  process.execPath,
  join(dirname(threadFile('crowd-thread')), '..', 'cli.js'),
];

/**
 * Starts it, and waits until its socket answers.
 *
 * Errors:  one that has what the process said, when it ends early
 */
export async function startCrowdService(connections: number, shards: number | null): Promise<CrowdService> {
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-control-'));
  const socket = join(folder, 'socket');
  const command = ownCommand();
  const options = ['-r', '-', '--print', 'none', '-q', '--socket', socket];
  options.push('--max', String(Math.ceil(connections * ROOM)));
  if (shards !== null) options.push('--shards', String(shards));
  const track = startTrack([...command, 'track', ...options]);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (path: string): Promise<Reply> => requestOver(agent, socket, 'GET', path, false);
  const close = async (): Promise<void> => {
    agent.destroy();
    await track.kill();
    rmSync(folder, { recursive: true, force: true });
  };

  let fills = 0;
  try {
    await track.write(captureHeader());
    await track.until('the service answers', START_MS_MAX, () =>
      ask('/healthz').then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
  } catch (error) {
    await close();
    throw error;
  }
  return {
    socket,
    command,
    async fill(count) {
      const startSec = FIRST_SEC + STEP_SEC * fills++;
      for (const piece of handshakes(count, createPopulation(count), startSec)) await track.write(piece);
      await track.until(`${count} connections in the table`, FILL_MS_MAX, async () => {
        const { head } = await ask('/v1/connections/count');
        return (JSON.parse(head) as { count: number }).count === count;
      });
    },
    request: (method, path) => requestOver(agent, socket, method, path, true),
    close,
  };
}
