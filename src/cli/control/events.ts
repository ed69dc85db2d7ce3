/**
 * The events of a tracker as they happen. When the connection is lost they go on where they stopped; what cannot be had
 * any more is said, never left out in silence.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventRecord, GapRecord, PositionRecord, RestartRecord } from '../../api/forms.ts';
import type { Client, Query } from '../../client/client.ts';
import { ClientError } from '../../client/errors.ts';
import { linesOf } from '../../client/lines.ts';
import { monotonicMs } from '../../common/clock.ts';
import { OptionError } from '../../common/errors.ts';
import type { ConnectionEvent } from '../../export/connection.ts';
import { createPlace, type Place } from './position.ts';

/** A line of the stream, or what became of the connection. */
export type Happening =
  | { readonly kind: 'event'; readonly line: string; readonly record: EventRecord }
  | { readonly kind: 'gap'; readonly line: string; readonly record: GapRecord }
  | { readonly kind: 'restart'; readonly line: string }
  | { readonly kind: 'position'; readonly line: string }
  | { readonly kind: 'lost'; readonly why: string }
  | { readonly kind: 'back' };

export interface FollowOptions {
  /** Filter and types. */
  readonly query: Query;
  /** Where to begin; null: with what happens from now on. */
  readonly since: string | null;
  /** End with the last event that has happened. */
  readonly isOnce: boolean;
  /** Seconds for which a lost connection is tried again. */
  readonly retryS: number;
  readonly signal: AbortSignal;
}

/** Between two trials. */
const RETRY_MS = 500;
/** The server speaks at least so often; the client waits twice as long, and then holds it for dead. */
const heartbeatS = (maxTimeS: number): number => Math.max(1, Math.min(300, Math.floor(maxTimeS / 2)));

type StreamRecord = EventRecord | GapRecord | PositionRecord | RestartRecord;

function happeningOf(line: string, place: Place): Happening {
  const record: StreamRecord = JSON.parse(line);
  switch (record.record) {
    case 'event':
      place.seen(record.owner, record.seq);
      return { kind: 'event', line, record };
    case 'gap':
      place.seen(record.owner, record.to);
      return { kind: 'gap', line, record };
    default:
      place.told(record.since);
      return { kind: record.record, line };
  }
}

/**
 * Batches of what happens, in order, without end unless `isOnce`.
 *
 * Errors: ClientError when the tracker cannot be reached at first, or not again within `retryS`; OptionError for `since`
 */
export async function* followEvents(
  client: Client,
  maxTimeS: number,
  options: FollowOptions,
): AsyncGenerator<readonly Happening[], void, void> {
  const { signal, isOnce, retryS } = options;
  const place = createPlace();
  if (options.since !== null && !place.told(options.since))
    throw new OptionError('--since', options.since, 'a position that --json has shown: 5f3a9c01/0:123,1:77');
  let lostMs: number | null = null;
  for (;;) {
    try {
      for await (const batch of oneStream(client, maxTimeS, options, place)) {
        if (lostMs !== null) yield [{ kind: 'back' }];
        lostMs = null;
        yield batch;
      }
      if (isOnce || signal.aborted) return;
      throw new ClientError('the tracker ended the stream of events', 1);
    } catch (error) {
      if (signal.aborted) return;
      // Before the first word, or when the server refuses, trying again would not help.
      const isFinal = !(error instanceof ClientError) || error.status !== 0 || place.since() === null;
      if (isFinal || isOnce || retryS === 0) throw error;
      if (lostMs === null) yield [{ kind: 'lost', why: error.message }];
      lostMs ??= monotonicMs();
      if (monotonicMs() - lostMs > retryS * 1000) throw error;
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
  }
}

async function* oneStream(
  client: Client,
  maxTimeS: number,
  { query, isOnce, signal }: FollowOptions,
  place: Place,
): AsyncGenerator<readonly Happening[], void, void> {
  const answer = await client.ask({
    path: '/v1/events',
    query: {
      ...query,
      format: 'ndjson',
      since: place.since() ?? undefined,
      heartbeat: heartbeatS(maxTimeS),
      follow: isOnce ? 'false' : undefined,
    },
    signal,
  });
  for await (const lines of linesOf(answer.chunks()))
    yield lines.filter((line) => line !== '').map((line) => happeningOf(line, place));
}

/** Nanoseconds have more digits than a number of JavaScript. */
function nanoseconds(line: string, key: string): bigint {
  return BigInt(new RegExp(`"${key}":(\\d+)`).exec(line)?.[1] ?? 0);
}

/** An event as src/export prints it. */
export function eventOf(line: string, record: EventRecord): ConnectionEvent {
  const { connection } = record;
  const { end } = connection;
  const last = line.lastIndexOf('"end":');
  return {
    type: record.type,
    atNs: nanoseconds(line, 'atNs'),
    withState: record.withState,
    connection: {
      ...connection,
      expected: 0,
      startNs: nanoseconds(line, 'startNs'),
      lastNs: nanoseconds(line, 'lastNs'),
      end:
        end === null
          ? null
          : ({ ...end, atNs: nanoseconds(line.slice(last), 'atNs') } as ConnectionEvent['connection']['end']),
    },
  };
}

/** `12 events of shard 0 were missed (100 to 111)` */
export const gapWords = ({ owner, from, to }: GapRecord): string =>
  `${to - from + 1} events of shard ${owner} were missed (${from} to ${to})`;

/** A signal that Ctrl-C and SIGTERM give; the second one ends the process. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const handle = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return controller.signal;
}
