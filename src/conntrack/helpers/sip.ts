/**
 * SIP: a session description foretells the media streams of a call, a registration foretells the
 * calls to the one who registers.
 *
 * Who speaks counts, not who opened the connection: an offer and an answer are read alike. Only addresses of the
 * speaker himself are believed, and only the other end of the connection may send there.
 *
 * Source: RFC 3261 (messages), RFC 3264 (offer and answer), RFC 4566 (descriptions), RFC 3550 11 (port
 * pairs); what is refused and what is passed over is the kernel's
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { ExpectFlag, Verdict } from '../../shm/bits.ts';
import { Expect } from '../../shm/offsets.generated.ts';
import { ExpectAnswer } from '../expectations.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict, type Message } from './helper.ts';
import {
  CONTENT_LENGTH,
  CSEQ,
  type Endpoint,
  EXPIRES,
  Found,
  findHeader,
  nextContact,
  type Place,
  parameter,
  type Walk,
} from './sip/headers.ts';
import { isLetter, number } from './sip/lines.ts';
import { Described, type Media, readStreams } from './sip/sdp.ts';
import { startsWithNoCase, wordOf } from './text.ts';

const CR = 13;
const LF = 10;
const SPACE = 32;

/** Rows of the policy. */
enum Class {
  SIGNALLING = 0,
  AUDIO = 1,
}

/** Words of a connection's state. */
enum State {
  /** Number of the last INVITE, and of the last REGISTER, that was let through. */
  INVITE_CSEQ = 0,
  REGISTER_CSEQ = 1,
}

/** A connection with messages lives so long. */
const TIMEOUT_S = 3600;
/** Deadlines are ms in 31 bits; a registration may ask for more. */
const EXPIRES_MAX_S = 2_000_000;

const RESPONSE = wordOf('sip/2.0 ');
/** The shortest beginning of a message that is looked at. */
const MESSAGE_MIN = 'SIP/2.0 200'.length;
const TRANSPORT = wordOf('transport=');
const EXPIRES_PARAMETER = wordOf('expires=');
const TCP = wordOf('tcp');
const UDP = wordOf('udp');

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
  const { expectations } = context;
  /** The message at hand, of which several may be in one segment. */
  let m: Message;
  let start = 0;
  let end = 0;
  let cseq = 0;
  let code = 0;

  const place: Place = { at: 0, end: 0 };
  const walk: Walk = { from: 0, isInList: false };
  const contact: Endpoint = { address: new Int32Array(4), port: 0, end: 0 };
  const own = new Int32Array(4);

  const find = (header: Parameters<typeof findHeader>[3]): Found =>
    findHeader(m.bytes, start, end, header, m.isIpv6, place);

  const isSame = (a: Int32Array, b: Int32Array): boolean =>
    a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];

  // ---- Media ----

  /** Forgets the streams, or the registration. */
  function forget(isMedia: boolean): void {
    expectations.settle(m.nowMs);
    for (let slot = expectations.firstOf(m.entry); slot !== 0; ) {
      const next = expectations.nextOf(slot);
      if ((expectations.word(slot, Expect.CLASS) !== Class.SIGNALLING) === isMedia) {
        expectations.remove(slot);
        if (!isMedia) return;
      }
      slot = next;
    }
  }

  /** A request for packets from the other end to an address and a port of the speaker. */
  function requestTo(klass: number, protocol: number, address: Int32Array, port: number) {
    const request = context.request(protocol, klass);
    context.source(1 - m.dir, request.source);
    request.mask.fill(-1, 0, m.isIpv6 ? 4 : 1);
    request.destination.set(address);
    request.destinationPort = port;
    return request;
  }

  /** Whether the stream was foretold by another connection: a call that reaches several ends is described to each. */
  function isForetoldElsewhere(klass: number, address: Int32Array, port: number): boolean {
    const r = requestTo(klass, Protocol.UDP, address, port);
    expectations.settle(m.nowMs);
    const slot = expectations.find(r.source, r.destination, 0, port, r.kind, m.nowMs);
    return (
      slot !== 0 &&
      expectations.word(slot, Expect.MASTER) !== m.entry &&
      expectations.word(slot, Expect.HELPER) === HelperNumber.SIP &&
      context.protocolOf(expectations.word(slot, Expect.MASTER)) === m.protocol &&
      expectations.word(slot, Expect.CLASS) === klass
    );
  }

  function foretellPort(klass: number, address: Int32Array, port: number): ExpectAnswer {
    const request = requestTo(klass, Protocol.UDP, address, port);
    request.skipMaster = true;
    return context.expect(request);
  }

  const isFine = (answer: ExpectAnswer): boolean =>
    answer === ExpectAnswer.ADDED || answer === ExpectAnswer.ALREADY;

  /** RTP has the even port, RTCP the odd one behind it. */
  function onStream(media: Media, address: Int32Array, port: number): boolean {
    context.source(m.dir, own);
    if (!isSame(address, own)) return true;
    const klass = Class.AUDIO + media;
    if (isForetoldElsewhere(klass, address, port)) return true;
    const even = port & ~1;
    const rtp = foretellPort(klass, address, even);
    if (!isFine(rtp)) return false;
    const slot = expectations.added();
    const rtcp = foretellPort(klass, address, even + 1);
    if (isFine(rtcp)) return true;
    if (rtp === ExpectAnswer.ADDED) expectations.remove(slot);
    return false;
  }

  function description(): HelperVerdict {
    const described = readStreams(m.bytes, start, end, m.isIpv6, onStream);
    return described === Described.WHOLE ? HelperVerdict.ACCEPT : HelperVerdict.REFUSE;
  }

  // ---- Calls ----

  function invite(): HelperVerdict {
    forget(true);
    const verdict = description();
    if (verdict === HelperVerdict.ACCEPT) m.state[m.s + State.INVITE_CSEQ] = cseq;
    return verdict;
  }

  /** To INVITE, UPDATE or PRACK: a provisional or a good answer may describe media; any other ends them. */
  function answer(): HelperVerdict {
    if (code >= 100 && code <= 299) return description();
    if (m.state[m.s + State.INVITE_CSEQ] >>> 0 === cseq) forget(true);
    return HelperVerdict.ACCEPT;
  }

  function bye(): HelperVerdict {
    forget(true);
    return HelperVerdict.ACCEPT;
  }

  // ---- Registrations ----

  /** Whether the contact has the transport protocol of this connection, which it has if it names none. */
  function hasSameTransport(): boolean {
    const at = parameter(m.bytes, contact.end, end, TRANSPORT);
    return at < 0 || startsWithNoCase(m.bytes, at, end, m.protocol === Protocol.TCP ? TCP : UDP);
  }

  const headerExpires = (): number =>
    find(EXPIRES) === Found.GOOD ? Math.max(number(m.bytes, place.at, end), 0) : 0;

  /** The contact's own expiry, or that of the message; -1 when it cannot be read. */
  function expiry(ofMessage: number): number {
    const at = parameter(m.bytes, contact.end, end, EXPIRES_PARAMETER);
    return at < 0 ? ofMessage : number(m.bytes, at, end);
  }

  const readContact = (): boolean => nextContact(m.bytes, end, m.isIpv6, walk, place, contact);

  function register(): HelperVerdict {
    // Who was called here does not register here.
    if (context.isExpected()) return HelperVerdict.ACCEPT;
    const ofMessage = headerExpires();
    walk.from = start;
    walk.isInList = false;
    if (!readContact()) return HelperVerdict.ACCEPT;
    context.source(m.dir, own);
    if (!isSame(contact.address, own)) return HelperVerdict.ACCEPT;
    if (!hasSameTransport()) return HelperVerdict.ACCEPT;
    const expires = expiry(ofMessage);
    if (expires < 0) return HelperVerdict.REFUSE;
    if (expires > 0) {
      const request = requestTo(Class.SIGNALLING, m.protocol, contact.address, contact.port);
      request.flags = ExpectFlag.PERMANENT | ExpectFlag.INACTIVE;
      request.assign = HelperNumber.SIP;
      if (context.expect(request) !== ExpectAnswer.ADDED) return HelperVerdict.REFUSE;
    }
    m.state[m.s + State.REGISTER_CSEQ] = cseq;
    return HelperVerdict.ACCEPT;
  }

  /** Makes the registration of the contact active for so long; false when there is none. */
  function confirm(expires: number): boolean {
    const request = requestTo(Class.SIGNALLING, m.protocol, contact.address, contact.port);
    for (let slot = expectations.firstOf(m.entry); slot !== 0; slot = expectations.nextOf(slot)) {
      if (
        expectations.word(slot, Expect.CLASS) !== Class.SIGNALLING ||
        !expectations.isTo(slot, contact.address, contact.port, request.kind)
      )
        continue;
      expectations.setDeadline(slot, (m.nowMs + Math.min(expires, EXPIRES_MAX_S) * 1000) | 0);
      expectations.setFlags(slot, expectations.word(slot, Expect.FLAGS) & ~ExpectFlag.INACTIVE);
      return true;
    }
    return false;
  }

  function registered(): HelperVerdict {
    if (m.state[m.s + State.REGISTER_CSEQ] >>> 0 !== cseq) return HelperVerdict.ACCEPT;
    if (code >= 100 && code <= 199) return HelperVerdict.ACCEPT;
    if (code >= 200 && code <= 299) {
      const ofMessage = headerExpires();
      walk.from = start;
      walk.isInList = false;
      context.destination(m.dir, own);
      expectations.settle(m.nowMs);
      while (readContact()) {
        if (!isSame(contact.address, own)) continue;
        if (!hasSameTransport()) continue;
        const expires = expiry(ofMessage);
        if (expires < 0) return HelperVerdict.REFUSE;
        if (expires === 0) break;
        if (confirm(expires)) return HelperVerdict.ACCEPT;
      }
    }
    forget(false);
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
    { name: wordOf('update'), request: description, response: answer },
    { name: wordOf('ack'), request: description, response: null },
    { name: wordOf('prack'), request: description, response: answer },
    { name: wordOf('bye'), request: bye, response: null },
    { name: wordOf('register'), request: register, response: registered },
  ];

  /** Reads the number of the request, behind which `place` ends. */
  function readCseq(): boolean {
    if (find(CSEQ) !== Found.GOOD) return false;
    cseq = number(m.bytes, place.at, end);
    return cseq >= 0;
  }

  function request(): HelperVerdict {
    for (const { name, request: act } of METHODS) {
      const after = start + name.length;
      if (act === null || end < after + 2 || !startsWithNoCase(m.bytes, start, end, name)) continue;
      if (m.bytes[after] !== SPACE || !isLetter(m.bytes[after + 1])) continue;
      return readCseq() ? act() : HelperVerdict.REFUSE;
    }
    return HelperVerdict.ACCEPT;
  }

  function response(): HelperVerdict {
    if (end - start < MESSAGE_MIN) return HelperVerdict.ACCEPT;
    code = number(m.bytes, start + RESPONSE.length, end);
    if (code <= 0 || !readCseq()) return HelperVerdict.REFUSE;
    const at = place.end + 1;
    for (const { name, response: act } of METHODS)
      if (act !== null && startsWithNoCase(m.bytes, at, end, name)) return act();
    return HelperVerdict.ACCEPT;
  }

  const oneMessage = (): HelperVerdict =>
    startsWithNoCase(m.bytes, start, end, RESPONSE) ? response() : request();

  /** Where the headers that go on at `at` end, behind their empty line; -1: not in this segment. */
  function headersEnd(at: number, segmentEnd: number): number {
    const { bytes } = m;
    for (let i = at; i + 4 <= segmentEnd; i++) {
      if (bytes[i] === CR && bytes[i + 1] === LF && bytes[i + 2] === CR && bytes[i + 3] === LF) return i + 4;
    }
    return -1;
  }

  /** Reads the messages of a segment one by one, as far as they are whole. */
  function segment(): HelperVerdict {
    const segmentEnd = m.end;
    for (;;) {
      end = segmentEnd;
      if (find(CONTENT_LENGTH) !== Found.GOOD) return HelperVerdict.ACCEPT;
      const length = number(m.bytes, place.at, end);
      const body = headersEnd(place.end, segmentEnd);
      if (length < 0 || body < 0 || body + length > segmentEnd) return HelperVerdict.ACCEPT;
      end = body + length;
      const verdict = oneMessage();
      if (verdict !== HelperVerdict.ACCEPT) return verdict;
      start = end;
    }
  }

  return {
    message(message) {
      m = message;
      start = m.start;
      end = m.end;
      if (start >= end) return HelperVerdict.ACCEPT;
      if (m.protocol === Protocol.TCP) {
        if (m.verdict !== Verdict.ESTABLISHED && m.verdict !== Verdict.ESTABLISHED_REPLY)
          return HelperVerdict.ACCEPT;
        context.refresh(TIMEOUT_S);
        return end - start < MESSAGE_MIN ? HelperVerdict.ACCEPT : segment();
      }
      context.refresh(TIMEOUT_S);
      return end - start < MESSAGE_MIN ? HelperVerdict.ACCEPT : oneMessage();
    },
  };
}
