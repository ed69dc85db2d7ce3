/**
 * Amanda: the client of a backup answers with the ports at which it waits for the server.
 *
 *   CONNECT DATA 1025 MESG 1026 INDEX 1027
 *
 * Every answer keeps the connection alive for the time that the estimate of a backup may take.
 *
 * Source: the Amanda network protocol; what of an answer is read is the kernel's
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { expectFromPeer } from './foretell.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict } from './helper.ts';
import { decimal, digitsEnd, indexOf, indexOfByte, wordOf } from './text.ts';

const LF = 10;
const CONNECT = wordOf('CONNECT ');
const STREAMS = ['DATA ', 'MESG ', 'INDEX ', 'STATE '].map(wordOf);
const PORT_DIGITS = 5;
const MASTER_TIMEOUT_S = 300;

export const amanda: Helper = {
  number: HelperNumber.AMANDA,
  protocols: [Protocol.UDP],
  families: ['ipv4', 'ipv6'],
  port: 10_080,
  isDefault: true,
  classes: [{ name: '', max: 4, timeoutS: 180 }],
  payloadMax: 65_535,
  create,
};

function create(context: HelperContext): HelperReader {
  return {
    message(m) {
      const { bytes, start, end } = m;
      if (m.dir === 0) return HelperVerdict.ACCEPT;
      context.refresh(MASTER_TIMEOUT_S);
      const connect = indexOf(bytes, start, end, CONNECT);
      if (connect < 0) return HelperVerdict.ACCEPT;
      const from = connect + CONNECT.length;
      const lineEnd = indexOfByte(bytes, from, end, LF);
      if (lineEnd < 0) return HelperVerdict.ACCEPT;
      let verdict = HelperVerdict.ACCEPT;
      for (const stream of STREAMS) {
        const at = indexOf(bytes, from, lineEnd, stream);
        if (at < 0) continue;
        const digits = at + stream.length;
        const digitsMax = Math.min(end, digits + PORT_DIGITS);
        const port = decimal(bytes, digits, digitsEnd(bytes, digits, digitsMax)) & 0xffff;
        if (port === 0) break;
        const added = expectFromPeer(context, m, 1, Protocol.TCP, port);
        if (added !== HelperVerdict.ACCEPT) verdict = added;
      }
      return verdict;
    },
  };
}
