/**
 * TFTP: the server answers a request from a port of its own. A request foretells that.
 *
 * Source: RFC 1350 4
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { expectFromPeer } from './foretell.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict } from './helper.ts';

const READ_REQUEST = 1;
const WRITE_REQUEST = 2;

export const tftp: Helper = {
  number: HelperNumber.TFTP,
  protocols: [Protocol.UDP],
  families: ['ipv4', 'ipv6'],
  port: 69,
  isDefault: true,
  classes: [{ name: '', max: 1, timeoutS: 300 }],
  payloadMax: 2,
  create,
};

function create(context: HelperContext): HelperReader {
  return {
    /** Of either direction: what is foretold is the same. */
    message(m) {
      const { bytes, start, end } = m;
      if (end - start < 2) return HelperVerdict.ACCEPT;
      const opcode = (bytes[start] << 8) | bytes[start + 1];
      if (opcode !== READ_REQUEST && opcode !== WRITE_REQUEST) return HelperVerdict.ACCEPT;
      return expectFromPeer(context, m, 0, Protocol.UDP, context.sourcePort(0));
    },
  };
}
