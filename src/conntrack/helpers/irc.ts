/**
 * IRC: a DCC request of the client foretells that somebody connects to the client, who waits at the
 * address and port that the request names.
 *
 *   PRIVMSG friend :<1>DCC SEND file 3232235777 1025<1>
 *
 * Source: RFC 1459 4.4.1; the DCC specification; what of a message is read is the kernel's
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { Verdict } from '../../shm/bits.ts';
import { ExpectAnswer } from '../expectations.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict, type Message } from './helper.ts';
import { decimal, digitsEnd, indexOfByte, startsWith, startsWithNoCase, wordOf } from './text.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
const PAYLOAD_MAX = 4095;
const PRIVMSG = wordOf('privmsg ');
const TEXT = wordOf(' :');
const DCC = wordOf('\x01DCC ');
const REQUESTS = ['SEND ', 'CHAT ', 'MOVE ', 'TSEND ', 'SCHAT '].map(wordOf);
/** Of the shortest message: `PRIVMSG x `. */
const HEAD_MIN = 10;
/** Of the shortest text, from the blank before its colon on. */
const TEXT_MIN = 26;
/** Of the shortest address and port with what must follow them. */
const ADDRESS_MIN = 12;

export const irc: Helper = {
  number: HelperNumber.IRC,
  protocols: [Protocol.TCP],
  families: ['ipv4'],
  port: 6667,
  isDefault: true,
  classes: [{ name: '', max: 8, timeoutS: 300 }],
  payloadMax: PAYLOAD_MAX,
  create,
};

function create(context: HelperContext): HelperReader {
  const own = new Int32Array(4);
  let port = 0;

  /** Where the text of a PRIVMSG may begin; -1 when it is another message. */
  function afterCommand({ bytes, start, end }: Message): number {
    let at = start;
    while (at < end - HEAD_MIN && (bytes[at] === SPACE || bytes[at] === CR || bytes[at] === LF)) at++;
    return at < end - HEAD_MIN && startsWithNoCase(bytes, at, end, PRIVMSG) ? at + PRIVMSG.length : -1;
  }

  /** What follows the name of the request: argument, address, port. The address must be the client's own. */
  function readRequest(bytes: Uint8Array, from: number, end: number): boolean {
    let at = from;
    while (at < end - ADDRESS_MIN && bytes[at] !== SPACE) at++;
    if (at >= end - ADDRESS_MIN) return false;
    at++;
    if (indexOfByte(bytes, at, end, LF) < 0) return false;
    const addressEnd = digitsEnd(bytes, at, end);
    const address = decimal(bytes, at, addressEnd);
    at = addressEnd;
    while (bytes[at] === SPACE) at++;
    port = decimal(bytes, at, digitsEnd(bytes, at, end)) & 0xffff;
    return address === own[0] && port !== 0;
  }

  function foretell(): HelperVerdict {
    const request = context.request(Protocol.TCP);
    request.destination.set(own);
    request.destinationPort = port;
    return context.expect(request) === ExpectAnswer.ADDED ? HelperVerdict.ACCEPT : HelperVerdict.REFUSE;
  }

  return {
    message(m) {
      if (m.dir !== 0 || m.verdict !== Verdict.ESTABLISHED) return HelperVerdict.ACCEPT;
      const { bytes, end } = m;
      let at = afterCommand(m);
      if (at < 0) return HelperVerdict.ACCEPT;
      context.source(0, own);
      while (at < end - TEXT_MIN) {
        if (!startsWith(bytes, at, end, TEXT)) {
          at++;
          continue;
        }
        at += TEXT.length;
        if (!startsWith(bytes, at, end, DCC)) return HelperVerdict.ACCEPT;
        at += DCC.length;
        const request = REQUESTS.find((word) => startsWith(bytes, at, end, word));
        if (request === undefined) continue;
        at += request.length;
        return readRequest(bytes, at, end) ? foretell() : HelperVerdict.ACCEPT;
      }
      return HelperVerdict.ACCEPT;
    },
  };
}
