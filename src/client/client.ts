/**
 * Requests to a running tracker: HTTP over its socket. Answers that are lists are handed on as the bytes that came;
 * whoever wants lines or JSON asks for that.
 */
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { brokenOffError, ClientError, connectionError, refusal, timeoutError } from './errors.ts';
import { type Target, targetName } from './target.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** A key with several values comes several times. */
export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export interface Ask {
  readonly method?: Method;
  /** Begins with a slash, without a query. */
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Ends the request, whatever it is at. */
  readonly signal?: AbortSignal;
}

/** What a reader says to a piece: null for more, a promise for more later, or that it wants no more. */
export type Taken = Promise<void> | null | 'enough';

export interface Answer {
  readonly status: number;
  /**
   * Hands on what comes, as it comes; while a reader lets wait nothing is read. Resolves at the end.
   *
   * Cost: nothing but the call for each piece
   * Errors: ClientError when it breaks off
   */
  read(take: (piece: Buffer) => Taken): Promise<void>;
  /**
   * What came, piece by piece; the next piece is read when it is asked for.
   *
   * Errors: ClientError when it breaks off
   */
  chunks(): AsyncGenerator<Buffer, void, void>;
  /** Errors: ClientError when it breaks off */
  text(): Promise<string>;
  /** Of a list: how many entries it had, once it was read; null where the server does not say. */
  entries(): number | null;
}

export interface Client {
  readonly target: Target;
  /**
   * Resolves when the answer begins.
   *
   * Errors: ClientError when there is none, in time, or when the server says no
   */
  ask(ask: Ask): Promise<Answer>;
  /** The whole answer, read as JSON. Its form is the server's word. */
  json<T>(ask: Ask): Promise<T>;
  close(): void;
}

export interface ClientOptions {
  /** Seconds without a byte after which a request fails. */
  readonly maxTimeS: number;
}

const ENTRIES_TRAILER = 'flowshard-entries';
/** Of a refusal no more is read. */
const REFUSAL_BYTES_MAX = 65_536;

function pathOf(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of typeof value === 'object' ? value : [String(value)]) params.append(key, one);
  }
  const text = params.toString();
  return text === '' ? path : `${path}?${text}`;
}

export function createClient(target: Target, { maxTimeS }: ClientOptions): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const place =
    target.kind === 'unix' ? { socketPath: target.path } : { host: target.host, port: target.port };
  const maxTimeMs = maxTimeS * 1000;

  function headersOf(payload: string | null): OutgoingHttpHeaders {
    return {
      host: target.kind === 'unix' ? 'localhost' : targetName(target).slice('http://'.length),
      ...(target.kind === 'tcp' && target.token !== null ? { authorization: `Bearer ${target.token}` } : {}),
      ...(payload === null
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
    };
  }

  /** Resolves with the head of the answer. */
  function send(asked: Ask, isAgain = false): Promise<IncomingMessage> {
    const { method = 'GET', path, query, body, signal } = asked;
    return new Promise((resolve, reject) => {
      const payload = body === undefined ? null : JSON.stringify(body);
      const options = { ...place, agent, method, path: pathOf(path, query), headers: headersOf(payload) };
      const sent = request(signal === undefined ? options : { ...options, signal });
      const limit = setTimeout(() => sent.destroy(timeoutError(target, maxTimeS)), maxTimeMs);
      sent.on('response', (response) => {
        clearTimeout(limit);
        resolve(response);
      });
      sent.on('error', (error) => {
        clearTimeout(limit);
        // A connection that was kept may be closed just when it is used again: that says nothing about the tracker.
        if (method === 'GET' && sent.reusedSocket && !isAgain && !(error instanceof ClientError))
          return resolve(send(asked, true));
        reject(error instanceof ClientError || signal?.aborted ? error : connectionError(target, error));
      });
      sent.end(payload ?? undefined);
    });
  }

  /** Time that the reader takes does not count: only what the server takes for the next piece. */
  async function* chunksOf(response: IncomingMessage, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const pieces = response[Symbol.asyncIterator]();
    try {
      for (;;) {
        const limit = setTimeout(() => response.destroy(timeoutError(target, maxTimeS)), maxTimeMs);
        const { done, value } = await pieces.next().finally(() => clearTimeout(limit));
        if (done) break;
        yield value;
      }
      if (!response.complete) throw brokenOffError(target);
    } catch (error) {
      if (error instanceof ClientError || signal?.aborted) throw error;
      throw brokenOffError(target);
    } finally {
      response.destroy();
    }
  }

  function readAll(
    response: IncomingMessage,
    take: (piece: Buffer) => Taken,
    signal?: AbortSignal,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): NodeJS.Timeout =>
        setTimeout(() => response.destroy(timeoutError(target, maxTimeS)), maxTimeMs);
      let limit = begin();
      const end = (error: unknown): void => {
        clearTimeout(limit);
        if (error === null) resolve();
        else reject(error instanceof ClientError || signal?.aborted ? error : brokenOffError(target));
      };
      response.on('error', end);
      response.on('close', () => end(response.complete ? null : brokenOffError(target)));
      response.on('data', (piece: Buffer) => {
        const taken = take(piece);
        if (taken === 'enough') {
          end(null);
          response.destroy();
        } else if (taken === null) {
          limit.refresh();
        } else {
          // The time that the reader takes does not count.
          clearTimeout(limit);
          response.pause();
          taken.then(() => {
            limit = begin();
            response.resume();
          }, end);
        }
      });
    });
  }

  async function textOf(response: IncomingMessage, max: number, signal?: AbortSignal): Promise<string> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    const take = (piece: Buffer): Taken => {
      pieces.push(piece);
      bytes += piece.length;
      return bytes > max ? 'enough' : null;
    };
    await readAll(response, take, signal);
    return Buffer.concat(pieces).toString();
  }

  async function ask(asked: Ask): Promise<Answer> {
    const response = await send(asked);
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299)
      throw refusal(target, status, await textOf(response, REFUSAL_BYTES_MAX, asked.signal));
    return {
      status,
      read: (take) => readAll(response, take, asked.signal),
      chunks: () => chunksOf(response, asked.signal),
      text: () => textOf(response, Number.MAX_SAFE_INTEGER, asked.signal),
      entries() {
        const count = response.trailers[ENTRIES_TRAILER];
        return count === undefined ? null : Number(count);
      },
    };
  }

  async function json<T>(asked: Ask): Promise<T> {
    const answer = await ask(asked);
    const text = await answer.text();
    try {
      return JSON.parse(text);
    } catch {
      throw refusal(target, answer.status, '');
    }
  }

  return { target, ask, json, close: () => agent.destroy() };
}
