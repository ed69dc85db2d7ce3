/**
 * One client's stream of events. It has a reader of its own over the logs of the owners, which moves on only as fast as
 * the client takes what it says: a slow client costs nothing and is told by number what it missed.
 */
import type { EventGap, EventReader, RawEvent } from '../../control/tracker-control.ts';
import type { Pieces } from '../streams.ts';
import type { EventForm } from './forms.ts';
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
  readonly text: string;
  readonly events: number;
  /** Nothing was there, not even what the filter holds back. */
  readonly isEmpty: boolean;
  /** There was no room for the last ones: the position lies behind what was said. */
  readonly isCut: boolean;
}

function takeTurn({ reader, form, matches }: EventStreamOptions, room: number): Taken {
  const { events, gaps } = reader.take(EVENTS_PER_TURN);
  let text = gaps.map((gap: EventGap) => form.gap(gap)).join('');
  let count = 0;
  for (const [i, event] of events.entries()) {
    if (matches(event)) {
      text += form.event(event);
      count++;
    }
    if (count === room) return { text, events: count, isEmpty: false, isCut: i + 1 < events.length };
  }
  return { text, events: count, isEmpty: events.length === 0 && gaps.length === 0, isCut: false };
}

export async function* eventPieces(options: EventStreamOptions): Pieces {
  const { reader, pulse, form, since, heartbeatMs, follow, limit } = options;
  const position = (when: 'start' | 'burst' | 'idle'): string =>
    form.position(since(reader.position()), when);
  yield form.begin + (options.isRestart ? form.restart(since(reader.position())) : '') + position('start');
  let left = limit;
  while (left > 0 && !options.isGone()) {
    const { text, events, isEmpty, isCut } = takeTurn(options, left);
    left -= events;
    if (text !== '') yield isCut ? text : text + position('burst');
    if (isCut) return;
    if (!isEmpty) {
      await otherTurns();
      continue;
    }
    if (!follow) break;
    const isNews = await pulse.wait(reader.position(), heartbeatMs, options.onWake);
    if (!isNews && !options.isGone()) {
      const idle = position('idle');
      if (idle !== '') yield idle;
    }
  }
  if (!follow) yield position('idle');
}
