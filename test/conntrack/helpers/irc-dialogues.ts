/** IRC: DCC requests with what the kernel expects after each. */
import { createDialogues, type DialogueBuilder } from '../../support/dialogue.ts';

const list = createDialogues(0x1200, 6667, ['IPv4']);
export const ircDialogues = list.dialogues;

const EXPECTED = 'tcp *:* -> c:1025 300s';

const dcc = (d: DialogueBuilder, request = 'SEND', port: number | string = 1025): string =>
  `\x01DCC ${request} file ${d.decimal('c')} ${port}\x01\r\n`;
const privmsg = (d: DialogueBuilder, request = 'SEND', port: number | string = 1025): string =>
  `PRIVMSG friend :${dcc(d, request, port)}`;

list.add('DCC SEND, and the connection', (d) => {
  d.open();
  d.c(privmsg(d)).expects(EXPECTED);
  d.tcp('x', 'c', 40_001, 1025, 'S', { seq: 1 }).is('RELATED').expects();
  d.tcp('c', 'x', 1025, 40_001, 'S.', { seq: 5, ack: 2 }).is('ESTABLISHED_REPLY');
  d.tcp('x', 'c', 40_002, 1025, 'S').is('NEW');
});
list.add(
  'over IPv6 nothing is read',
  (d) => {
    d.open();
    d.c('PRIVMSG friend :\x01DCC SEND file 1 1025\x01\r\n').expects();
  },
  ['IPv6'],
);
for (const request of ['SEND', 'CHAT', 'MOVE', 'TSEND', 'SCHAT'])
  list.add(`DCC ${request}`, (d) => {
    d.open();
    d.c(privmsg(d, request)).expects(EXPECTED);
  });
for (const request of ['send', 'ACCEPT', 'RESUME', 'SENDX', 'XSEND', ' SEND'])
  list.add(`DCC ${request} is none`, (d) => {
    d.open();
    d.c(privmsg(d, request)).expects();
  });
for (const [what, start] of [
  ['in lower case', 'privmsg friend :'],
  ['behind blanks', ' \r\n PRIVMSG friend :'],
  ['with a blank in its target', 'PRIVMSG a b :'],
  ['without a target', 'PRIVMSG  :'],
] as const)
  list.add(`PRIVMSG ${what}`, (d) => {
    d.open();
    d.c(start + dcc(d)).expects(EXPECTED);
  });
for (const [what, start] of [
  ['NOTICE', 'NOTICE friend :'],
  ['a prefix', ':me PRIVMSG friend :'],
  ['a tab before', '\tPRIVMSG friend :'],
  ['no blank behind the command', 'PRIVMSG:friend :'],
  ['no blank before the colon', 'PRIVMSG friend:'],
  ['another text before', 'PRIVMSG friend :hello :'],
  ['a line before', 'PING x\r\nPRIVMSG friend :'],
  ['text before the request', 'PRIVMSG friend :x'],
] as const)
  list.add(`no request: ${what}`, (d) => {
    d.open();
    d.c(start + dcc(d)).expects();
  });
list.add('dcc in lower case', (d) => {
  d.open();
  d.c(privmsg(d).replace('DCC', 'dcc')).expects();
});
list.add('the reply direction is not read', (d) => {
  d.open();
  d.s(privmsg(d)).expects();
  d.s(`:me!x@y ${privmsg(d)}`).expects();
});

// ---- Address and port ----

list.add('a foreign address', (d) => {
  d.open();
  for (const host of ['s', 'x'] as const)
    d.c(privmsg(d).replace(`${d.decimal('c')}`, `${d.decimal(host)}`)).expects();
});
for (const [what, change, port] of [
  [
    'an address beyond 32 bits',
    (text: string, own: number) => text.replace(`${own}`, `${own + 2 ** 32}`),
    1025,
  ],
  ['an address with zeroes', (text: string, own: number) => text.replace(`${own}`, `000${own}`), 1025],
  [
    'an address far beyond 32 bits',
    (text: string, own: number) => text.replace(`${own}`, `${BigInt(own) + (7n << 64n)}`),
    1025,
  ],
  ['several blanks', (text: string) => text.replace(' 1025', '   1025'), 1025],
  ['a tab', (text: string) => text.replace(' 1025', '\t1025'), null],
  ['no blank', (text: string) => text.replace(' 1025', ''), null],
  ['a port beyond 16 bits', (text: string) => text.replace('1025', '66561'), 1025],
  ['a port of 65536', (text: string) => text.replace('1025', '65536'), null],
  ['port 0', (text: string) => text.replace('1025', '0'), null],
  ['a port that is no number', (text: string) => text.replace('1025', 'x'), null],
  ['a negative port', (text: string) => text.replace('1025', '-1'), null],
  ['text behind the port', (text: string) => text.replace('1025', '1025x'), 1025],
  ['a size', (text: string) => text.replace('1025', '1025 123456'), 1025],
  ['no argument', (text: string) => text.replace('file ', ''), null],
  ['an empty argument', (text: string) => text.replace('file ', ' '), 1025],
  ['an argument with a blank', (text: string) => text.replace('file', 'a file'), null],
  ['a quoted argument', (text: string) => text.replace('file', '"a file"'), null],
  ['no line feed', (text: string) => text.replace('\r\n', '\r'), null],
  ['a line feed alone', (text: string) => text.replace('\x01\r\n', '\n'), 1025],
  ['a line feed far behind', (text: string) => text.replace('\r\n', `${'x'.repeat(300)}\n`), 1025],
  [
    'a line feed in the argument only',
    (text: string) => text.replace('file', 'fi\nle').replace('\r\n', 'xx'),
    null,
  ],
  ['a line feed in front of the address', (text: string) => text.replace('file ', 'file \n'), null],
] as const)
  list.add(`request with ${what}`, (d) => {
    d.open();
    d.c(change(privmsg(d), d.decimal('c'))).expects(...(port === null ? [] : [`tcp *:* -> c:${port} 300s`]));
  });
list.add('an octal or hexadecimal address is none', (d) => {
  d.open();
  const own = d.decimal('c');
  d.c(privmsg(d).replace(`${own}`, `0x${own.toString(16)}`)).expects();
  d.c(privmsg(d).replace(`${own}`, `0${own.toString(8)}`)).expects();
  d.c(privmsg(d).replace(`${own}`, d.hosts.c)).expects();
});

// ---- Lengths ----

for (let missing = 0; missing <= 6; missing++)
  list.add(`a short request: an address of ${10 - missing} digits`, (d) => {
    // The client's address cannot have so few digits: only that nothing is read beyond the end can be seen.
    d.open();
    d.c(`PRIVMSG x :\x01DCC SEND f ${'1'.repeat(10 - missing)} 1\x01\n`).expects();
  });
list.add('the least that is read', (d) => {
  d.open();
  const own = d.decimal('c');
  d.c(`PRIVMSG x :\x01DCC CHAT f ${own} 1\n`).expects();
  d.c(`PRIVMSG x :\x01DCC CHAT f ${own} 12\n`).expects('tcp *:* -> c:12 300s');
  d.c(`PRIVMSG x :\x01DCC CHAT f ${own} 13`).expects('tcp *:* -> c:12 300s');
  d.c(`PRIVMSG  :\x01DCC CHAT  ${own} 134\n`).expects('tcp *:* -> c:12 300s', 'tcp *:* -> c:134 300s');
});
for (const length of [4000, 4060, 4094, 4095, 4096, 5000])
  list.add(`a request that ends at byte ${length}`, (d) => {
    d.open();
    const head = 'PRIVMSG ';
    const request = ` :${dcc(d)}`;
    const notes = d.c(head + 'x'.repeat(length - head.length - request.length) + request);
    notes.expects(...(length <= 4095 ? [EXPECTED] : []));
  });
list.add('a request in two segments', (d) => {
  d.open();
  const text = privmsg(d);
  d.c(text.slice(0, 30));
  d.c(text.slice(30)).expects();
});

// ---- More than one ----

list.add('one request of a segment', (d) => {
  d.open();
  d.c(privmsg(d) + privmsg(d, 'SEND', 1026)).expects(EXPECTED);
});
list.add('what follows a request that is none', (d) => {
  d.open();
  const foreign = privmsg(d).replace(`${d.decimal('c')}`, `${d.decimal('x')}`);
  d.c(foreign + privmsg(d, 'SEND', 1025)).expects();
  d.c(privmsg(d, 'ACCEPT') + privmsg(d, 'SEND', 1026)).expects('tcp *:* -> c:1026 300s');
  d.c(privmsg(d, 'SEND', 0) + privmsg(d, 'CHAT', 1027)).expects('tcp *:* -> c:1026 300s');
});
list.add('a request that names a second one in its argument', (d) => {
  d.open();
  d.c(`PRIVMSG a :\x01DCC SEND :\x01DCC CHAT f ${d.decimal('c')} 1025\x01\r\n`).expects();
  d.c(`PRIVMSG a :\x01DCC SEND CHAT ${d.decimal('c')} 1025\x01\r\n`).expects(EXPECTED);
});
list.add('eight are remembered, then the oldest gives way', (d) => {
  d.open();
  const known: string[] = [];
  for (let port = 1; port <= 10; port++) {
    known.push(`tcp *:* -> c:${port} 300s`);
    d.c(privmsg(d, 'SEND', port)).expects(...known.slice(-8));
  }
  d.c(privmsg(d, 'SEND', 5)).expects(...known.slice(-8));
});
list.add('retransmitted', (d) => {
  d.open();
  d.c(privmsg(d)).expects(EXPECTED);
  d.again().expects(EXPECTED);
  d.tcp('x', 'c', 1, 1025, 'S').is('RELATED').expects();
});
list.add('with the first data, before an answer', (d) => {
  d.tcp('c', 's', 40_000, 6667, 'P.', { seq: 5, ack: 9, payload: privmsg(d) })
    .is('NEW')
    .expects();
  d.tcp('s', 'c', 6667, 40_000, '.', { seq: 9, ack: 5 + privmsg(d).length }).is('ESTABLISHED_REPLY');
  d.tcp('c', 's', 40_000, 6667, 'P.', { seq: 5 + privmsg(d).length, ack: 9, payload: privmsg(d) })
    .is('ESTABLISHED')
    .expects(EXPECTED);
});
list.add('two clients of one address: the same port is in the way', (d) => {
  d.open();
  d.c(privmsg(d)).expects(EXPECTED);
  d.tcp('c', 's', 40_009, 6667, 'S', { seq: 5 });
  d.tcp('s', 'c', 6667, 40_009, 'S.', { seq: 9, ack: 6 }).is('ESTABLISHED_REPLY');
  d.tcp('c', 's', 40_009, 6667, '.', { seq: 6, ack: 10 }).is('ESTABLISHED');
  d.tcp('c', 's', 40_009, 6667, 'P.', { seq: 6, ack: 10, payload: privmsg(d) })
    .is('ESTABLISHED')
    .dropped('helper-refused');
});
