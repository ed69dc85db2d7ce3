/** TFTP: requests with what the kernel expects after each. */
import { createDialogues } from '../../support/dialogue.ts';

const list = createDialogues(0x1300, 69, ['IPv4', 'IPv6']);
export const tftpDialogues = list.dialogues;

const EXPECTED = 'udp s:* -> c:40000 300s';
const opcode = (code: number, rest = 'file\0octet\0'): string =>
  String.fromCharCode(code >> 8, code & 255) + rest;

for (const [name, code] of [
  ['read', 1],
  ['write', 2],
] as const)
  list.add(`a ${name} request, and the transfer`, (d) => {
    d.udp('c', 's', 40_000, 69, opcode(code)).expects(EXPECTED);
    d.udp('s', 'c', 5000, 40_000, opcode(3, '\0\x01data')).is('RELATED').expects();
    d.udp('c', 's', 40_000, 5000, opcode(4, '\0\x01')).is('ESTABLISHED_REPLY');
    d.udp('s', 'c', 5000, 40_000, opcode(3, '\0\x02data')).is('ESTABLISHED');
    d.udp('s', 'c', 5001, 40_000, opcode(3, '\0\x01data')).is('NEW');
  });
for (const code of [0, 3, 4, 5, 6, 256, 257, 0x0101, 0x0201, 65_535])
  list.add(`opcode ${code} is no request`, (d) => {
    d.udp('c', 's', 40_000, 69, opcode(code)).expects();
  });
list.add('short requests', (d) => {
  d.udp('c', 's', 40_000, 69, '').expects();
  d.udp('c', 's', 40_000, 69, '\0').expects();
  d.udp('c', 's', 40_000, 69, '\0\x01').expects(EXPECTED);
});
list.add('another server does not match', (d) => {
  d.udp('c', 's', 40_000, 69, opcode(1)).expects(EXPECTED);
  d.udp('x', 'c', 5000, 40_000, opcode(3)).is('NEW');
});
list.add('an answer from port 69 belongs to the request', (d) => {
  d.udp('c', 's', 40_000, 69, opcode(1)).expects(EXPECTED);
  d.udp('s', 'c', 69, 40_000, opcode(5)).is('ESTABLISHED_REPLY');
});
list.add('a request once more', (d) => {
  d.udp('c', 's', 40_000, 69, opcode(1)).expects(EXPECTED);
  d.again().after(1000).expects(EXPECTED);
  d.udp('c', 's', 40_000, 69, opcode(2)).expects(EXPECTED);
});
list.add('a request of the server, in the reply direction', (d) => {
  d.udp('c', 's', 40_000, 69, opcode(3)).expects();
  d.udp('s', 'c', 69, 40_000, opcode(1)).is('ESTABLISHED_REPLY').expects(EXPECTED);
});
list.add('the expectation goes with the request', (d) => {
  d.udp('c', 's', 40_000, 69, opcode(1)).expects(EXPECTED);
  d.udp('x', 's', 1, 2, '').after(29_999).expects('udp s:* -> c:40000 270s');
  d.udp('x', 's', 1, 2, '').after(1).expects();
});
list.add('from port 69 to port 69', (d) => {
  d.udp('c', 's', 69, 69, opcode(1)).expects('udp s:* -> c:69 300s');
  d.udp('s', 'c', 69, 69, opcode(1)).is('ESTABLISHED_REPLY').expects('udp s:* -> c:69 300s');
});
list.add('two requests of a client with two ports', (d) => {
  d.udp('c', 's', 40_000, 69, opcode(1)).expects(EXPECTED);
  d.udp('c', 's', 40_001, 69, opcode(1)).expects(EXPECTED, 'udp s:* -> c:40001 300s');
  d.udp('c', 'x', 40_000, 69, opcode(1)).expects(
    EXPECTED,
    'udp s:* -> c:40001 300s',
    'udp x:* -> c:40000 300s',
  );
});
list.add('the transfer may go to the port of a helper', (d) => {
  d.udp('c', 's', 40_000, 69, opcode(1)).expects(EXPECTED);
  d.udp('s', 'c', 69, 40_000, opcode(3)).is('ESTABLISHED_REPLY');
  d.udp('s', 'c', 21, 40_000, opcode(3)).is('RELATED').expects();
});
