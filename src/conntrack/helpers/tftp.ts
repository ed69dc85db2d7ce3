/**
 * TFTP: the server answers a request from a port of its own. A request foretells that.
 *
 * Source: RFC 1350 4
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { ExpectAnswer } from '../expectations.ts';
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
    message({ bytes, start, end, isIpv6 }) {
      if (end - start < 2) return HelperVerdict.ACCEPT;
      const opcode = (bytes[start] << 8) | bytes[start + 1];
      if (opcode !== READ_REQUEST && opcode !== WRITE_REQUEST) return HelperVerdict.ACCEPT;
      const request = context.request(Protocol.UDP);
      context.source(1, request.source);
      request.mask.fill(-1, 0, isIpv6 ? 4 : 1);
      context.destination(1, request.destination);
      request.destinationPort = context.destinationPort(1);
      return context.expect(request) === ExpectAnswer.ADDED ? HelperVerdict.ACCEPT : HelperVerdict.REFUSE;
    },
  };
}
