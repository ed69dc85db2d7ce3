/**
 * One client's stream of events. It has a reader of its own over the logs of the owners, which moves on only as fast as
 * the client takes what it says: a slow client costs nothing and is told by number what it missed.
 */
import { monotonicMs } from '../../common/clock.ts';
import type { EventReader, RawEvent } from '../../control/tracker-control.ts';
import type { Pieces } from '../streams.ts';
import type { EventForm, Moment } from './forms.ts';
import type { Pulse } from './pulse.ts';

export interface EventStreamOptions {
  readonly reader: EventReader;
  readonly pulse: Pulse;
  readonly form: EventForm;
  readonly matches: (event: RawEvent) => boolean;
  /** The position as text. */
  readonly since: (position: readonly number[]) => string;
  /** The client came with a position of another run. */
  readonly isRestart: boolean;
  readonly heartbeatMs: number;
  /** Ends when there is no more to be read now. */
  readonly follow: boolean;
  /** Ends after so many events. */
  readonly limit: number;
  /** Called with what ends a wait at once: the client has gone. */
  readonly onWake: (wake: () => void) => void;
  readonly isGone: () => boolean;
}

/** Events of one look at the logs: between two looks others get their turn. */
const EVENTS_PER_TURN = 512;

const otherTurns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Taken {
  readonly events: number;
  /** Nothing was there, not even what the filter holds back. */
  readonly isEmpty: boolean;
  /** There was no room for the last ones: the position lies behind what was said. */
  readonly isCut: boolean;
}

function takeTurn({ reader, form, matches }: EventStreamOptions, room: number): Taken {
  const { events, gaps } = reader.take(EVENTS_PER_TURN);
  for (const gap of gaps) form.gap(gap);
  let count = 0;
  for (const [i, event] of events.entries()) {
    if (matches(event)) {
      form.event(event);
      count++;
    }
    if (count === room) return { events: count, isEmpty: false, isCut: i + 1 < events.length };
  }
  return { events: count, isEmpty: events.length === 0 && gaps.length === 0, isCut: false };
}

export async function* eventPieces(options: EventStreamOptions): Pieces {
  const { reader, pulse, form, since, heartbeatMs, follow, limit } = options;
  const tellPosition = (when: Moment): void => form.position(since(reader.position()), when);
  form.begin();
  if (options.isRestart) form.restart(since(reader.position()));
  tellPosition('start');
  yield form.take();
  let left = limit;
  let toldMs = monotonicMs();
  while (left > 0 && !options.isGone()) {
    const { events, isEmpty, isCut } = takeTurn(options, left);
    left -= events;
    if (form.bytes() > 0) {
      if (!isCut) tellPosition('burst');
      yield form.take();
      toldMs = monotonicMs();
    } else if (monotonicMs() - toldMs >= heartbeatMs) {
      // Also where there are events, but none that the filter lets through.
      tellPosition('idle');
      if (form.bytes() > 0) yield form.take();
      toldMs = monotonicMs();
    }
    if (isCut) return;
    if (!isEmpty) await otherTurns();
    else if (!follow) break;
    else await pulse.wait(reader.position(), toldMs + heartbeatMs - monotonicMs(), options.onWake);
  }
  if (follow) return;
  tellPosition('idle');
  if (form.bytes() > 0) yield form.take();
}
