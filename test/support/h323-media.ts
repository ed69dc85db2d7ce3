/**
 * Messages of H.245 for tests, written field by field.
 *
 * Source: ITU-T H.245
 */
import { addressBytes, isIpv6 } from './frames.ts';
import { PerWriter, type Write } from './per.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** TransportAddress: a unicast address, unless said otherwise. */
export const mediaAddress =
  ({ host, port }: Endpoint, isMulticast = false): Write =>
  (w) => {
    w.flags(0)
      .bits(isMulticast ? 1 : 0, 1)
      .flags(0);
    if (isMulticast) w.bits(isIpv6(host) ? 1 : 0, 1);
    else w.bits(isIpv6(host) ? 2 : 0, 3);
    w.flags(0).octets(addressBytes(host)).u16(port);
  };

// ---- What a channel is for ----

const video =
  (kind: number): Write =>
  (w) =>
    w.flags(0).bits(2, 3).flags(0).bits(kind, 3);
const audio =
  (kind: number): Write =>
  (w) =>
    w.flags(0).bits(3, 3).flags(0).bits(kind, 4);
const data =
  (application: number): Write =>
  (w) =>
    w.flags(0).bits(4, 3).flags(0, 0).bits(application, 4);
const nonStandard: Write = (w) => w.bits(1, 1).octets([181]).octets([0]).u16(21_324).string([1, 2, 3]);
/** Pictures of MPEG: bit rate, buffer, size, rate, luminance. */
const pictures: Write = (w) => w.word(1_000_000).word(3000).u16(352).u16(288).bits(7, 4).word(70_000);
const separateLan: Write = (w) => w.extra(3, (x) => x.bits(0, 8));
const transparent: Write = (w) => w.flags(0).bits(6, 3);

export const dataTypes = {
  nonStandard: (w) => w.flags(0).bits(0, 3).with(nonStandard),
  nothing: (w) => w.flags(0).bits(1, 3),
  h261: (w) => w.with(video(1)).flags(0, 1, 1).bits(0, 2).bits(1, 2).flags(0).u16(6217).flags(0),
  h262: (w) => w.with(video(2)).flags(0, 1, 1, 1, 1, 1, 1).bits(5, 11).with(pictures),
  h263: (w) =>
    w.with(video(3)).flags(0, 1, 1, 1, 1, 1, 1, 1).bits(9, 25).word(6000).bits(0, 5).word(77_777).u16(99),
  mpeg: (w) => w.with(video(4)).flags(0, 1, 1, 1, 1, 1, 1, 1).with(pictures),
  newVideo: (w) =>
    w
      .flags(0)
      .bits(2, 3)
      .extra(0, (x) => x.octets([1, 2, 3])),
  g711: (w) => w.with(audio(1)).octets([19]),
  g7231: (w) => w.with(audio(8)).octets([0]).flags(1),
  g729: (w) => w.with(audio(11)).octets([5]),
  mpegAudio: (w) => w.with(audio(13)).flags(0).bits(99, 20).u16(383),
  mpegAudioOld: (w) => w.with(audio(12)).flags(0).bits(99, 8).u16(383),
  gsm: (w) =>
    w
      .flags(0)
      .bits(3, 3)
      .extra(3, (x) => x.octets([0, 32, 0])),
  t120: (w) => w.with(data(1)).with(separateLan).word(6217),
  t120Otherwise: (w) => w.with(data(1)).with(transparent).word(6217),
  userData: (w) => w.with(data(3)).with(separateLan).word(6217),
  t84: (w) => w.with(data(4)).with(transparent).bits(1, 1).flags(0).bits(5, 19).word(100),
  nlpid: (w) => w.with(data(7)).with(transparent).string([0xcc]).word(100),
  encryption: (w) => w.flags(0).bits(5, 3).flags(0).bits(1, 1),
} satisfies Readonly<Record<string, Write>>;

// ---- Channels ----

export interface Media {
  readonly channel?: Endpoint;
  readonly control?: Endpoint;
  readonly isMulticast?: boolean;
  /** With all its options. */
  readonly isFull?: boolean;
}

/** H2250LogicalChannelParameters */
const h2250 =
  ({ channel, control, isMulticast, isFull }: Media): Write =>
  (w) => {
    w.flags(0, isFull, isFull, channel, isFull, control, isFull, isFull, isFull, isFull, isFull);
    if (isFull) w.length(1).bits(0, 1).string([1, 2]).string([3]);
    w.octets([1]);
    if (isFull) w.bits(0, 8);
    if (channel) w.with(mediaAddress(channel, isMulticast));
    if (isFull) w.flags(0);
    if (control) w.with(mediaAddress(control, isMulticast));
    if (isFull) w.flags(0, 1).flags(0).bits(1, 8).bits(2, 8).bits(3, 5).flags(0);
  };

/** H2250LogicalChannelAckParameters, as the one alternative that there is. */
const h2250Ack =
  ({ channel, control, isFull }: Media): Write =>
  (w) => {
    w.flags(0).flags(0, isFull, isFull, channel, control, isFull);
    if (isFull) w.length(1).bits(0, 1).string([1, 2]).string([3]).bits(3, 8);
    if (channel) w.with(mediaAddress(channel));
    if (control) w.with(mediaAddress(control));
    if (isFull) w.bits(4, 5);
  };

const multiplexes = {
  h222: (w) => w.flags(0).bits(0, 2).flags(0, 1, 1, 0).u16(5).u16(6).u16(7).string([1, 2]),
  h223: (w) => w.flags(0).bits(1, 2).flags(0, 0).bits(5, 3).bits(1, 2).word(99_999).flags(1),
  v76: (w) => {
    w.flags(0).bits(2, 2).flags(0);
    w.flags(0).flags(0).bits(1, 2).u16(3).flags(1);
    w.flags(0).bits(2, 2).flags(1);
    w.flags(0).bits(0, 1).flags(0).bits(5, 7).flags(0).bits(1, 2);
    w.flags(0).flags(1);
  },
} satisfies Readonly<Record<string, Write>>;

export interface Channel {
  readonly forward?: Media;
  readonly reverse?: Media;
  readonly dataType?: Write;
  /** Address of a T.120 stack. */
  readonly stack?: Endpoint;
  readonly hasPort?: boolean;
  /** Multiplexed otherwise. */
  readonly multiplex?: keyof typeof multiplexes;
}

/** NetworkAccessParameters */
const networkAccess =
  (stack: Endpoint): Write =>
  (w) =>
    w.flags(0, 1, 0).flags(0).bits(0, 1).flags(0).bits(2, 2).with(mediaAddress(stack)).flags(0);

/** OpenLogicalChannel */
export const channel =
  ({ forward = {}, reverse, dataType = dataTypes.g711, stack, hasPort, multiplex }: Channel): Write =>
  (w) => {
    w.flags(stack, reverse).u16(98).flags(0, hasPort);
    if (hasPort) w.u16(7);
    w.with(dataType);
    if (multiplex !== undefined) w.with(multiplexes[multiplex]);
    else w.extra(0, h2250(forward));
    if (reverse) w.flags(0, 1).with(dataTypes.g711).extra(0, h2250(reverse));
    if (stack) w.additions([networkAccess(stack)]);
  };

export interface ChannelAck {
  readonly reverse?: Media;
  readonly forward?: Media;
  readonly stack?: Endpoint;
}

/** OpenLogicalChannelAck */
export const channelAck =
  ({ reverse, forward, stack }: ChannelAck): Write =>
  (w) => {
    w.flags(forward ?? stack, reverse).u16(98);
    if (reverse) w.flags(0, 0, 1).u16(7).extra(0, h2250(reverse));
    if (forward ?? stack) w.additions([stack && networkAccess(stack), forward && h2250Ack(forward)]);
  };

// ---- Messages ----

/** MultimediaSystemControlMessage: a request to open a channel. */
export const open =
  (c: Channel): Write =>
  (w) =>
    w.flags(0).bits(0, 2).flags(0).bits(3, 4).with(channel(c));

export const opened =
  (ack: ChannelAck): Write =>
  (w) =>
    w.flags(0).bits(1, 2).flags(0).bits(5, 5).with(channelAck(ack));

/** One that says nothing of addresses. */
export const roundTripDelay: Write = (w) => w.flags(0).bits(0, 2).flags(0).bits(9, 4).flags(0).bits(7, 8);

export const encoded = (write: Write): Uint8Array => new PerWriter().with(write).bytes();

const HEADER_BYTES = 4;

/** Behind its TPKT header; `length` instead of the right one. */
export function tpkt(message: Uint8Array | Write, length?: number): Uint8Array {
  const bytes = typeof message === 'function' ? encoded(message) : message;
  const total = length ?? bytes.length + HEADER_BYTES;
  return Uint8Array.from([3, 0, total >> 8, total & 255, ...bytes]);
}

export const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
