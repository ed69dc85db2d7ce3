/** Events, and what is said about them, in the forms of a stream. */
import type { EventGap, RawEvent } from '../../control/tracker-control.ts';
import { eventJson } from '../../export/json.ts';
import { eventLine, type OutputOptions } from '../../export/text.ts';
import { eventXml, xmlBegin } from '../../export/xml.ts';
import { connectionEvent } from './raw-event.ts';

export type EventFormat = 'ndjson' | 'sse' | 'text' | 'xml';

/** What a stream says beside events. `since` is where it goes on. */
export interface EventForm {
  /** Before everything else. */
  readonly begin: string;
  event(event: RawEvent): string;
  gap(gap: EventGap): string;
  /** `since` is of another run. */
  restart(since: string): string;
  /** How far it has come: at the start, after each burst of events, and when there was nothing else to say. */
  position(since: string, when: 'start' | 'burst' | 'idle'): string;
}

const HEAD = '{"record":"event",';

/** `{"record":"event","owner":...,"seq":...,...}` */
function numberedJson(event: RawEvent): string {
  const json = eventJson(connectionEvent(event));
  return `${HEAD}"owner":${event.owner},"seq":${event.seq},${json.slice(HEAD.length)}`;
}

const gapJson = ({ owner, from, to }: EventGap): string =>
  JSON.stringify({ record: 'gap', owner, from, to, missed: to - from + 1 });

const sinceJson = (record: 'position' | 'restart', since: string): string =>
  JSON.stringify({ record, since });

const NDJSON: EventForm = {
  begin: '',
  event: (event) => `${numberedJson(event)}\n`,
  gap: (gap) => `${gapJson(gap)}\n`,
  restart: (since) => `${sinceJson('restart', since)}\n`,
  // Events have their numbers; between them nothing needs to be said.
  position: (since, when) => (when === 'burst' ? '' : `${sinceJson('position', since)}\n`),
};

/**
 * The id, which a browser sends when it connects again, comes at the end of a burst: events of several owners are put in
 * the order of time, so that no single one of them is a place to go on from.
 */
const SSE: EventForm = {
  begin: 'retry: 1000\n\n',
  event: (event) => `event: event\ndata: ${numberedJson(event)}\n\n`,
  gap: (gap) => `event: gap\ndata: ${gapJson(gap)}\n\n`,
  restart: (since) => `event: restart\ndata: ${sinceJson('restart', since)}\n\n`,
  position: (since, when) =>
    when === 'start'
      ? `id: ${since}\nevent: position\ndata: ${sinceJson('position', since)}\n\n`
      : `id: ${since}\n\n`,
};

/** As `conntrack -E` prints them; a gap is a comment. */
function textForm(output: OutputOptions): EventForm {
  return {
    begin: '',
    event: (event) => `${eventLine(connectionEvent(event), output)}\n`,
    gap: ({ owner, from, to }) => `# gap owner=${owner} from=${from} to=${to} missed=${to - from + 1}\n`,
    restart: (since) => `# restart since=${since}\n`,
    position: () => '',
  };
}

/** As `conntrack -E -o xml` prints them: the document has no end. */
function xmlForm(output: OutputOptions): EventForm {
  return {
    begin: xmlBegin(),
    event: (event) => `${eventXml(connectionEvent(event), output)}\n`,
    gap: ({ owner, from, to }) =>
      `<!-- gap owner=${owner} from=${from} to=${to} missed=${to - from + 1} -->\n`,
    restart: (since) => `<!-- restart since=${since} -->\n`,
    position: () => '',
  };
}

export function createEventForm(format: EventFormat, output: OutputOptions): EventForm {
  if (format === 'ndjson') return NDJSON;
  if (format === 'sse') return SSE;
  return format === 'text' ? textForm(output) : xmlForm(output);
}
