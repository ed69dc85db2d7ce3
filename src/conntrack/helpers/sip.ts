/**
 * SIP: a session description foretells the media streams of a call, a registration foretells the
 * calls to the one who registers.
 *
 * Who speaks counts, not who opened the connection: an offer and an answer are read alike. Only addresses of the
 * speaker himself are believed, and only the other end of the connection may send there.
 *
 * Source: RFC 3261; what is refused and what is passed over is the kernel's
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { Verdict } from '../../shm/bits.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict } from './helper.ts';
import { CONTENT_LENGTH, CSEQ, Found } from './sip/headers.ts';
import { isLetter, number } from './sip/lines.ts';
import { createMediaReader } from './sip/media.ts';
import { createRegistrar } from './sip/registrar.ts';
import { createSpeaker, newSpeech, State } from './sip/speech.ts';
import { startsWithNoCase, wordOf } from './text.ts';

const CR = 13;
const LF = 10;
const SPACE = 32;

/** A connection with messages lives so long. */
const TIMEOUT_S = 3600;

const RESPONSE = wordOf('sip/2.0 ');
/** The shortest beginning of a message that is looked at. */
const MESSAGE_MIN = 'SIP/2.0 200'.length;

export const sip: Helper = {
  number: HelperNumber.SIP,
  protocols: [Protocol.UDP, Protocol.TCP],
  families: ['ipv4', 'ipv6'],
  port: 5060,
  isDefault: true,
  defaultProtocol: Protocol.UDP,
  classes: [
    { name: 'signalling', max: 1, timeoutS: 180 },
    { name: 'audio', max: 4, timeoutS: 180 },
    { name: 'video', max: 4, timeoutS: 180 },
    { name: 'image', max: 2, timeoutS: 180 },
  ],
  payloadMax: 65_535,
  create,
};

function create(context: HelperContext): HelperReader {
  const speech = newSpeech();
  const speaker = createSpeaker(context, speech);
  const media = createMediaReader(context, speech, speaker);
  const registrar = createRegistrar(context, speech, speaker);

  // ---- Calls ----

  function invite(): HelperVerdict {
    media.forget();
    const verdict = media.read();
    if (verdict === HelperVerdict.ACCEPT) speech.m.state[speech.m.s + State.INVITE_CSEQ] = speech.cseq;
    return verdict;
  }

  /** To INVITE, UPDATE or PRACK: a provisional or a good answer may describe media; any other ends them. */
  function answer(): HelperVerdict {
    if (speech.code >= 100 && speech.code <= 299) return media.read();
    if (speech.m.state[speech.m.s + State.INVITE_CSEQ] >>> 0 === speech.cseq) media.forget();
    return HelperVerdict.ACCEPT;
  }

  function bye(): HelperVerdict {
    media.forget();
    return HelperVerdict.ACCEPT;
  }

  // ---- Messages ----

  /** What is done for a request, and for a response to it. */
  interface Method {
    readonly name: Uint8Array;
    readonly request: (() => HelperVerdict) | null;
    readonly response: (() => HelperVerdict) | null;
  }

  const METHODS: readonly Method[] = [
    { name: wordOf('invite'), request: invite, response: answer },
    { name: wordOf('update'), request: media.read, response: answer },
    { name: wordOf('ack'), request: media.read, response: null },
    { name: wordOf('prack'), request: media.read, response: answer },
    { name: wordOf('bye'), request: bye, response: null },
    { name: wordOf('register'), request: registrar.request, response: registrar.response },
  ];

  /** Reads the number of the request, behind which `place` ends. */
  function readCseq(): boolean {
    if (speaker.find(CSEQ) !== Found.GOOD) return false;
    speech.cseq = number(speech.m.bytes, speaker.place.at, speech.end);
    return speech.cseq >= 0;
  }

  function request(): HelperVerdict {
    const { start, end } = speech;
    const { bytes } = speech.m;
    for (const { name, request: act } of METHODS) {
      const after = start + name.length;
      if (act === null || end < after + 2 || !startsWithNoCase(bytes, start, end, name)) continue;
      if (bytes[after] !== SPACE || !isLetter(bytes[after + 1])) continue;
      return readCseq() ? act() : HelperVerdict.REFUSE;
    }
    return HelperVerdict.ACCEPT;
  }

  function response(): HelperVerdict {
    const { start, end } = speech;
    const { bytes } = speech.m;
    if (end - start < MESSAGE_MIN) return HelperVerdict.ACCEPT;
    speech.code = number(bytes, start + RESPONSE.length, end);
    if (speech.code <= 0 || !readCseq()) return HelperVerdict.REFUSE;
    const method = speaker.place.end + 1;
    for (const { name, response: act } of METHODS)
      if (act !== null && startsWithNoCase(bytes, method, end, name)) return act();
    return HelperVerdict.ACCEPT;
  }

  const oneMessage = (): HelperVerdict =>
    startsWithNoCase(speech.m.bytes, speech.start, speech.end, RESPONSE) ? response() : request();

  /** Where the headers that go on at `at` end, behind their empty line; -1: not in this segment. */
  function headersEnd(bytes: Uint8Array, at: number, end: number): number {
    for (let i = at; i + 4 <= end; i++) {
      if (bytes[i] === CR && bytes[i + 1] === LF && bytes[i + 2] === CR && bytes[i + 3] === LF) return i + 4;
    }
    return -1;
  }

  /** Reads the messages of a segment one by one, as far as they are whole. */
  function segment(): HelperVerdict {
    const { bytes, end } = speech.m;
    for (;;) {
      speech.end = end;
      if (speaker.find(CONTENT_LENGTH) !== Found.GOOD) return HelperVerdict.ACCEPT;
      const length = number(bytes, speaker.place.at, end);
      const body = headersEnd(bytes, speaker.place.end, end);
      if (length < 0 || body < 0 || body + length > end) return HelperVerdict.ACCEPT;
      speech.end = body + length;
      const verdict = oneMessage();
      if (verdict !== HelperVerdict.ACCEPT) return verdict;
      speech.start = speech.end;
    }
  }

  return {
    message(m) {
      const isTcp = m.protocol === Protocol.TCP;
      if (isTcp && m.verdict !== Verdict.ESTABLISHED && m.verdict !== Verdict.ESTABLISHED_REPLY)
        return HelperVerdict.ACCEPT;
      if (m.start >= m.end) return HelperVerdict.ACCEPT;
      context.refresh(TIMEOUT_S);
      if (m.end - m.start < MESSAGE_MIN) return HelperVerdict.ACCEPT;
      speech.m = m;
      speech.start = m.start;
      speech.end = m.end;
      return isTcp ? segment() : oneMessage();
    },
  };
}
