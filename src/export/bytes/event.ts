/** What all forms read of the words of an event (Report) in the same way. */
import { EventBit, ReportType, Status } from '../../shm/bits.ts';
import { Hot, Report } from '../../shm/offsets.generated.ts';
import type { EventType } from '../connection.ts';
import { timeoutOf } from './entry.ts';

/** The type of the event that a report stands for; null when it stands for none. */
export function reportEventType(words: Int32Array, at: number): EventType | null {
  if (words[at + Report.HOT + Hot.KIND] === 0) return null;
  if (words[at + Report.TYPE] === ReportType.END) return 'DESTROY';
  if (words[at + Report.TYPE] !== ReportType.PACKET) return null;
  const events = words[at + Report.EVENTS];
  if (events === 0) return null;
  return (events & (EventBit.NEW | EventBit.RELATED)) !== 0 ? 'NEW' : 'UPDATE';
}

export const isDestroy = (words: Int32Array, at: number): boolean =>
  words[at + Report.TYPE] === ReportType.END;

/** Whether the event carries the protocol state. */
export const hasState = (words: Int32Array, at: number): boolean =>
  isDestroy(words, at) || (words[at + Report.EVENTS] & EventBit.PROTOINFO) !== 0;

/** A DESTROY carries a timeout only when some is left. */
export const hasTimeout = (words: Int32Array, at: number): boolean =>
  !isDestroy(words, at) || timeoutOf(words, at + Report.HOT, words[at + Report.TICK]) !== 0;

/** Only a DESTROY carries counters. */
export const hasCounters = (words: Int32Array, at: number): boolean =>
  isDestroy(words, at) && (words[at + Report.HOT + Hot.STATUS] & Status.COUNTED) !== 0;
