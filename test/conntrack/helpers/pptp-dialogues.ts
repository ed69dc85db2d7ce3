/** PPTP: control messages, the tunnels that they foretell, and how these end. */
import { createDialogues, type DialogueBuilder, type Host, type StepNotes } from '../../support/dialogue.ts';

const list = createDialogues(0x3000, 1723, ['IPv4']);
export const pptpDialogues = list.dialogues;
const { add } = list;

// ---- Messages ----

const u16 = (value: number): number[] => [value >>> 8, value & 255];

/** Bytes behind the header, by type. */
const LENGTHS: Readonly<Record<number, number>> = {
  1: 144,
  2: 144,
  3: 4,
  4: 4,
  5: 4,
  6: 8,
  7: 156,
  8: 20,
  9: 208,
  10: 12,
  11: 16,
  12: 4,
  13: 136,
  14: 28,
  15: 12,
};

/** A control message: its type, and what its body begins with. */
export function control(type: number, body: readonly number[] = [], length = LENGTHS[type] ?? 4): Uint8Array {
  const bytes = new Uint8Array(12 + length);
  bytes.set([...u16(bytes.length), 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, ...u16(type), 0, 0]);
  bytes.set(body.slice(0, length), 12);
  return bytes;
}

const startRequest = (): Uint8Array => control(1, [1, 0]);
const startReply = (result = 1): Uint8Array => control(2, [1, 0, result]);
const stopRequest = (): Uint8Array => control(3, [1]);
const stopReply = (result = 1): Uint8Array => control(4, [result]);
const outRequest = (id: number): Uint8Array => control(7, u16(id));
const outReply = (id: number, peer: number, result = 1): Uint8Array =>
  control(8, [...u16(id), ...u16(peer), result]);
const inRequest = (id: number): Uint8Array => control(9, u16(id));
const inReply = (id: number, peer: number, result = 1): Uint8Array =>
  control(10, [...u16(id), ...u16(peer), result]);
const inConnected = (peer: number): Uint8Array => control(11, u16(peer));
const clear = (id: number): Uint8Array => control(12, u16(id));
const disconnect = (id: number): Uint8Array => control(13, [...u16(id), 1]);

// ---- Packets ----

const GRE = 47;

/** A packet of the tunnel. */
function gre(d: DialogueBuilder, from: Host, to: Host, callId: number): StepNotes {
  return d.ip(from, to, GRE, [0x30, 0x01, 0x88, 0x0b, 0, 4, ...u16(callId), 0, 0, 0, 1, 1, 2, 3, 4]);
}

/** GRE without keys. */
const plainGre = (d: DialogueBuilder, from: Host, to: Host): StepNotes =>
  d.ip(from, to, GRE, [0, 0, 8, 0, 1, 2, 3, 4]);

/** Call ids of the client and the server. */
const C = 0x1001;
const S = 0x2002;
const THERE = `gre c:${C} -> s:${S} 300s`;
const BACK = `gre s:${S} -> c:${C} 300s`;

function session(d: DialogueBuilder): void {
  d.open();
  d.c(startRequest());
  d.s(startReply());
}

function call(d: DialogueBuilder): void {
  session(d);
  d.c(outRequest(C));
  d.s(outReply(S, C)).expects(THERE, BACK);
}

/** A call whose tunnel is open in both directions. */
function tunnel(d: DialogueBuilder): void {
  call(d);
  gre(d, 'c', 's', S).is('RELATED').expects();
  gre(d, 's', 'c', C).is('ESTABLISHED_REPLY');
  gre(d, 'c', 's', S).is('ESTABLISHED');
}

/** Whether the tunnel is expected can be seen from its packets. */
function foretold(d: DialogueBuilder): void {
  gre(d, 's', 'c', C).is('RELATED').expects();
}

// ---- Calls ----

add('an outgoing call, and its tunnel from the client', tunnel);
add('an outgoing call, and its tunnel from the server', (d) => {
  call(d);
  gre(d, 's', 'c', C).is('RELATED').expects();
  gre(d, 'c', 's', S).is('ESTABLISHED_REPLY');
  gre(d, 's', 'c', C).is('ESTABLISHED');
});
add('an incoming call', (d) => {
  session(d);
  d.s(inRequest(S)).expects();
  d.c(inReply(C, S)).expects();
  d.s(inConnected(C)).expects(THERE, BACK);
  gre(d, 'c', 's', S).is('RELATED').expects();
  gre(d, 's', 'c', C).is('ESTABLISHED_REPLY');
});
add('before the reply there are no keys', (d) => {
  session(d);
  d.c(outRequest(C));
  gre(d, 'c', 's', S);
  gre(d, 's', 'c', C);
  d.s(outReply(S, C)).expects(THERE, BACK);
  gre(d, 'c', 's', S).is('RELATED').expects();
  gre(d, 's', 'c', C).is('ESTABLISHED_REPLY');
});
add('packets of other calls and other hosts', (d) => {
  call(d);
  gre(d, 'c', 's', C);
  gre(d, 's', 'c', S);
  gre(d, 'x', 's', S);
  gre(d, 'c', 's', S + 1);
  plainGre(d, 'c', 's');
  plainGre(d, 's', 'c').is('ESTABLISHED_REPLY').expects(THERE, BACK);
  foretold(d);
});
add('call ids of 0', (d) => {
  session(d);
  d.c(outRequest(0));
  d.s(outReply(0, 0)).expects('gre c:0 -> s:0 300s', 'gre s:0 -> c:0 300s');
  plainGre(d, 'c', 's').is('RELATED').expects();
  plainGre(d, 's', 'c').is('ESTABLISHED_REPLY');
  d.s(disconnect(0));
  plainGre(d, 's', 'c');
});
add('call ids of 0, and a tunnel that was there before', (d) => {
  session(d);
  plainGre(d, 'c', 's');
  d.c(outRequest(0));
  d.s(outReply(0, 0)).expects('gre c:0 -> s:0 300s', 'gre s:0 -> c:0 300s');
  plainGre(d, 'c', 's');
  d.s(disconnect(0)).expects('gre c:0 -> s:0 300s');
  plainGre(d, 's', 'c');
  plainGre(d, 'c', 's').is('ESTABLISHED_REPLY').expects('gre c:0 -> s:0 300s');
  d.s(disconnect(0)).expects('gre c:0 -> s:0 300s');
  plainGre(d, 'c', 's').is('RELATED').expects();
});
add('the same id on both sides', (d) => {
  session(d);
  d.c(outRequest(5));
  d.s(outReply(5, 5)).expects('gre c:5 -> s:5 300s', 'gre s:5 -> c:5 300s');
  gre(d, 'c', 's', 5).is('RELATED').expects();
  gre(d, 's', 'c', 5).is('ESTABLISHED_REPLY');
});
add('call ids that are ports of helpers', (d) => {
  session(d);
  d.c(outRequest(1723));
  d.s(outReply(21, 1723)).expects('gre c:1723 -> s:21 300s', 'gre s:21 -> c:1723 300s');
  gre(d, 'c', 's', 21).is('RELATED').expects();
  gre(d, 's', 'c', 1723).is('ESTABLISHED_REPLY');
  d.s(disconnect(21));
  d.tcp('x', 's', 40_001, 1723, 'S').is('NEW');
  d.tcp('s', 'x', 1723, 40_001, 'S.', { seq: 1, ack: 7001 }).is('ESTABLISHED_REPLY');
});

// ---- Replies ----

for (const result of [0, 2, 3, 7, 255])
  add(`an outgoing call that is refused: ${result}`, (d) => {
    session(d);
    d.c(outRequest(C));
    d.s(outReply(S, C, result)).expects();
    d.s(outReply(S, C)).expects();
    d.c(outRequest(C));
    d.s(outReply(S, C)).expects(THERE, BACK);
  });
for (const result of [0, 2, 255])
  add(`an incoming call that is refused: ${result}`, (d) => {
    session(d);
    d.s(inRequest(S));
    d.c(inReply(C, S, result));
    d.s(inConnected(C)).expects();
    d.c(inReply(C, S));
    d.s(inConnected(C)).expects();
  });
for (const result of [0, 2, 255])
  add(`a session that is refused: ${result}`, (d) => {
    d.open();
    d.c(startRequest());
    d.s(startReply(result));
    d.c(outRequest(C));
    d.s(outReply(S, C)).expects();
    d.c(startRequest());
    d.s(startReply());
    d.c(outRequest(C));
    d.s(outReply(S, C)).expects();
    d.s(stopReply());
    d.c(startRequest());
    d.s(startReply());
    d.c(outRequest(C));
    d.s(outReply(S, C)).expects(THERE, BACK);
  });
add('a session without its request', (d) => {
  d.open();
  d.s(startReply());
  d.c(outRequest(C));
  d.s(outReply(S, C)).expects();
});
add('a session whose reply says no after yes', (d) => {
  session(d);
  d.s(startReply(2));
  d.c(outRequest(C));
  d.s(outReply(S, C)).expects();
  d.s(startReply());
  d.c(outRequest(C));
  d.s(outReply(S, C)).expects();
});
add('the wrong side says it', (d) => {
  d.open();
  d.s(startRequest());
  d.c(startReply());
  d.s(outRequest(C));
  d.c(outReply(S, C)).expects();
  d.c(startRequest());
  d.s(startReply());
  d.s(outRequest(C));
  d.c(outReply(S, C)).expects();
  d.c(inRequest(S));
  d.s(inReply(C, S));
  d.c(inConnected(C)).expects();
});
add('a reply to another call', (d) => {
  session(d);
  d.s(outReply(S, C)).expects();
  d.c(outRequest(C));
  d.s(outReply(S, C + 1)).expects();
  d.s(outReply(S, C)).expects(THERE, BACK);
});
add('an incoming call: other ids', (d) => {
  session(d);
  d.s(inConnected(C)).expects();
  d.s(inRequest(S));
  d.s(inConnected(0)).expects();
  d.c(inReply(C, S + 1));
  d.s(inConnected(C)).expects();
  d.c(inReply(C, S));
  d.s(inConnected(C + 1)).expects();
  d.s(inConnected(C)).expects(THERE, BACK);
  d.s(inConnected(C)).expects(THERE, BACK);
});
add('an incoming call whose request is answered by that of another one', (d) => {
  session(d);
  d.s(inRequest(S));
  d.c(outRequest(C));
  d.s(inConnected(C)).expects();
  d.s(outReply(S, C)).expects(THERE, BACK);
});
add('an incoming call is accepted twice, with two ids', (d) => {
  session(d);
  d.s(inRequest(S));
  d.c(inReply(7, S));
  d.c(inReply(C, S));
  d.s(inConnected(7)).expects();
  d.s(inConnected(C)).expects(THERE, BACK);
});
add('a stop in between', (d) => {
  session(d);
  d.c(stopRequest());
  d.c(outRequest(C));
  d.s(outReply(S, C)).expects();
  d.s(stopReply());
  d.c(startRequest());
  d.s(startReply());
  d.c(outRequest(C));
  d.s(outReply(S, C)).expects(THERE, BACK);
});
add('a stop that is refused, and a reply without a stop', (d) => {
  session(d);
  d.s(stopReply());
  d.c(outRequest(C));
  d.s(outReply(S, C)).expects(THERE, BACK);
  d.c(stopRequest());
  d.s(stopReply(2)).expects(THERE, BACK);
  d.c(startRequest());
  d.s(startReply());
  gre(d, 'c', 's', S).is('RELATED').expects();
  d.s(stopReply());
  d.c(startRequest());
  d.s(startReply());
  d.c(outRequest(C));
  d.s(outReply(S, C)).expects(THERE, BACK);
});
add('a stop ends no tunnel', (d) => {
  tunnel(d);
  d.c(stopRequest());
  d.s(stopReply());
  gre(d, 'c', 's', S).is('ESTABLISHED');
});
add('a start reply while it stops', (d) => {
  session(d);
  d.c(stopRequest());
  d.s(startReply());
  d.c(outRequest(C));
  d.s(outReply(S, C)).expects();
});

// ---- More calls, and repeated ones ----

add('the reply once more, before the tunnel', (d) => {
  call(d);
  d.s(outReply(S, C)).after(2000).expects(THERE, BACK);
  gre(d, 'c', 's', S).is('RELATED').expects();
});
add('the reply once more, after the tunnel', (d) => {
  tunnel(d);
  d.s(outReply(S, C)).expects(THERE, BACK);
  gre(d, 'c', 's', S).is('ESTABLISHED').expects(THERE, BACK);
  d.s(disconnect(S)).expects(THERE);
  gre(d, 'c', 's', S);
});
add('the request once more', (d) => {
  call(d);
  d.c(outRequest(C));
  d.s(outReply(S, C)).expects(THERE, BACK);
  foretold(d);
});
add('a second call', (d) => {
  call(d);
  d.c(outRequest(C + 1));
  d.s(outReply(S + 1, C + 1)).expects();
  gre(d, 'c', 's', S);
});
add('a second call beside the tunnel of the first', (d) => {
  tunnel(d);
  d.c(outRequest(C + 1));
  d.s(outReply(S + 1, C + 1)).expects();
  gre(d, 'c', 's', S).is('ESTABLISHED');
  gre(d, 'c', 's', S + 1);
  d.s(disconnect(S));
  gre(d, 'c', 's', S);
});
add('a second call with the same id of the server', (d) => {
  call(d);
  d.c(outRequest(C + 1));
  d.s(outReply(S, C + 1)).expects();
});
add('a second call with the same id of the client', (d) => {
  call(d);
  d.c(outRequest(C));
  d.s(outReply(S + 1, C)).expects();
});
add('a second call after the first', (d) => {
  tunnel(d);
  d.s(disconnect(S));
  d.c(outRequest(C + 1));
  d.s(outReply(S + 1, C + 1)).expects(
    `gre c:${C + 1} -> s:${S + 1} 300s`,
    `gre s:${S + 1} -> c:${C + 1} 300s`,
  );
  gre(d, 's', 'c', C);
  gre(d, 's', 'c', C + 1)
    .is('RELATED')
    .expects();
  gre(d, 'c', 's', S + 1).is('ESTABLISHED_REPLY');
});
add('two control connections of the same hosts with the same ids', (d) => {
  call(d);
  const seq = { c: 100, s: 200 };
  const other = (from: 'c' | 's', payload: Uint8Array, flags = 'P.'): StepNotes => {
    const [to, sport, dport] = from === 'c' ? (['s', 40_009, 1723] as const) : (['c', 1723, 40_009] as const);
    const ack = flags === 'S' ? 0 : seq[to];
    const notes = d.tcp(from, to, sport, dport, flags, { seq: seq[from], ack, payload });
    seq[from] += payload.length + (flags.includes('S') ? 1 : 0);
    return notes.is(from === 'c' ? 'ESTABLISHED' : 'ESTABLISHED_REPLY');
  };
  const nothing = new Uint8Array(0);
  other('c', nothing, 'S').is('NEW');
  other('s', nothing, 'S.');
  other('c', nothing, '.');
  other('c', startRequest());
  other('s', startReply());
  other('c', outRequest(C));
  other('s', outReply(S, C)).expects(THERE, BACK);
  other('c', outRequest(C + 1));
  other('s', outReply(S, C + 1)).expects(
    THERE,
    BACK,
    `gre c:${C + 1} -> s:${S} 300s`,
    `gre s:${S} -> c:${C + 1} 300s`,
  );
  gre(d, 'c', 's', S)
    .is('RELATED')
    .expects(`gre c:${C + 1} -> s:${S} 300s`, `gre s:${S} -> c:${C + 1} 300s`);
  d.s(disconnect(S));
  gre(d, 'c', 's', S).is('RELATED').expects();
  gre(d, 's', 'c', C + 1).is('ESTABLISHED_REPLY');
});

// ---- Ends ----

add('a disconnect ends the tunnel', (d) => {
  tunnel(d);
  d.s(disconnect(S)).expects();
  gre(d, 's', 'c', C);
  gre(d, 'c', 's', S);
});
add('a disconnect of any id, and without a session, ends the tunnel', (d) => {
  tunnel(d);
  d.c(stopRequest());
  d.s(disconnect(77)).expects();
  gre(d, 's', 'c', C);
});
add('a disconnect ends what is expected', (d) => {
  call(d);
  d.s(disconnect(S)).expects();
  gre(d, 's', 'c', C);
  gre(d, 'c', 's', S);
});
add('a disconnect of the client is none', (d) => {
  tunnel(d);
  d.c(disconnect(C));
  gre(d, 's', 'c', C).is('ESTABLISHED_REPLY');
});
add('clearing alone ends nothing, but no reply is taken any more', (d) => {
  call(d);
  d.c(clear(C)).expects(THERE, BACK);
  d.s(outReply(S, C)).after(2000).expects(`gre c:${C} -> s:${S} 298s`, `gre s:${S} -> c:${C} 298s`);
  gre(d, 's', 'c', C).is('RELATED').expects();
  d.s(disconnect(S));
  gre(d, 's', 'c', C);
});
add('errors of the line, link info and echoes end nothing', (d) => {
  tunnel(d);
  for (const type of [5, 6, 14, 15, 16, 0, 0xffff]) {
    d.s(control(type, u16(C)));
    d.c(control(type, u16(S)));
  }
  gre(d, 's', 'c', C).is('ESTABLISHED_REPLY');
});
add('a disconnect after another request does not find the tunnel', (d) => {
  tunnel(d);
  d.c(outRequest(C + 1));
  d.s(disconnect(S));
  gre(d, 's', 'c', C);
  gre(d, 'c', 's', S);
});
add('a disconnect without a call ends the tunnel without keys', (d) => {
  session(d);
  plainGre(d, 'c', 's');
  plainGre(d, 's', 'c').is('ESTABLISHED_REPLY');
  plainGre(d, 'x', 's');
  d.s(disconnect(S));
  plainGre(d, 's', 'c');
  plainGre(d, 'x', 's');
});
add('the end of the control connection ends its tunnel', (d) => {
  tunnel(d);
  d.c('', { flags: 'R.' });
  gre(d, 's', 'c', C).is('ESTABLISHED_REPLY');
  d.tcp('c', 's', 40_000, 1723, 'S', { seq: 900_000 }).is('NEW');
  gre(d, 's', 'c', C);
  gre(d, 'c', 's', S);
});
add('the end of the control connection ends what is expected', (d) => {
  call(d);
  d.c('', { flags: 'R.' }).expects(THERE, BACK);
  d.tcp('c', 's', 40_000, 1723, 'S', { seq: 900_000 }).is('NEW').expects();
  gre(d, 's', 'c', C);
});
add('the end of a control connection without a call ends the tunnel without keys', (d) => {
  plainGre(d, 'c', 's');
  plainGre(d, 's', 'c').is('ESTABLISHED_REPLY');
  d.open();
  d.c('', { flags: 'R.' });
  d.tcp('c', 's', 40_000, 1723, 'S', { seq: 900_000 }).is('NEW');
  plainGre(d, 's', 'c');
});
add('a connection that is reset before it is answered ends nothing', (d) => {
  plainGre(d, 'c', 's');
  d.tcp('c', 's', 40_000, 1723, 'S', { seq: 1 }).is('NEW');
  d.tcp('s', 'c', 1723, 40_000, 'R.', { seq: 0, ack: 2 }).is('ESTABLISHED_REPLY');
  plainGre(d, 'c', 's');
});

// ---- What is read ----

for (const [type, at] of [
  [1, 144],
  [2, 144],
  [7, 156],
  [8, 20],
] as const)
  for (const length of [at - 1, at, at + 1])
    add(`an outgoing call: message ${type} of ${length} bytes`, (d) => {
      d.open();
      const cut = (message: Uint8Array): Uint8Array =>
        message[9] === type ? control(type, [...message.subarray(12)], length) : message;
      d.c(cut(startRequest()));
      d.s(cut(startReply()));
      d.c(cut(outRequest(C)));
      d.s(cut(outReply(S, C))).expects(...(length < at ? [] : [THERE, BACK]));
    });
for (const [type, at] of [
  [9, 208],
  [10, 12],
  [11, 16],
] as const)
  for (const length of [at - 1, at, at + 1])
    add(`an incoming call: message ${type} of ${length} bytes`, (d) => {
      session(d);
      const cut = (message: Uint8Array): Uint8Array =>
        message[9] === type ? control(type, [...message.subarray(12)], length) : message;
      d.s(cut(inRequest(S)));
      d.c(cut(inReply(C, S)));
      d.s(cut(inConnected(C))).expects(...(length < at ? [] : [THERE, BACK]));
    });
for (const length of [3, 4])
  add(`messages of ${length} bytes: stop, its reply, clear`, (d) => {
    session(d);
    d.c(control(3, [1], length));
    d.c(outRequest(C));
    d.s(outReply(S, C)).expects(...(length < 4 ? [THERE, BACK] : []));
    d.c(stopRequest());
    d.s(control(4, [1], length));
    d.c(startRequest());
    d.s(startReply());
    d.c(outRequest(C));
    d.c(control(12, u16(C), length));
    d.s(outReply(S, C)).expects(...(length < 4 ? [THERE, BACK] : []));
  });
for (const length of [135, 136])
  add(`a disconnect of ${length} bytes`, (d) => {
    call(d);
    d.s(control(13, u16(S), length)).expects(...(length < 136 ? [THERE, BACK] : []));
  });
add('headers that are cut', (d) => {
  session(d);
  d.c(outRequest(C));
  for (const length of [1, 2, 4, 7, 8, 9, 10, 11, 12, 13]) d.s(outReply(S, C).subarray(0, length)).expects();
});
for (const [what, at, byte] of [
  ['another length', 1, 1],
  ['a length of nothing', 1, 0],
] as const)
  add(`${what} in the header does not matter`, (d) => {
    session(d);
    d.c(outRequest(C));
    const reply = outReply(S, C);
    reply[at] = byte;
    d.s(reply).expects(THERE, BACK);
  });
for (const [what, at, byte] of [
  ['type 2', 3, 2],
  ['type 257', 2, 1],
  ['another cookie', 4, 0x1b],
  ['another cookie at the end', 7, 0x4c],
  ['message 264', 8, 1],
] as const)
  add(`not read: ${what}`, (d) => {
    session(d);
    d.c(outRequest(C));
    const reply = outReply(S, C);
    reply[at] = byte;
    d.s(reply).expects();
  });
add('the reserved bytes of the header do not matter', (d) => {
  session(d);
  d.c(outRequest(C));
  const reply = outReply(S, C);
  reply.set([9, 9], 10);
  d.s(reply).expects(THERE, BACK);
});
add('a message in two segments is not read', (d) => {
  session(d);
  d.c(outRequest(C));
  const reply = outReply(S, C);
  d.s(reply.subarray(0, 16));
  d.s(reply.subarray(16)).expects();
  d.s(reply).expects(THERE, BACK);
});
add('of two messages in a segment the first one is read', (d) => {
  session(d);
  d.c(Uint8Array.from([...control(5), ...outRequest(C)]));
  d.s(outReply(S, C)).expects();
  d.c(Uint8Array.from([...outRequest(C), ...clear(C)]));
  d.s(outReply(S, C)).expects(THERE, BACK);
});
add('whatever its sequence number, a message is read', (d) => {
  session(d);
  d.c(outRequest(C));
  d.s(outReply(S, C), { at: 100 }).expects(THERE, BACK);
});
add('a connection that was picked up', (d) => {
  const say = (from: 'c' | 's', payload: Uint8Array, seq: number, ack: number): StepNotes =>
    from === 'c'
      ? d.tcp('c', 's', 40_000, 1723, 'P.', { seq, ack, payload })
      : d.tcp('s', 'c', 1723, 40_000, 'P.', { seq, ack, payload });
  say('c', startRequest(), 1000, 5000).is('NEW');
  say('s', startReply(), 5000, 1156).is('ESTABLISHED_REPLY');
  say('c', startRequest(), 1156, 5156).is('ESTABLISHED');
  say('s', startReply(), 5156, 1312).is('ESTABLISHED_REPLY');
  say('c', outRequest(C), 1312, 5312).is('ESTABLISHED');
  say('s', outReply(S, C), 5312, 1480).is('ESTABLISHED_REPLY').expects(THERE, BACK);
});
