/**
 * Microsoft Media Server: the client says where it waits for the stream, when that is to come over UDP.
 *
 *   \\192.0.2.10\UDP\1037
 *
 * No kernel of today has this helper; its rules are ours.
 * Source: [MS-MMSP] 2.2.3 (header), 2.2.4.18 (LinkViewerToMacConnectFunnel)
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { Verdict } from '../../shm/bits.ts';
import { parseIpv4, parseIpv6 } from './addresses.ts';
import { expectFromPeer } from './foretell.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict, type Message } from './helper.ts';
import { be32, decimal, digitsEnd, startsWith, startsWithNoCase, wordOf } from './text.ts';

/** Numbers in a message are in the other order: these are their bytes. */
const SESSION_AT = 4;
const SESSION = 0xcefa0bb0 | 0;
const SEAL_AT = 12;
const SEAL = wordOf('MMS ');
const MESSAGE_ID_AT = 36;
const CONNECT_FUNNEL = 0x02000300;
const NAME_AT = 60;
/** Characters of the longest name, an IPv6 address with an IPv4 tail. */
const NAME_MAX = 64;
const BACKSLASH = 92;
const HOST = wordOf('\\\\');
const UDP = wordOf('udp\\');
const PORT_MAX = 65_535;
const PORT_DIGITS_MAX = 5;

export const mms: Helper = {
  number: HelperNumber.MMS,
  protocols: [Protocol.TCP],
  families: ['ipv4', 'ipv6'],
  port: 1755,
  isDefault: false,
  classes: [{ name: '', max: 1, timeoutS: 300 }],
  payloadMax: NAME_AT + 2 * NAME_MAX,
  create,
};

function create(context: HelperContext): HelperReader {
  const name = new Uint8Array(NAME_MAX);
  const announced = new Int32Array(4);
  const own = new Int32Array(4);

  /** The name in bytes instead of 16-bit characters; returns its length. */
  function readName({ bytes, start, end }: Message): number {
    let length = 0;
    for (let at = start + NAME_AT; at + 1 < end && length < NAME_MAX; at += 2) {
      if (bytes[at + 1] !== 0 || bytes[at] === 0) break;
      name[length++] = bytes[at];
    }
    return length;
  }

  /** The port, when the name has the client's own address and UDP; else 0. */
  function portOf(length: number, isIpv6: boolean): number {
    if (!startsWith(name, 0, length, HOST)) return 0;
    const parse = isIpv6 ? parseIpv6 : parseIpv4;
    announced.fill(0);
    const bytes = parse(name, HOST.length, length, BACKSLASH, announced);
    const at = HOST.length + bytes + 1;
    if (bytes === 0 || announced.some((word, i) => word !== own[i])) return 0;
    if (!startsWithNoCase(name, at, length, UDP)) return 0;
    const digits = at + UDP.length;
    const port = decimal(name, digits, length);
    const isWhole = digitsEnd(name, digits, length) === length && length - digits <= PORT_DIGITS_MAX;
    return isWhole && port > 0 && port <= PORT_MAX ? port : 0;
  }

  return {
    message(m) {
      const { bytes, start } = m;
      if (m.dir !== 0 || m.verdict !== Verdict.ESTABLISHED || m.end - start <= NAME_AT)
        return HelperVerdict.ACCEPT;
      if (
        be32(bytes, start + SESSION_AT) !== SESSION ||
        !startsWith(bytes, start + SEAL_AT, m.end, SEAL) ||
        be32(bytes, start + MESSAGE_ID_AT) !== CONNECT_FUNNEL
      )
        return HelperVerdict.ACCEPT;
      context.source(0, own);
      const port = portOf(readName(m), m.isIpv6);
      if (port !== 0) expectFromPeer(context, m, 0, Protocol.UDP, port);
      return HelperVerdict.ACCEPT;
    },
  };
}
