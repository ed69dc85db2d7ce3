/** What may be asked of a running tracker, as questions to the mailboxes of its owners. */
import type { HashKey } from '../common/hash.ts';
import { HELPERS_BY_NUMBER, type HelperAt, protocolsAt } from '../conntrack/helpers/registry.ts';
import { type Connection, StatusBit } from '../export/connection.ts';
import { connectionOf } from '../export/entry-view.ts';
import { SCTP_STATE_NAMES, TCP_STATE_NAMES } from '../export/names.ts';
import { collectStats } from '../export/stats.ts';
import { Protocol } from '../packet/protocol.ts';
import { programOf } from '../query/compile.ts';
import { parseFilter } from '../query/filter.ts';
import type { Program } from '../query/program.ts';
import { Counter } from '../shm/counters.ts';
import { createLogReader } from '../shm/log.ts';
import {
  ChangeBit,
  type MailboxMemory,
  Operation,
  PAGE_ENTRIES,
  PAGE_ENTRY_WORDS,
  Result,
} from '../shm/mailbox.ts';
import { Ask, Cold, Desc, Hot, Report } from '../shm/offsets.generated.ts';
import type { RingMemory, Segment } from '../shm/segment.ts';
import { createEventReader } from './event-reader.ts';
import { createExpectationControl } from './expectation-control.ts';
import { type Answer, createOwnerClient, type OwnerClient } from './owner-client.ts';
import { ownerInfo } from './owner-info.ts';
import { addCounters } from './sum-counters.ts';
import type {
  Change,
  CreateAnswer,
  NewConnection,
  ScanOptions,
  ScanPage,
  ScanPosition,
  TrackerControl,
  TupleQuery,
} from './tracker-control.ts';
import { createTupleWords } from './tuple-words.ts';

/** One owner of connections: a shard, or the ingest thread. */
export interface Owner {
  readonly segment: Segment;
  readonly mailbox: MailboxMemory;
  /** The rings that lead to it. */
  readonly rings: readonly RingMemory[];
  /** null where nothing is measured. */
  readonly latency: Int32Array | null;
  /** How it is woken; by its bell when absent. */
  readonly ring?: (bell: Int32Array) => void;
}

export interface ControlOptions {
  readonly shards: readonly Owner[];
  /** null without helpers. */
  readonly masters: Owner | null;
  readonly helpers: readonly HelperAt[];
  readonly hashKey: HashKey;
  readonly settings: Int32Array;
  /** Of each ingest thread. */
  readonly ingestCounters: readonly Float64Array[];
}

const REFUSALS = {
  [Result.EXISTS]: 'exists',
  [Result.FULL]: 'full',
  [Result.NO_MASTER]: 'no master',
  [Result.NOT_ALLOWED]: 'not allowed',
} as const;

export const refusalOf = (result: number): CreateAnswer<never> => ({
  refused: result in REFUSALS ? REFUSALS[result as keyof typeof REFUSALS] : 'not allowed',
});

const entryWords = (ask: Int32Array): number => ask[Ask.COUNT] * PAGE_ENTRY_WORDS;

function fillFilter(ask: Int32Array, filter: Program | null): void {
  if (filter === null) return;
  ask[Ask.PROGRAM_LENGTH] = filter.length;
  ask.set(filter, Ask.PROGRAM);
}

function fillChange(ask: Int32Array, change: Change): void {
  if (change.mark !== undefined) {
    ask[Ask.CHANGES] |= ChangeBit.MARK;
    ask[Ask.MARK] = change.mark.value | 0;
    ask[Ask.MARK_MASK] = change.mark.mask | 0;
  }
  if (change.timeoutS !== undefined) {
    ask[Ask.CHANGES] |= ChangeBit.TIMEOUT;
    ask[Ask.TIMEOUT_MS] = change.timeoutS * 1000;
  }
  if (change.status !== undefined) {
    ask[Ask.CHANGES] |= ChangeBit.STATUS;
    ask[Ask.STATUS] = change.status & (StatusBit.ASSURED | StatusBit.FIXED_TIMEOUT);
  }
}

function stateNumber({ protocol, state }: NewConnection): number {
  if (state === undefined) return 0;
  const names: readonly string[] = protocol === Protocol.SCTP ? SCTP_STATE_NAMES : TCP_STATE_NAMES;
  return Math.max(0, names.indexOf(state));
}

/** The connection of the first entry in an answer. */
function connectionIn({ ask, page }: Answer): Connection {
  return connectionOf({ hot: page, h: 0, cold: page, c: Hot.WORDS }, ask[Ask.TICK], null);
}

/** Thread: main. */
export function createControl(options: ControlOptions): TrackerControl {
  const { shards, masters, helpers } = options;
  const owners = masters === null ? shards : [...shards, masters];
  const clients: readonly OwnerClient[] = owners.map(({ mailbox, ring }) => createOwnerClient(mailbox, ring));
  const logs = owners.map(({ segment }) => segment.reports);
  const heads = logs.map((log) => createLogReader(log, Report.WORDS));
  const tupleWords = createTupleWords(options.hashKey);
  const foretold = programOf(parseFilter({ status: 'EXPECTED' }));

  const shardOf = (words: Int32Array): number => ((words[Desc.HASH] >>> 16) * shards.length) >>> 16;

  /** The connections of these ports are tracked in the ingest thread. */
  function belongsToMasters(t: TupleQuery): boolean {
    return helpers.some((place) => {
      const helper = HELPERS_BY_NUMBER.get(place.helper);
      if (place.port === 0 || helper === undefined || !protocolsAt(place).includes(t.protocol)) return false;
      return helper.families.includes(t.family) && (t.sport === place.port || t.dport === place.port);
    });
  }

  async function* walk(
    operation: Operation,
    { filter, from, limit = Number.POSITIVE_INFINITY }: ScanOptions,
    change: Change | null,
  ): AsyncGenerator<ScanPage> {
    const ask = (position: ScanPosition, most: number): Promise<Answer> =>
      clients[position.owner].request(
        operation,
        (words) => {
          words[Ask.FROM] = position.entry;
          words[Ask.LIMIT] = Math.min(PAGE_ENTRIES, most);
          fillFilter(words, filter);
          if (change !== null) fillChange(words, change);
        },
        entryWords,
      );
    const after = (owner: number, { ask: words }: Answer): ScanPosition | null => {
      if (words[Ask.FROM] !== 0) return { owner, entry: words[Ask.FROM] };
      return owner + 1 < owners.length ? { owner: owner + 1, entry: 1 } : null;
    };
    let left = limit;
    let position: ScanPosition | null = from ?? { owner: 0, entry: 1 };
    let coming = left > 0 && position.owner < owners.length ? ask(position, left) : null;
    while (coming !== null && position !== null) {
      const { owner }: ScanPosition = position;
      const answer = await coming;
      const count = answer.ask[Ask.COUNT];
      left -= count;
      const next = after(owner, answer);
      const goesOn = next !== null && left > 0;
      // What only reads is asked for ahead, so that owner and reader work at the same time.
      coming = goesOn && operation === Operation.SCAN ? ask(next, left) : null;
      coming?.catch(() => {});
      if (count > 0 || next === null || !goesOn) {
        const { TICK, SEC } = Ask;
        yield {
          owner,
          words: answer.page,
          count,
          tickMs: answer.ask[TICK],
          nowSec: answer.ask[SEC] >>> 0,
          next,
        };
      }
      if (!goesOn) return;
      coming ??= ask(next, left);
      position = next;
    }
  }

  async function find(tuple: TupleQuery): Promise<Connection | null> {
    const words = tupleWords(tuple);
    // Which connections the masters are, beside those of helpers' ports, only they know.
    const places = masters === null ? [shardOf(words)] : [shards.length, shardOf(words)];
    for (const owner of places) {
      const answer = await clients[owner].request(
        Operation.FIND,
        (ask) => ask.set(words, Ask.TUPLE),
        entryWords,
      );
      if (answer.ask[Ask.COUNT] > 0) return withUse(connectionIn(answer));
    }
    return null;
  }

  async function withUse(connection: Connection): Promise<Connection> {
    if (connection.helper === null) return connection;
    return { ...connection, expected: (await expectedCounts()).get(connection.id) ?? 0 };
  }

  async function expectedCounts(): Promise<ReadonlyMap<number, number>> {
    const counts = new Map<number, number>();
    if (masters === null || masters.segment.counters[Counter.ALIVE] === 0) return counts;
    for await (const page of walk(Operation.SCAN, { filter: foretold }, null)) {
      for (let i = 0; i < page.count; i++) {
        const id = page.words[i * PAGE_ENTRY_WORDS + Hot.WORDS + Cold.MASTER] >>> 0;
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
    }
    return counts;
  }

  async function create(connection: NewConnection): Promise<CreateAnswer<Connection>> {
    const words = tupleWords(connection);
    const isMaster = masters !== null && belongsToMasters(connection);
    if (masters !== null && !isMaster && (await find(connection)) !== null) return { refused: 'exists' };
    const owner = isMaster ? shards.length : shardOf(words);
    const answer = await clients[owner].request(Operation.CREATE, (ask) => {
      ask.set(words, Ask.TUPLE);
      ask[Ask.MARK] = (connection.mark ?? 0) | 0;
      ask[Ask.TIMEOUT_MS] = connection.timeoutS * 1000;
      ask[Ask.STATUS] =
        (connection.status ?? 0) & (StatusBit.ASSURED | StatusBit.SEEN_REPLY | StatusBit.FIXED_TIMEOUT);
      ask[Ask.PROTOCOL_STATE] = stateNumber(connection);
    });
    if (answer.ask[Ask.RESULT] !== Result.OK) return refusalOf(answer.ask[Ask.RESULT]);
    const made = await find(connection);
    return made === null ? { refused: 'full' } : { made };
  }

  async function flush(): Promise<number> {
    const answers = await Promise.all(clients.map((client) => client.request(Operation.FLUSH, () => {})));
    return answers.reduce((sum, { ask }) => sum + ask[Ask.COUNT], 0);
  }

  const expectations = createExpectationControl(masters === null ? null : clients[shards.length], tupleWords);

  return {
    shards: shards.length,
    owners: owners.length,
    count: () => owners.reduce((sum, { segment }) => sum + segment.counters[Counter.ALIVE], 0),
    scan: (what) => walk(Operation.SCAN, what, null),
    find,
    remove: (what) => walk(Operation.REMOVE, what, null),
    flush,
    update: (what, change) => walk(Operation.UPDATE, what, change),
    create,
    ...expectations,
    expectedCounts,
    stats: () =>
      collectStats(
        addCounters(options.ingestCounters),
        shards.map(({ segment }) => segment.counters),
        masters?.segment.counters ?? null,
      ),
    ownersInfo: () =>
      owners.map((owner, i) => ownerInfo(owner, i, i < shards.length ? 'shard' : 'masters', heads[i])),
    settings: options.settings,
    eventPosition: () => heads.map((head) => head.head()),
    events: (from) => createEventReader(logs, from),
  };
}
