/** The route of events: what happens to connections, as it happens. */
import type { FastifyInstance } from 'fastify';
import { OptionError } from '../../common/errors.ts';
import type { RawEvent } from '../../control/tracker-control.ts';
import type { EventType } from '../../export/connection.ts';
import { reportEventType } from '../../export/entry-writer.ts';
import type { ApiContext } from '../context.ts';
import { createEventForm, type EventFormat } from '../events/forms.ts';
import { eventPieces } from '../events/stream.ts';
import { matcherOf, withFilter } from '../filters.ts';
import { formatOf, outputOf } from '../format.ts';
import { type Since, sinceOf, sinceText } from '../positions.ts';
import { content, errors, type Format, integer, MEDIA, ref, text } from '../schemas/parts.ts';
import { sendPieces } from '../streams.ts';

const FORMATS: readonly Format[] = ['ndjson', 'sse', 'text', 'xml'];
const TYPES: readonly EventType[] = ['NEW', 'UPDATE', 'DESTROY'];
const HEARTBEAT_S = 15;
const HEARTBEAT_S_MAX = 300;

interface EventsQuery {
  readonly [key: string]: unknown;
  readonly format?: Format;
  readonly output?: string;
  readonly types?: string;
  readonly since?: string;
  readonly heartbeat?: number;
  readonly follow?: boolean;
  readonly limit?: number;
}

const querystring = withFilter({
  format: {
    type: 'string',
    enum: FORMATS,
    description: 'by default what the Accept header asks for, or ndjson',
  },
  output: text('with format=text: comma list of extended, id, timestamp'),
  types: text('comma list of NEW, UPDATE, DESTROY; by default all', { examples: ['NEW,DESTROY'] }),
  since: text('a position that was told before; by default now. As Last-Event-ID too', { maxLength: 2048 }),
  heartbeat: integer('seconds after which a silent stream says where it is', HEARTBEAT_S_MAX, 1),
  follow: { type: 'boolean', description: 'false: end with the last event that has happened' },
  limit: integer('end after so many events', Number.MAX_SAFE_INTEGER, 1),
});

function typesOf(value: string | undefined): ReadonlySet<EventType> {
  const words = value === undefined ? TYPES : value.split(',').map((word) => word.trim().toUpperCase());
  return new Set(
    words.map((word) => {
      const type = TYPES.find((one) => one === word);
      if (type === undefined) throw new OptionError('types', word, `a comma list of ${TYPES.join(', ')}`);
      return type;
    }),
  );
}

export function registerEventRoutes(app: FastifyInstance, context: ApiContext): void {
  const { control, instance, pulse } = context;

  /** From where on: `since`, or what a browser sends when it connects again, or now. */
  function startOf(query: EventsQuery, lastEventId: string | string[] | undefined): Since {
    const given = query.since ?? (typeof lastEventId === 'string' ? lastEventId : undefined);
    const now = control.eventPosition();
    return given === undefined || given === ''
      ? { position: now, isRestart: false }
      : sinceOf(instance, given, now);
  }

  app.get<{ Querystring: EventsQuery }>('/v1/events', {
    schema: {
      tags: ['events'],
      operationId: 'events',
      summary: 'Events of connections, as they happen',
      description:
        'Events have numbers, of each owner its own. A client that is too slow gets a gap record with the exact numbers of what it missed.',
      querystring,
      response: {
        200: content('Events, and records about the stream', {
          [MEDIA.ndjson]: { anyOf: [ref('Event'), ref('Gap'), ref('Position'), ref('Restart')] },
          [MEDIA.sse]: text(
            'the same records as data of server-sent events named event, gap, position, restart',
          ),
          [MEDIA.text]: text('lines as `conntrack -E` prints them'),
          [MEDIA.xml]: text('a document as `conntrack -E -o xml` prints it'),
        }),
        ...errors(406),
      },
    },
    handler(request, reply) {
      const { query, headers } = request;
      const format = formatOf(query.format, headers.accept, FORMATS);
      const types = typesOf(query.types);
      const matchesFilter = matcherOf(query);
      const matches = (event: RawEvent): boolean => {
        const type = reportEventType(event.words, 0);
        return type !== null && types.has(type) && (matchesFilter === null || matchesFilter(event));
      };
      const { position, isRestart } = startOf(query, headers['last-event-id']);
      let isGone = false;
      let wake = (): void => {};
      reply.raw.once('close', () => {
        isGone = true;
        wake();
      });
      const pieces = eventPieces({
        reader: control.events(position),
        pulse,
        form: createEventForm(format as EventFormat, outputOf(query.output)),
        matches,
        since: (at) => sinceText(instance, at),
        isRestart,
        heartbeatMs: (query.heartbeat ?? HEARTBEAT_S) * 1000,
        follow: query.follow ?? true,
        limit: query.limit ?? Number.POSITIVE_INFINITY,
        onWake(end) {
          wake = end;
        },
        isGone: () => isGone,
      });
      return sendPieces(context, reply, format, pieces);
    },
  });
}
