/** SANE: requests and answers with what the kernel expects after each. */
import { createDialogues } from '../../support/dialogue.ts';

const list = createDialogues(0x1500, 6566, ['IPv4', 'IPv6']);
export const saneDialogues = list.dialogues;

const words = (...values: readonly number[]): string =>
  values
    .flatMap((value) => [24, 16, 8, 0].map((shift) => String.fromCharCode((value >>> shift) & 255)))
    .join('');
const START = words(7, 0);
const STARTED = words(0, 1025, 0x1234, 0);
const EXPECTED = 'tcp c:* -> s:1025 300s';

list.add('a scan', (d) => {
  d.open();
  d.c(words(0, 0x0103_0000, 4)).expects();
  d.s(words(0, 0x0103_0000));
  d.c(START).expects();
  d.s(STARTED).expects(EXPECTED);
  d.tcp('c', 's', 40_001, 1025, 'S', { seq: 1 }).is('RELATED').expects();
  d.s(STARTED).expects();
});
for (const [name, request] of [
  ['another code', words(6, 0)],
  ['too short', words(7)],
  ['too short by a byte', START.slice(0, 7)],
  ['too long', words(7, 0, 0)],
  ['too long by a byte', `${START}x`],
  ['the code in the other order', words(0x0700_0000, 0)],
  ['nothing', ''],
] as const)
  list.add(`no request: ${name}`, (d) => {
    d.open();
    d.c(request);
    d.s(STARTED).expects();
  });
for (const [name, answer, isExpected] of [
  ['of 8 bytes', STARTED.slice(0, 8), true],
  ['of 7 bytes', STARTED.slice(0, 7), false],
  ['of 12 bytes', STARTED.slice(0, 12), true],
  ['of 100 bytes', STARTED + 'x'.repeat(84), true],
  ['with a bad status', words(3, 1025, 0), false],
  ['with a port of more than 16 bits', words(0, 0x1_0401, 0), false],
] as const)
  list.add(`an answer ${name}`, (d) => {
    d.open();
    d.c(START);
    d.s(answer).expects(...(isExpected ? [EXPECTED] : []));
  });
list.add('an answer with port 0', (d) => {
  d.open();
  d.c(START);
  d.s(words(0, 0, 0)).expects('tcp c:* -> s:0 300s');
});
list.add('an answer without a request', (d) => {
  d.open();
  d.s(STARTED).expects();
});
for (const [name, other] of [
  ['another one', words(5, 0)],
  ['a short one', words(5)],
  ['a long one', words(5, 0, 0)],
  ['an empty one', ''],
  ['three bytes', 'abc'],
] as const)
  list.add(`between request and answer: ${name}`, (d) => {
    d.open();
    d.c(START);
    d.c(other);
    d.s(STARTED).expects(...(other.length === 8 ? [] : [EXPECTED]));
  });
for (const [name, other] of [
  ['a bad status', words(3, 0, 0)],
  ['a bad port', words(0, 0x1_0401, 0)],
  ['a short one', words(0)],
  ['a byte', 'x'],
  ['seven bytes', STARTED.slice(0, 7)],
  ['an empty one', ''],
] as const)
  list.add(`before the right answer: ${name}`, (d) => {
    d.open();
    d.c(START);
    d.s(other).expects();
    d.s(STARTED).expects(...(other.length > 0 ? [] : [EXPECTED]));
  });
list.add('two answers to one request', (d) => {
  d.open();
  d.c(START);
  d.s(STARTED).expects(EXPECTED);
  d.s(words(0, 1026, 0)).expects(EXPECTED);
});
list.add('one after the other', (d) => {
  d.open();
  for (const port of [1, 2, 3]) {
    d.c(START);
    d.s(words(0, port, 0)).expects(`tcp c:* -> s:${port} 300s`);
  }
});
list.add('in the wrong direction', (d) => {
  d.open();
  d.s(START);
  d.c(STARTED).expects();
  d.s(STARTED).expects();
});
list.add('the port is in the way of another one', (d) => {
  d.open();
  d.c(START);
  d.s(STARTED).expects(EXPECTED);
  d.tcp('c', 's', 40_009, 6566, 'S', { seq: 5 });
  d.tcp('s', 'c', 6566, 40_009, 'S.', { seq: 9, ack: 6 }).is('ESTABLISHED_REPLY');
  d.tcp('c', 's', 40_009, 6566, 'P.', { seq: 6, ack: 10, payload: START }).is('ESTABLISHED');
  d.tcp('s', 'c', 6566, 40_009, 'P.', { seq: 10, ack: 14, payload: STARTED })
    .is('ESTABLISHED_REPLY')
    .dropped('helper-refused');
  d.tcp('s', 'c', 6566, 40_009, 'P.', { seq: 26, ack: 14, payload: STARTED }).is('ESTABLISHED_REPLY');
});
