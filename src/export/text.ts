/** Connections and events as lines of the conntrack command: `conntrack -L` and `conntrack -E`. */
import type { Connection, ConnectionEvent, EventType } from './connection.ts';
import {
  assuredField,
  counterFields,
  familyFields,
  protocolFields,
  secondsText,
  tupleFields,
  unrepliedField,
} from './fields.ts';
import type { OutputOptions } from './options.ts';

export { type OutputOptions, parseOutput } from './options.ts';

/** Nine characters wide. */
export const EVENT_PREFIXES: Record<EventType, string> = {
  NEW: '    [NEW] ',
  UPDATE: ' [UPDATE] ',
  DESTROY: '[DESTROY] ',
};

/**
 * A line of `conntrack -L`, without line feed.
 *
 * Shapes:  `o.timestamp` has no effect, as with the command
 * Errors:  none
 */
export function connectionLine(c: Connection, o: OutputOptions): string {
  const head = `${lineStart(c, o)}${c.timeoutS} ${stateField(c)}`;
  return `${head}${directions(c, true)}mark=${c.mark} ${zoneField(c)}${helperField(c)}use=${1 + c.expected}${idField(c, o)}${halvesField(c, o)}`;
}

/**
 * A line of `conntrack -E`, without line feed.
 *
 * Units:   the timestamp has microseconds, cut
 * Errors:  none
 */
export function eventLine(e: ConnectionEvent, o: OutputOptions): string {
  const c = e.connection;
  // At least eight digits of seconds, the point and six digits.
  const time = o.timestamp ? `[${secondsText(e.atNs, 6).padStart(15, '0')}]\t` : '';
  const timeout = eventHasTimeout(e) ? `${c.timeoutS} ` : '';
  const state = e.withState ? stateField(c) : '';
  const head = `${time}${EVENT_PREFIXES[e.type]}${lineStart(c, o)}${timeout}${state}`;
  const mark = c.mark !== 0 ? `mark=${c.mark} ` : '';
  const helper = e.type === 'DESTROY' ? '' : helperField(c);
  const line = `${head}${directions(c, eventHasCounters(e))}${mark}${zoneField(c)}${helper}`;
  return `${line.slice(0, -1)}${idField(c, o)}${halvesField(c, o)}`;
}

/** The kernel sends no timeout with a DESTROY when none is left. */
export function eventHasTimeout(e: ConnectionEvent): boolean {
  return e.type !== 'DESTROY' || e.connection.timeoutS !== 0;
}

/** The kernel sends counters with a DESTROY only. */
export function eventHasCounters(e: ConnectionEvent): boolean {
  return e.type === 'DESTROY';
}

/**
 * The line of a flow record up to and without its times: as `connectionLine`, but without the use count, and
 * without the timeout of what has ended.
 */
export function flowHead(c: Connection, o: OutputOptions): string {
  const timeout = c.end === null ? `${c.timeoutS} ` : '';
  const head = `${lineStart(c, o)}${timeout}${stateField(c)}`;
  const line = `${head}${directions(c, true)}mark=${c.mark} ${zoneField(c)}${helperField(c)}`;
  return `${line.slice(0, -1)}${idField(c, o)}`;
}

function lineStart(c: Connection, o: OutputOptions): string {
  return o.extended ? familyFields(c) + protocolFields(c) : protocolFields(c);
}

function stateField(c: Connection): string {
  return c.state !== null ? `${c.state} ` : '';
}

function directions(c: Connection, withCounters: boolean): string {
  const { original, reply } = c;
  const there =
    tupleFields(original, original.src, original.dst) + (withCounters ? counterFields(original) : '');
  const back = tupleFields(reply, reply.src, reply.dst) + (withCounters ? counterFields(reply) : '');
  return there + unrepliedField(c) + back + assuredField(c);
}

function zoneField(c: Connection): string {
  return c.zone !== 0 ? `zone=${c.zone} ` : '';
}

function helperField(c: Connection): string {
  return c.helper !== null ? `helper=${c.helper} ` : '';
}

function idField(c: Connection, o: OutputOptions): string {
  return o.id ? ` id=${c.id}` : '';
}

/** At the end of a line, where programs that read lines of conntrack do not look. */
function halvesField(c: Connection, o: OutputOptions): string {
  return o.halves === true ? ` halves=${c.halves}` : '';
}
