/** The control API over a tracker without threads, and a plain client for it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Api, type ServeOptions, serveApi } from '../../src/api/serve.ts';
import {
  createFakeControl,
  type FakeConnection,
  type FakeControl,
  type FakeOptions,
} from './fake-control.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly trailers: IncomingMessage['trailers'];
  readonly text: string;
  /** The text as JSON. */
  json(): unknown;
}

export interface Ask {
  readonly method?: string;
  readonly body?: unknown;
  /** As it is, instead of `body`. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestServer {
  readonly api: Api;
  readonly control: FakeControl;
  readonly folder: string;
  /** What went wrong inside: nothing may. */
  readonly bugs: unknown[];
  /** One request over the Unix socket, on a connection of its own. */
  ask(path: string, ask?: Ask): Promise<Answer>;
  /** The same over TCP. */
  askTcp(path: string, ask?: Ask): Promise<Answer>;
  /** An answer whose body is read by the caller. */
  open(path: string, ask?: Ask): Promise<IncomingMessage>;
  close(): Promise<void>;
}

function send(where: RequestOptions, path: string, ask: Ask): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const body = ask.raw ?? (ask.body === undefined ? undefined : JSON.stringify(ask.body));
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const headers = { ...type, ...ask.headers };
    const sent = request({ ...where, path, method: ask.method ?? 'GET', headers, agent: false }, resolve);
    sent.on('error', reject);
    sent.end(body);
  });
}

async function answerOf(message: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return {
    status: message.statusCode ?? 0,
    headers: message.headers,
    trailers: message.trailers,
    text,
    json: () => JSON.parse(text) as unknown,
  };
}

export async function startServer(
  options: Partial<ServeOptions> = {},
  fake: FakeOptions = {},
): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-api-'));
  const control = createFakeControl(fake);
  const bugs: unknown[] = [];
  const path = join(folder, 'api.sock');
  const api = await serveApi({
    control,
    version: '1.2.3',
    run: { interfaces: ['test0'], shards: control.shards },
    socket: path,
    onBug: (error) => bugs.push(error),
    readKernel: () => ({ loaded: false, why: 'a test' }),
    ...options,
  }).catch((cause: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw cause;
  });
  const unix = { socketPath: path };
  return {
    api,
    control,
    folder,
    bugs,
    ask: async (url, ask = {}) => answerOf(await send(unix, url, ask)),
    askTcp: async (url, ask = {}) =>
      answerOf(await send({ host: api.tcp?.host, port: api.tcp?.port }, url, ask)),
    open: (url, ask = {}) => send(unix, url, ask),
    async close() {
      await api.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One of many connections. */
export const udp = (i: number): FakeConnection => ({
  family: 'ipv4',
  protocol: 17,
  src: `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`,
  dst: '192.0.2.53',
  sport: 1000,
  dport: 53,
  timeoutS: 30,
});

/** A connection to a server on which anything can be said. */
export function raw(path: string | null): Promise<Socket> {
  assert.ok(path !== null);
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket));
    socket.once('error', reject);
  });
}
