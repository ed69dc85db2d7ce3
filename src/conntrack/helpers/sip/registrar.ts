/**
 * Registrations: calls from the registrar to the contact are expected, once it has agreed and for as
 * long as it says. A connection has one registration at most.
 *
 * Source: RFC 3261 10 (registrations), 20.10 (Contact), 20.19 (Expires)
 */
import { HelperNumber } from '../../../common/helpers.ts';
import { Protocol } from '../../../packet/protocol.ts';
import { ExpectFlag } from '../../../shm/bits.ts';
import { Expect } from '../../../shm/offsets.generated.ts';
import { ExpectAnswer } from '../../expectations.ts';
import { type HelperContext, HelperVerdict } from '../helper.ts';
import { startsWithNoCase, wordOf } from '../text.ts';
import { type Endpoint, EXPIRES, Found, nextContact, parameter, startWalk, type Walk } from './headers.ts';
import { number } from './lines.ts';
import { Class, type Speaker, type Speech, State } from './speech.ts';

/** Deadlines are ms in 31 bits; a registration may ask for more. */
const EXPIRES_MAX_S = 2_000_000;

const TRANSPORT = wordOf('transport=');
const EXPIRES_PARAMETER = wordOf('expires=');
const TCP = wordOf('tcp');
const UDP = wordOf('udp');

export interface Registrar {
  request(): HelperVerdict;
  response(): HelperVerdict;
}

export function createRegistrar(context: HelperContext, speech: Speech, speaker: Speaker): Registrar {
  const { expectations } = context;
  const { place } = speaker;
  const walk: Walk = { from: 0, isInList: false };
  const contact: Endpoint = { address: new Int32Array(4), port: 0, end: 0 };

  /** Whether the contact has the transport protocol of this connection, which it has if it names none. */
  function hasSameTransport(): boolean {
    const at = parameter(speech.m.bytes, contact.end, speech.end, TRANSPORT);
    return (
      at < 0 ||
      startsWithNoCase(speech.m.bytes, at, speech.end, speech.m.protocol === Protocol.TCP ? TCP : UDP)
    );
  }

  const headerExpires = (): number =>
    speaker.find(EXPIRES) === Found.GOOD ? Math.max(number(speech.m.bytes, place.at, speech.end), 0) : 0;

  /** The contact's own expiry, or that of the message; -1 when it cannot be read. */
  function expiry(ofMessage: number): number {
    const at = parameter(speech.m.bytes, contact.end, speech.end, EXPIRES_PARAMETER);
    return at < 0 ? ofMessage : number(speech.m.bytes, at, speech.end);
  }

  const readContact = (): boolean =>
    nextContact(speech.m.bytes, speech.end, speech.m.isIpv6, walk, place, contact);

  function request(): HelperVerdict {
    // Who was called here does not register here.
    if (context.isExpected()) return HelperVerdict.ACCEPT;
    const ofMessage = headerExpires();
    startWalk(walk, speech.start, place);
    if (!readContact()) return HelperVerdict.ACCEPT;
    if (!speaker.isOf(speech.m.dir, contact.address)) return HelperVerdict.ACCEPT;
    if (!hasSameTransport()) return HelperVerdict.ACCEPT;
    const expires = expiry(ofMessage);
    if (expires < 0) return HelperVerdict.REFUSE;
    if (expires > 0) {
      const wanted = speaker.requestTo(Class.SIGNALLING, speech.m.protocol, contact.address, contact.port);
      wanted.flags = ExpectFlag.PERMANENT | ExpectFlag.INACTIVE;
      wanted.assign = HelperNumber.SIP;
      if (context.expect(wanted) !== ExpectAnswer.ADDED) return HelperVerdict.REFUSE;
    }
    speech.m.state[speech.m.s + State.REGISTER_CSEQ] = speech.cseq;
    return HelperVerdict.ACCEPT;
  }

  /** The registration of this connection, whatever it is for; 0 for none. */
  function registration(): number {
    expectations.settle(speech.m.nowMs);
    let slot = expectations.firstOf(speech.m.entry);
    while (slot !== 0 && expectations.word(slot, Expect.CLASS) !== Class.SIGNALLING)
      slot = expectations.nextOf(slot);
    return slot;
  }

  /** Makes the registration of the contact active for so long; false when there is none. */
  function confirm(expires: number): boolean {
    const wanted = speaker.requestTo(Class.SIGNALLING, speech.m.protocol, contact.address, contact.port);
    const slot = registration();
    if (slot === 0 || !expectations.isTo(slot, contact.address, contact.port, wanted.kind)) return false;
    expectations.setDeadline(slot, (speech.m.nowMs + Math.min(expires, EXPIRES_MAX_S) * 1000) | 0);
    expectations.setFlags(slot, expectations.word(slot, Expect.FLAGS) & ~ExpectFlag.INACTIVE);
    return true;
  }

  function response(): HelperVerdict {
    if (speech.m.state[speech.m.s + State.REGISTER_CSEQ] >>> 0 !== speech.cseq) return HelperVerdict.ACCEPT;
    if (speech.code >= 100 && speech.code <= 199) return HelperVerdict.ACCEPT;
    if (speech.code >= 200 && speech.code <= 299) {
      const ofMessage = headerExpires();
      startWalk(walk, speech.start, place);
      while (readContact()) {
        if (!speaker.isOf(1 - speech.m.dir, contact.address)) continue;
        if (!hasSameTransport()) continue;
        const expires = expiry(ofMessage);
        if (expires < 0) return HelperVerdict.REFUSE;
        if (expires === 0) break;
        if (confirm(expires)) return HelperVerdict.ACCEPT;
      }
    }
    const slot = registration();
    if (slot !== 0) expectations.remove(slot);
    return HelperVerdict.ACCEPT;
  }

  return { request, response };
}
