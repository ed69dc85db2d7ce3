/**
 * Flow records: one for a connection, both directions together, written when it has ended or, for
 * what still lives, when asked for.
 */
import type { Connection } from './connection.ts';
import { secondsText } from './fields.ts';
import { contentJson, identityJson } from './json.ts';
import { endReasonWord } from './names.ts';
import type { OutputOptions } from './options.ts';
import { flowHead } from './text.ts';
import { flowMetas } from './xml.ts';

/**
 * From the first packet to the last one: the wait for the timeout is not part of it.
 *
 * Units:   nanoseconds, never negative (the clock of a capture may step back)
 */
export function flowDurationNs(c: Connection): bigint {
  return c.lastNs > c.startNs ? c.lastNs - c.startNs : 0n;
}

/**
 * One line of text: fields as of `conntrack -L`, then `start= last= end= duration= reason= halves=`.
 *
 * Shapes:  without line feed; no `end=` and `reason=` while the connection lives
 * Units:   seconds with nine digits of fraction; start, last and end since 1970
 */
export function flowLine(c: Connection, o: OutputOptions): string {
  const times = `start=${secondsText(c.startNs, 9)} last=${secondsText(c.lastNs, 9)}`;
  const duration = `duration=${durationText(c)}`;
  const halves = `halves=${c.halves}`;
  if (c.end === null) return `${flowHead(c, o)} ${times} ${duration} ${halves}`;
  const reason = endReasonWord(c.end.reason);
  return `${flowHead(c, o)} ${times} end=${secondsText(c.end.atNs, 9)} ${duration} reason=${reason} ${halves}`;
}

/** `{"record":"flow",...}`, without line feed. */
export function flowJson(c: Connection): string {
  const end = c.end === null ? '"endNs":null' : `"endNs":${c.end.atNs}`;
  const times = `"startNs":${c.startNs},"lastNs":${c.lastNs},${end},"durationS":${durationText(c)}`;
  const reason = JSON.stringify(c.end === null ? null : c.end.reason);
  return `{"record":"flow",${identityJson(c)},${contentJson(c)},${times},"endReason":${reason}}`;
}

/**
 * A `<flow>` element, without line feed: as of a table, with `<timestamp>` (nanoseconds since 1970) when it
 * has ended `<end reason="..."/>`, and `<halves>`.
 */
export function flowXml(c: Connection): string {
  const stop = c.end === null ? '' : `<stop>${c.end.atNs}</stop>`;
  const times = `<timestamp><start>${c.startNs}</start><last>${c.lastNs}</last>${stop}</timestamp>`;
  const end = c.end === null ? '' : `<end reason="${endReasonWord(c.end.reason)}"/>`;
  return `<flow>${flowMetas(c, times)}${end}<halves>${c.halves}</halves></flow>`;
}

function durationText(c: Connection): string {
  return secondsText(flowDurationNs(c), 9);
}
