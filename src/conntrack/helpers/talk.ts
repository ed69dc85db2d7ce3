/**
 * Talk: who calls waits at a TCP port, which the daemon of the called one learns by an announcement, and
 * the called one by asking the daemon of the caller. Both foretell the connection of the called one.
 * There are two formats: that of 4.2BSD at port 517, and that of 4.3BSD at port 518.
 *
 * No kernel of today has these helpers; their rules are ours.
 * Source: <protocols/talkd.h> of 4.3BSD, talk/ctl.h of 4.2BSD
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { expectFromPeer } from './foretell.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict, type Message } from './helper.ts';
import { be16, be32 } from './text.ts';

/** Types of messages, and the answer that is none of the errors. */
const LOOK_UP = 1;
const ANNOUNCE = 3;
const SUCCESS = 0;
/** Address family of IPv4, in the order of the one host or the other. */
const INET = 0x0002;
const INET_SWAPPED = 0x0200;
/** Seconds for which a daemon keeps an invitation. */
const INVITATION_S = 60;

/** Where things are in a message. */
interface Format {
  /** First byte of both messages; null: there is none. */
  readonly version: number | null;
  readonly type: number;
  readonly requestBytes: number;
  /** Socket address of the caller in a request. */
  readonly requestAddress: number;
  readonly answer: number;
  readonly answerBytes: number;
  readonly answerAddress: number;
}

const BSD_4_2: Format = {
  version: null,
  type: 0,
  requestBytes: 76,
  requestAddress: 44,
  answer: 1,
  answerBytes: 24,
  answerAddress: 8,
};
const BSD_4_3: Format = {
  version: 1,
  type: 1,
  requestBytes: 84,
  requestAddress: 8,
  answer: 2,
  answerBytes: 24,
  answerAddress: 8,
};

const helper = (number: HelperNumber, port: number, format: Format): Helper => ({
  number,
  protocols: [Protocol.UDP],
  families: ['ipv4'],
  port,
  isDefault: false,
  classes: [{ name: '', max: 1, timeoutS: INVITATION_S }],
  payloadMax: format.requestBytes,
  create: (context) => create(context, format),
});

export const talk: Helper = helper(HelperNumber.TALK, 517, BSD_4_2);
export const ntalk: Helper = helper(HelperNumber.NTALK, 518, BSD_4_3);

function create(context: HelperContext, format: Format): HelperReader {
  const own = new Int32Array(4);

  /** Where the socket address of the caller is; -1 when the message has none. */
  function addressAt({ bytes, start, end, dir }: Message): number {
    const length = end - start;
    if (length < (dir === 0 ? format.requestBytes : format.answerBytes)) return -1;
    if (format.version !== null && bytes[start] !== format.version) return -1;
    const type = bytes[start + format.type];
    if (dir === 0) return type === ANNOUNCE ? start + format.requestAddress : -1;
    if (type !== LOOK_UP || bytes[start + format.answer] !== SUCCESS) return -1;
    return start + format.answerAddress;
  }

  return {
    message(m) {
      const at = addressAt(m);
      if (at < 0) return HelperVerdict.ACCEPT;
      const family = be16(m.bytes, at);
      const port = be16(m.bytes, at + 2);
      // Another address than the speaker's own is not believed.
      context.source(m.dir, own);
      if ((family !== INET && family !== INET_SWAPPED) || port === 0 || be32(m.bytes, at + 4) !== own[0])
        return HelperVerdict.ACCEPT;
      expectFromPeer(context, m, m.dir, Protocol.TCP, port);
      return HelperVerdict.ACCEPT;
    },
  };
}
