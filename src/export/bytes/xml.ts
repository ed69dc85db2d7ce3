/** Connections and events as `<flow>` elements in bytes: those of ../xml.ts. */
import { HELPER_NAMES, type HelperNumber } from '../../common/helpers.ts';
import { Kind, Status } from '../../shm/bits.ts';
import { Hot, Report } from '../../shm/offsets.generated.ts';
import type { EventType } from '../connection.ts';
import { stateName, timeNs } from '../entry-view.ts';
import { FAMILY_NUMBERS, protocolName } from '../names.ts';
import type { OutputOptions } from '../options.ts';
import { whenXml, xmlEscape, xmlStateName } from '../xml.ts';
import {
  Dir,
  familyOf,
  idOf,
  isCounted,
  KINDS,
  kindNumber,
  ofState,
  putAddresses,
  putCounters,
  putTransport,
  STATES,
  stateNumber,
  type TransportPieces,
  timeoutOf,
} from './entry.ts';
import { hasCounters, hasState, hasTimeout, isDestroy, reportEventType } from './event.ts';
import type { ExpectedCounts, LineForm } from './form.ts';
import { putWord } from './numbers.ts';
import { type Piece, piece, piecesBy, put, putText } from './pieces.ts';
import { useOf } from './text.ts';

const FLOW = piece('<flow>');
const FLOW_END = piece('</flow>');
const DST = piece('</src><dst>');
const LAYER4_END = piece('</layer4>');
const META_END = piece('</meta>');
const PACKETS = piece('<counters><packets>');
const BYTES = piece('</packets><bytes>');
const COUNTERS_END = piece('</bytes></counters>');
const INDEPENDENT = piece('<meta direction="independent">');
const TIMEOUT = piece('<timeout>');
const TIMEOUT_END = piece('</timeout>');
const MARK = piece('<mark>');
const MARK_END = piece('</mark>');
const ZONE = piece('<zone>');
const ZONE_END = piece('</zone>');
const USE = piece('<use>');
const USE_END = piece('</use>');
const ID = piece('<id>');
const ID_END = piece('</id>');
const ASSURED = piece('<assured/>');
const UNREPLIED = piece('<unreplied/>');
const NOTHING = piece('');

const TRANSPORT: TransportPieces = {
  ports: [piece('<sport>'), piece('</sport><dport>'), piece('</dport>')],
  icmp: null,
  keys: [piece('<srckey>0x'), piece('</srckey><dstkey>0x'), piece('</dstkey>')],
  keysInHex: true,
  none: NOTHING,
};

const layer3 = (name: string) => (kind: number) => {
  const family = familyOf(kind);
  return `<meta direction="${name}"><layer3 protonum="${FAMILY_NUMBERS[family]}" protoname="${family}"><src>`;
};
/** Up to the source address. */
const originalStart = piecesBy(KINDS, layer3('original'));
const replyStart = piecesBy(KINDS, layer3('reply'));
/** From the end of the addresses to the transport part. */
const layer4 = piecesBy(KINDS, (kind) => {
  const protocol = kind & Kind.PROTOCOL_MASK;
  return `</dst></layer3><layer4 protonum="${protocol}" protoname="${xmlEscape(protocolName(protocol))}">`;
});
const stateElement = piecesBy(STATES, (n) => {
  const name = ofState(n, (protocol, state) => xmlStateName(protocol, stateName(protocol, state) ?? ''));
  return name === null ? '' : `<state>${name}</state>`;
});
const helperElement = piecesBy(32, (n: HelperNumber) => `<helper>${HELPER_NAMES[n]}</helper>`);
const eventStart: Readonly<Record<EventType, Piece>> = {
  NEW: piece('<flow type="new">'),
  UPDATE: piece('<flow type="update">'),
  DESTROY: piece('<flow type="destroy">'),
};

function putMeta(
  view: DataView,
  p: number,
  words: Int32Array,
  at: number,
  dir: Dir,
  withCounters: boolean,
): number {
  const kind = kindNumber(words[at + Hot.KIND]);
  const start = put(view, p, dir === Dir.ORIGINAL ? originalStart(kind) : replyStart(kind));
  let q = put(view, putAddresses(view, start, words, at, dir, DST, false), layer4(kind));
  q = put(view, putTransport(view, q, words, at, dir, TRANSPORT), LAYER4_END);
  if (withCounters) q = put(view, putCounters(view, q, words, at, dir, PACKETS, BYTES), COUNTERS_END);
  return put(view, q, META_END);
}

function putElement(view: DataView, p: number, begin: Piece, word: number, end: Piece): number {
  return put(view, putWord(view, put(view, p, begin), word), end);
}

/** Id, flags and the end of the part that belongs to no direction. */
function putIndependentEnd(view: DataView, p: number, words: Int32Array, at: number): number {
  const status = words[at + Hot.STATUS];
  let q = putElement(view, p, ID, idOf(words, at), ID_END);
  if ((status & Status.ASSURED) !== 0) q = put(view, q, ASSURED);
  if ((status & Status.SEEN_REPLY) === 0) q = put(view, q, UNREPLIED);
  return put(view, q, META_END);
}

function putHelper(view: DataView, p: number, status: number): number {
  const helper = (status & Status.HELPER_MASK) >>> Status.HELPER_SHIFT;
  return helper === 0 ? p : put(view, p, helperElement(helper));
}

export function xmlForm(o: OutputOptions, expected: ExpectedCounts): LineForm {
  function entry(view: DataView, p: number, words: Int32Array, at: number, tickMs: number): number {
    const kind = words[at + Hot.KIND];
    const status = words[at + Hot.STATUS];
    const zone = kind >>> Kind.ZONE_SHIFT;
    let q = putMeta(view, put(view, p, FLOW), words, at, Dir.ORIGINAL, isCounted(status));
    q = put(view, putMeta(view, q, words, at, Dir.REPLY, isCounted(status)), INDEPENDENT);
    q = put(view, q, stateElement(stateNumber(kind, status)));
    q = putElement(view, q, TIMEOUT, timeoutOf(words, at, tickMs), TIMEOUT_END);
    q = putElement(view, q, MARK, words[at + Hot.MARK], MARK_END);
    if (zone !== 0) q = putElement(view, q, ZONE, zone, ZONE_END);
    q = putElement(view, q, USE, useOf(words, at, expected), USE_END);
    return put(view, putHelper(view, putIndependentEnd(view, q, words, at), status), FLOW_END);
  }

  function event(view: DataView, p: number, words: Int32Array, r: number): number {
    const at = r + Report.HOT;
    const kind = words[at + Hot.KIND];
    const status = words[at + Hot.STATUS];
    const zone = kind >>> Kind.ZONE_SHIFT;
    let q = put(view, p, eventStart[reportEventType(words, r) ?? 'UPDATE']);
    q = putMeta(view, q, words, at, Dir.ORIGINAL, hasCounters(words, r));
    q = put(view, putMeta(view, q, words, at, Dir.REPLY, hasCounters(words, r)), INDEPENDENT);
    if (hasState(words, r)) q = put(view, q, stateElement(stateNumber(kind, status)));
    if (hasTimeout(words, r)) {
      q = putElement(view, q, TIMEOUT, timeoutOf(words, at, words[r + Report.TICK]), TIMEOUT_END);
    }
    if (words[at + Hot.MARK] !== 0) q = putElement(view, q, MARK, words[at + Hot.MARK], MARK_END);
    if (zone !== 0) q = putElement(view, q, ZONE, zone, ZONE_END);
    q = putIndependentEnd(view, q, words, at);
    if (!isDestroy(words, r)) q = putHelper(view, q, status);
    if (o.timestamp) q = putText(view, q, whenXml(timeNs(words[r + Report.SEC], words[r + Report.NSEC])));
    return put(view, q, FLOW_END);
  }

  return { entry, event };
}
