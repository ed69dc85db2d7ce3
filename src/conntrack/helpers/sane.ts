/**
 * SANE, scanners in the network: the server answers the request to start a scan with the port at which
 * it waits for a connection that takes the picture.
 *
 * Source: SANE standard 1.06, chapter 5 (NET_START); what of an answer is read is the kernel's
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { Verdict } from '../../shm/bits.ts';
import { expectFromPeer } from './foretell.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict, type Message } from './helper.ts';
import { be32 } from './text.ts';

const NET_START = 7;
/** Code and handle. */
const REQUEST_BYTES = 8;
/** Status and port. */
const ANSWER_BYTES = 8;

/** Word of the connection's state. */
const IS_STARTING = 0;

export const sane: Helper = {
  number: HelperNumber.SANE,
  protocols: [Protocol.TCP],
  families: ['ipv4', 'ipv6'],
  port: 6566,
  isDefault: false,
  classes: [{ name: '', max: 1, timeoutS: 300 }],
  payloadMax: 16,
  create,
};

function create(context: HelperContext): HelperReader {
  function answer(m: Message): HelperVerdict {
    const { bytes, start, end, state, s } = m;
    if (state[s + IS_STARTING] === 0 || start >= end) return HelperVerdict.ACCEPT;
    // Whatever it is, it is the answer.
    state[s + IS_STARTING] = 0;
    if (end - start < ANSWER_BYTES) return HelperVerdict.ACCEPT;
    const port = be32(bytes, start + 4);
    if (be32(bytes, start) !== 0 || port >>> 16 !== 0) return HelperVerdict.ACCEPT;
    return expectFromPeer(context, m, 1, Protocol.TCP, port);
  }

  return {
    message(m) {
      if (m.verdict !== Verdict.ESTABLISHED && m.verdict !== Verdict.ESTABLISHED_REPLY)
        return HelperVerdict.ACCEPT;
      if (m.dir === 1) return answer(m);
      const length = m.end - m.start;
      if (length !== REQUEST_BYTES) return HelperVerdict.ACCEPT;
      m.state[m.s + IS_STARTING] = be32(m.bytes, m.start) === NET_START ? 1 : 0;
      return HelperVerdict.ACCEPT;
    },
  };
}
