/**
 * Q.931: call signalling of H.323. Setup, Call Proceeding, Alerting, Progress, Connect and Facility say
 * where the H.245 connection goes, open media at once (fastStart) or carry H.245 themselves (tunnelling).
 *
 * Source: ITU-T H.225.0, Q.931; what is foretold is the kernel's rule
 */
import { HelperNumber } from '../../../common/helpers.ts';
import { Protocol } from '../../../packet/protocol.ts';
import { Verdict } from '../../../shm/bits.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict } from '../helper.ts';
import { userInformation } from './asn1-signalling.ts';
import { createChannels } from './channels.ts';
import { createPerReader } from './reader.ts';
import { createTpktReader } from './tpkt.ts';

const DISCRIMINATOR = 8;
const USER_USER = 0x7e;
/** Bit of an element that is one octet. */
const SINGLE_OCTET = 0x80;
/** Of the user-user element: its type, two octets of length, a discriminator of its own. */
const USER_USER_HEADER_BYTES = 4;

export const q931: Helper = {
  number: HelperNumber.Q931,
  protocols: [Protocol.TCP],
  families: ['ipv4', 'ipv6'],
  port: 1720,
  isDefault: false,
  classes: [{ name: '', max: 20, timeoutS: 240 }],
  payloadMax: 65_535,
  create,
};

/**
 * Where the user-user element's content starts and ends in bytes[start] to bytes[end - 1]; false without one.
 * An element of a single octet is known as such only where it is the first, as in the kernel.
 */
function findUserUser(
  bytes: Uint8Array,
  start: number,
  end: number,
  found: { start: number; end: number },
): boolean {
  if (end - start < 2 || bytes[start] !== DISCRIMINATOR) return false;
  const message = start + 2 + bytes[start + 1];
  if (end - message < 2) return false;
  const first = message + 1;
  const isSingle = (bytes[first] & SINGLE_OCTET) !== 0;
  for (let at = isSingle ? first + 1 : first; end - at >= 2; at += 2 + bytes[at + 1]) {
    if (bytes[at] !== USER_USER) continue;
    if (end - at < USER_USER_HEADER_BYTES - 1) return false;
    const length = (bytes[at + 1] << 8) | bytes[at + 2];
    found.start = at + USER_USER_HEADER_BYTES;
    found.end = at + USER_USER_HEADER_BYTES - 1 + length;
    return length > 0 && found.end <= end;
  }
  return false;
}

function create(context: HelperContext): HelperReader {
  const tpkt = createTpktReader();
  const reader = createPerReader();
  const channels = createChannels(context);
  const content = { start: 0, end: 0 };
  return {
    message(m) {
      if (m.verdict !== Verdict.ESTABLISHED && m.verdict !== Verdict.ESTABLISHED_REPLY)
        return HelperVerdict.ACCEPT;
      tpkt.begin(m);
      while (tpkt.next(m)) {
        if (!findUserUser(m.bytes, tpkt.start, tpkt.end, content)) break;
        if (!reader.read(userInformation, m.bytes, content.start, content.end)) break;
        if (!channels.foretell(m, reader)) return HelperVerdict.REFUSE;
      }
      return HelperVerdict.ACCEPT;
    },
  };
}
