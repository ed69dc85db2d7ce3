/** `-E`: events until Ctrl-C, as conntrack prints them. */
import { ClientError } from '../../client/errors.ts';
import { ExitStatus } from '../../common/errors.ts';
import type { EventType } from '../../export/connection.ts';
import { createEventPrinter, type EventPrinter, eventTypes } from '../control/event-printer.ts';
import { followEvents, gapWords, interruptSignal } from '../control/events.ts';
import type { StandardOutput } from '../output.ts';
import { ConntrackError } from './errors.ts';
import type { Given } from './parse.ts';
import { filterOf } from './request.ts';
import type { Session } from './run.ts';
import { type SaveCommand, saveLine } from './save.ts';
import { eventTypesOf, type OutputForm, outputOf } from './values.ts';

const SAVE_COMMANDS: Readonly<Record<EventType, SaveCommand>> = { NEW: 'A', UPDATE: 'U', DESTROY: 'D' };

function printerOf(form: OutputForm, out: StandardOutput): EventPrinter {
  const { format, extended, timestamp, id } = form;
  if (format !== 'save') return createEventPrinter({ format, extended, timestamp, id }, out);
  return {
    isJson: false,
    event: ({ record }) =>
      out.line(saveLine({ record: 'connection', ...record.connection }, SAVE_COMMANDS[record.type])),
    finish: () => {},
  };
}

/** Errors: ClientError when the tracker cannot be reached, or ends */
export async function showEvents(given: Given, { client, maxTimeS, out, say }: Session): Promise<ExitStatus> {
  const { values } = given;
  const printer = printerOf(outputOf(values.get('output')), out);
  const mask = values.get('event-mask');
  const types = mask === undefined ? undefined : eventTypes(eventTypesOf(mask));
  const query = { ...filterOf(given, true), types };
  const signal = interruptSignal();
  const options = { query, since: null, isOnce: false, retryS: 0, signal };
  let count = 0;
  try {
    for await (const batch of followEvents(client, maxTimeS, options)) {
      for (const happening of batch) {
        if (happening.kind === 'gap') say(gapWords(happening.record));
        if (happening.kind !== 'event') continue;
        printer.event(happening);
        count++;
      }
      await out.drained();
      if (out.isClosed()) break;
    }
  } catch (error) {
    if (!(error instanceof ClientError) || error.status !== 0 || count === 0) throw error;
    throw new ConntrackError(error.message, ExitStatus.FAILED);
  } finally {
    printer.finish();
    await out.flushed();
    say(`${count} flow events have been shown.`);
  }
  return ExitStatus.OK;
}
