/** H.323: dialogues with what the kernel expects after each message. */
import { createDialogues, type DialogueBuilder, type Host } from '../../support/dialogue.ts';
import {
  type Call,
  type CallMessage,
  callMessage,
  q931,
  rasMessages,
  userInformation,
} from '../../support/h323-calls.ts';
import {
  type Channel,
  dataTypes,
  type Endpoint,
  encoded,
  joined,
  open,
  opened,
  roundTripDelay,
  tpkt,
} from '../../support/h323-media.ts';

const FAMILIES = ['IPv4', 'IPv6'] as const;
const V4 = ['IPv4'] as const;

const calls = createDialogues(0x3000, 1720, FAMILIES);
export const callDialogues = calls.dialogues;

const at = (d: DialogueBuilder, host: Host, port: number): Endpoint => ({ host: d.hosts[host], port });
const message = (kind: CallMessage, c: Call): Uint8Array => tpkt(callMessage(kind, c));
const rtp = (from: Host, to: Host, port: number): string[] => [
  `udp ${from}:* -> ${to}:${port} 240s`,
  `udp ${from}:* -> ${to}:${port + 1} 240s`,
];
const control = (from: Host, to: Host, port: number): string =>
  `tcp ${from}:* -> ${to}:${port} gets H.245 240s`;

for (const kind of ['setup', 'callProceeding', 'alerting', 'connect', 'facility', 'progress'] as const) {
  for (const isFull of [false, true]) {
    const all = isFull ? ', with all that it may have' : '';
    calls.add(`${kind} says where H.245 goes${all}`, (d) => {
      d.open();
      d.c(message(kind, { h245: at(d, 'c', 3000), isFull })).expects(control('s', 'c', 3000));
    });
    calls.add(`${kind} opens media at once${all}`, (d) => {
      d.open();
      const fastStart: Channel[] = [
        { forward: { channel: at(d, 's', 5000), control: at(d, 's', 5001) } },
        { reverse: { channel: at(d, 's', 5002), control: at(d, 's', 5003) }, dataType: dataTypes.nothing },
      ];
      d.s(message(kind, { fastStart, isFull })).expects(...rtp('c', 's', 5000), ...rtp('c', 's', 5002));
    });
    calls.add(`${kind} carries H.245${all}`, (d) => {
      d.open();
      const tunnelled = [roundTripDelay, open({ forward: { control: at(d, 'c', 6001) } })];
      d.c(message(kind, { control: tunnelled, isFull, nonStandard: isFull })).expects(...rtp('s', 'c', 6000));
    });
  }
}
for (const kind of ['information', 'releaseComplete', 'empty', 'status'] as const)
  calls.add(`${kind} carries H.245`, (d) => {
    d.open();
    d.c(message(kind, { control: [open({ forward: { control: at(d, 'c', 6001) } })] })).expects(
      ...rtp('s', 'c', 6000),
    );
  });

calls.add('a call: H.245 is foretold, and it foretells media', (d) => {
  d.open();
  d.s(message('connect', { h245: at(d, 's', 3000) })).expects(control('c', 's', 3000));
  d.tcp('c', 's', 40_001, 3000, 'S', { seq: 7000 }).is('RELATED').expects();
  d.tcp('s', 'c', 3000, 40_001, 'S.', { seq: 8000, ack: 7001 }).is('ESTABLISHED_REPLY');
  const media = tpkt(open({ forward: { control: at(d, 'c', 5001) } }));
  d.tcp('c', 's', 40_001, 3000, 'P.', { seq: 7001, ack: 8001, payload: media })
    .is('ESTABLISHED')
    .expects(...rtp('s', 'c', 5000));
  const ack = tpkt(opened({ forward: { channel: at(d, 's', 7000), control: at(d, 's', 7001) } }));
  d.tcp('s', 'c', 3000, 40_001, 'P.', { seq: 8001, ack: 7001 + media.length, payload: ack })
    .is('ESTABLISHED_REPLY')
    .expects(...rtp('s', 'c', 5000), ...rtp('c', 's', 7000));
  d.udp('c', 's', 5000, 7000, 'rtp')
    .is('RELATED')
    .expects(...rtp('s', 'c', 5000), rtp('c', 's', 7000)[1]);
});

calls.add('more additions than the kernel knows', (d) => {
  d.open();
  const known: string[] = [];
  let port = 3000;
  const say = (kind: CallMessage, announced: number, foretold: 'both' | 'address' | 'nothing'): void => {
    port += 2;
    const tunnelled = [open({ forward: { control: at(d, 'c', port + 1000) } })];
    if (foretold !== 'nothing') known.push(control('s', 'c', port));
    if (foretold === 'both') known.push(...rtp('s', 'c', port + 1000));
    d.c(message(kind, { h245: at(d, 'c', port), announced, control: tunnelled })).expects(...known);
  };
  say('setup', 26, 'both');
  say('setup', 32, 'both');
  say('setup', 33, 'nothing');
  // This bitmap it does not shift, and of those that it does not know it takes others' octets.
  say('setup', 27, 'address');
  say('callProceeding', 9, 'both');
  say('callProceeding', 10, 'address');
  say('alerting', 14, 'both');
  say('alerting', 15, 'address');
});

calls.add('an address of somebody else is not believed, nor port 0, nor a group', (d) => {
  d.open();
  d.s(message('connect', { h245: at(d, 'x', 3000) })).expects();
  d.s(message('connect', { h245: at(d, 'c', 3000) })).expects();
  d.s(message('connect', { h245: at(d, 's', 0) })).expects();
  d.s(message('connect', { fastStart: [{ forward: { channel: at(d, 'x', 5000) } }] })).expects();
  d.s(message('connect', { fastStart: [{ forward: { channel: at(d, 's', 0) } }] })).expects();
  d.s(message('connect', { fastStart: [{ forward: { channel: at(d, 's', 1) } }] })).expects(
    ...rtp('c', 's', 0),
  );
  const group = { channel: at(d, 's', 5000), isMulticast: true };
  d.s(message('connect', { fastStart: [{ forward: group }] }));
});

calls.add('an address of the other family is none', (d) => {
  d.open();
  const other = { host: d.isIpv6 ? '10.0.0.9' : '2001:db8::9', port: 3000 };
  d.s(message('connect', { h245: other, fastStart: [{ forward: { channel: other } }] })).expects();
});

/** What a group of channels opens; the same without a connection for each. */
function eachDataType(d: DialogueBuilder, more: (port: number) => Channel): void {
  d.open();
  const known: string[] = [];
  Object.values(dataTypes).forEach((dataType, i) => {
    const port = 5000 + 2 * i;
    const fastStart = [{ dataType, ...more(port) }];
    known.push(...rtp('s', 'c', port));
    // Twenty at most, of which the oldest go.
    d.c(message('setup', { fastStart })).expects(...known.slice(-20));
  });
}

calls.add(
  'what is sent through the channel does not matter',
  (d) => eachDataType(d, (port) => ({ forward: { channel: at(d, 'c', port), isFull: true }, hasPort: true })),
  V4,
);
for (const multiplex of ['h222', 'h223', 'v76'] as const)
  calls.add(
    `the way back of a channel multiplexed by ${multiplex}`,
    (d) => eachDataType(d, (port) => ({ multiplex, reverse: { control: at(d, 'c', port + 1) } })),
    V4,
  );

calls.add('T.120 over a stack of its own', (d) => {
  d.open();
  const stack = (port: number): Channel => ({ dataType: dataTypes.t120, stack: at(d, 'c', port) });
  const line = 'tcp s:* -> c:1503 PERMANENT 240s';
  d.c(message('setup', { fastStart: [stack(1503)] })).expects(line);
  d.c(message('setup', { fastStart: [{ ...stack(1504), dataType: dataTypes.userData }] }));
  d.c(message('setup', { fastStart: [{ ...stack(1504), dataType: dataTypes.t120Otherwise }] }));
  d.c(message('setup', { fastStart: [{ ...stack(1504), dataType: dataTypes.g711 }] }));
  d.c(message('setup', { fastStart: [{ ...stack(1504), stack: at(d, 'x', 1504) }] }));
  // The one before has T.120, but not this one.
  d.c(message('setup', { fastStart: [{ dataType: dataTypes.t120 }, { stack: at(d, 'c', 1504) }] }));
  d.tcp('s', 'c', 40_001, 1503, 'S').is('RELATED');
  d.tcp('s', 'c', 40_002, 1503, 'S').is('RELATED');
  const ack = opened({ stack: at(d, 's', 1505), forward: { control: at(d, 's', 7001), isFull: true } });
  d.s(message('connect', { control: [ack] })).expects(
    line,
    'tcp c:* -> s:1505 PERMANENT 240s',
    ...rtp('c', 's', 7000),
  );
});

calls.add('an acknowledgement has the way back', (d) => {
  d.open();
  const ack = opened({
    reverse: { channel: at(d, 's', 5000), control: at(d, 's', 5003) },
    forward: { channel: at(d, 's', 7000), control: at(d, 's', 7001), isFull: true },
  });
  d.s(message('connect', { control: [ack] })).expects(
    ...rtp('c', 's', 5000),
    ...rtp('c', 's', 5002),
    ...rtp('c', 's', 7000),
  );
});

calls.add('a call is forwarded', (d) => {
  d.open();
  const to = at(d, 'x', 1720);
  const forwarded: Call = { alternative: to, reason: 1, h245: at(d, 's', 3000) };
  const line = 'tcp c:* -> x:1720 gets Q.931 240s';
  d.s(message('facility', { ...forwarded, reason: 0, h245: at(d, 's', 3001) })).expects(
    control('c', 's', 3001),
  );
  d.s(message('facility', { ...forwarded, reason: 5, h245: at(d, 's', 3001) })).expects(
    control('c', 's', 3001),
  );
  d.s(message('facility', { reason: 1 }));
  d.s(message('facility', { ...forwarded, alternative: at(d, 'c', 1720) }));
  d.s(message('facility', { ...forwarded, alternative: at(d, 'x', 0) }));
  d.s(message('facility', forwarded)).expects(control('c', 's', 3001), line);
  const tunnelled = [open({ forward: { control: at(d, 's', 6001) } })];
  d.s(message('facility', { ...forwarded, isFull: true, control: tunnelled })).expects(
    control('c', 's', 3001),
    line,
    ...rtp('c', 's', 6000),
  );
  d.tcp('c', 'x', 40_001, 1720, 'S', { seq: 7000 })
    .is('RELATED')
    .expects(control('c', 's', 3001), ...rtp('c', 's', 6000));
});

calls.add('thirty channels at once, four tunnelled messages: those beyond are not read', (d) => {
  d.open();
  const many = (count: number, from: number): Channel[] =>
    Array.from({ length: count }, (_, i) => ({ forward: { control: at(d, 'c', from + 2 * i) } }));
  const lines = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, i) => rtp('s', 'c', from + 2 * i)).flat();
  d.c(message('setup', { fastStart: many(32, 5000) })).expects(...lines(5040, 10));
  d.c(message('setup', { control: many(6, 7000).map(open) })).expects(...lines(5048, 6), ...lines(7000, 4));
});

calls.add('another has what is foretold: dropped', (d) => {
  d.open();
  const c: Call = { h245: at(d, 'c', 3000) };
  d.c(message('setup', c)).expects(control('s', 'c', 3000));
  d.tcp('c', 's', 40_005, 1720, 'S', { seq: 7000 }).is('NEW');
  d.tcp('s', 'c', 1720, 40_005, 'S.', { seq: 8000, ack: 7001 }).is('ESTABLISHED_REPLY');
  const segment = { seq: 7001, ack: 8001 };
  d.tcp('c', 's', 40_005, 1720, 'P.', { ...segment, payload: message('setup', c) })
    .is('ESTABLISHED')
    .dropped('helper-refused');
});

calls.add('RTCP has no room: RTP goes, too', (d) => {
  d.open();
  const one = (port: number): Uint8Array =>
    message('setup', { fastStart: [{ forward: { control: at(d, 'c', port) } }] });
  d.c(one(5000)).expects(...rtp('s', 'c', 5000));
  d.udp('s', 'c', 9, 5000, 'rtp')
    .is('RELATED')
    .expects(rtp('s', 'c', 5000)[1]);
  d.tcp('c', 's', 40_005, 1720, 'S', { seq: 7000 }).is('NEW');
  d.tcp('s', 'c', 1720, 40_005, 'S.', { seq: 8000, ack: 7001 }).is('ESTABLISHED_REPLY');
  d.tcp('c', 's', 40_005, 1720, 'P.', { seq: 7001, ack: 8001, payload: one(5000) })
    .is('ESTABLISHED')
    .dropped('helper-refused');
});

// ---- H.245 in a connection of its own ----

const controls = createDialogues(0x3400, 1720, FAMILIES);
export const controlDialogues = controls.dialogues;

type Say = (from: 'c' | 's', payload: Uint8Array) => ReturnType<DialogueBuilder['tcp']>;

/** Opens the connection that was foretold; its expectation is gone then. */
function openControl(d: DialogueBuilder): Say {
  d.open();
  d.s(message('connect', { h245: at(d, 's', 3000) }));
  d.steps[d.steps.length - 1].expects = [control('c', 's', 3000)];
  d.tcp('c', 's', 40_001, 3000, 'S', { seq: 7000 }).is('RELATED').expects();
  d.tcp('s', 'c', 3000, 40_001, 'S.', { seq: 8000, ack: 7001 }).is('ESTABLISHED_REPLY');
  const seq = { c: 7001, s: 8001 };
  return (from, payload) => {
    const to = from === 'c' ? 's' : 'c';
    const [sport, dport] = from === 'c' ? [40_001, 3000] : [3000, 40_001];
    const notes = d.tcp(from, to, sport, dport, 'P.', { seq: seq[from], ack: seq[to], payload });
    seq[from] += payload.length;
    return notes.is(from === 'c' ? 'ESTABLISHED' : 'ESTABLISHED_REPLY');
  };
}

controls.add('channels of all kinds: eighteen at most, of which the oldest go', (d) => {
  const say = openControl(d);
  const known: string[] = [];
  Object.values(dataTypes).forEach((dataType, i) => {
    const port = 5000 + 4 * i;
    known.push(...rtp('s', 'c', port), ...rtp('s', 'c', port + 2));
    const [forward, reverse] = [port + 1, port + 3].map((p) => ({
      control: at(d, 'c', p),
      isFull: i % 2 === 0,
    }));
    say('c', tpkt(open({ dataType, forward, reverse }))).expects(...known.slice(-18));
  });
});

controls.add('channels and their acknowledgements', (d) => {
  const say = openControl(d);
  const known: string[] = [];
  const expected = (...lines: string[]): string[] => {
    known.push(...lines);
    return known;
  };
  say('s', tpkt(roundTripDelay)).expects();
  const channel = { channel: at(d, 'c', 5000), control: at(d, 'c', 5001), isFull: true };
  say('c', tpkt(open({ forward: channel, hasPort: true }))).expects(...expected(...rtp('s', 'c', 5000)));
  const forward = { channel: at(d, 's', 7000), control: at(d, 's', 7001), isFull: true };
  const reverse = { channel: at(d, 's', 7002), control: at(d, 's', 7003) };
  say('s', tpkt(opened({ forward }))).expects(...expected(...rtp('c', 's', 7000)));
  say('s', tpkt(opened({ reverse }))).expects(...expected(...rtp('c', 's', 7002)));
  say('s', tpkt(opened({ forward: reverse, reverse: forward }))).expects(...known);
  const stack = at(d, 'c', 1503);
  say('c', tpkt(open({ dataType: dataTypes.t120, stack }))).expects(
    ...expected('tcp s:* -> c:1503 PERMANENT 240s'),
  );
  say('s', tpkt(opened({ stack: at(d, 's', 1504), forward: { control: at(d, 's', 7004) } }))).expects(
    ...expected('tcp c:* -> s:1504 PERMANENT 240s', ...rtp('c', 's', 7004)),
  );
  // Of somebody else, and of the other family.
  say('c', tpkt(open({ forward: { channel: at(d, 'x', 5002), control: at(d, 's', 5003) } })));
  const other = { host: d.isIpv6 ? '10.0.0.9' : '2001:db8::9', port: 5002 };
  say('c', tpkt(open({ forward: { channel: other } })));
  d.udp('s', 'c', 9, 5000, 'rtp')
    .is('RELATED')
    .expects(...known.filter((line) => !line.includes('c:5000')));
});

for (const multiplex of ['h222', 'h223', 'v76'] as const)
  controls.add(`the way back of a channel multiplexed by ${multiplex}`, (d) => {
    const say = openControl(d);
    say(
      'c',
      tpkt(open({ multiplex, forward: {}, reverse: { control: at(d, 'c', 5001), isFull: true } })),
    ).expects(...rtp('s', 'c', 5000));
  });

controls.add('both in one segment, and damaged', (d) => {
  const say = openControl(d);
  const one = (port: number): Uint8Array => tpkt(open({ forward: { control: at(d, 'c', port) } }));
  say('c', joined(tpkt(roundTripDelay), one(5001), one(5003))).expects(
    ...rtp('s', 'c', 5000),
    ...rtp('s', 'c', 5002),
  );
  const message = encoded(open({ forward: { channel: at(d, 'c', 5004), control: at(d, 'c', 5007) } }));
  for (let length = 0; length < message.length; length++) say('c', tpkt(message.subarray(0, length)));
});

// ---- TPKT and Q.931 ----

const h245At = (d: DialogueBuilder, port: number): Call => ({ h245: at(d, 'c', port) });

calls.add('several messages in a segment; one that ends in another is not read', (d) => {
  d.open();
  const three = [3000, 3001, 3002].map((port) => message('setup', h245At(d, port)));
  const lines = [3000, 3001, 3002].map((port) => control('s', 'c', port));
  d.c(joined(...three)).expects(...lines);
  const other = message('setup', h245At(d, 3003));
  d.c(other.subarray(0, 20)).expects(...lines);
  d.c(other.subarray(20));
  d.c(joined(message('setup', h245At(d, 3004)), other.subarray(0, 30))).expects(
    ...lines,
    control('s', 'c', 3004),
  );
  d.c(other.subarray(30));
  d.c(joined(tpkt(Uint8Array.of(1, 2, 3)), other));
  d.c(joined(tpkt(new Uint8Array(0)), other));
  d.c(joined(Uint8Array.of(3, 0, 0, 3), other));
  d.c(joined(other, Uint8Array.of(3, 0))).expects(...lines, control('s', 'c', 3004), control('s', 'c', 3003));
});

calls.add('a header alone, and the message in the next segment', (d) => {
  d.open();
  const split = (port: number): [Uint8Array, Uint8Array] => {
    const whole = message('setup', h245At(d, port));
    return [whole.subarray(0, 4), whole.subarray(4)];
  };
  const lines: string[] = [];
  const expected = (port: number): string[] => {
    lines.push(control('s', 'c', port));
    return lines;
  };
  const [header, body] = split(3000);
  d.c(body);
  d.c(header);
  d.c(body).expects(...expected(3000));
  d.c(body);
  d.c(header);
  d.c(body.subarray(0, 10));
  d.c(split(3001)[1]);
  d.c(header);
  d.s('xxxxxxxx');
  d.c(split(3002)[1]).expects(...expected(3002));
  d.c(header);
  d.c(joined(split(3003)[1], message('setup', h245At(d, 3004)))).expects(
    ...expected(3003),
    control('s', 'c', 3004),
  );
  // A segment without payload is one, too.
  d.c(header);
  d.c('');
  d.c(split(3006)[1]);
  d.c(header);
  d.c(message('setup', h245At(d, 3005))).expects(
    ...lines,
    ...[3004, 3005].map((port) => control('s', 'c', port)),
  );
  d.c(split(3006)[1]);
});

calls.add('elements before the user-user element', (d) => {
  d.open();
  const content = encoded(userInformation('setup', h245At(d, 3000)));
  // "Sending complete" is one octet, but only the first is known to be such.
  d.c(tpkt(q931(content, [0xa1, 0xa1]))).expects();
  d.c(tpkt(q931(content, [0xa1, 1, 2])));
  d.c(tpkt(q931(content, [4, 1, 0, 0xa1])));
  d.c(tpkt(q931(content, [0xa1]))).expects(control('s', 'c', 3000));
  const second = encoded(userInformation('setup', h245At(d, 3001)));
  const two = [3000, 3001].map((port) => control('s', 'c', port));
  d.c(tpkt(q931(second, [0xa1, 4, 1, 0]))).expects(...two);
  const third = encoded(userInformation('setup', h245At(d, 3002)));
  d.c(tpkt(q931(third, []))).expects(...two, control('s', 'c', 3002));
  const wrong = q931(encoded(userInformation('setup', h245At(d, 3003))));
  for (const [where, value] of [
    [0, 9],
    [1, 200],
    [6, 200],
    [10, 0xff],
    [11, 200],
    [12, 0],
    [12, 1],
    [12, 20],
  ] as const) {
    const copy = Uint8Array.from(wrong);
    copy[where] = value;
    d.c(tpkt(copy));
  }
  for (let length = 0; length < wrong.length; length += 3) d.c(tpkt(wrong.subarray(0, length)));
});

// ---- RAS ----

const registrations = createDialogues(0x3200, 1719, FAMILIES);
export const registrationDialogues = registrations.dialogues;

const ENDPOINT_PORT = 2034;
const fromEndpoint = (d: DialogueBuilder, payload: Uint8Array) =>
  d.udp('c', 's', ENDPOINT_PORT, 1719, payload);
const fromGatekeeper = (d: DialogueBuilder, payload: Uint8Array) =>
  d.udp('s', 'c', 1719, ENDPOINT_PORT, payload).is('ESTABLISHED_REPLY');
const {
  admissionConfirm,
  gatekeeperConfirm,
  gatekeeperRequest,
  infoRequest,
  locationConfirm,
  registrationConfirm,
  registrationRequest,
  unregistrationConfirm,
  unregistrationRequest,
} = rasMessages;
const registered = (port: number): string => `tcp s:* -> c:${port} PERMANENT gets Q.931 240s`;

for (const isFull of [false, true]) {
  const all = isFull ? ', with all that it may have' : '';
  registrations.add(`a registration foretells calls until it ends${all}`, (d) => {
    const addresses = [at(d, 'x', 1), at(d, 'c', 0), at(d, 'c', 1720), at(d, 'c', 1721)];
    fromEndpoint(d, registrationRequest({ addresses, isFull })).expects(registered(1720));
    fromGatekeeper(d, registrationConfirm({ addresses: [at(d, 's', 1720)], isFull }));
    d.tcp('s', 'c', 50_000, 1720, 'S').is('RELATED');
    d.tcp('s', 'c', 50_001, 1720, 'S').is('RELATED');
    d.tcp('x', 'c', 50_002, 1720, 'S').is('NEW');
    fromEndpoint(d, unregistrationRequest({ addresses, isFull })).is('ESTABLISHED').expects();
    fromGatekeeper(d, unregistrationConfirm());
    d.tcp('s', 'c', 50_003, 1720, 'S').is('NEW');
  });
  registrations.add(`an admission and a location say where to call${all}`, (d) => {
    fromEndpoint(d, infoRequest());
    const line = 'tcp c:* -> x:1733 PERMANENT gets Q.931 240s';
    const other = 'tcp c:* -> x:1734 PERMANENT gets Q.931 240s';
    fromGatekeeper(d, admissionConfirm(at(d, 'x', 1733), isFull)).expects(line);
    fromGatekeeper(d, admissionConfirm(at(d, 'c', 1735), isFull));
    fromGatekeeper(d, locationConfirm(at(d, 'x', 1734), at(d, 's', 9))).expects(line, other);
    d.tcp('c', 'x', 50_000, 1733, 'S', { seq: 7000 }).is('RELATED');
    d.tcp('x', 'c', 1733, 50_000, 'S.', { seq: 8000, ack: 7001 }).is('ESTABLISHED_REPLY');
    const connect = message('connect', { h245: at(d, 'x', 3000) });
    d.tcp('x', 'c', 1733, 50_000, 'P.', { seq: 8001, ack: 7001, payload: connect })
      .is('ESTABLISHED_REPLY')
      .expects(line, other, 'tcp c:* -> x:3000 gets H.245 240s');
  });
  registrations.add(`a gatekeeper is found, and another address is to be used${all}`, (d) => {
    fromEndpoint(d, gatekeeperRequest(at(d, 'c', ENDPOINT_PORT))).expects();
    fromGatekeeper(d, gatekeeperConfirm(at(d, 's', 1719), isFull));
    fromGatekeeper(d, gatekeeperConfirm(at(d, 's', 1740), isFull)).expects('udp c:* -> s:1740 gets RAS 240s');
    fromGatekeeper(d, gatekeeperConfirm(at(d, 'x', 1719), isFull)).expects(
      'udp c:* -> s:1740 gets RAS 240s',
      'udp c:* -> x:1719 gets RAS 240s',
    );
    const addresses = [at(d, 'c', 1720)];
    d.udp('c', 's', 2035, 1740, registrationRequest({ addresses, isFull }))
      .is('RELATED')
      .expects('udp c:* -> x:1719 gets RAS 240s', registered(1720));
    // What was foretold foretells no gatekeeper.
    d.udp('s', 'c', 1740, 2035, gatekeeperConfirm(at(d, 's', 1741), isFull)).is('ESTABLISHED_REPLY');
  });
}

registrations.add('ten addresses of a registration are looked at', (d) => {
  const others = (count: number): Endpoint[] => Array.from({ length: count }, () => at(d, 'x', 1720));
  fromEndpoint(d, registrationRequest({ addresses: [...others(10), at(d, 'c', 1720)] })).expects();
  fromEndpoint(d, registrationRequest({ addresses: [] }));
  fromEndpoint(d, registrationRequest({ addresses: [...others(9), at(d, 'c', 1720)] })).expects(
    registered(1720),
  );
});

registrations.add(
  '32 at most, of which the oldest goes',
  (d) => {
    fromEndpoint(d, infoRequest());
    const line = (i: number): string => `tcp c:* -> x:${2000 + i} PERMANENT gets Q.931 240s`;
    for (let i = 0; i < 40; i++)
      fromGatekeeper(d, admissionConfirm(at(d, 'x', 2000 + i))).expects(
        ...Array.from({ length: Math.min(i + 1, 32) }, (_, k) => line(i - k)),
      );
  },
  V4,
);

registrations.add('malformed, of the other family, and what foretells nothing', (d) => {
  const good = registrationRequest({ addresses: [at(d, 'c', 1720)] });
  fromEndpoint(d, new Uint8Array(0)).expects();
  for (let length = 1; length < good.length; length++) fromEndpoint(d, good.subarray(0, length)).expects();
  const other = { host: d.isIpv6 ? '10.0.0.9' : '2001:db8::9', port: 3000 };
  fromGatekeeper(d, admissionConfirm(other)).expects();
  fromGatekeeper(d, locationConfirm(other, other));
  fromGatekeeper(d, gatekeeperConfirm(other));
  fromGatekeeper(d, admissionConfirm(at(d, 'x', 0))).expects('tcp c:* -> x:0 PERMANENT gets Q.931 240s');
});

registrations.add('times to live', (d) => {
  const addresses = [at(d, 'c', 1720)];
  fromEndpoint(d, registrationRequest({ addresses, timeToLive: 1000 })).expects(registered(1720));
  fromGatekeeper(d, registrationConfirm({ addresses: [at(d, 's', 1720)] }));
  fromGatekeeper(d, registrationConfirm({ addresses: [at(d, 's', 1720)], timeToLive: 600 }));
  fromGatekeeper(d, registrationConfirm({ addresses: [at(d, 'c', 1720)], timeToLive: 70_000, isFull: true }));
  fromGatekeeper(d, registrationConfirm({ timeToLive: 1_000_000 }));
  fromEndpoint(d, unregistrationRequest({ addresses })).is('ESTABLISHED').expects();
});
