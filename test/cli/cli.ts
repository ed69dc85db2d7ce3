/** Runs the built command as an operator would; shared by the tests of the command line. */
import assert from 'node:assert/strict';
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { after } from 'node:test';

/** Tests run in the folder of the project. */
export const CLI = resolve('dist/cli.js');
export const MIXED = resolve('examples/captures/mixed-traffic.pcap');
export const MIXED_PACKETS = 4709;
export const mixedBytes = readFileSync(MIXED);

/** A run that takes longer hangs. */
const RUN_MS_MAX = 30_000;

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running<Child extends ChildProcess = ChildProcessWithoutNullStreams> {
  readonly child: Child;
  readonly ended: Promise<Ended>;
}

/** Starts the command in a process group of its own, so that a test can see whether anything is left of it. */
export function start(args: readonly string[]): Running {
  return startProgram(process.execPath, [CLI, ...args]);
}

/** The same for a program that starts the command. */
export function startProgram(program: string, args: readonly string[]): Running {
  const child = spawn(program, args, { detached: true });
  // The command may end before it has read all.
  child.stdin.on('error', () => {});
  return { child, ended: endOf(child, args) };
}

export interface OnOpenPipe extends Running<ChildProcess> {
  readonly stdout: Readable;
  /** Into the pipe that standard input is. What does not fit waits here for the reader. */
  send(bytes: Uint8Array): void;
}

/** Standard input is a pipe that never ends. (The `stdin` of a child of Node is a socket.) */
export function startOnOpenPipe(args: readonly string[]): OnOpenPipe {
  const pipe = join(folder, `pipe-${pipes++}`);
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  // Open for both, so that opening does not wait and the end never comes.
  const fd = openSync(pipe, 'r+');
  const child: ChildProcess = spawn(process.execPath, [CLI, ...args], {
    detached: true,
    stdio: [fd, 'pipe', 'pipe'],
  });
  const { stdout } = child;
  assert.ok(stdout !== null);
  // Another process fills it: a write that waits would hold a thread of this one.
  const filler = spawn('sh', ['-c', 'exec cat > "$0"', pipe], { stdio: ['pipe', 'ignore', 'ignore'] });
  filler.stdin.on('error', () => {});
  const ended = endOf(child, args).finally(() => {
    filler.kill('SIGKILL');
    closeSync(fd);
  });
  return { child, stdout, ended, send: (bytes) => filler.stdin.write(bytes) };
}

let pipes = 0;

function endOf(child: ChildProcess, args: readonly string[]): Promise<Ended> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  return new Promise<Ended>((resolveEnd, reject) => {
    const limit = setTimeout(() => {
      killGroup(child);
      reject(new Error(`flowshard ${args.join(' ')} did not end within ${RUN_MS_MAX} ms`));
    }, RUN_MS_MAX);
    child.on('close', (status, signal) => {
      clearTimeout(limit);
      const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString();
      resolveEnd({ status, signal, stdout: text(stdout), stderr: text(stderr) });
    });
    child.on('error', reject);
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}

/** No process of the run is alive any more. */
export function assertNothingLeft(child: ChildProcess): void {
  const group = -(child.pid ?? 0);
  assert.throws(() => process.kill(group, 0), { code: 'ESRCH' }, 'a process of the run is left');
}

export async function flowshard(
  args: readonly string[],
  input: Uint8Array = new Uint8Array(0),
): Promise<Ended> {
  const { child, ended } = start(args);
  child.stdin.end(input);
  return ended;
}

export const track = (...args: readonly string[]): Promise<Ended> => flowshard(['track', ...args]);

/** Runs `track` and expects success; returns standard output. */
export async function tracked(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await track(...args);
  assert.equal(status, 0, stderr);
  return stdout;
}

const folder = mkdtempSync(join(tmpdir(), 'flowshard-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A file for this test file; it is gone at the end. */
export function tempFile(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

export const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

interface Outcome {
  readonly tracked: number;
  readonly invalid: Record<string, number>;
  readonly untracked: Record<string, number>;
  readonly skipped: Record<string, number>;
  readonly dropped: Record<string, number>;
  readonly connections: { created: number; ended: Record<string, number>; alive: number };
}

export interface PrintedStats extends Outcome {
  readonly packets: number;
  readonly bytes: number;
  readonly verdicts: Record<string, number>;
  readonly tunnels: Record<string, number>;
  readonly shards: readonly (Outcome & { readonly shard: number })[];
}

/** The counters that `--stats --json` puts last. */
export async function statsOf(...args: readonly string[]): Promise<PrintedStats> {
  const lines = linesOf(await tracked(...args, '--print', 'none', '--stats', '--json'));
  assert.equal(lines.length, 1);
  return JSON.parse(lines[0]);
}

export const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
