/** The message at hand, which is one of several where a segment has several, and what is foretold for its speaker. */
import { Verdict } from '../../../shm/bits.ts';
import type { ExpectRequest } from '../../expectations.ts';
import type { HelperContext, Message } from '../helper.ts';
import { type Found, findHeader, type Header, newPlace } from './headers.ts';

/** Rows of the policy. */
export enum Class {
  SIGNALLING = 0,
  AUDIO = 1,
}

/** Words of a connection's state. */
export enum State {
  /** Number of the last INVITE, and of the last REGISTER, that was let through. */
  INVITE_CSEQ = 0,
  REGISTER_CSEQ = 1,
}

/** One per thread, filled anew for each message. */
export interface Speech {
  /** The packet. */
  m: Message;
  /** The message is m.bytes[start] to m.bytes[end - 1]. */
  start: number;
  end: number;
  /** Number of the request, also in its response. */
  cseq: number;
  /** Of a response. */
  code: number;
}

const NOTHING: Message = {
  bytes: new Uint8Array(0),
  start: 0,
  end: 0,
  protocol: 0,
  isIpv6: false,
  dir: 0,
  verdict: Verdict.NEW,
  seq: 0,
  entry: 0,
  state: new Int32Array(0),
  s: 0,
  nowMs: 0,
  number: 0,
};

export const newSpeech = (): Speech => ({ m: NOTHING, start: 0, end: 0, cseq: 0, code: 0 });

/** What both media and registrations need. */
export function createSpeaker(context: HelperContext, speech: Speech) {
  const own = new Int32Array(4);
  const place = newPlace();

  return {
    /** Where `find` found something. */
    place,

    find: (header: Header): Found =>
      findHeader(speech.m.bytes, speech.start, speech.end, header, speech.m.isIpv6, place),

    /** Whether this is the address of the one who speaks, or, of direction `1 - m.dir`, of the one spoken to. */
    isOf(dir: number, address: Int32Array): boolean {
      context.source(dir, own);
      return address[0] === own[0] && address[1] === own[1] && address[2] === own[2] && address[3] === own[3];
    },

    /** A request for packets from the other end to an address and a port of the speaker. */
    requestTo(klass: number, protocol: number, address: Int32Array, port: number): ExpectRequest {
      const request = context.request(protocol, klass);
      context.source(1 - speech.m.dir, request.source);
      request.mask.fill(-1, 0, speech.m.isIpv6 ? 4 : 1);
      request.destination.set(address);
      request.destinationPort = port;
      return request;
    },
  };
}

export type Speaker = ReturnType<typeof createSpeaker>;
