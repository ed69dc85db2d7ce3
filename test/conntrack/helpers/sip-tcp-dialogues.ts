/** SIP over TCP: several messages in a segment, and messages that a segment cuts. */
import { createDialogues, type DialogueBuilder } from '../../support/dialogue.ts';
import {
  callTo,
  inUri,
  request,
  response,
  type SipFields,
  sdp,
  streamTo,
} from '../../support/sip-messages.ts';

const list = createDialogues(0x4800, 5060, ['IPv4', 'IPv6']);
export const sipTcpDialogues = list.dialogues;

const OFFERED = streamTo('s', 'c', 'audio', 20_000);
const ANSWERED = streamTo('c', 's', 'audio', 30_000);
const REFUSED = 'helper-refused';

const offer = (d: DialogueBuilder, port: string | number = 20_000, fields: SipFields = {}): string =>
  request('INVITE', { body: sdp(d.hosts.c, [{ media: 'audio', port }]), ...fields });
const answer = (d: DialogueBuilder): string =>
  response(200, 'INVITE', { body: sdp(d.hosts.s, [{ media: 'audio', port: 30_000 }]) });
const register = (d: DialogueBuilder, rest = ''): string =>
  request('REGISTER', { contacts: [`<sip:a@${inUri(d.hosts.c)}${rest}>;expires=60`] });

function add(name: string, build: (d: DialogueBuilder) => void): void {
  list.add(name, (d) => {
    d.open();
    build(d);
  });
}

add('a call', (d) => {
  d.c(offer(d)).expects(...OFFERED);
  d.s(answer(d)).expects(...OFFERED, ...ANSWERED);
  d.udp('s', 'c', 30_000, 20_000, 'rtp')
    .is('RELATED')
    .expects(OFFERED[1], ...ANSWERED);
  d.c(request('BYE', { cseq: 2 })).expects();
});
add('no segment with SYN is read', (d) => {
  d.tcp('c', 's', 41_000, 5060, 'S', { payload: offer(d) })
    .is('NEW')
    .expects();
});
add('a retransmission is read once more', (d) => {
  d.c(offer(d)).expects(...OFFERED);
  d.c(request('BYE', { cseq: 2 })).expects();
  d.c(offer(d), { at: 0 }).expects(...OFFERED);
});
add('two messages in a segment', (d) => {
  d.c(offer(d) + register(d)).expects(...OFFERED, callTo('c', 's', 5060, 'PERMANENT,INACTIVE', 180, 'tcp'));
  d.c(offer(d) + request('BYE', { cseq: 2 })).expects(
    callTo('c', 's', 5060, 'PERMANENT,INACTIVE', 180, 'tcp'),
  );
});
add('a bad message ends the reading, what was before it stays', (d) => {
  d.c(offer(d) + request('INVITE', { cseq: 'x' }) + request('BYE'))
    .dropped(REFUSED)
    .expects(...OFFERED);
  d.c(offer(d, 80) + offer(d))
    .dropped(REFUSED)
    .expects();
});
add('a message that is cut is not read, nor is its rest', (d) => {
  const text = offer(d);
  for (const at of [5, 100, text.indexOf('\r\n\r\n') + 2, text.length - 1]) {
    d.c(text.slice(0, at)).expects();
    d.c(text.slice(at)).expects();
  }
});
add('the second message is cut', (d) => {
  const second = register(d);
  d.c(offer(d) + second.slice(0, -1)).expects(...OFFERED);
  d.c(second.slice(-1)).expects(...OFFERED);
});
for (const length of [null, '', 'x', '-1', '99999', '4294967295', '4294967296', '000000000000'])
  add(`a message with Content-Length ${length}`, (d) => {
    d.c(offer(d, 20_000, { headers: { 'Content-Length': length } })).expects();
  });
add('Content-Length leaves the description out', (d) => {
  d.c(offer(d, 20_000, { headers: { 'Content-Length': '0' } })).expects();
});
add('Content-Length leaves a stream out', (d) => {
  const streams = [20_000, 20_002].map((port) => ({ media: 'audio', port }));
  const body = sdp(d.hosts.c, streams);
  const part = body.indexOf('m=audio 20002');
  d.c(request('INVITE', { body, headers: { 'Content-Length': String(part) } })).expects(...OFFERED);
});
add('the compact name of the length', (d) => {
  d.c(offer(d).replace('Content-Length', 'l')).expects(...OFFERED);
});
add('empty lines between messages', (d) => {
  d.c(`\r\n\r\n${offer(d)}`).expects();
  d.c('\r\n\r\n').expects();
});
for (const transport of ['tcp', 'TCP', 'udp', 'tls'])
  add(`a contact with transport ${transport}`, (d) => {
    d.c(register(d, `;transport=${transport}`)).expects(
      ...(/tcp/i.test(transport) ? [callTo('c', 's', 5060, 'PERMANENT,INACTIVE', 180, 'tcp')] : []),
    );
  });
add('a registration, and a call to it', (d) => {
  const contacts = [`<sip:a@${inUri(d.hosts.c)}:5070>;expires=60`];
  d.c(request('REGISTER', { contacts })).expects(callTo('c', 's', 5070, 'PERMANENT,INACTIVE', 180, 'tcp'));
  d.s(response(200, 'REGISTER', { contacts })).expects(callTo('c', 's', 5070, 'PERMANENT', 60, 'tcp'));
  d.tcp('s', 'c', 6000, 5070, 'S', { seq: 100 }).is('RELATED');
  d.tcp('c', 's', 5070, 6000, 'S.', { seq: 900, ack: 101 }).is('ESTABLISHED_REPLY');
  d.tcp('s', 'c', 6000, 5070, 'P.', { seq: 101, ack: 901, payload: answer(d) })
    .is('ESTABLISHED')
    .expects(callTo('c', 's', 5070, 'PERMANENT', 60, 'tcp'), ...ANSWERED);
});
