/** Events and ends as text, to compare whole runs. */
import { eventOf, type OrderedReport } from '../../src/workers/report-order.ts';
import { eventNames } from './lab.ts';

/** Reports as one line each: time, packet, event or end. */
export function eventLines(reports: readonly OrderedReport[], startS: number): string[] {
  return reports.flatMap((report) => {
    const event = eventOf(report);
    if (event === null) return [];
    const ms = (report.sec - startS) * 1000 + report.nsec / 1e6;
    const why =
      event.connection.end === null ? eventNames(report.events).join('+') : event.connection.end.reason;
    const state = event.connection.state === null ? '' : ` ${event.connection.state}`;
    return [`${ms} #${report.number} ${event.type} ${why}${state}`];
  });
}
