/**
 * The media that a message describes: RTP and RTCP to the speaker are expected.
 *
 * Source: RFC 3264 5, 6 (offer and answer), RFC 3550 11 (pairs of ports)
 */
import { HelperNumber } from '../../../common/helpers.ts';
import { Protocol } from '../../../packet/protocol.ts';
import { Expect } from '../../../shm/offsets.generated.ts';
import { ExpectAnswer } from '../../expectations.ts';
import { type HelperContext, HelperVerdict } from '../helper.ts';
import { Described, type Media, readStreams } from './sdp.ts';
import { Class, type Speaker, type Speech } from './speech.ts';

export interface MediaReader {
  /** Expects what the message at hand describes. */
  read(): HelperVerdict;
  /** Expects nothing of this connection's media any more. */
  forget(): void;
}

export function createMediaReader(context: HelperContext, speech: Speech, speaker: Speaker): MediaReader {
  const { expectations } = context;

  /** Whether the stream was foretold by another connection: a call that reaches several ends is described to each. */
  function isForetoldElsewhere(klass: number, address: Int32Array, port: number): boolean {
    const r = speaker.requestTo(klass, Protocol.UDP, address, port);
    expectations.settle(speech.m.nowMs);
    const slot = expectations.find(r.source, r.destination, 0, port, r.kind, speech.m.nowMs);
    return (
      slot !== 0 &&
      expectations.word(slot, Expect.MASTER) !== speech.m.entry &&
      expectations.word(slot, Expect.HELPER) === HelperNumber.SIP &&
      context.protocolOf(expectations.word(slot, Expect.MASTER)) === speech.m.protocol &&
      expectations.word(slot, Expect.CLASS) === klass
    );
  }

  function foretellPort(klass: number, address: Int32Array, port: number): ExpectAnswer {
    const request = speaker.requestTo(klass, Protocol.UDP, address, port);
    request.skipMaster = true;
    return context.expect(request);
  }

  const isFine = (answer: ExpectAnswer): boolean =>
    answer === ExpectAnswer.ADDED || answer === ExpectAnswer.ALREADY;

  /** RTP has the even port, RTCP the odd one behind it. */
  function onStream(media: Media, address: Int32Array, port: number): boolean {
    if (!speaker.isOf(speech.m.dir, address)) return true;
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

  function read(): HelperVerdict {
    const described = readStreams(speech.m.bytes, speech.start, speech.end, speech.m.isIpv6, onStream);
    return described === Described.WHOLE ? HelperVerdict.ACCEPT : HelperVerdict.REFUSE;
  }

  function forget(): void {
    expectations.settle(speech.m.nowMs);
    for (let slot = expectations.firstOf(speech.m.entry); slot !== 0; ) {
      const next = expectations.nextOf(slot);
      if (expectations.word(slot, Expect.CLASS) !== Class.SIGNALLING) expectations.remove(slot);
      slot = next;
    }
  }

  return { read, forget };
}
