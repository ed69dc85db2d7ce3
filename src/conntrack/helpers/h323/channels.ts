/** What H.245 and call signalling foretell: media, T.120, the H.245 connection, the leg of a forwarded call. */
import { HelperNumber } from '../../../common/helpers.ts';
import { Protocol } from '../../../packet/protocol.ts';
import { ExpectFlag } from '../../../shm/bits.ts';
import { ExpectAnswer, type ExpectRequest } from '../../expectations.ts';
import type { HelperContext, Message } from '../helper.ts';
import { Part, Role } from './names.ts';
import { Note, type PerReader } from './reader.ts';

export interface AddressReader {
  /** What `read` found: four words, IPv4 in the first. */
  readonly address: Int32Array;
  /** Port of the address that `read` found. */
  port(): number;
  /** Takes the address of a note; false when it is of the other family. */
  read(m: Message, part: number, at: number): boolean;
  /** Whether the address is that of the sender, and has a port. */
  isSenders(m: Message): boolean;
}

export function createAddressReader(context: HelperContext): AddressReader {
  const address = new Int32Array(4);
  const own = new Int32Array(4);
  let port = 0;
  const isEqual = (): boolean =>
    address[0] === own[0] && address[1] === own[1] && address[2] === own[2] && address[3] === own[3];
  return {
    address,
    port: () => port,
    read({ bytes, isIpv6 }, part, at) {
      if (part !== (isIpv6 ? Part.IPV6 : Part.IPV4)) return false;
      address.fill(0);
      const words = isIpv6 ? 4 : 1;
      for (let i = 0; i < words; i++) {
        const b = at + i * 4;
        address[i] = (bytes[b] << 24) | (bytes[b + 1] << 16) | (bytes[b + 2] << 8) | bytes[b + 3];
      }
      port = (bytes[at + words * 4] << 8) | bytes[at + words * 4 + 1];
      return true;
    },
    isSenders(m) {
      context.source(m.dir, own);
      return port !== 0 && isEqual();
    },
  };
}

/** Fills in that the other side of the connection comes, from any port. */
export function fromOtherSide(context: HelperContext, m: Message, request: ExpectRequest): void {
  context.source(1 - m.dir, request.source);
  request.mask.fill(-1, 0, m.isIpv6 ? 4 : 1);
}

export interface Channels {
  /** Foretells what a message with these notes says; false when there is no room. */
  foretell(m: Message, notes: PerReader): boolean;
}

/** Thread: ingest. Cost: one expectation for each address of the message, two for media. */
export function createChannels(context: HelperContext): Channels {
  const reader = createAddressReader(context);
  const otherSide = new Int32Array(4);

  /** To the sender, from the other side. */
  function toSender(m: Message, protocol: number, port: number): ExpectRequest {
    const request = context.request(protocol);
    fromOtherSide(context, m, request);
    context.destination(1 - m.dir, request.destination);
    request.destinationPort = port;
    return request;
  }

  const isAdded = (request: ExpectRequest): boolean => context.expect(request) === ExpectAnswer.ADDED;

  /** RTP comes to an even port, RTCP to the next one; both come or none. */
  function media(m: Message): boolean {
    const even = reader.port() & ~1;
    if (!isAdded(toSender(m, Protocol.UDP, even))) return false;
    const rtp = context.expectations.added();
    if (isAdded(toSender(m, Protocol.UDP, even | 1))) return true;
    context.expectations.remove(rtp);
    return false;
  }

  /** Any number of connections. */
  function t120(m: Message): boolean {
    const request = toSender(m, Protocol.TCP, reader.port());
    request.flags = ExpectFlag.PERMANENT;
    return isAdded(request);
  }

  function control(m: Message): boolean {
    const request = toSender(m, Protocol.TCP, reader.port());
    request.assign = HelperNumber.H245;
    return isAdded(request);
  }

  /** The other side calls whom it was told, unless that is itself. */
  function forwardedCall(m: Message): boolean {
    context.source(1 - m.dir, otherSide);
    if (reader.port() === 0 || otherSide.every((word, i) => word === reader.address[i])) return true;
    const request = context.request(Protocol.TCP);
    fromOtherSide(context, m, request);
    request.destination.set(reader.address);
    request.destinationPort = reader.port();
    request.assign = HelperNumber.Q931;
    return isAdded(request);
  }

  function hasNote({ notes, count }: PerReader, name: Part): boolean {
    for (let n = 0; n < count() * Note.WORDS; n += Note.WORDS) if (notes[n + Note.NAME] === name) return true;
    return false;
  }

  function foretell(m: Message, perReader: PerReader): boolean {
    const { notes } = perReader;
    const end = perReader.count() * Note.WORDS;
    /** Of a Facility that forwards the call only the address to call is looked at. */
    let isForwarded = hasNote(perReader, Part.CALL_FORWARDED);
    let isT120 = false;
    let isAck = false;
    /** An acknowledged stack comes after the media. */
    let stack = -1;
    for (let n = 0; n < end; n += Note.WORDS) {
      const name = notes[n + Note.NAME];
      const at = notes[n + Note.AT];
      if (name === Part.CONTROL) isForwarded = false;
      else if (name === Part.T120) isT120 = true;
      else if (name === Part.CHANNEL || name === Part.CHANNEL_ACK) {
        if (stack >= 0 && !acknowledgedStack(m, stack)) return false;
        isT120 = false;
        isAck = name === Part.CHANNEL_ACK;
        stack = -1;
      } else if (name === Part.IPV4 || name === Part.IPV6) {
        const role = notes[n + Note.ROLE];
        if (role === Role.STACK && isAck) stack = at;
        else if (role === Role.STACK && !isT120) continue;
        else if (isForwarded !== (role === Role.ALTERNATIVE)) continue;
        else if (reader.read(m, name, at) && !foretellOne(m, role)) return false;
      }
    }
    return stack < 0 || acknowledgedStack(m, stack);
  }

  function acknowledgedStack(m: Message, at: number): boolean {
    return !reader.read(m, m.isIpv6 ? Part.IPV6 : Part.IPV4, at) || foretellOne(m, Role.STACK);
  }

  function foretellOne(m: Message, role: number): boolean {
    if (role === Role.ALTERNATIVE) return forwardedCall(m);
    if (!reader.isSenders(m)) return true;
    if (role === Role.MEDIA) return media(m);
    if (role === Role.STACK) return t120(m);
    return role !== Role.H245 || control(m);
  }

  return { foretell };
}
