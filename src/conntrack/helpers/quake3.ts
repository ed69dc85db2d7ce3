/**
 * Quake 3, and the games that ask for servers as it does: a master server answers with the addresses of
 * game servers, to which the client then goes.
 *
 *   <ff ff ff ff>getserversResponse\<address><port>\<address><port>\EOT
 *
 * No kernel of today has this helper; its rules are ours.
 * Source: the protocol of dpmaster, 2.4 (getservers)
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict } from './helper.ts';
import { be16, be32, startsWith } from './text.ts';

const HEAD = Uint8Array.from([
  ...[0xff, 0xff, 0xff, 0xff],
  ...new TextEncoder().encode('getserversResponse'),
]);
const BACKSLASH = 92;
/** A backslash, the address and the port. */
const SERVER_BYTES = 7;
const SERVERS_MAX = 64;

export const quake3: Helper = {
  number: HelperNumber.QUAKE3,
  protocols: [Protocol.UDP],
  families: ['ipv4'],
  port: 27_950,
  isDefault: false,
  classes: [{ name: '', max: SERVERS_MAX, timeoutS: 60 }],
  payloadMax: HEAD.length + SERVERS_MAX * SERVER_BYTES,
  create,
};

function create(context: HelperContext): HelperReader {
  function expectServer(address: number, port: number): void {
    const request = context.request(Protocol.UDP);
    context.source(0, request.source);
    request.mask[0] = -1;
    request.destination[0] = address;
    request.destinationPort = port;
    context.expect(request);
  }

  return {
    message({ bytes, start, end, dir }) {
      if (dir === 0 || !startsWith(bytes, start, end, HEAD)) return HelperVerdict.ACCEPT;
      for (let at = start + HEAD.length; end - at >= SERVER_BYTES; at += SERVER_BYTES) {
        const port = be16(bytes, at + 5);
        // The end of the list is written as a server with port 0, or is shorter than one.
        if (bytes[at] !== BACKSLASH || port === 0) break;
        expectServer(be32(bytes, at + 1), port);
      }
      return HelperVerdict.ACCEPT;
    },
  };
}
