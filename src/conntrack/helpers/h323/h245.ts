/**
 * H.245: opens the media of an H.323 call. It has no port of its own: call signalling foretells it.
 *
 * Source: ITU-T H.245; what is foretold is the kernel's rule
 */
import { HelperNumber } from '../../../common/helpers.ts';
import { Protocol } from '../../../packet/protocol.ts';
import { Verdict } from '../../../shm/bits.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict } from '../helper.ts';
import { controlMessage } from './asn1-h245.ts';
import { createChannels } from './channels.ts';
import { createPerReader } from './reader.ts';
import { createTpktReader } from './tpkt.ts';

export const h245: Helper = {
  number: HelperNumber.H245,
  protocols: [Protocol.TCP],
  families: ['ipv4', 'ipv6'],
  port: 0,
  isDefault: false,
  classes: [{ name: '', max: 18, timeoutS: 240 }],
  payloadMax: 65_535,
  create,
};

function create(context: HelperContext): HelperReader {
  const tpkt = createTpktReader();
  const reader = createPerReader();
  const channels = createChannels(context);
  return {
    message(m) {
      if (m.verdict !== Verdict.ESTABLISHED && m.verdict !== Verdict.ESTABLISHED_REPLY)
        return HelperVerdict.ACCEPT;
      tpkt.begin(m);
      while (tpkt.next(m)) {
        if (!reader.read(controlMessage, m.bytes, tpkt.start, tpkt.end)) break;
        if (!channels.foretell(m, reader)) return HelperVerdict.REFUSE;
      }
      return HelperVerdict.ACCEPT;
    },
  };
}
