/**
 * Remote shell: the first thing that the client sends is the port at which it waits for a second
 * connection from the server, for standard error.
 *
 *   1022<0>user<0>user<0>command<0>
 *
 * No kernel of today has this helper; its rules are ours.
 * Source: rshd(8) of 4.2BSD
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { Verdict } from '../../shm/bits.ts';
import { expectFromPeer } from './foretell.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict } from './helper.ts';
import { decimal, digitsEnd } from './text.ts';

const DIGITS_MAX = 5;
const PORT_MAX = 65_535;

/** Words of the connection's state: whether the client has spoken, and where that began, since it may come again. */
const HAS_SPOKEN = 0;
const FIRST_SEQ = 1;

export const rsh: Helper = {
  number: HelperNumber.RSH,
  protocols: [Protocol.TCP],
  families: ['ipv4', 'ipv6'],
  port: 514,
  isDefault: false,
  classes: [{ name: '', max: 1, timeoutS: 60 }],
  payloadMax: DIGITS_MAX + 1,
  create,
};

function create(context: HelperContext): HelperReader {
  return {
    message(m) {
      const { bytes, start, end, state, s } = m;
      if (m.dir !== 0 || m.verdict !== Verdict.ESTABLISHED || start >= end) return HelperVerdict.ACCEPT;
      if (state[s + HAS_SPOKEN] !== 0 && state[s + FIRST_SEQ] !== m.seq) return HelperVerdict.ACCEPT;
      state[s + HAS_SPOKEN] = 1;
      state[s + FIRST_SEQ] = m.seq;
      const after = digitsEnd(bytes, start, end);
      // No digits: the client wants no second connection.
      const port = decimal(bytes, start, after);
      if (after === end || bytes[after] !== 0 || port < 1 || port > PORT_MAX) return HelperVerdict.ACCEPT;
      expectFromPeer(context, m, 0, Protocol.TCP, port);
      return HelperVerdict.ACCEPT;
    },
  };
}
