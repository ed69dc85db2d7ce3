/**
 * RAS: endpoints and gatekeepers of H.323. A registration foretells calls to the endpoint for as long as
 * it lasts, an admission or a location the call that it was asked for.
 *
 * Source: ITU-T H.225.0; what is foretold is the kernel's rule
 */
import { HelperNumber } from '../../../common/helpers.ts';
import { Protocol } from '../../../packet/protocol.ts';
import { ExpectFlag } from '../../../shm/bits.ts';
import { ExpectAnswer, type ExpectRequest } from '../../expectations.ts';
import {
  type Helper,
  type HelperContext,
  type HelperReader,
  HelperVerdict,
  type Message,
} from '../helper.ts';
import { rasMessage } from './asn1-ras.ts';
import { createAddressReader, fromOtherSide } from './channels.ts';
import { Part } from './names.ts';
import { createPerReader, Note } from './reader.ts';

/** Seconds that a registration lasts which does not say so. */
const REGISTRATION_S = 300;
/** Seconds for the answer to an unregistration. */
const UNREGISTRATION_S = 30;
/** No connection lives longer: the clock of timeouts has 31 bits of milliseconds. */
const TIMEOUT_MAX_S = 2_147_000;

/** Words of a connection's state. */
enum Word {
  /** Time to live of its registration, seconds; 0: none is known. */
  TIME_TO_LIVE = 0,
}

export const ras: Helper = {
  number: HelperNumber.RAS,
  protocols: [Protocol.UDP],
  families: ['ipv4', 'ipv6'],
  port: 1719,
  isDefault: false,
  classes: [{ name: '', max: 32, timeoutS: 240 }],
  payloadMax: 65_535,
  create,
};

function create(context: HelperContext): HelperReader {
  const reader = createPerReader();
  const { notes } = reader;
  const address = createAddressReader(context);
  const peer = new Int32Array(4);

  const isAddress = (name: number): boolean => name === Part.IPV4 || name === Part.IPV6;

  /** Reads the first address; false when there is none of this family. */
  function readAddress(m: Message): boolean {
    for (let n = 0; n < reader.count() * Note.WORDS; n += Note.WORDS)
      if (isAddress(notes[n + Note.NAME])) return address.read(m, notes[n + Note.NAME], notes[n + Note.AT]);
    return false;
  }

  /** Reads the first of the sender's own addresses. */
  function readSenders(m: Message): boolean {
    for (let n = 0; n < reader.count() * Note.WORDS; n += Note.WORDS) {
      const name = notes[n + Note.NAME];
      if (isAddress(name) && address.read(m, name, notes[n + Note.AT]) && address.isSenders(m)) return true;
    }
    return false;
  }

  /** Seconds of the message's own; 0 for none. */
  function timeToLive(): number {
    for (let n = 0; n < reader.count() * Note.WORDS; n += Note.WORDS)
      if (notes[n + Note.NAME] === Part.TIME_TO_LIVE) return notes[n + Note.AT] >>> 0;
    return 0;
  }

  function verdictOf(request: ExpectRequest): HelperVerdict {
    return context.expect(request) === ExpectAnswer.ADDED ? HelperVerdict.ACCEPT : HelperVerdict.REFUSE;
  }

  /** From the other side to the address that was read. */
  function toAddress(m: Message, protocol: number): ExpectRequest {
    const request = context.request(protocol);
    fromOtherSide(context, m, request);
    request.destination.set(address.address);
    request.destinationPort = address.port();
    return request;
  }

  const isPeer = (): boolean => peer.every((word, i) => word === address.address[i]);

  /** The gatekeeper may register at another address than where it was found. */
  function gatekeeperConfirm(m: Message): HelperVerdict {
    if (!readAddress(m)) return HelperVerdict.ACCEPT;
    context.source(m.dir, peer);
    if (isPeer() && address.port() === context.sourcePort(m.dir)) return HelperVerdict.ACCEPT;
    if (context.isExpected()) return HelperVerdict.ACCEPT;
    const request = toAddress(m, Protocol.UDP);
    request.assign = HelperNumber.RAS;
    return verdictOf(request);
  }

  /** Calls come from the gatekeeper to the endpoint, any number of them. */
  function registrationRequest(m: Message): HelperVerdict {
    if (readSenders(m)) {
      const request = context.request(Protocol.TCP);
      fromOtherSide(context, m, request);
      context.destination(1 - m.dir, request.destination);
      request.destinationPort = address.port();
      request.flags = ExpectFlag.PERMANENT;
      request.assign = HelperNumber.Q931;
      if (verdictOf(request) !== HelperVerdict.ACCEPT) return HelperVerdict.REFUSE;
    }
    m.state[m.s + Word.TIME_TO_LIVE] = timeToLive() || REGISTRATION_S;
    return HelperVerdict.ACCEPT;
  }

  function registrationConfirm(m: Message): HelperVerdict {
    const own = timeToLive();
    if (own !== 0) m.state[m.s + Word.TIME_TO_LIVE] = own;
    const seconds = m.state[m.s + Word.TIME_TO_LIVE] >>> 0;
    if (seconds > 0) context.refresh(Math.min(seconds, TIMEOUT_MAX_S));
    return HelperVerdict.ACCEPT;
  }

  function unregistrationRequest(m: Message): HelperVerdict {
    context.expectations.removeOf(m.entry);
    context.refresh(UNREGISTRATION_S);
    return HelperVerdict.ACCEPT;
  }

  /** An answer to who is called says its own address; one to who calls says where to call. */
  function admissionConfirm(m: Message): HelperVerdict {
    if (!readAddress(m)) return HelperVerdict.ACCEPT;
    context.destination(m.dir, peer);
    return isPeer() ? HelperVerdict.ACCEPT : call(m);
  }

  function locationConfirm(m: Message): HelperVerdict {
    return readAddress(m) ? call(m) : HelperVerdict.ACCEPT;
  }

  function call(m: Message): HelperVerdict {
    const request = toAddress(m, Protocol.TCP);
    request.flags = ExpectFlag.PERMANENT;
    request.assign = HelperNumber.Q931;
    return verdictOf(request);
  }

  return {
    message(m) {
      if (!reader.read(rasMessage, m.bytes, m.start, m.end) || reader.count() === 0)
        return HelperVerdict.ACCEPT;
      switch (notes[Note.NAME]) {
        case Part.GATEKEEPER_CONFIRM:
          return gatekeeperConfirm(m);
        case Part.REGISTRATION_REQUEST:
          return registrationRequest(m);
        case Part.REGISTRATION_CONFIRM:
          return registrationConfirm(m);
        case Part.UNREGISTRATION_REQUEST:
          return unregistrationRequest(m);
        case Part.ADMISSION_CONFIRM:
          return admissionConfirm(m);
        case Part.LOCATION_CONFIRM:
          return locationConfirm(m);
        default:
          return HelperVerdict.ACCEPT;
      }
    },
  };
}
