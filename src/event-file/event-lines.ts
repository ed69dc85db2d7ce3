/** Events and gaps as lines of NDJSON, those of each owner in the order of their numbers. */
import type { EventGap, EventPosition, EventReader } from '../control/tracker-control.ts';
import { createEntryWriter } from '../export/entry-writer.ts';
import { parseOutput } from '../export/text.ts';

export interface Account {
  /** Events that became lines. */
  readonly written: number;
  /** Events that were told as a gap. */
  readonly missed: number;
}

export interface EventLines {
  /** The first line of a run: numbers begin anew. */
  begin(owners: number): void;
  /** Takes at most about `max` events; returns how many were there and how many were missed. */
  take(max: number): Account;
  /** The last line of a run: the numbers that would have been next. */
  end(next: EventPosition, account: Account): void;
  /** What has become lines since the last call. Empty for nothing. */
  bytes(): Uint8Array;
  /** Takes bytes back that nobody reads any more. */
  giveBack(bytes: Uint8Array): void;
}

export const gapLine = ({ owner, from, to }: EventGap): string =>
  `{"record":"gap","owner":${owner},"from":${from},"to":${to},"missed":${to - from + 1}}\n`;

/** Thread: main. Cost: about a microsecond for an event */
export function createEventLines(reader: EventReader): EventLines {
  const writer = createEntryWriter({ output: parseOutput('json') });

  function putGaps(gaps: readonly EventGap[]): number {
    let missed = 0;
    for (const gap of gaps) {
      writer.text(gapLine(gap));
      missed += gap.to - gap.from + 1;
    }
    return missed;
  }

  return {
    begin(owners) {
      writer.text(
        `${JSON.stringify({ record: 'begin', version: FLOWSHARD_VERSION, pid: process.pid, owners })}\n`,
      );
    },
    take(max) {
      const { events, gaps } = reader.take(max);
      let left: readonly EventGap[] = gaps;
      let written = 0;
      let missed = 0;
      for (const event of events) {
        if (left.length > 0) {
          const isBefore = (gap: EventGap): boolean => gap.owner === event.owner && gap.to < event.seq;
          missed += putGaps(left.filter(isBefore));
          left = left.filter((gap) => !isBefore(gap));
        }
        if (writer.writeEvent(event.words, 0, event)) written++;
      }
      return { written, missed: missed + putGaps(left) };
    },
    end(next, account) {
      writer.text(`${JSON.stringify({ record: 'end', next, ...account })}\n`);
    },
    bytes: writer.take,
    giveBack: writer.giveBack,
  };
}
