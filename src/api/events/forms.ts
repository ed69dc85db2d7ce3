/** Events, and what is said about them, in the forms of a stream. */
import type { EventGap, RawEvent } from '../../control/tracker-control.ts';
import { createEntryWriter, type EntryWriter } from '../../export/entry-writer.ts';
import type { OutputOptions } from '../../export/options.ts';
import { xmlBegin } from '../../export/xml.ts';

export type EventFormat = 'ndjson' | 'sse' | 'text' | 'xml';

/** When a position is told: at the start, after a burst of events, and when there was nothing else to say. */
export type Moment = 'start' | 'burst' | 'idle';

/** What a stream says is gathered until it is taken. `since` is where it goes on. */
export interface EventForm {
  /** Before everything else. */
  begin(): void;
  event(event: RawEvent): void;
  gap(gap: EventGap): void;
  /** `since` is of another run. */
  restart(since: string): void;
  position(since: string, when: Moment): void;
  bytes(): number;
  take(): Uint8Array;
}

/** What a form does its own way. */
type Words = Omit<EventForm, 'bytes' | 'take'>;

const gapJson = ({ owner, from, to }: EventGap): string =>
  JSON.stringify({ record: 'gap', owner, from, to, missed: to - from + 1 });

const gapWords = ({ owner, from, to }: EventGap): string =>
  `gap owner=${owner} from=${from} to=${to} missed=${to - from + 1}`;

const sinceJson = (record: 'position' | 'restart', since: string): string =>
  JSON.stringify({ record, since });

const NOTHING = (): void => {};

const ndjson = ({ text, writeEvent }: EntryWriter): Words => ({
  begin: NOTHING,
  event: (event) => void writeEvent(event.words, 0, event),
  gap: (gap) => text(`${gapJson(gap)}\n`),
  restart: (since) => text(`${sinceJson('restart', since)}\n`),
  position(since, when) {
    // Events have their numbers; between them nothing needs to be said.
    if (when !== 'burst') text(`${sinceJson('position', since)}\n`);
  },
});

/**
 * The id, which a browser sends when it connects again, comes at the end of a burst: events of several owners are put in
 * the order of time, so that no single one of them is a place to go on from.
 */
const sse = ({ text, writeEvent }: EntryWriter): Words => ({
  begin: () => text('retry: 1000\n\n'),
  event(event) {
    text('event: event\ndata: ');
    writeEvent(event.words, 0, event);
    text('\n');
  },
  gap: (gap) => text(`event: gap\ndata: ${gapJson(gap)}\n\n`),
  restart: (since) => text(`event: restart\ndata: ${sinceJson('restart', since)}\n\n`),
  position(since, when) {
    const data = when === 'start' ? `event: position\ndata: ${sinceJson('position', since)}\n` : '';
    text(`id: ${since}\n${data}\n`);
  },
});

/** As `conntrack -E` prints them; whatever else there is to say is a comment. */
const lines = ({ text, writeEvent }: EntryWriter): Words => ({
  begin: NOTHING,
  event: (event) => void writeEvent(event.words, 0),
  gap: (gap) => text(`# ${gapWords(gap)}\n`),
  restart: (since) => text(`# restart since=${since}\n`),
  position: NOTHING,
});

/** As `conntrack -E -o xml` prints them: the document has no end. */
const xml = ({ text, writeEvent }: EntryWriter): Words => ({
  begin: () => text(xmlBegin()),
  event: (event) => void writeEvent(event.words, 0),
  gap: (gap) => text(`<!-- ${gapWords(gap)} -->\n`),
  restart: (since) => text(`<!-- restart since=${since} -->\n`),
  position: NOTHING,
});

const FORMS: Readonly<Record<EventFormat, (writer: EntryWriter) => Words>> = {
  ndjson,
  sse,
  text: lines,
  xml,
};

/** A thousand streams may be idle: each begins with little. */
const CHUNK_BYTES = 8192;

export function createEventForm(format: EventFormat, output: OutputOptions): EventForm {
  const isJson = format === 'ndjson' || format === 'sse';
  const writer = createEntryWriter({
    output: { ...output, format: isJson ? 'json' : format },
    chunkBytes: CHUNK_BYTES,
  });
  return { ...FORMS[format](writer), bytes: writer.bytes, take: writer.take };
}
