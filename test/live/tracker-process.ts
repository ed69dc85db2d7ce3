/** `flowshard track -i` in a namespace, as a process of its own, and what it says over its socket. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLI, linesOf } from '../cli/cli.ts';
import type { Namespace } from '../support/namespaces.ts';
import { until } from '../support/until.ts';

export interface TrackerProcess {
  readonly child: ChildProcess;
  readonly socket: string;
  /** Body of an answer with status 200. */
  get(path: string): Promise<string>;
  /** Lines of standard output so far. */
  printed(): string[];
  /** Standard error so far. */
  said(): string;
  close(): void;
}

export function getOver(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => {
        body += chunk;
      });
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(body);
        else reject(new Error(`${path}: ${answer.statusCode}: ${body}`));
      });
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Starts it on a device of the namespace, and waits until it answers; by default on a socket of its own. */
export async function startTracker(
  ns: Namespace,
  device: string,
  options: readonly string[] = [],
  socketPath?: string,
): Promise<TrackerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-live-'));
  const socket = socketPath ?? join(folder, 'socket');
  const out = join(folder, 'out');
  const err = join(folder, 'err');
  const files = [out, err].map((path) => openSync(path, 'w'));
  const child = ns.start([process.execPath, CLI, 'track', '-i', device, '--socket', socket, ...options], {
    stdio: ['ignore', ...files],
  });
  for (const fd of files) closeSync(fd);
  const said = (): string => readFileSync(err, 'utf8');
  await until(async () => {
    assert.equal(child.exitCode, null, said());
    if (!existsSync(socket)) return false;
    return getOver(socket, '/readyz').then(
      () => true,
      () => false,
    );
  }, 'the tracker answers');
  return {
    child,
    socket,
    get: (path) => getOver(socket, path),
    printed: () => linesOf(readFileSync(out, 'utf8')),
    said,
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
