/** FTP: dialogues with what the kernel expects after each line. 113 to 120 are those of SEMANTICS 9.8. */
import { createDialogues, type DialogueBuilder } from '../../support/dialogue.ts';

const list = createDialogues(0x1000, 21, ['IPv4', 'IPv6']);
export const ftpDialogues = list.dialogues;
const V4 = ['IPv4'] as const;
const V6 = ['IPv6'] as const;

/** Opens, and ends a line of each side, so that the next one is read. */
function greet(d: DialogueBuilder): void {
  d.open();
  d.s('220 x\r\n');
  d.c('USER u\r\n');
  d.s('331 x\r\n');
}

const PASSIVE = 'tcp c:* -> s:1025 300s';
const ACTIVE = 'tcp s:* -> c:1025 300s';

/** No IPv6 addresses. */
const ODD_IPV6 = [
  '',
  ':',
  ':::',
  '::1::',
  '1',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '::1:2:3:4:5:6:7:8',
  '1::2:3:4:5:6:7:8',
  '10.0.0.1',
  '::1.2.3',
  '::1.2.3.4.5',
  '::1.2.3.256',
  '::1.2.3.4444',
  '::a.2.3.4',
  '1:2:3:4:5:6:7:1.2.3.4',
  '1:2:3:4:5:1.2.3.4',
  '::1.2.3.4:',
  '::1.2.3.4:0',
  '::1.2.3.4:5:6',
  '::1.2.3.4!5',
  '1:2:3:4:5:6:7:8:5',
  '12345::',
  '::10000',
  ' ::1',
];

// ---- SEMANTICS 9.8 ----

list.add(
  '113, 120: PASV, the data connection, and a second one',
  (d) => {
    greet(d);
    d.c('PASV\r\n');
    d.s(`227 ok (${d.commas('s', 1025)})\r\n`).expects(PASSIVE);
    d.tcp('c', 's', 40_001, 1025, 'S', { seq: 1 }).is('RELATED').expects();
    d.tcp('s', 'c', 1025, 40_001, 'S.', { seq: 9, ack: 2 }).is('ESTABLISHED_REPLY');
    d.tcp('c', 's', 40_001, 1025, '.', { seq: 2, ack: 10 }).is('ESTABLISHED');
    d.tcp('c', 's', 40_002, 1025, 'S').is('NEW');
  },
  V4,
);
list.add('113: the same, refused', (d) => {
  greet(d);
  d.s('229 ok (|||1025|)\r\n').expects(PASSIVE);
  d.tcp('c', 's', 40_001, 1025, 'S', { seq: 1 }).is('RELATED').expects();
  d.tcp('s', 'c', 1025, 40_001, 'R.', { seq: 0, ack: 2 }).is('ESTABLISHED_REPLY');
  d.tcp('c', 's', 40_001, 1025, 'S', { seq: 8 }).is('NEW');
});
list.add(
  '114: the first line of the server',
  (d) => {
    d.open();
    d.s(`227 ok (${d.commas('s', 1025)})\r\n`).expects();
    d.s(`227 ok (${d.commas('s', 1025)})\r\n`).expects(PASSIVE);
  },
  V4,
);
list.add('114: the first line of the client', (d) => {
  d.open();
  d.c('PORT 1\r\n').expects();
  d.c('PORT 1\r\n').dropped('helper-partial');
});
list.add(
  '115: another address',
  (d) => {
    greet(d);
    d.s(`227 ok (${d.commas('x', 1025)})\r\n`).expects();
    d.c(`PORT ${d.commas('x', 1025)}\r\n`).expects();
    d.c(`PORT ${d.commas('s', 1025)}\r\n`).expects();
    d.c(`EPRT |1|${d.hosts.x}|1025|\r\n`).expects();
    d.s(`227 ok (${d.commas('c', 1025)})\r\n`).expects();
    d.c(`PORT ${d.commas('c', 1025)}\r\n`).expects(ACTIVE);
  },
  V4,
);
list.add(
  '116: PORT',
  (d) => {
    greet(d);
    d.c(`PORT ${d.commas('c', 1025)}\r\n`).expects(ACTIVE);
    d.tcp('s', 'c', 20, 1025, 'S').is('RELATED').expects();
    d.tcp('x', 'c', 20, 1025, 'S').is('NEW');
  },
  V4,
);
list.add('117: PORT without an end', (d) => {
  greet(d);
  d.c('PORT 192,0,2,10,4').dropped('helper-partial').expects();
});
list.add('118: EPSV', (d) => {
  greet(d);
  d.s('229 ok (|||1025|)\r\n').expects(PASSIVE);
  d.tcp('x', 's', 40_001, 1025, 'S').is('NEW');
  d.tcp('c', 's', 20, 1025, 'S').is('RELATED').expects();
});
list.add(
  '119: a command of the client in two parts',
  (d) => {
    greet(d);
    d.c('PASV\r');
    d.c('\n');
    d.s(`227 ok (${d.commas('s', 1025)})\r\n`).expects(PASSIVE);
  },
  V4,
);

// ---- Where a line starts ----

list.add('a split reply is not read, nor the line behind it unless one starts there', (d) => {
  greet(d);
  d.s('229 ok (|||10').dropped('helper-partial');
  d.s('25|)\r\n');
  d.s('229 ok (|||1025|)\r\n').expects(PASSIVE);
  d.s('150 no line').expects(PASSIVE);
  d.s('229 ok (|||1026|)\r\n').expects(PASSIVE);
  d.s('229 ok (|||1027|)\r\n').expects('tcp c:* -> s:1027 300s');
});
list.add('two places are remembered, and the older one gives way', (d) => {
  greet(d);
  // 7 and 14: the lines so far.
  d.s('229 ok (|||1025|)\r\n').expects(PASSIVE);
  d.s('229 ok (|||1026|)\r\n', { at: 14 }).expects('tcp c:* -> s:1026 300s');
  d.s('229 ok (|||1027|)\r\n', { at: 7 }).expects('tcp c:* -> s:1026 300s');
  d.s('229 ok (|||1028|)\r\n', { at: 14 }).expects('tcp c:* -> s:1026 300s');
  d.s('229 ok (|||1029|)\r\n', { at: 26 }).expects('tcp c:* -> s:1029 300s');
});
list.add('retransmissions are read again', (d) => {
  greet(d);
  d.s('229 ok (|||1025|)\r\n').expects(PASSIVE);
  d.again().after(2000).expects(PASSIVE);
  d.tcp('c', 's', 40_001, 1025, 'S').is('RELATED').expects();
  d.again();
});
list.add('a retransmission after the data connection began foretells another one', (d) => {
  greet(d);
  d.s('229 ok (|||1025|)\r\n').expects(PASSIVE);
  d.tcp('c', 's', 40_001, 1025, 'S').is('RELATED').expects();
  d.s('229 ok (|||1025|)\r\n', { at: 14 }).expects(PASSIVE);
  d.tcp('c', 's', 40_002, 1025, 'S').is('RELATED').expects();
});
list.add('several lines in a segment: the first one counts', (d) => {
  greet(d);
  d.s('200 x\r\n229 ok (|||1025|)\r\n').expects();
  d.s('229 ok (|||1026|)\r\n229 ok (|||1027|)\r\n').expects('tcp c:* -> s:1026 300s');
});
list.add('a segment that begins within one that was seen', (d) => {
  greet(d);
  d.s('200 xy\r\n');
  d.s('0 xy\r\n229 ok (|||1025|)\r\n', { at: 16 }).expects();
  d.s('229 ok (|||1026|)\r\n').expects('tcp c:* -> s:1026 300s');
});
list.add('a lone line feed ends a line', (d) => {
  greet(d);
  d.s('\n');
  d.s('229 (|||1025|)\n').expects(PASSIVE);
});
list.add('a partial command leaves the places as they were', (d) => {
  greet(d);
  d.s('229 ok\r\n').dropped('helper-partial');
  d.s('229 ok (|||1025|)\r\n', { at: 14 }).expects(PASSIVE);
});
list.add('the sequence number wraps', (d) => {
  const seq = { s: 0xffff_fff0, c: 1 };
  d.tcp('c', 's', 40_000, 21, 'S', { seq: seq.c });
  d.tcp('s', 'c', 21, 40_000, 'S.', { seq: seq.s, ack: 2 }).is('ESTABLISHED_REPLY');
  d.tcp('c', 's', 40_000, 21, '.', { seq: 2, ack: 0xffff_fff1 }).is('ESTABLISHED');
  const line = (at: number, payload: string) =>
    d
      .tcp('s', 'c', 21, 40_000, 'P.', { seq: (seq.s + 1 + at) >>> 0, ack: 2, payload })
      .is('ESTABLISHED_REPLY');
  line(0, '220 four\r\n');
  line(10, '220 x\r\n');
  line(17, '229 ok (|||1025|)\r\n').expects(PASSIVE);
  line(36, '229 ok (|||1026|)\r\n').expects('tcp c:* -> s:1026 300s');
});

// ---- The words ----

for (const word of ['P', 'PO', 'por', 'PORT', 'PORT ', 'EPRT', 'E', 'PORT\n', 'PORT \n'])
  list.add(`client: ${JSON.stringify(word)} alone`, (d) => {
    greet(d);
    d.c(word).dropped('helper-partial');
    d.c('PO');
  });
for (const word of ['2', '22', '227', '227 ', '229', '229 ', '227 no numbers\r\n', '229 no bracket\r\n'])
  list.add(`server: ${JSON.stringify(word)} alone`, (d) => {
    greet(d);
    d.s(word).dropped('helper-partial');
    d.s('229 (|||1025|)\r\n').expects();
  });
for (const word of [
  'Q',
  'POX',
  'PORTX',
  'PORTER',
  'QUIT\r\n',
  '227 (1,2,3,4,5,6)\r\n',
  ' PORT 1\r\n',
  '\r\n',
])
  list.add(`client: ${JSON.stringify(word)}`, (d) => {
    greet(d);
    if (word.startsWith('PORT')) d.c(word).dropped('helper-partial').expects();
    else d.c(word).expects();
  });
for (const word of ['3', '226 x\r\n', '2277 x\r\n', '227-1,2\r\n', '229-(|||1|)\r\n', 'PORT 1\r\n', '\r\n'])
  list.add(`server: ${JSON.stringify(word)}`, (d) => {
    greet(d);
    d.s(word).expects();
  });
list.add(
  'letters of either case',
  (d) => {
    greet(d);
    d.c(`pOrT ${d.commas('c', 1025)}\r\n`).expects(ACTIVE);
    d.c(`eprt |1|${d.hosts.c}|1026|\r\n`).expects('tcp s:* -> c:1026 300s');
  },
  V4,
);
list.add(
  'what stands between the word and the numbers',
  (d) => {
    greet(d);
    d.c(`PORTAL to ${d.commas('c', 1025)}\r\n`).dropped('helper-partial');
    d.c(`PORT  ${d.commas('c', 1025)}\r\n`, { at: 8 }).dropped('helper-partial');
    d.c(`PORTAL ${d.commas('c', 1025)}\r\n`, { at: 8 }).expects(ACTIVE);
    d.s(`227 a,b ${d.commas('s', 1025)}x`).expects(PASSIVE);
    d.s('229 x) (|||1026|', { at: 14 }).expects('tcp c:* -> s:1026 300s');
  },
  V4,
);

// ---- Numbers ----

const numbers: readonly (readonly [string, (d: DialogueBuilder) => string, string | null])[] = [
  ['of more than a byte spill over', (d) => spilled(d), PASSIVE],
  ['of a port spill over', (d) => d.commas('s', 0).replace(/0,0$/, '3,257'), 'tcp c:* -> s:769 300s'],
  ['beyond 16 bits are cut', (d) => d.commas('s', 0).replace(/0,0$/, '260,1'), PASSIVE],
  ['beyond 32 bits are cut', (d) => d.commas('s', 0).replace(/0,0$/, '4,4294967297'), PASSIVE],
  ['with zeroes before them', (d) => d.commas('s', 0).replace(/0,0$/, '0004,001'), PASSIVE],
  ['that are empty', (d) => d.commas('s', 0).replace(/0,0$/, '4,'), 'tcp c:* -> s:1024 300s'],
  ['that are five', (d) => d.commas('s', 0).replace(/,0$/, ''), null],
  ['that are seven', (d) => `${d.commas('s', 1025)},1`, null],
  [
    'with a blank before the last',
    (d) => d.commas('s', 1025).replace(/,1$/, ', 1'),
    'tcp c:* -> s:1024 300s',
  ],
  ['with a blank among them', (d) => d.commas('s', 1025).replace(',4', ', 4'), null],
  ['with a full stop', (d) => d.commas('s', 1025).replace(',', '.'), null],
  ['of port 0', (d) => d.commas('s', 0), 'tcp c:* -> s:0 300s'],
];
/** Bit 1 of the first byte comes from the second one. */
function spilled(d: DialogueBuilder): string {
  const [a, b, c, last, p, q] = d.commas('s', 1025).split(',').map(Number);
  return [a - 2, b + 512, c, last, p, q].join(',');
}
for (const [what, text, expected] of numbers)
  list.add(
    `numbers ${what}`,
    (d) => {
      greet(d);
      const notes = d.s(`227 ok (${text(d)})\r\n`);
      if (expected !== null) notes.expects(expected);
      else notes.dropped('helper-partial');
      d.s('229 (|||1999|)').expects(...(expected === null ? [] : ['tcp c:* -> s:1999 300s']));
    },
    V4,
  );
list.add(
  'ends of the numbers',
  (d) => {
    greet(d);
    d.s(`227 ${d.commas('s', 1025)}`).dropped('helper-partial');
    d.s(`227 ${d.commas('s', 1025)}\0`, { at: 14 }).expects(PASSIVE);
    d.c(`PORT ${d.commas('c', 1026)}\n`).dropped('helper-partial');
    d.c(`PORT ${d.commas('c', 1026)})\r\n`, { at: 8 }).dropped('helper-partial');
    d.c(`PORT ${d.commas('c', 1026)}\r`, { at: 8 }).expects('tcp s:* -> c:1026 300s');
  },
  V4,
);
list.add(
  'in IPv6 the four numbers of PORT and 227 are the first 32 bits of the address',
  (d) => {
    greet(d);
    d.c('PORT 10,0,0,1,4,1\r\n').expects();
    d.s('227 ok (10,0,0,1,4,1)\r\n').expects();
    d.c('PORT 32,1,13,184,4,1\r\n').expects(ACTIVE);
    d.s('227 ok (32,1,13,184,4,1)\r\n').expects(PASSIVE);
  },
  V6,
);

// ---- The extended forms ----

for (const mark of ['|', '!', '~', '/', ':', '.', 'a', '-', 'F'])
  list.add(`EPRT and EPSV with ${mark}`, (d) => {
    greet(d);
    d.s(`229 ok (${mark}${mark}${mark}1025${mark})\r\n`).expects(PASSIVE);
    const protocol = d.isIpv6 ? 2 : 1;
    const notes = d.c(`EPRT ${mark}${protocol}${mark}${d.hosts.c}${mark}1026${mark}\r\n`);
    // The delimiter ends the address wherever it stands.
    const isPartOfAddress = mark === (d.isIpv6 ? ':' : '.');
    if (isPartOfAddress) notes.dropped('helper-partial');
    else notes.expects('tcp s:* -> c:1026 300s');
  });
for (const [what, arg] of [
  ['a digit as delimiter', '1110251'],
  ['a blank as delimiter', '   1025 '],
  ['a byte above 126 as delimiter', '\x7f\x7f\x7f1025\x7f'],
  ['two delimiters', '||1025|'],
  ['delimiters that differ', '||!1025|'],
  ['no end', '|||1025'],
  ['another end', '|||1025!'],
  ['port 0', '|||0|'],
  ['no port', '||||'],
  ['a port of 65536', '|||65536|'],
  ['letters', '|||10a5|'],
] as const)
  list.add(`EPSV: ${what}`, (d) => {
    greet(d);
    d.s(`229 ok (${arg})\r\n`).dropped('helper-partial');
    d.s('229 (|||1999|)\r\n').expects();
  });
for (const [what, arg, port] of [
  ['a port beyond 16 bits', '|||66561|', 1025],
  ['zeroes before the port', '|||0001025|', 1025],
  ['text behind', '|||1025|x)', 1025],
  ['a protocol', '|1||1025|', null],
] as const)
  list.add(`EPSV: ${what}`, (d) => {
    greet(d);
    const notes = d.s(`229 ok (${arg})\r\n`);
    if (port === null) notes.dropped('helper-partial');
    else notes.expects(`tcp c:* -> s:${port} 300s`);
  });
list.add('EPSV without a closing bracket', (d) => {
  greet(d);
  d.s('229 (|||1025|').expects(PASSIVE);
});
/** EPRT that cannot be read: had it been let pass, the line behind it would be read. */
function wrongExtended(d: DialogueBuilder, args: readonly string[]): void {
  greet(d);
  const protocol = d.isIpv6 ? 2 : 1;
  for (const arg of args) {
    d.c(`EPRT ${arg}\r\n`, { at: 8 }).dropped('helper-partial');
    d.c(`EPRT |${protocol}|${d.hosts.c}|1999|`, { at: 8 + 7 + arg.length }).expects();
  }
  d.c(`EPRT |${protocol}|${d.hosts.c}|1025|\r\n`, { at: 8 }).expects(ACTIVE);
}
/** EPRT of some other address: let pass, so that the line behind it is read. */
function otherExtended(d: DialogueBuilder, addresses: readonly string[]): void {
  greet(d);
  const protocol = d.isIpv6 ? 2 : 1;
  addresses.forEach((address, i) => {
    d.c(`EPRT |${protocol}|${address}|1025|\r\n`).expects(...(i === 0 ? [] : [`tcp s:* -> c:${i} 300s`]));
    d.c(`EPRT |${protocol}|${d.hosts.c}|${i + 1}|\r\n`).expects(`tcp s:* -> c:${i + 1} 300s`);
  });
}
list.add(
  'EPRT over IPv4: what is wrong',
  (d) => {
    const address = d.hosts.c;
    wrongExtended(d, [
      `|2|${address}|1025|`,
      '|2|2001:db8::1|1025|',
      `|11|${address}|1025|`,
      `|1|${address.slice(0, -2)}|1025|`,
      `|1|${address}.1|1025|`,
      `|1|${address} |1025|`,
      `|1|${address}|0|`,
      `|1|${address}|65536|`,
      `|1|${address}||`,
      `|1|${address}|1025`,
      `|1|${address}|+1025|`,
      `|1|${address}!1025|`,
      `|1!${address}|1025|`,
      '|1',
      '|1|',
      '|1|1',
      '||||',
      '|',
      '',
    ]);
  },
  V4,
);
list.add(
  'EPRT over IPv4: odd numbers',
  (d) => {
    greet(d);
    const [a, b, c, last] = d.hosts.c.split('.').map(Number);
    d.c(`EPRT |1|${a}.${b}.0${c}.00${last}|1025|\r\n`).expects(ACTIVE);
    d.c(`EPRT |1|${a - 2}.${b + 512}.${c}.${last}|1026|\r\n`).expects('tcp s:* -> c:1026 300s');
  },
  V4,
);
list.add(
  'EPRT over IPv4: other addresses',
  (d) =>
    otherExtended(d, [
      d.hosts.x,
      '0.0.0.0',
      '...',
      `${d.hosts.c.slice(0, -1)}`,
      '1.2.3.999',
      '0.0.0.4294967297',
    ]),
  V4,
);
list.add(
  'EPRT over IPv6: forms of the address',
  (d) => {
    greet(d);
    const [net, last] = d.hosts.c.split('::');
    const forms = [
      `${net}:0:0:0:${last}`,
      `${net.toUpperCase()}::${last}`,
      `${net}::0:000${last}`,
      `${net}::0.0.0.${last}`,
      `${net}:0:0::${last}`,
      `${net}::0:0:${last}`,
      `${net}:0:0:0.0.0.${last}`,
      `${net}::000.00000.0.0000${last}`,
      `000${net}::000000000000${last}`,
    ];
    forms.forEach((form, i) => {
      d.c(`EPRT |2|${form}|${i + 1}|\r\n`).expects(`tcp s:* -> c:${i + 1} 300s`);
    });
    // A colon ends an IPv4 tail: what follows is the port.
    d.c(`EPRT |2|${net}::0.0.0.${last}:1025|1026|\r\n`).expects(ACTIVE);
  },
  V6,
);
list.add(
  'EPRT over IPv6: other addresses',
  (d) =>
    otherExtended(d, [
      d.hosts.x,
      '::',
      '1::',
      '::1.2.3.4',
      '::ffff:1.2.3.4',
      '1:2:3:4:5:6:7::',
      '::2:3:4:5:6:7:8',
      '1:2:3:4:5:6:1.2.3.4',
    ]),
  V6,
);
for (const address of ODD_IPV6)
  list.add(
    `EPRT over IPv6: ${address === '' ? 'nothing' : address}`,
    (d) => wrongExtended(d, [`|2|${address}|1025|`]),
    V6,
  );
list.add(
  'EPRT over IPv6: what is wrong',
  (d) => {
    const address = d.hosts.c;
    wrongExtended(d, [
      `|1|${address}|1025|`,
      '|1|10.0.0.1|1025|',
      `|2|${address}:|1025|`,
      `|2|${address}::|1025|`,
      `|2|${address}g|1025|`,
      `|2|${address}%1|1025|`,
      `|2|${address}|1025`,
      `|2|${address}|0|`,
    ]);
  },
  V6,
);

// ---- One expectation at a time, and its end ----

list.add('a newer line takes the place of the older one', (d) => {
  greet(d);
  d.s('229 ok (|||1025|)\r\n').expects(PASSIVE);
  d.s('229 ok (|||1026|)\r\n').expects('tcp c:* -> s:1026 300s');
  d.tcp('c', 's', 40_001, 1025, 'S').is('NEW');
});
list.add('the expectation goes with its control connection', (d) => {
  greet(d);
  d.s('229 ok (|||1025|)\r\n').expects(PASSIVE);
  d.c('', { flags: 'R' });
  // 10 s is the timeout of a connection that was reset.
  d.c('', { flags: 'R' }).after(9000).expects('tcp c:* -> s:1025 291s');
  d.udp('x', 's', 1, 2, '').after(11_000).expects();
});
list.add('the expectation expires', (d) => {
  greet(d);
  d.s('229 ok (|||1025|)\r\n').expects(PASSIVE);
  d.udp('x', 's', 1, 2, '').after(299_900).expects('tcp c:* -> s:1025 0s');
  d.udp('x', 's', 1, 3, '').after(100).expects();
});
list.add('events of a dropped packet wait for the next one', (d) => {
  greet(d);
  d.c('PORT', { flags: 'F.' }).dropped('helper-partial');
  d.s('');
});
list.add('a packet that opens nothing takes the expectation along', (d) => {
  greet(d);
  d.s('229 ok (|||1025|)\r\n').expects(PASSIVE);
  d.tcp('c', 's', 40_001, 1025, 'S.').is('INVALID', 'tcp-not-opening').expects();
  d.tcp('c', 's', 40_001, 1025, 'S').is('NEW');
});
list.add('a connection that exists is not taken', (d) => {
  d.tcp('c', 's', 40_001, 1025, 'S').is('NEW');
  greet(d);
  d.s('229 ok (|||1025|)\r\n').expects(PASSIVE);
  d.tcp('c', 's', 40_001, 1025, 'S').is('NEW');
  d.tcp('c', 's', 40_002, 1025, 'S').is('RELATED').expects();
});
list.add('the port of another control connection', (d) => {
  greet(d);
  d.s('229 ok (|||21|)\r\n').expects('tcp c:* -> s:21 300s');
  d.tcp('c', 's', 40_001, 21, 'S').is('RELATED').expects();
});

// ---- What is not read ----

list.add('lines that come with the SYN', (d) => {
  d.tcp('c', 's', 40_000, 21, 'S', { seq: 1000, payload: 'USER u\r\n' }).is('NEW');
  d.tcp('s', 'c', 21, 40_000, 'S.', { seq: 50_000, ack: 1009, payload: '220 x\r\n' }).is('ESTABLISHED_REPLY');
  d.tcp('c', 's', 40_000, 21, 'P.', { seq: 1009, ack: 50_008, payload: 'PO' }).is('ESTABLISHED');
  d.tcp('s', 'c', 21, 40_000, 'P.', { seq: 50_008, ack: 1009, payload: '229 (|||1025|)\r\n' }).is(
    'ESTABLISHED_REPLY',
  );
});
list.add('a control connection picked up in the middle', (d) => {
  d.tcp('c', 's', 40_000, 21, 'P.', { seq: 1000, ack: 500, payload: 'NOOP\r\n' }).is('NEW');
  d.tcp('s', 'c', 21, 40_000, 'P.', { seq: 500, ack: 1006, payload: '200 x\r\n' }).is('ESTABLISHED_REPLY');
  d.tcp('s', 'c', 21, 40_000, 'P.', { seq: 507, ack: 1006, payload: '229 (|||1025|)\r\n' })
    .is('ESTABLISHED_REPLY')
    .expects(PASSIVE);
  d.tcp('c', 's', 40_000, 21, 'P.', { seq: 1006, ack: 523, payload: 'PO' }).is('ESTABLISHED');
});
list.add('a connection from port 21', (d) => {
  d.tcp('c', 's', 21, 5000, 'S', { seq: 1 });
  d.tcp('s', 'c', 5000, 21, 'S.', { seq: 1, ack: 2 }).is('ESTABLISHED_REPLY');
  d.tcp('c', 's', 21, 5000, 'P.', { seq: 2, ack: 2, payload: 'NOOP\r\n' }).is('ESTABLISHED');
  d.tcp('c', 's', 21, 5000, 'P.', { seq: 8, ack: 2, payload: 'PO' }).is('ESTABLISHED');
});
list.add('a retransmitted partial command of the first data, dropped twice', (d) => {
  greet(d);
  d.c('PASV').expects();
  d.c('EPRT').expects();
  d.c('\r\n').expects();
  d.c('EPRT').dropped('helper-partial');
  d.again().dropped('helper-partial');
});
