/**
 * Connections and events as XML, in the form of `conntrack -o xml`: a document with one `<flow>` element to a
 * line. Where that form is odd, so is this one: ICMP types and ids are not in it, and an SCTP state has
 * the name of the TCP state of the same number.
 */
import {
  type Connection,
  type ConnectionEvent,
  type Direction,
  StatusBit,
  type Tuple,
} from './connection.ts';
import { keyText } from './fields.ts';
import { FAMILY_NUMBERS, SCTP_STATE_NAMES, TCP_STATE_NAMES } from './names.ts';
import type { OutputOptions } from './options.ts';
import { eventHasCounters, eventHasTimeout } from './text.ts';

const SCTP = 132;

/** Which of the optional parts of an element are written. */
interface FlowParts {
  readonly counters: boolean;
  readonly state: boolean;
  readonly timeout: boolean;
  readonly mark: boolean;
  readonly use: boolean;
  readonly helper: boolean;
  /** Elements at the end of the part that belongs to no direction. */
  readonly times: string;
}

const DUMP: FlowParts = {
  counters: true,
  state: true,
  timeout: true,
  mark: true,
  use: true,
  helper: true,
  times: '',
};

/** Before the first element, with line feeds. The conntrack command prints it only if an element follows. */
export function xmlBegin(): string {
  return '<?xml version="1.0" encoding="utf-8"?>\n<conntrack>\n';
}

/** After the last element, with line feed. */
export function xmlEnd(): string {
  return '</conntrack>\n';
}

/** The `<flow>` of a line of `conntrack -L -o xml`, without line feed. */
export function connectionXml(c: Connection): string {
  return `<flow>${metas(c, DUMP)}</flow>`;
}

/** The `<flow type="...">` of a line of `conntrack -E -o xml`, without line feed. */
export function eventXml(e: ConnectionEvent, o: OutputOptions): string {
  const parts: FlowParts = {
    counters: eventHasCounters(e),
    state: e.withState,
    timeout: eventHasTimeout(e),
    mark: e.connection.mark !== 0,
    use: false,
    helper: e.type !== 'DESTROY',
    times: '',
  };
  const when = o.timestamp ? whenXml(e.atNs) : '';
  return `<flow type="${e.type.toLowerCase()}">${metas(e.connection, parts)}${when}</flow>`;
}

/** The `<flow>` of a flow record up to and without what says how it ended. */
export function flowMetas(c: Connection, times: string): string {
  return metas(c, { ...DUMP, timeout: c.end === null, use: false, times });
}

/** Text as the content of an element or the value of an attribute. */
export function xmlEscape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function metas(c: Connection, parts: FlowParts): string {
  const state =
    parts.state && c.state !== null ? element('state', xmlEscape(xmlStateName(c.protocol, c.state))) : '';
  const timeout = parts.timeout ? element('timeout', c.timeoutS) : '';
  const mark = parts.mark ? element('mark', c.mark) : '';
  const zone = c.zone !== 0 ? element('zone', c.zone) : '';
  const use = parts.use ? element('use', 1 + c.expected) : '';
  const assured = (c.status & StatusBit.ASSURED) !== 0 ? '<assured/>' : '';
  const unreplied = (c.status & StatusBit.SEEN_REPLY) === 0 ? '<unreplied/>' : '';
  const both = `${state}${timeout}${mark}${zone}${use}${element('id', c.id)}${assured}${unreplied}${parts.times}`;
  const original = directionMeta(c, 'original', parts.counters);
  const helper = parts.helper && c.helper !== null ? element('helper', c.helper) : '';
  const reply = directionMeta(c, 'reply', parts.counters);
  return `${original}${reply}<meta direction="independent">${both}</meta>${helper}`;
}

/** The command looks an SCTP state up among the TCP names; what reads its XML expects those. */
export function xmlStateName(protocol: number, state: string): string {
  return protocol === SCTP ? (TCP_STATE_NAMES[SCTP_STATE_NAMES.indexOf(state)] ?? state) : state;
}

function directionMeta(c: Connection, name: 'original' | 'reply', withCounters: boolean): string {
  const direction = c[name];
  const layer3 = `<layer3 protonum="${FAMILY_NUMBERS[c.family]}" protoname="${c.family}">${addresses(direction)}</layer3>`;
  const layer4 = `<layer4 protonum="${c.protocol}" protoname="${xmlEscape(c.protocolName)}">${transport(direction)}</layer4>`;
  return `<meta direction="${name}">${layer3}${layer4}${withCounters ? counters(direction) : ''}</meta>`;
}

function addresses(tuple: Tuple): string {
  return element('src', xmlEscape(tuple.src)) + element('dst', xmlEscape(tuple.dst));
}

function transport(tuple: Tuple): string {
  if (tuple.sport !== undefined) return element('sport', tuple.sport) + element('dport', tuple.dport ?? 0);
  if (tuple.srckey === undefined) return '';
  return element('srckey', keyText(tuple.srckey)) + element('dstkey', keyText(tuple.dstkey));
}

function counters(direction: Direction): string {
  if (direction.packets === undefined) return '';
  return `<counters>${element('packets', direction.packets)}${element('bytes', direction.bytes ?? 0)}</counters>`;
}

/** `<when>`: local time, as the command prints it; days of the week count from Sunday, 1. */
export function whenXml(atNs: bigint): string {
  const at = new Date(Number(atNs / 1_000_000n));
  const clock = `${element('hour', at.getHours())}${element('min', twoDigits(at.getMinutes()))}${element('sec', twoDigits(at.getSeconds()))}`;
  const day = `${element('wday', at.getDay() + 1)}${element('day', at.getDate())}${element('month', at.getMonth() + 1)}`;
  return `<when>${clock}${day}${element('year', at.getFullYear())}</when>`;
}

function twoDigits(value: number): string {
  return value.toString().padStart(2, '0');
}

function element(name: string, content: string | number | bigint): string {
  return `<${name}>${content}</${name}>`;
}
