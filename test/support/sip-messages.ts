/** SIP messages and session descriptions as text, with every header that a usual one has. */
import type { DialogueBuilder, Host, StepNotes } from './dialogue.ts';
import { isIpv6 } from './frames.ts';

/** As a URI writes it. */
export const inUri = (address: string): string => (isIpv6(address) ? `[${address}]` : address);

export interface SipFields {
  readonly cseq?: string | number;
  /** Method of the CSeq, where it is another one. */
  readonly of?: string;
  /** Values of Contact headers; a line each. */
  readonly contacts?: readonly string[];
  /** More header lines, or others instead of these: a value of null leaves one out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string;
}

function message(first: string, method: string, fields: SipFields): string {
  const { cseq = 1, of = method, contacts = [], body = '' } = fields;
  const headers: Record<string, string | null> = {
    Via: 'SIP/2.0/UDP host.invalid;branch=z9hG4bK1',
    From: '<sip:a@host.invalid>;tag=1',
    To: '<sip:b@host.invalid>',
    'Call-ID': 'one',
    CSeq: `${cseq} ${of}`,
    ...fields.headers,
  };
  const lines = [
    first,
    ...Object.entries(headers)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}: ${value}`),
    ...contacts.map((contact) => `Contact: ${contact}`),
    ...('Content-Length' in headers ? [] : [`Content-Length: ${body.length}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

export const request = (method: string, fields: SipFields = {}): string =>
  message(`${method} sip:b@host.invalid SIP/2.0`, method, fields);

export const response = (code: string | number, method: string, fields: SipFields = {}): string =>
  message(`SIP/2.0 ${code} Text`, method, fields);

export interface Stream {
  readonly media: string;
  readonly port: string | number;
  /** Connection address of this stream. */
  readonly address?: string;
}

export const connectionLine = (address: string): string =>
  `c=IN ${isIpv6(address) ? 'IP6' : 'IP4'} ${address}`;

/** A description of these streams; `address` null has no connection line of the session. */
export function sdp(address: string | null, streams: readonly Stream[]): string {
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 192.0.2.1',
    's=-',
    ...(address === null ? [] : [connectionLine(address)]),
    't=0 0',
    ...streams.flatMap(({ media, port, address: own }) => [
      `m=${media} ${port} RTP/AVP 0`,
      ...(own === undefined ? [] : [connectionLine(own)]),
    ]),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** Both ways over UDP, both from port 5060, with the verdicts that such datagrams have. */
export function overUdp(d: DialogueBuilder) {
  let isAnswered = false;
  return {
    c(text: string): StepNotes {
      return d.udp('c', 's', 5060, 5060, text).is(isAnswered ? 'ESTABLISHED' : 'NEW');
    },
    s(text: string): StepNotes {
      isAnswered = true;
      return d.udp('s', 'c', 5060, 5060, text).is('ESTABLISHED_REPLY');
    },
  };
}

/** Classes of the kernel's policy. */
export const CLASSES: Readonly<Record<string, number>> = { audio: 1, video: 2, image: 3 };

/** What is expected of a stream: RTP and RTCP. */
export const streamTo = (from: Host, to: Host, media: string, port: number, timeoutS = 180): string[] =>
  [port, port + 1].map((p) => `udp ${from}:* -> ${to}:${p} class=${CLASSES[media]} ${timeoutS}s`);

export const callTo = (
  to: Host,
  from: Host,
  port: number,
  flags: string,
  timeoutS: number,
  protocol = 'udp',
) => `${protocol} ${from}:* -> ${to}:${port} ${flags} gets sip ${timeoutS}s`;
