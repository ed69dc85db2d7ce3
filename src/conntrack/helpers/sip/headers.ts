/**
 * The headers of a message: where a value is, the addresses in it, the parameters behind it.
 *
 * Nothing here knows where the headers end and the body begins, as in the kernel: a line of the body
 * that looks like a header is one.
 *
 * Source: RFC 3261 7.3 (form, compact names), 19.1 (URIs), 20 (headers)
 */

import { digitsEnd, startsWithNoCase, wordOf } from '../text.ts';
import { parseHost } from './host.ts';
import { isBlank, isLetter, isLineEnd, nextLine, number, searchFolded, skipBlanks } from './lines.ts';

const COLON = 58;
const AT = 64;

/** A header that is looked for. */
export interface Header {
  readonly name: Uint8Array;
  /** One letter, empty for none. */
  readonly compact: Uint8Array;
  /** The value is a URI: the address behind its "sip:" counts. Else it is a number. */
  readonly isUri: boolean;
}

const header = (name: string, compact: string, isUri: boolean): Header => ({
  name: wordOf(name.toLowerCase()),
  compact: wordOf(compact),
  isUri,
});

export const CSEQ = header('CSeq', '', false);
export const EXPIRES = header('Expires', '', false);
export const CONTENT_LENGTH = header('Content-Length', 'l', false);
export const CONTACT = header('Contact', 'm', true);

const SCHEME = wordOf('sip:');
const COMMA = wordOf(',');

export enum Found {
  NONE = 0,
  /** The header is there, its value is none. */
  BAD = 1,
  GOOD = 2,
}

/** Where something was found: one object per thread, filled anew each time. */
export interface Place {
  at: number;
  end: number;
  /**
   * What an @ was looked for in, and where that ended: whoever starts in between finds the same. A
   * list of many URIs without one would be read to its end for each of them.
   */
  soughtFrom: number;
  soughtTo: number;
}

export const newPlace = (): Place => ({ at: 0, end: 0, soughtFrom: 0, soughtTo: -1 });

// ---- URIs ----

const address = new Int32Array(4);

/** Where the host starts: behind a user and its @, if the line has one. */
function hostStart(bytes: Uint8Array, at: number, end: number, place: Place): number {
  let i = at >= place.soughtFrom && at <= place.soughtTo ? place.soughtTo : at;
  while (i < end && bytes[i] !== AT && !isLineEnd(bytes[i])) i++;
  place.soughtFrom = at;
  place.soughtTo = i;
  return i < end && bytes[i] === AT ? i + 1 : at;
}

const PORT_DEFAULT = 5060;
const PORT_MIN = 1024;
const PORT_MAX = 65_535;
const PORT_DIGITS_MAX = 5;

/** Where the port that follows a colon ends; -1 when it is none. */
function portEnd(bytes: Uint8Array, at: number, end: number): number {
  const after = digitsEnd(bytes, at, end);
  const port = number(bytes, at, end);
  return after - at <= PORT_DIGITS_MAX && port >= PORT_MIN && port <= PORT_MAX ? after : -1;
}

/** Finds address and port of a URI whose scheme ends at `at`. */
function uri(bytes: Uint8Array, at: number, end: number, isIpv6: boolean, place: Place): Found {
  place.at = hostStart(bytes, at, end, place);
  place.end = parseHost(bytes, place.at, end, isIpv6, address);
  if (place.end < 0) return Found.BAD;
  if (place.end < end && bytes[place.end] === COLON) place.end = portEnd(bytes, place.end + 1, end);
  return place.end < 0 ? Found.BAD : Found.GOOD;
}

// ---- Finding a header ----

/** Where the value of the line at `at` starts; 0: another header; -1: no header follows any more. */
function valueStart(bytes: Uint8Array, at: number, end: number, sought: Header): number {
  const { name, compact } = sought;
  let i = at;
  if (startsWithNoCase(bytes, i, end, name)) i += name.length;
  else if (
    compact.length > 0 &&
    end - i > 1 &&
    startsWithNoCase(bytes, i, end, compact) &&
    !isLetter(bytes[i + 1])
  )
    i++;
  else return 0;
  // A longer name that begins like this one ends the search, as in the kernel.
  i = skipBlanks(bytes, i, end);
  if (i < 0 || i >= end || bytes[i] !== COLON || i + 1 >= end) return -1;
  return skipBlanks(bytes, i + 1, end);
}

/** Finds a header on a line that starts behind `from`. With BAD `place.at` is where its value starts. */
export function findHeader(
  bytes: Uint8Array,
  from: number,
  end: number,
  sought: Header,
  isIpv6: boolean,
  place: Place,
): Found {
  for (let i = from; i < end; i++) {
    if (!isLineEnd(bytes[i])) continue;
    i = nextLine(bytes, i, end);
    if (i < 0) return Found.NONE;
    if (isBlank(bytes[i])) continue;
    const value = valueStart(bytes, i, end, sought);
    if (value === 0) continue;
    if (value < 0) return Found.NONE;
    place.at = value;
    if (!sought.isUri) {
      place.end = digitsEnd(bytes, value, end);
      return place.end > value ? Found.GOOD : Found.BAD;
    }
    const scheme = searchFolded(bytes, value, end, SCHEME);
    if (scheme < 0) return Found.BAD;
    const found = uri(bytes, scheme + SCHEME.length, end, isIpv6, place);
    if (found === Found.BAD) place.at = value;
    return found;
  }
  return Found.NONE;
}

// ---- Contacts ----

/** How far the contacts of a message were read. */
export interface Walk {
  from: number;
  /** Another one may follow behind a comma. */
  isInList: boolean;
}

/** An address and a port, as a URI has them. */
export interface Endpoint {
  readonly address: Int32Array;
  port: number;
  /** Where it ends: its parameters follow. */
  end: number;
}

/** The next URI of a list, behind a comma. */
function nextInList(bytes: Uint8Array, from: number, end: number, isIpv6: boolean, place: Place): Found {
  const comma = searchFolded(bytes, from, end, COMMA);
  const scheme = comma < 0 ? -1 : searchFolded(bytes, comma, end, SCHEME);
  if (scheme < 0) return Found.NONE;
  const at = scheme + SCHEME.length;
  const found = uri(bytes, at, end, isIpv6, place);
  if (found === Found.BAD) place.at = at;
  return found;
}

/** Finds the next contact whose host is an address of the connection's family; others are passed over. */
function walk(bytes: Uint8Array, end: number, isIpv6: boolean, w: Walk, place: Place): boolean {
  for (;;) {
    const found = w.isInList
      ? nextInList(bytes, w.from, end, isIpv6, place)
      : findHeader(bytes, w.from, end, CONTACT, isIpv6, place);
    if (found === Found.GOOD) {
      w.isInList = true;
      return true;
    }
    if (found === Found.BAD) {
      w.from = place.at;
    } else {
      if (!w.isInList) return false;
      w.isInList = false;
    }
  }
}

/** Before the first contact of a message. */
export function startWalk(w: Walk, start: number, place: Place): void {
  w.from = start;
  w.isInList = false;
  place.soughtTo = -1;
}

/** Reads the next contact; false when there is none. */
export function nextContact(
  bytes: Uint8Array,
  end: number,
  isIpv6: boolean,
  w: Walk,
  place: Place,
  contact: Endpoint,
): boolean {
  if (!walk(bytes, end, isIpv6, w, place)) return false;
  const after = parseHost(bytes, place.at, end, isIpv6, contact.address);
  contact.port = place.end > after ? number(bytes, after + 1, place.end) : PORT_DEFAULT;
  contact.end = place.end;
  w.from = place.end;
  return true;
}

/** Where the value of a parameter (`name` with its =) of the URI that ends at `at` starts; -1: it has none. */
export function parameter(bytes: Uint8Array, at: number, end: number, name: Uint8Array): number {
  const comma = searchFolded(bytes, at, end, COMMA);
  const found = searchFolded(bytes, at, comma < 0 ? end : comma, name);
  return found < 0 ? -1 : found + name.length;
}
