/** Connections and events as JSON in bytes, one object to a line: those of ../json.ts. */
import { HELPER_NAMES, HelperNumber } from '../../common/helpers.ts';
import { type EndCode, Kind, ReportType, Status } from '../../shm/bits.ts';
import { Cold, Hot, Report } from '../../shm/offsets.generated.ts';
import type { EventType, Halves } from '../connection.ts';
import { END_REASONS, halvesOf, stateName } from '../entry-view.ts';
import { protocolName, statusNames } from '../names.ts';
import {
  Dir,
  familyOf,
  greStreamTimeoutS,
  greTimeoutS,
  idOf,
  isCounted,
  isGre,
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
import { hasState, reportEventType } from './event.ts';
import type { EventNumber, LineForm } from './form.ts';
import { putNs, putNumber, putWord } from './numbers.ts';
import { type Piece, piece, piecesBy, put } from './pieces.ts';

const CONNECTION = piece('{"record":"connection","id":');
const DST = piece('","dst":"');
const PACKETS = piece(',"packets":');
const BYTES = piece(',"bytes":');
const REPLY = piece('},"reply":{"src":"');
const GRE_TIMEOUT = piece(',"greTimeouts":{"timeoutS":');
const GRE_STREAM = piece(',"streamTimeoutS":');
const NULL = piece('null');
const MARK = piece(',"mark":');
const TIMEOUT = piece(',"timeoutS":');
const START = piece(',"startNs":');
const LAST = piece(',"lastNs":');
const ALIVE = piece(',"end":null}');
const END = piece(',"end":{"atNs":');
const EVENT = piece('{"record":"event"');
const OWNER = piece(',"owner":');
const SEQ = piece(',"seq":');
const WITH_STATE = piece(',"withState":true,"connection":{"id":');
const WITHOUT_STATE = piece(',"withState":false,"connection":{"id":');
const CLOSE = piece('}');

const TRANSPORT: TransportPieces = {
  ports: [piece('","sport":'), piece(',"dport":'), piece('')],
  icmp: [piece('","type":'), piece(',"code":'), piece(',"id":'), piece('')],
  keys: [piece('","srckey":'), piece(',"dstkey":'), piece('')],
  keysInHex: false,
  none: piece('"'),
};

/** What follows the id, up to the first address. */
const afterId = piecesBy(KINDS, (kind) => {
  const protocol = kind & Kind.PROTOCOL_MASK;
  const name = JSON.stringify(protocolName(protocol));
  return `,"family":"${familyOf(kind)}","protocol":${protocol},"protocolName":${name},"original":{"src":"`;
});
const stateMember = piecesBy(STATES, (n) => `},"state":${JSON.stringify(ofState(n, stateName))}`);
const helperMember = piecesBy(32, (n: HelperNumber) => {
  const helper = n === HelperNumber.NONE ? null : HELPER_NAMES[n];
  return `,"helper":${JSON.stringify(helper)},"master":`;
});
const halvesMember: Readonly<Record<Halves, Piece>> = {
  original: piece(',"halves":"original","zone":'),
  reply: piece(',"halves":"reply","zone":'),
  both: piece(',"halves":"both","zone":'),
};
const eventMember: Readonly<Record<EventType, Piece>> = {
  NEW: piece(',"type":"NEW","atNs":'),
  UPDATE: piece(',"type":"UPDATE","atNs":'),
  DESTROY: piece(',"type":"DESTROY","atNs":'),
};
const reasonMember = piecesBy(32, (code: EndCode) => `,"reason":${JSON.stringify(END_REASONS[code])}}}`);

/** Status bits up to here are kept as pieces; the kernel has more, which no connection here gets. */
const STATUS_KNOWN = Status.FIXED_TIMEOUT << 1;
const statusText = (status: number): string =>
  `,"status":${status},"statusNames":${JSON.stringify(statusNames(status))}`;
const statusMember = piecesBy(STATUS_KNOWN, statusText);

function putStatus(view: DataView, p: number, status: number): number {
  const bits = status & Status.KERNEL_MASK;
  return put(view, p, bits < STATUS_KNOWN ? statusMember(bits) : piece(statusText(bits)));
}

/** From the first address to the end of the counters. */
function putDirection(view: DataView, p: number, words: Int32Array, at: number, dir: Dir): number {
  const addresses = putAddresses(view, p, words, at, dir, DST, false);
  const transport = putTransport(view, addresses, words, at, dir, TRANSPORT);
  if (!isCounted(words[at + Hot.STATUS])) return transport;
  return putCounters(view, transport, words, at, dir, PACKETS, BYTES);
}

/** All members from the value of `id` up to and without `end`. */
function putMembers(view: DataView, p: number, words: Int32Array, at: number, tickMs: number): number {
  const kind = words[at + Hot.KIND];
  const status = words[at + Hot.STATUS];
  const id = put(view, putWord(view, p, idOf(words, at)), afterId(kindNumber(kind)));
  const there = put(view, putDirection(view, id, words, at, Dir.ORIGINAL), REPLY);
  const back = putDirection(view, there, words, at, Dir.REPLY);
  let q = put(view, back, stateMember(stateNumber(kind, status)));
  if (isGre(kind)) q = putGreTimeouts(view, q, words, at);
  q = putStatus(view, q, status);
  q = put(view, q, helperMember((status & Status.HELPER_MASK) >>> Status.HELPER_SHIFT));
  const isExpected = (status & Status.EXPECTED) !== 0;
  q = isExpected ? putWord(view, q, words[at + Hot.WORDS + Cold.MASTER]) : put(view, q, NULL);
  q = putWord(view, put(view, q, halvesMember[halvesOf(status)]), kind >>> Kind.ZONE_SHIFT);
  q = putWord(view, put(view, q, MARK), words[at + Hot.MARK]);
  q = putWord(view, put(view, q, TIMEOUT), timeoutOf(words, at, tickMs));
  return putTimes(view, q, words, at);
}

function putGreTimeouts(view: DataView, p: number, words: Int32Array, at: number): number {
  const timeout = putWord(view, put(view, p, GRE_TIMEOUT), greTimeoutS(words, at));
  return put(view, putWord(view, put(view, timeout, GRE_STREAM), greStreamTimeoutS(words, at)), CLOSE);
}

function putTimes(view: DataView, p: number, words: Int32Array, at: number): number {
  const c = at + Hot.WORDS;
  const start = putNs(view, put(view, p, START), words[c + Cold.START_SEC], words[c + Cold.START_NSEC]);
  return putNs(view, put(view, start, LAST), words[at + Hot.LAST_SEC], words[at + Hot.LAST_NSEC]);
}

function entry(view: DataView, p: number, words: Int32Array, at: number, tickMs: number): number {
  return put(view, putMembers(view, put(view, p, CONNECTION), words, at, tickMs), ALIVE);
}

function event(view: DataView, p: number, words: Int32Array, r: number, number: EventNumber | null): number {
  let q = put(view, p, EVENT);
  if (number !== null) {
    q = putWord(view, put(view, q, OWNER), number.owner);
    q = putNumber(view, put(view, q, SEQ), number.seq);
  }
  q = put(view, q, eventMember[reportEventType(words, r) ?? 'UPDATE']);
  q = putNs(view, q, words[r + Report.SEC], words[r + Report.NSEC]);
  q = put(view, q, hasState(words, r) ? WITH_STATE : WITHOUT_STATE);
  q = putMembers(view, q, words, r + Report.HOT, words[r + Report.TICK]);
  if (words[r + Report.TYPE] !== ReportType.END) return put(view, put(view, q, ALIVE), CLOSE);
  q = putNs(view, put(view, q, END), words[r + Report.SEC], words[r + Report.NSEC]);
  return put(view, put(view, q, reasonMember(words[r + Report.END])), CLOSE);
}

/** One JSON object to a line; the owner and the number of an event stand behind `record`. */
export const jsonForm: LineForm = { entry, event };
