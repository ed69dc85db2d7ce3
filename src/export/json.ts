/**
 * Connections and events as JSON, one object to a line. The keys are those of the interfaces in
 * connection.ts. Times are numbers with all digits of the nanoseconds, more than a double can hold;
 * JSON.stringify cannot write them, so the lines are put together here.
 */
import type { Connection, ConnectionEvent, Direction } from './connection.ts';
import { statusNames } from './names.ts';

/** Keys that every connection has, in the order they are written, without braces. */
export function identityJson(c: Connection): string {
  const protocol = `"protocol":${c.protocol},"protocolName":${JSON.stringify(c.protocolName)}`;
  return `"id":${c.id},"family":"${c.family}",${protocol}`;
}

/** Both directions, state, status, helper, master, halves, zone and mark, without braces. */
export function contentJson(c: Connection): string {
  const directions = `"original":${directionJson(c.original)},"reply":${directionJson(c.reply)}`;
  const status = `"status":${c.status},"statusNames":${JSON.stringify(statusNames(c.status))}`;
  const gre = c.greTimeouts === undefined ? '' : `,"greTimeouts":${JSON.stringify(c.greTimeouts)}`;
  const state = `"state":${JSON.stringify(c.state)}${gre}`;
  const related = `"helper":${JSON.stringify(c.helper)},"master":${c.master},"halves":"${c.halves}"`;
  return `${directions},${state},${status},${related},"zone":${c.zone},"mark":${c.mark}`;
}

/** `{"record":"connection",...}`, without line feed. */
export function connectionJson(c: Connection): string {
  return `{"record":"connection",${members(c)}}`;
}

/** `{"record":"event",...,"connection":{...}}`, without line feed. */
export function eventJson(e: ConnectionEvent): string {
  const head = `"record":"event","type":"${e.type}","atNs":${e.atNs},"withState":${e.withState}`;
  return `{${head},"connection":{${members(e.connection)}}}`;
}

function members(c: Connection): string {
  const times = `"timeoutS":${c.timeoutS},"startNs":${c.startNs},"lastNs":${c.lastNs}`;
  const end = c.end === null ? 'null' : `{"atNs":${c.end.atNs},"reason":${JSON.stringify(c.end.reason)}}`;
  return `${identityJson(c)},${contentJson(c)},${times},"end":${end}`;
}

function directionJson(d: Direction): string {
  const counters = d.packets !== undefined ? `,"packets":${d.packets},"bytes":${d.bytes ?? 0}` : '';
  return `{"src":${JSON.stringify(d.src)},"dst":${JSON.stringify(d.dst)}${transportJson(d)}${counters}}`;
}

function transportJson(d: Direction): string {
  if (d.sport !== undefined) return `,"sport":${d.sport},"dport":${d.dport}`;
  if (d.type !== undefined) return `,"type":${d.type},"code":${d.code},"id":${d.id}`;
  if (d.srckey !== undefined) return `,"srckey":${d.srckey},"dstkey":${d.dstkey}`;
  return '';
}
