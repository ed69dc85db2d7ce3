/** Lines of `conntrack -L` and `conntrack -E` as bytes: those of ../text.ts. */
import { HELPER_NAMES, type HelperNumber } from '../../common/helpers.ts';
import { Kind, Status } from '../../shm/bits.ts';
import { Hot, Report } from '../../shm/offsets.generated.ts';
import type { EventType } from '../connection.ts';
import { halvesOf, stateName } from '../entry-view.ts';
import { familyFields, protocolFields } from '../fields.ts';
import { protocolName } from '../names.ts';
import type { OutputOptions } from '../options.ts';
import { EVENT_PREFIXES } from '../text.ts';
import {
  Dir,
  familyOf,
  idOf,
  isCounted,
  isUsual,
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
import { putPadded6, putSmall, putWord } from './numbers.ts';
import { type Piece, piece, piecesBy, put } from './pieces.ts';
import { putUsualDirection } from './text-usual.ts';

/** Every field but the first comes with the space in front of it. */
const NOTHING = piece('');
export const SPACE = piece(' ');
const SRC = piece('src=');
const NEXT_SRC = piece(' src=');
const UNREPLIED_SRC = piece(' [UNREPLIED] src=');
const DST = piece(' dst=');
const PACKETS = piece(' packets=');
const BYTES = piece(' bytes=');
const ASSURED = piece(' [ASSURED]');
export const MARK = piece(' mark=');
export const ASSURED_MARK = piece(' [ASSURED] mark=');
const ZONE = piece(' zone=');
export const USE = piece(' use=');
const ID = piece(' id=');
const TIME = piece('[');
const POINT = piece('.');
const TIME_END = piece(']\t');

const TRANSPORT: TransportPieces = {
  ports: [piece(' sport='), piece(' dport='), NOTHING],
  icmp: [piece(' type='), piece(' code='), piece(' id='), NOTHING],
  keys: [piece(' srckey=0x'), piece(' dstkey=0x'), NOTHING],
  keysInHex: true,
  none: NOTHING,
};

const protocolStart = piecesBy(KINDS, (kind) => {
  const protocol = kind & Kind.PROTOCOL_MASK;
  return protocolFields({ protocol, protocolName: protocolName(protocol) });
});
export const fullStart = piecesBy(KINDS, (kind) => {
  const protocol = kind & Kind.PROTOCOL_MASK;
  return (
    familyFields({ family: familyOf(kind) }) +
    protocolFields({ protocol, protocolName: protocolName(protocol) })
  );
});
export const stateAndSrc = piecesBy(STATES, (n) => {
  const state = ofState(n, stateName);
  return state === null ? 'src=' : `${state} src=`;
});
const helperField = piecesBy(32, (n: HelperNumber) => ` helper=${HELPER_NAMES[n]}`);
const halvesField = {
  original: piece(' halves=original'),
  reply: piece(' halves=reply'),
  both: piece(' halves=both'),
};
const eventPrefix: Readonly<Record<EventType, Piece>> = {
  NEW: piece(EVENT_PREFIXES.NEW),
  UPDATE: piece(EVENT_PREFIXES.UPDATE),
  DESTROY: piece(EVENT_PREFIXES.DESTROY),
};

/** From behind the first `src=` to the end of the reply. */
export function putDirections(
  view: DataView,
  p: number,
  words: Int32Array,
  at: number,
  withCounters: boolean,
  full: boolean,
): number {
  const there = putDirection(view, p, words, at, Dir.ORIGINAL, withCounters, full);
  const isReplied = (words[at + Hot.STATUS] & Status.SEEN_REPLY) !== 0;
  const back = put(view, there, isReplied ? NEXT_SRC : UNREPLIED_SRC);
  return putDirection(view, back, words, at, Dir.REPLY, withCounters, full);
}

function putDirection(
  view: DataView,
  p: number,
  words: Int32Array,
  at: number,
  dir: Dir,
  withCounters: boolean,
  full: boolean,
): number {
  if (isUsual(words[at + Hot.KIND])) return putUsualDirection(view, p, words, at, dir, withCounters);
  const addresses = putAddresses(view, p, words, at, dir, DST, full);
  const transport = putTransport(view, addresses, words, at, dir, TRANSPORT);
  return withCounters ? putCounters(view, transport, words, at, dir, PACKETS, BYTES) : transport;
}

export function putZone(view: DataView, p: number, zone: number): number {
  return putWord(view, put(view, p, ZONE), zone);
}

/** Id and halves, where they are wanted. */
function putEnd(view: DataView, p: number, words: Int32Array, at: number, o: OutputOptions): number {
  const q = o.id ? putWord(view, put(view, p, ID), idOf(words, at)) : p;
  return o.halves === true ? put(view, q, halvesField[halvesOf(words[at + Hot.STATUS])]) : q;
}

const helperOf = (status: number): number => (status & Status.HELPER_MASK) >>> Status.HELPER_SHIFT;

/** Use counts: one, and one for each connection that this one foretold. */
export function useOf(words: Int32Array, at: number, expected: ExpectedCounts): number {
  return expected.size === 0 ? 1 : 1 + (expected.get(idOf(words, at) >>> 0) ?? 0);
}

/** Seconds with eight digits at least and microseconds, in brackets. */
function putTime(view: DataView, p: number, sec: number, nsec: number): number {
  let q = put(view, p, TIME);
  for (let bound = 10_000_000; bound > 1 && sec >>> 0 < bound; bound /= 10) q = putSmall(view, q, 0);
  q = put(view, putWord(view, q, sec), POINT);
  return put(view, putPadded6(view, q, (nsec / 1000) | 0), TIME_END);
}

/** Lines of the conntrack command. */
export function textForm(o: OutputOptions, expected: ExpectedCounts): LineForm {
  const start = o.extended ? fullStart : protocolStart;

  function entry(view: DataView, p: number, words: Int32Array, at: number, tickMs: number): number {
    const kind = words[at + Hot.KIND];
    const status = words[at + Hot.STATUS];
    const timeout = putWord(view, put(view, p, start(kindNumber(kind))), timeoutOf(words, at, tickMs));
    const state = put(view, put(view, timeout, SPACE), stateAndSrc(stateNumber(kind, status)));
    const directions = putDirections(view, state, words, at, isCounted(status), false);
    const mark = put(view, directions, (status & Status.ASSURED) !== 0 ? ASSURED_MARK : MARK);
    let q = putWord(view, mark, words[at + Hot.MARK]);
    const zone = kind >>> Kind.ZONE_SHIFT;
    if (zone !== 0) q = putZone(view, q, zone);
    if (helperOf(status) !== 0) q = put(view, q, helperField(helperOf(status)));
    return putEnd(view, putWord(view, put(view, q, USE), useOf(words, at, expected)), words, at, o);
  }

  function event(view: DataView, p: number, words: Int32Array, r: number): number {
    const at = r + Report.HOT;
    const kind = words[at + Hot.KIND];
    const status = words[at + Hot.STATUS];
    let q = o.timestamp ? putTime(view, p, words[r + Report.SEC], words[r + Report.NSEC]) : p;
    q = put(view, q, eventPrefix[reportEventType(words, r) ?? 'UPDATE']);
    q = put(view, q, start(kindNumber(kind)));
    if (hasTimeout(words, r)) {
      q = put(view, putWord(view, q, timeoutOf(words, at, words[r + Report.TICK])), SPACE);
    }
    q = put(view, q, hasState(words, r) ? stateAndSrc(stateNumber(kind, status)) : SRC);
    q = putDirections(view, q, words, at, hasCounters(words, r), false);
    if ((status & Status.ASSURED) !== 0) q = put(view, q, ASSURED);
    if (words[at + Hot.MARK] !== 0) q = putWord(view, put(view, q, MARK), words[at + Hot.MARK]);
    const zone = kind >>> Kind.ZONE_SHIFT;
    if (zone !== 0) q = putZone(view, q, zone);
    if (helperOf(status) !== 0 && !isDestroy(words, r)) q = put(view, q, helperField(helperOf(status)));
    return putEnd(view, q, words, at, o);
  }

  return { entry, event };
}
