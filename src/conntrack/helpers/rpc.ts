/**
 * ONC RPC: the port mapper tells at which port a program waits (PMAPPROC_GETPORT). The answer does not
 * say what was asked: calls that are not answered yet are remembered by their number.
 *
 * No kernel of today has this helper; its rules are ours.
 * Source: RFC 1833 3 (port mapper version 2), RFC 5531 9 (messages), 11 (records over TCP)
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { expectFromPeer } from './foretell.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict, type Message } from './helper.ts';
import { be32 } from './text.ts';

const CALL = 0;
const REPLY = 1;
const RPC_VERSION = 2;
const PORT_MAPPER = 100_000;
const PORT_MAPPER_VERSION = 2;
const GETPORT = 3;
/** Both accepted and success. */
const GOOD = 0;
const RECORD_MARK_BYTES = 4;
const AUTH_BYTES_MAX = 400;
/** Of a call before its credentials, and of what is asked; of an answer before its verifier. */
const CALL_BYTES = 24;
const QUESTION_BYTES = 16;
const REPLY_BYTES = 12;
const PORT_MAX = 65_535;

/** Words of the connection's state: which call is forgotten next, then number and protocol of each. */
const NEXT = 0;
const CALLS = 1;
const CALL_WORDS = 2;
const CALLS_MAX = 4;

export const rpc: Helper = {
  number: HelperNumber.RPC,
  protocols: [Protocol.TCP, Protocol.UDP],
  families: ['ipv4', 'ipv6'],
  port: 111,
  isDefault: false,
  classes: [{ name: '', max: 8, timeoutS: 60 }],
  payloadMax: RECORD_MARK_BYTES + CALL_BYTES + 2 * (8 + AUTH_BYTES_MAX) + QUESTION_BYTES,
  create,
};

/** The end of a credential or verifier: flavour, length, and that many bytes, filled up to a word. -1: there is none. */
function authEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at < 0 || end - at < 8) return -1;
  const length = be32(bytes, at + 4);
  if (length < 0 || length > AUTH_BYTES_MAX) return -1;
  const after = at + 8 + ((length + 3) & ~3);
  return after <= end ? after : -1;
}

function create(context: HelperContext): HelperReader {
  /** Where the call is remembered, or -1. */
  function wordOfCall({ state, s }: Message, xid: number): number {
    for (let i = 0; i < CALLS_MAX; i++) {
      const word = s + CALLS + i * CALL_WORDS;
      if (state[word] === xid && state[word + 1] !== 0) return word;
    }
    return -1;
  }

  function remember(m: Message, xid: number, protocol: number): void {
    const { state, s } = m;
    let word = wordOfCall(m, xid);
    if (word < 0) {
      word = s + CALLS + state[s + NEXT] * CALL_WORDS;
      state[s + NEXT] = (state[s + NEXT] + 1) % CALLS_MAX;
    }
    state[word] = xid;
    state[word + 1] = protocol;
  }

  function call(m: Message, at: number): void {
    const { bytes, end } = m;
    if (end - at < CALL_BYTES || be32(bytes, at + 4) !== CALL || be32(bytes, at + 8) !== RPC_VERSION) return;
    const isGetPort =
      be32(bytes, at + 12) === PORT_MAPPER &&
      be32(bytes, at + 16) === PORT_MAPPER_VERSION &&
      be32(bytes, at + 20) === GETPORT;
    const question = authEnd(bytes, authEnd(bytes, at + CALL_BYTES, end), end);
    if (!isGetPort || question < 0 || end - question < QUESTION_BYTES) return;
    const protocol = be32(bytes, question + 8);
    if (protocol === Protocol.TCP || protocol === Protocol.UDP) remember(m, be32(bytes, at), protocol);
  }

  function reply(m: Message, at: number): void {
    const { bytes, end, state } = m;
    if (end - at < REPLY_BYTES || be32(bytes, at + 4) !== REPLY) return;
    const word = wordOfCall(m, be32(bytes, at));
    if (word < 0) return;
    const protocol = state[word + 1];
    state[word + 1] = 0;
    const result = authEnd(bytes, at + REPLY_BYTES, end);
    if (be32(bytes, at + 8) !== GOOD || result < 0 || end - result < 8) return;
    const port = be32(bytes, result + 4);
    // Port 0: the program is not there.
    if (be32(bytes, result) !== GOOD || port < 1 || port > PORT_MAX) return;
    expectFromPeer(context, m, 1, protocol, port);
  }

  return {
    message(m) {
      const at = m.start + (m.protocol === Protocol.TCP ? RECORD_MARK_BYTES : 0);
      if (m.dir === 0) call(m, at);
      else reply(m, at);
      return HelperVerdict.ACCEPT;
    },
  };
}
