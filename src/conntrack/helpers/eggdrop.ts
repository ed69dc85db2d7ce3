/**
 * Eggdrop: a bot of a botnet tells another one where it may fetch the file of users.
 *
 *   s us 3221225994 1025 4711
 *
 * The address is a number, or, of newer bots, as it is usually written.
 *
 * No kernel of today has this helper; its rules are ours.
 * Source: the botnet protocol of eggdrop 1.1 and later (share module)
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { Verdict } from '../../shm/bits.ts';
import { parseIpv4, parseIpv6 } from './addresses.ts';
import { expectFromPeer } from './foretell.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict, type Message } from './helper.ts';
import { decimal, digitsEnd, indexOfByte, startsWith, wordOf } from './text.ts';

const LF = 10;
const SPACE = 32;
const PLUS = 43;
const USER_FILE = wordOf('s us ');
const PORT_MAX = 65_535;
const PORT_DIGITS_MAX = 5;
const ADDRESS_DIGITS_MAX = 10;

export const eggdrop: Helper = {
  number: HelperNumber.EGGDROP,
  protocols: [Protocol.TCP],
  families: ['ipv4', 'ipv6'],
  port: 3333,
  isDefault: false,
  classes: [{ name: '', max: 1, timeoutS: 60 }],
  payloadMax: 2048,
  create,
};

function create(context: HelperContext): HelperReader {
  const own = new Int32Array(4);
  const announced = new Int32Array(4);

  /** Reads an address; returns the place of the blank behind it, -1 when there is none. */
  function readAddress({ bytes, isIpv6 }: Message, at: number, end: number): number {
    announced.fill(0);
    const digits = digitsEnd(bytes, at, end);
    if (!isIpv6 && digits < end && bytes[digits] === SPACE) {
      announced[0] = decimal(bytes, at, digits);
      return digits > at && digits - at <= ADDRESS_DIGITS_MAX ? digits : -1;
    }
    const parse = isIpv6 ? parseIpv6 : parseIpv4;
    const length = parse(bytes, at, end, SPACE, announced);
    return length === 0 || bytes[at + length] !== SPACE ? -1 : at + length;
  }

  /** A line from `at` to `end`; returns the port that it announces, 0 for none. */
  function portOf(m: Message, at: number, end: number): number {
    const { bytes } = m;
    if (!startsWith(bytes, at, end, USER_FILE)) return 0;
    let digits = readAddress(m, at + USER_FILE.length, end) + 1;
    if (digits === 0 || announced.some((word, i) => word !== own[i])) return 0;
    // Where the file comes encrypted.
    if (bytes[digits] === PLUS) digits++;
    const after = digitsEnd(bytes, digits, end);
    const port = decimal(bytes, digits, after);
    const isWhole = after < end && bytes[after] === SPACE && after - digits <= PORT_DIGITS_MAX;
    return isWhole && port <= PORT_MAX ? port : 0;
  }

  return {
    message(m) {
      if (m.verdict !== Verdict.ESTABLISHED && m.verdict !== Verdict.ESTABLISHED_REPLY)
        return HelperVerdict.ACCEPT;
      context.source(m.dir, own);
      for (let at = m.start; at < m.end; ) {
        const feed = indexOfByte(m.bytes, at, m.end, LF);
        // A line without its end is not read.
        if (feed < 0) break;
        const port = portOf(m, at, feed);
        if (port !== 0) expectFromPeer(context, m, m.dir, Protocol.TCP, port);
        at = feed + 1;
      }
      return HelperVerdict.ACCEPT;
    },
  };
}
