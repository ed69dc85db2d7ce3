/** From the words of an event in the log to a connection event. */
import type { RawEvent } from '../../control/tracker-control.ts';
import type { ConnectionEvent, EventType } from '../../export/connection.ts';
import { connectionOf, END_REASONS, timeNs } from '../../export/entry-view.ts';
import { type EndCode, EventBit, ReportType } from '../../shm/bits.ts';
import { Hot, Report } from '../../shm/offsets.generated.ts';

export function eventType({ words }: RawEvent): EventType {
  if (words[Report.TYPE] === ReportType.END) return 'DESTROY';
  return (words[Report.EVENTS] & (EventBit.NEW | EventBit.RELATED)) !== 0 ? 'NEW' : 'UPDATE';
}

export function connectionEvent(event: RawEvent): ConnectionEvent {
  const { words } = event;
  const type = eventType(event);
  const atNs = timeNs(words[Report.SEC], words[Report.NSEC]);
  const code: EndCode = words[Report.END];
  const end = type === 'DESTROY' ? { atNs, reason: END_REASONS[code] } : null;
  const entry = { hot: words, h: Report.HOT, cold: words, c: Report.HOT + Hot.WORDS };
  const withState = type === 'DESTROY' || (words[Report.EVENTS] & EventBit.PROTOINFO) !== 0;
  return { type, atNs, withState, connection: connectionOf(entry, words[Report.TICK], end) };
}
