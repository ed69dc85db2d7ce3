/** Amanda: answers with what the kernel expects after each. */
import { createDialogues } from '../../support/dialogue.ts';

const list = createDialogues(0x1400, 10_080, ['IPv4', 'IPv6']);
export const amandaDialogues = list.dialogues;

const to = (...ports: readonly number[]): string[] => ports.map((port) => `tcp c:* -> s:${port} 180s`);
const ANSWER = 'Amanda 2.6 REP HANDLE 000-1 SEQ 1\n';

/** A request, and answers with what is expected after each. */
function answers(
  name: string,
  ...texts: readonly (readonly [text: string, ports: readonly number[]])[]
): void {
  list.add(name, (d) => {
    d.udp('c', 's', 850, 10_080, 'Amanda 2.6 REQ HANDLE 000-1 SEQ 1\nSERVICE sendbackup\n').expects();
    for (const [text, ports] of texts)
      d.udp('s', 'c', 10_080, 850, text)
        .is('ESTABLISHED_REPLY')
        .expects(...to(...ports));
  });
}

answers('three streams', [
  `${ANSWER}CONNECT DATA 1025 MESG 1026 INDEX 1027\nOPTIONS ;\n`,
  [1025, 1026, 1027],
]);
answers('four streams', ['CONNECT STATE 4 INDEX 3 MESG 2 DATA 1\n', [1, 2, 3, 4]]);
answers('no streams', [`${ANSWER}OPTIONS ;\n`, []], ['CONNECT \n', []], ['', []]);
answers(
  'one after the other',
  ['CONNECT DATA 1\n', [1]],
  ['CONNECT DATA 2\n', [1, 2]],
  ['CONNECT DATA 1\n', [1, 2]],
);
answers(
  'the oldest of five gives way',
  ['CONNECT DATA 1 MESG 2 INDEX 3\n', [1, 2, 3]],
  ['CONNECT DATA 4 MESG 5 INDEX 6\n', [3, 4, 5, 6]],
);
answers('no line feed', ['CONNECT DATA 1', []], ['CONNECT DATA 2\r', []]);
answers('the line feed ends it', ['CONNECT DATA 1\nMESG 2 INDEX 3\n', [1]], ['\nCONNECT DATA 2\n', [1, 2]]);
answers('letters of the other case', ['connect DATA 1\n', []], ['CONNECT data 1 MESG 2\n', [2]]);
answers(
  'without blanks',
  ['CONNECT\tDATA 1\n', []],
  ['CONNECT DATA\t1 MESG 2\n', [2]],
  ['CONNECTDATA 3\n', [2]],
);
answers(
  'the second CONNECT of a message',
  ['CONNECT x\nCONNECT DATA 2\n', []],
  ['CONNECT CONNECT DATA 3\n', [3]],
);
answers('CONNECT within a word', ['xCONNECT DATA 1\n', [1]]);
answers('words within words', ['CONNECT METADATA 7 DATA 8\n', [7]]);
answers('a word twice', ['CONNECT DATA 7 DATA 8\n', [7]]);
answers('port 0 ends the reading', ['CONNECT DATA 0 MESG 2\n', []], ['CONNECT DATA 1 MESG 0 INDEX 2\n', [1]]);
answers('no number ends the reading', ['CONNECT DATA x MESG 2\n', []], ['CONNECT DATA MESG 2\n', []]);
answers('more blanks', ['CONNECT DATA  1 MESG 2\n', []]);
answers(
  'a port of more than 16 bits',
  ['CONNECT DATA 66561\n', [1025]],
  ['CONNECT DATA 65536 MESG 1\n', [1025]],
);
answers(
  'more than five digits',
  ['CONNECT DATA 123456\n', [12_345]],
  ['CONNECT DATA 000001 MESG 9\n', [12_345]],
);
answers('zeroes before', ['CONNECT DATA 00012\n', [12]]);
answers('something behind the port', ['CONNECT DATA 12x MESG 13,INDEX 14\n', [12, 13, 14]]);
answers('a negative port', ['CONNECT DATA -1 MESG 2\n', []]);
answers(
  'the number at the end of the line',
  ['CONNECT MESG 3\n1234', [3]],
  ['CONNECT MESG \n1234', [3]],
  ['CONNECT MESG 7', [3]],
);
answers('the word at the end of the line', ['CONNECT MESG\n 1234\n', []]);
answers('two streams with one port', ['CONNECT DATA 7 MESG 7\n', [7]]);
answers('far into the message', [`${'x'.repeat(1400)}CONNECT ${'y'.repeat(3000)}DATA 7\n`, [7]]);
list.add('the connections, and the timeout of the master', (d) => {
  d.udp('c', 's', 850, 10_080, 'CONNECT DATA 1025\n').expects();
  d.udp('s', 'c', 10_080, 850, 'CONNECT DATA 1025 MESG 1026\n')
    .is('ESTABLISHED_REPLY')
    .expects(...to(1025, 1026));
  d.tcp('c', 's', 900, 1025, 'S')
    .is('RELATED')
    .expects(...to(1026));
  d.tcp('x', 's', 900, 1026, 'S').is('NEW');
  d.udp('x', 's', 1, 2, '').after(179_999).expects('tcp c:* -> s:1026 0s');
  d.udp('x', 's', 1, 2, '').after(1).expects();
  d.udp('c', 's', 850, 10_080, 'x').after(119_999).is('ESTABLISHED').expects();
  d.udp('c', 's', 850, 10_080, 'x').after(120_000).expects();
});
list.add('the port is in the way of another one', (d) => {
  d.udp('c', 's', 850, 10_080, 'x').expects();
  d.udp('s', 'c', 10_080, 850, 'CONNECT DATA 1025\n')
    .is('ESTABLISHED_REPLY')
    .expects(...to(1025));
  d.udp('c', 's', 851, 10_080, 'x');
  d.udp('s', 'c', 10_080, 851, 'CONNECT MESG 1026 DATA 1025\n')
    .is('ESTABLISHED_REPLY')
    .dropped('helper-refused')
    .expects(...to(1025, 1026));
});
