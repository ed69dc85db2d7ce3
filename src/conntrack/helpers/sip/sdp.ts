/**
 * The session description in a message: which media are to flow to which address and port.
 *
 * Source: RFC 4566 5 (lines), 5.7 (connection), 5.14 (media); its older form is RFC 2327
 */

import { digitsEnd, startsWith, startsWithNoCase, wordOf } from '../text.ts';
import { parseAddress } from './host.ts';
import { isLetter, isLineEnd, nextLine, number, searchLine } from './lines.ts';

/** Media that are followed, in the order of their classes. */
export enum Media {
  AUDIO = 0,
  VIDEO = 1,
  IMAGE = 2,
}

const MEDIA_WORDS = [wordOf('audio '), wordOf('video '), wordOf('image ')];
/** No more streams than this are read, as in the kernel. */
const STREAMS_MAX = 3;

const VERSION = wordOf('v=');
const CONNECTION = wordOf('c=');
const MEDIA = wordOf('m=');
const NET4 = wordOf('IN IP4 ');
const NET6 = wordOf('IN IP6 ');

const PORT_MIN = 1024;
const PORT_MAX = 65_535;
const SPACE = 32;

/** Where the value of the next line of this kind starts, that begins behind `from`; -1 when a `before` line or the end comes first. */
function findLine(
  bytes: Uint8Array,
  from: number,
  end: number,
  kind: Uint8Array,
  before: Uint8Array | null,
): number {
  for (let i = from; i < end; i++) {
    if (!isLineEnd(bytes[i])) continue;
    i = nextLine(bytes, i, end);
    if (i < 0) return -1;
    if (before !== null && startsWithNoCase(bytes, i, end, before)) return -1;
    if (startsWithNoCase(bytes, i, end, kind)) return i + kind.length;
  }
  return -1;
}

/** Reads the address of the connection line behind `from`, before the next media line. */
function connection(bytes: Uint8Array, from: number, end: number, isIpv6: boolean, out: Int32Array): boolean {
  const line = findLine(bytes, from, end, CONNECTION, MEDIA);
  if (line < 0) return false;
  const net = isIpv6 ? NET6 : NET4;
  const at = searchLine(bytes, line, end, net);
  return at >= 0 && parseAddress(bytes, at + net.length, end, isIpv6, out) >= 0;
}

/** Where the port of a media line ends; -1 when the line has not the form "word number". */
function mediaEnd(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && isLetter(bytes[i])) i++;
  return i < end && bytes[i] === SPACE ? digitsEnd(bytes, i + 1, end) : -1;
}

/** -1: a kind of media that is not followed. */
function mediaOf(bytes: Uint8Array, at: number, end: number): number {
  for (let media = 0; media < MEDIA_WORDS.length; media++)
    if (startsWith(bytes, at, end, MEDIA_WORDS[media])) return media;
  return -1;
}

export enum Described {
  /** All streams were told. */
  WHOLE = 0,
  /** A stream has a port that is none, or no address. */
  BAD = 1,
  /** The one who was told refused. */
  REFUSED = 2,
}

/** Told of each stream. Returns false to refuse. Shapes: `address` is 4 words, IPv4 in the first. */
export type OnStream = (media: Media, address: Int32Array, port: number) => boolean;

const ofSession = new Int32Array(4);
const ofMedia = new Int32Array(4);

/**
 * Tells the streams of the message in bytes[start] to bytes[end - 1], if it has a description.
 *
 * Cost: at most three streams, each line is read at most twice
 */
export function readStreams(
  bytes: Uint8Array,
  start: number,
  end: number,
  isIpv6: boolean,
  onStream: OnStream,
): Described {
  const version = findLine(bytes, start, end, VERSION, null);
  if (version < 0 || digitsEnd(bytes, version, end) === version) return Described.WHOLE;
  const hasSession = connection(bytes, version, end, isIpv6, ofSession);
  let at = version;
  for (let streams = 0; streams < STREAMS_MAX; ) {
    at = findLine(bytes, at, end, MEDIA, null);
    if (at < 0) break;
    const after = mediaEnd(bytes, at, end);
    if (after < 0) break;
    const media = mediaOf(bytes, at, after);
    if (media < 0) {
      at = after;
      continue;
    }
    at += MEDIA_WORDS[media].length;
    const port = number(bytes, at, end);
    // An inactive stream, or no number.
    if (port <= 0) continue;
    if (port < PORT_MIN || port > PORT_MAX) return Described.BAD;
    const hasOwn = connection(bytes, at, end, isIpv6, ofMedia);
    if (!hasOwn && !hasSession) return Described.BAD;
    if (!onStream(media as Media, hasOwn ? ofMedia : ofSession, port)) return Described.REFUSED;
    streams++;
  }
  return Described.WHOLE;
}
