/** SIP over UDP: dialogues with what the kernel expects after each message. */
import { createDialogues, type DialogueBuilder, type Family } from '../../support/dialogue.ts';
import {
  callTo,
  connectionLine,
  inUri,
  overUdp,
  request,
  response,
  type SipFields,
  type Stream,
  sdp,
  streamTo,
} from '../../support/sip-messages.ts';

const list = createDialogues(0x4000, 5060, ['IPv4', 'IPv6']);
export const sipDialogues = list.dialogues;

const AUDIO: readonly Stream[] = [{ media: 'audio', port: 20_000 }];
/** What an offer of the client foretells. */
const OFFERED = streamTo('s', 'c', 'audio', 20_000);
const REFUSED = 'helper-refused';

type Way = ReturnType<typeof overUdp>;

function add(
  name: string,
  build: (d: DialogueBuilder, way: Way) => void,
  families?: readonly Family[],
): void {
  list.add(name, (d) => build(d, overUdp(d)), families);
}

/** A message with a description by the client, or by the server. */
const offer = (d: DialogueBuilder, fields: SipFields = {}, streams = AUDIO): SipFields => ({
  body: sdp(d.hosts.c, streams),
  ...fields,
});
const answer = (d: DialogueBuilder, port = 30_000): SipFields => ({
  body: sdp(d.hosts.s, [{ media: 'audio', port }]),
});

// ---- Calls ----

add('a call: media of both sides, and its end', (d, { c, s }) => {
  c(request('INVITE', offer(d))).expects(...OFFERED);
  s(response(100, 'INVITE'));
  s(response(183, 'INVITE', answer(d))).expects(...OFFERED, ...streamTo('c', 's', 'audio', 30_000));
  s(response(200, 'INVITE', answer(d))).expects(...OFFERED, ...streamTo('c', 's', 'audio', 30_000));
  c(request('ACK'));
  d.udp('c', 's', 20_000, 30_000, 'rtp')
    .is('RELATED')
    .expects(...OFFERED, ...streamTo('c', 's', 'audio', 30_000).slice(1));
  d.udp('s', 'c', 30_000, 20_000, 'rtp').is('ESTABLISHED_REPLY');
  d.udp('s', 'c', 30_001, 20_001, 'rtcp')
    .is('RELATED')
    .expects(OFFERED[0], ...streamTo('c', 's', 'audio', 30_000).slice(1));
  c(request('BYE', { cseq: 2 })).expects();
  s(response(200, 'BYE', { cseq: 2 }));
});
for (const method of ['UPDATE', 'ACK', 'PRACK'])
  add(`${method} describes media as well`, (d, { c }) => {
    c(request(method, offer(d))).expects(...OFFERED);
  });
for (const method of ['OPTIONS', 'CANCEL', 'MESSAGE', 'INVITEX', 'invite'])
  add(`${method}`, (d, { c }) => {
    c(request(method, offer(d))).expects(...(method === 'invite' ? OFFERED : []));
  });
for (const of of ['INVITE', 'UPDATE', 'PRACK', 'update', 'ACK', 'BYE', 'OPTIONS'])
  add(`a good answer to ${of}`, (d, { c, s }) => {
    c(request('OPTIONS'));
    s(response(200, of, answer(d))).expects(
      ...(/INVITE|UPDATE|PRACK/i.test(of) ? streamTo('c', 's', 'audio', 30_000) : []),
    );
  });
for (const code of ['99', '100', '199', '200', '299', '300', '401', '486', '700', '00200', '65736'])
  add(`answer ${code}`, (d, { c, s }) => {
    const isGood = Number(code) >= 100 && Number(code) <= 299;
    c(request('INVITE', offer(d))).expects(...OFFERED);
    s(response(code, 'INVITE', answer(d))).expects(
      ...(isGood ? [...OFFERED, ...streamTo('c', 's', 'audio', 30_000)] : []),
    );
  });
for (const code of ['0', '', 'x', '+200', '000000000200', '4294967496'])
  add(`answer ${code === '' ? 'nothing' : code} is dropped`, (d, { c, s }) => {
    c(request('INVITE', offer(d))).expects(...OFFERED);
    s(response(code, 'INVITE', answer(d))).dropped(REFUSED);
  });
add('a bad answer to another INVITE ends nothing', (d, { c, s }) => {
  c(request('INVITE', offer(d, { cseq: 7 }))).expects(...OFFERED);
  s(response(486, 'INVITE', { cseq: 6 })).expects(...OFFERED);
  s(response(486, 'OPTIONS', { cseq: 7 })).expects(...OFFERED);
  s(response(486, 'PRACK', { cseq: 7 })).expects();
});
add('another INVITE begins anew', (d, { c }) => {
  c(request('INVITE', offer(d))).expects(...OFFERED);
  c(request('INVITE', offer(d, { cseq: 2 }, [{ media: 'video', port: 20_010 }]))).expects(
    ...streamTo('s', 'c', 'video', 20_010),
  );
  c(request('INVITE', { cseq: 3 })).expects();
});
add('who speaks is the one described, whoever opened', (d, { c, s }) => {
  c(request('OPTIONS'));
  s(request('INVITE', answer(d))).expects(...streamTo('c', 's', 'audio', 30_000));
  c(response(200, 'INVITE', offer(d))).expects(...OFFERED, ...streamTo('c', 's', 'audio', 30_000));
  s(request('BYE', { cseq: 2 })).expects();
});
add('BYE spares the registration', (d, { c }) => {
  const waits = callTo('c', 's', 5060, 'PERMANENT,INACTIVE', 180);
  c(request('REGISTER', { contacts: [`<sip:a@${inUri(d.hosts.c)}>;expires=60`] })).expects(waits);
  c(request('INVITE', offer(d))).expects(waits, ...OFFERED);
  c(request('BYE')).expects(callTo('c', 's', 5060, 'PERMANENT,INACTIVE', 180));
});
add('what was foretold ends after three minutes, or with the next description', (d, { c }) => {
  c(request('INVITE', offer(d))).expects(...OFFERED);
  c(request('ACK', offer(d)))
    .after(60_000)
    .expects(...OFFERED);
  c(request('OPTIONS'))
    .after(179_000)
    .expects(...streamTo('s', 'c', 'audio', 20_000, 1));
  c(request('OPTIONS')).after(1000).expects();
});

// ---- Descriptions ----

const LOW = [0, '00', '', 'x', '000000020000', '4294967296'];
for (const port of LOW)
  add(`a stream with port "${port}" does not flow`, (d, { c }) => {
    c(
      request(
        'INVITE',
        offer(d, {}, [
          { media: 'audio', port },
          { media: 'video', port: 20_002 },
        ]),
      ),
    ).expects(...streamTo('s', 'c', 'video', 20_002));
  });
for (const port of [1, 1023, 65_536, 99_999])
  add(`port ${port} is dropped`, (d, { c }) => {
    c(
      request(
        'INVITE',
        offer(d, {}, [
          { media: 'video', port: 20_002 },
          { media: 'audio', port },
        ]),
      ),
    )
      .dropped(REFUSED)
      .expects();
  });
for (const [port, rtp] of [
  [1024, 1024],
  [1025, 1024],
  [65_535, 65_534],
  ['00000020001', 20_000],
  ['20000/2', 20_000],
] as const)
  add(`RTP of port ${port} has the even one`, (d, { c }) => {
    c(request('OPTIONS'));
    c(request('INVITE', offer(d, {}, [{ media: 'audio', port }]))).expects(
      ...streamTo('s', 'c', 'audio', rtp),
    );
  });
for (const media of ['Audio', 'audiox', 'application', 'text', 'audio\t', ''])
  add(`media "${media}" is not followed`, (d, { c }) => {
    c(request('INVITE', offer(d, {}, [{ media, port: 20_000 }]))).expects();
  });
add('no more than three streams', (d, { c }) => {
  const streams = ['audio', 'application', 'video', 'image', 'audio'].map((media, i) => ({
    media,
    port: 20_000 + 2 * i,
  }));
  c(request('INVITE', offer(d, {}, streams))).expects(
    ...OFFERED,
    ...streamTo('s', 'c', 'video', 20_004),
    ...streamTo('s', 'c', 'image', 20_006),
  );
});
add('the oldest make room', (d, { c }) => {
  const ports = [20_000, 20_002, 20_004];
  c(
    request(
      'INVITE',
      offer(
        d,
        {},
        ports.map((port) => ({ media: 'audio', port })),
      ),
    ),
  ).expects(...streamTo('s', 'c', 'audio', 20_002), ...streamTo('s', 'c', 'audio', 20_004));
  c(
    request(
      'ACK',
      offer(
        d,
        {},
        ports.map((port) => ({ media: 'image', port: port + 100 })),
      ),
    ),
  ).expects(
    ...streamTo('s', 'c', 'audio', 20_002),
    ...streamTo('s', 'c', 'audio', 20_004),
    ...streamTo('s', 'c', 'image', 20_104),
  );
});
add('one port for two media: the first has it', (d, { c }) => {
  c(
    request(
      'INVITE',
      offer(d, {}, [
        { media: 'audio', port: 20_000 },
        { media: 'video', port: 20_000 },
      ]),
    ),
  ).expects(...OFFERED);
});
add('a stream has an address of its own', (d, { c }) => {
  const streams = [
    { media: 'audio', port: 20_000, address: d.hosts.c },
    { media: 'video', port: 20_002 },
    { media: 'image', port: 20_004, address: d.hosts.x },
  ];
  c(request('INVITE', { body: sdp(d.hosts.x, streams) })).expects(...OFFERED);
  c(request('INVITE', { body: sdp(null, [streams[0], streams[2]]) })).expects(...OFFERED);
});
add('a stream without any address is dropped', (_, { c }) => {
  c(request('INVITE', { body: sdp(null, AUDIO) })).dropped(REFUSED);
});
add('no address, no stream', (_, { c }) => {
  c(request('INVITE', { body: sdp(null, []) })).expects();
});
const SPELLINGS: readonly (readonly [string, (address: string) => string, boolean])[] = [
  ['as usual', (a) => connectionLine(a), true],
  ['C=', (a) => connectionLine(a).replace('c=', 'C='), true],
  ['c= IN', (a) => connectionLine(a).replace('c=', 'c= '), true],
  ['c=in', (a) => connectionLine(a).replace('IN', 'in'), false],
  ['ip4', (a) => connectionLine(a).replace('IP', 'ip'), false],
  ['two blanks', (a) => connectionLine(a).replace(/ (?=\S*$)/, '  '), false],
  ['brackets', (a) => connectionLine(`[${a}]`), false],
  ['a name', () => 'c=IN IP4 host.invalid', false],
  ['with a length', (a) => `${connectionLine(a)}/127`, true],
];
for (const [name, write, isGood] of SPELLINGS)
  add(`a connection line ${name}`, (d, { c }) => {
    const body = sdp(null, AUDIO).replace('t=0 0', `${write(d.hosts.c)}\r\nt=0 0`);
    const notes = c(request('INVITE', { body }));
    if (isGood) notes.expects(...OFFERED);
    else notes.dropped(REFUSED).expects();
  });
for (const version of ['v=1', 'V=0', 'v=', 'v=x', 'a=0'])
  add(`a description that begins with ${version}`, (d, { c }) => {
    const { body = '' } = offer(d);
    c(request('INVITE', { body: body.replace('v=0', version) })).expects(
      ...(/^v=\d/i.test(version) ? OFFERED : []),
    );
  });
for (const end of ['\n', '\r'])
  add(`lines end with ${JSON.stringify(end)}: the one behind an empty line is not seen`, (d, { c }) => {
    const text = request('INVITE', offer(d)).replaceAll('\r\n', end);
    c(text).expects();
    c(text.replace('v=0', `x=${end}v=0`)).expects(...OFFERED);
  });

// ---- Addresses ----

const ODD_IPV4 = ['10.64.0', '10..0.1', '10.64.0.256', '10.64.0.1.', '10.64.0.1f', '1 0.64.0.1'];
for (const address of ODD_IPV4)
  add(
    `"${address}" is no address`,
    (_, { c }) => c(request('INVITE', { body: sdp(address, AUDIO) })).dropped(REFUSED),
    ['IPv4'],
  );
const ODD_IPV6 = [
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8',
  '::1::',
  ':::1',
  '::1:',
  '::1.2.3',
  '12345::',
  'g::',
  '::1.2.3.256',
];
for (const address of ODD_IPV6)
  add(
    `"${address}" is no address`,
    (_, { c }) => c(request('INVITE', { body: sdp(address, AUDIO) })).dropped(REFUSED),
    ['IPv6'],
  );
const LONG: Readonly<Record<Family, (address: string) => string>> = {
  IPv4: (address) => address.replace('10.', '010.'),
  IPv6: (address) => address.replace('::', ':0:0:0:').replace('db8', '00db8').toUpperCase(),
};
add('an address may be written at length', (d, { c }) => {
  const body = sdp(null, AUDIO).replace(
    't=0 0',
    `c=IN ${d.isIpv6 ? 'IP6' : 'IP4'} ${LONG[d.family](d.hosts.c)}`,
  );
  c(request('INVITE', { body })).expects(...OFFERED);
});
add(
  'an address with an IPv4 tail',
  (d, { c }) => {
    c(request('INVITE', { body: sdp(d.hosts.c.replace(/::(\d)$/, '::0.0.0.$1'), AUDIO) })).expects(
      ...OFFERED,
    );
  },
  ['IPv6'],
);
add('an address of the other family is dropped', (d, { c }) => {
  c(request('INVITE', { body: sdp(d.isIpv6 ? '10.0.0.1' : '2001:db8::1', AUDIO) })).dropped(REFUSED);
});

// ---- Headers ----

for (const cseq of ['', 'x', '-1', '000000000001', '4294967296'])
  add(`CSeq "${cseq}" is dropped`, (d, { c, s }) => {
    c(request('INVITE', offer(d, { cseq })))
      .dropped(REFUSED)
      .expects();
    c(request('OPTIONS', { cseq })).expects();
    s(response(200, 'INVITE', { cseq })).dropped(REFUSED);
  });
for (const [name, headers, isGood] of [
  ['missing', { CSeq: null }, false],
  ['of another case', { CSeq: null, CSEQ: '1 INVITE' }, true],
  ['folded', { CSeq: '\r\n 1 INVITE' }, true],
  ['folded before its colon', { CSeq: null, 'CSeq\r\n ': '1 INVITE' }, true],
  ['folded twice', { CSeq: '\r\n \r\n 1 INVITE' }, false],
  ['behind a longer name', { CSeq: null, 'CSeq-Old': '1', cseq: '1 INVITE' }, false],
  ['in the description', { CSeq: null }, false],
] as const)
  add(`a CSeq ${name}`, (d, { c }) => {
    const notes = c(request('INVITE', offer(d, { headers })));
    if (isGood) notes.expects(...OFFERED);
    else notes.dropped(REFUSED);
  });
add('a line of the body that looks like a header is one', (d, { c }) => {
  c(
    request(
      'INVITE',
      offer(d, { headers: { CSeq: null }, body: `${sdp(d.hosts.c, AUDIO)}CSeq: 5 INVITE\r\n` }),
    ),
  ).expects(...OFFERED);
});
for (const [text, isDropped] of [
  ['INVITE sip:b SIP/2.0', true],
  ['INVITE 1', false],
  ['INVITE  s', false],
  ['SIP/2.0 200', true],
  ['SIP/2.0 20', false],
  ['SIP/1.0 200 Text', false],
  ['', false],
] as const)
  add(`"${text}" alone`, (_, { c }) => {
    const notes = c(text);
    if (isDropped) notes.dropped(REFUSED);
  });

// ---- Several connections ----

add('a stream foretold by another connection is left to it', (d, { c }) => {
  c(request('INVITE', offer(d))).expects(...OFFERED);
  d.udp('c', 's', 5061, 5060, request('INVITE', offer(d))).expects(...OFFERED);
  d.udp('c', 's', 5061, 5060, request('BYE')).expects(...OFFERED);
  c(request('BYE')).expects();
});
add('another medium at the port of another connection', (d, { c }) => {
  c(request('INVITE', offer(d))).expects(...OFFERED);
  d.udp('c', 's', 5061, 5060, request('INVITE', offer(d, {}, [{ media: 'video', port: 20_000 }]))).expects(
    ...OFFERED,
  );
});
add('the same port for another peer', (d, { c }) => {
  c(request('INVITE', offer(d))).expects(...OFFERED);
  d.udp('c', 'x', 5060, 5060, request('INVITE', offer(d))).expects(
    ...OFFERED,
    ...streamTo('x', 'c', 'audio', 20_000),
  );
  d.udp('x', 'c', 9, 20_000, '')
    .is('RELATED')
    .expects(...OFFERED, ...streamTo('x', 'c', 'audio', 20_000).slice(1));
});
// ---- Registrations ----

const contact = (d: DialogueBuilder, rest = '', host: 'c' | 's' | 'x' = 'c'): string =>
  `<sip:a@${inUri(d.hosts[host])}${rest}`;
const register = (contacts: readonly string[], fields: SipFields = {}): string =>
  request('REGISTER', { contacts, ...fields });
const EXPIRES_60 = { headers: { Expires: '60' } };
const WAITS = callTo('c', 's', 5060, 'PERMANENT,INACTIVE', 180);

add('a registration, a call to it, and its end', (d, { c, s }) => {
  const contacts = [contact(d, ':5070>')];
  c(register(contacts, EXPIRES_60)).expects(callTo('c', 's', 5070, 'PERMANENT,INACTIVE', 180));
  d.udp('s', 'c', 6000, 5070, request('OPTIONS')).is('NEW');
  s(response(100, 'REGISTER')).expects(callTo('c', 's', 5070, 'PERMANENT,INACTIVE', 180));
  s(response(200, 'REGISTER', { contacts, headers: { Expires: '600' } })).expects(
    callTo('c', 's', 5070, 'PERMANENT', 600),
  );
  d.udp('s', 'c', 6001, 5070, request('INVITE', answer(d)))
    .is('RELATED')
    .expects(callTo('c', 's', 5070, 'PERMANENT', 600), ...streamTo('c', 's', 'audio', 30_000));
  d.udp('c', 's', 5070, 6001, response(200, 'INVITE', offer(d)))
    .is('ESTABLISHED_REPLY')
    .expects(callTo('c', 's', 5070, 'PERMANENT', 600), ...streamTo('c', 's', 'audio', 30_000), ...OFFERED);
  d.udp('s', 'c', 6001, 5070, register(contacts, EXPIRES_60)).is('ESTABLISHED');
  d.udp('x', 'c', 6001, 5070, request('OPTIONS')).is('NEW');
  c(register([contact(d, ':5070>')], { cseq: 2, headers: { Expires: '0' } }));
  s(response(200, 'REGISTER', { cseq: 2, contacts: [contact(d, ':5070>;expires=0')] })).expects(
    ...streamTo('c', 's', 'audio', 30_000),
    ...OFFERED,
  );
});
for (const [name, fields, line] of [
  ['without an expiry', {}, null],
  ['with one', EXPIRES_60, WAITS],
  ['with expiry 0', { headers: { Expires: '0' } }, null],
  ['with an expiry that is no number', { headers: { Expires: 'x' } }, null],
  ['with an expiry that is too long', { headers: { Expires: '4294967296' } }, null],
] as const)
  add(`a registration ${name}`, (d, { c }) => {
    c(register([contact(d, '>')], fields)).expects(...(line === null ? [] : [line]));
  });
for (const [rest, line] of [
  [';expires=60', WAITS],
  [';q=1; Expires=060;x', WAITS],
  [';expires=0', null],
  [';expires=08', WAITS],
  [';expires=0x20', null],
  [';transport=udp', WAITS],
  [';transport=UDP', WAITS],
  [';transport=tcp', null],
  [';transport=tls', null],
  [',<sip:a@host.invalid>;expires=0', WAITS],
] as const)
  add(`a contact with "${rest}"`, (d, { c }) => {
    c(register([contact(d, `>${rest}`)], /^;.*xpires/.test(rest) ? {} : EXPIRES_60)).expects(
      ...(line === null ? [] : [line]),
    );
  });
for (const expires of ['', 'x', '-1', '4294967296', '000000000060'])
  add(`a contact with expires "${expires}" is dropped`, (d, { c }) => {
    c(register([contact(d, `>;expires=${expires}`)], EXPIRES_60)).dropped(REFUSED);
  });
for (const port of ['', ':', ':0', ':1023', ':1024', ':65535', ':65536', ':x', ':05070', ':005070'])
  add(`a contact at "${port}"`, (d, { c }) => {
    const isGood = port === '' || /^:(1024|65535|05070)$/.test(port);
    c(register([contact(d, `${port}>`), contact(d, ':5099>')], EXPIRES_60)).expects(
      callTo('c', 's', isGood ? Number(port.slice(1)) || 5060 : 5099, 'PERMANENT,INACTIVE', 180),
    );
  });
for (const [name, write] of [
  ['without brackets', (d) => `sip:a@${inUri(d.hosts.c)}`],
  ['without a user', (d) => `<sip:${inUri(d.hosts.c)}>`],
  ['with a name before it', (d) => `"x, y" <sip:a:b@${inUri(d.hosts.c)}>`],
  ['folded', (d) => `\r\n <sip:a@${inUri(d.hosts.c)}>`],
  ['of another case', (d) => `<SIP:a@${inUri(d.hosts.c)}>`],
] as const satisfies readonly (readonly [string, (d: DialogueBuilder) => string])[])
  add(`a contact ${name}`, (d, { c }) => {
    c(register([write(d)], EXPIRES_60)).expects(WAITS);
  });
for (const [name, write] of [
  ['of another host', (d) => contact(d, '>', 'x')],
  ['with a host name', () => '<sip:a@host.invalid>'],
  ['with another scheme', (d) => `<tel:a@${inUri(d.hosts.c)}>`],
  ['that is a star', () => '*'],
] as const satisfies readonly (readonly [string, (d: DialogueBuilder) => string])[])
  add(`a contact ${name} is passed over`, (d, { c }) => {
    c(register([write(d)], EXPIRES_60)).expects();
  });
add('compact names', (d, { c }) => {
  const text = register([contact(d, '>')], EXPIRES_60);
  c(text.replace('Contact', 'm').replace('Content-Length', 'l')).expects(WAITS);
  c(text.replace('Contact', 'mm'));
});
add('an answer to another registration is not heard', (d, { c, s }) => {
  c(register([contact(d, '>')], { cseq: 5, ...EXPIRES_60 })).expects(WAITS);
  s(response(200, 'REGISTER', { cseq: 4, contacts: [contact(d, '>;expires=60')] })).expects(WAITS);
  s(response(401, 'REGISTER', { cseq: 4 })).expects(WAITS);
  s(response(401, 'REGISTER', { cseq: 5 })).expects();
});
add('an answer with several contacts', (d, { c, s }) => {
  c(register([contact(d, '>')], EXPIRES_60)).expects(WAITS);
  const others = [contact(d, '>', 'x'), contact(d, ':5070>'), contact(d, ';transport=tcp>')];
  s(
    response(200, 'REGISTER', {
      contacts: [[...others, contact(d, '>;expires=30')].join(', ')],
      ...EXPIRES_60,
    }),
  ).expects(callTo('c', 's', 5060, 'PERMANENT', 30));
  s(response(200, 'REGISTER', { contacts: [...others, contact(d, '>;expires=20')], ...EXPIRES_60 })).expects(
    callTo('c', 's', 5060, 'PERMANENT', 20),
  );
  s(response(200, 'REGISTER', { contacts: others, ...EXPIRES_60 })).expects();
});
for (const [name, write] of [
  ['lines', (contacts) => contacts],
  ['a list', (contacts) => [contacts.join(', ')]],
  ['a folded list', (contacts) => [contacts.join(',\r\n\t')]],
] as const satisfies readonly (readonly [string, (contacts: readonly string[]) => readonly string[]])[])
  add(`contacts that are none do not hide the one behind them: ${name}`, (d, { c, s }) => {
    c(register([contact(d, '>')], EXPIRES_60)).expects(WAITS);
    const bad = ['<sip:a@host.invalid>', contact(d, ':1>'), '<sip:@>'];
    const contacts = write([contact(d, '>', 'x'), ...bad, contact(d, '>;expires=30')]);
    s(response(200, 'REGISTER', { contacts })).expects(callTo('c', 's', 5060, 'PERMANENT', 30));
  });
add('a contact with expires 0 ends the list', (d, { c, s }) => {
  c(register([contact(d, '>')], EXPIRES_60)).expects(WAITS);
  const contacts = [contact(d, ':5070>;expires=0'), contact(d, '>;expires=30')];
  s(response(200, 'REGISTER', { contacts })).expects();
});
add('an answer without contacts ends the registration', (d, { c, s }) => {
  c(register([contact(d, '>')], EXPIRES_60)).expects(WAITS);
  s(response(200, 'REGISTER')).expects();
});
add('an answer with expires that is none is dropped', (d, { c, s }) => {
  c(register([contact(d, '>')], EXPIRES_60)).expects(WAITS);
  s(response(200, 'REGISTER', { contacts: [contact(d, '>;expires=x')] }))
    .dropped(REFUSED)
    .expects(WAITS);
});
add('another registration takes the place of the first', (d, { c }) => {
  c(register([contact(d, '>')], EXPIRES_60)).expects(WAITS);
  c(register([contact(d, ':5070>')], { cseq: 2, ...EXPIRES_60 })).expects(
    callTo('c', 's', 5070, 'PERMANENT,INACTIVE', 180),
  );
});
add('an active registration that is asked for again waits again', (d, { c, s }) => {
  c(register([contact(d, '>')], EXPIRES_60)).expects(WAITS);
  s(response(200, 'REGISTER', { contacts: [contact(d, '>')], ...EXPIRES_60 })).expects(
    callTo('c', 's', 5060, 'PERMANENT', 60),
  );
  c(register([contact(d, '>')], { cseq: 2, ...EXPIRES_60 })).expects(WAITS);
});
add('a registration of an address that another one has is dropped', (d, { c }) => {
  c(register([contact(d, '>')], EXPIRES_60)).expects(WAITS);
  d.udp('c', 's', 5061, 5060, register([contact(d, '>')], EXPIRES_60))
    .dropped(REFUSED)
    .expects(WAITS);
});
add('an expired registration is forgotten', (d, { c, s }) => {
  c(register([contact(d, '>')], EXPIRES_60)).expects(WAITS);
  s(response(200, 'REGISTER', { contacts: [contact(d, '>')], ...EXPIRES_60 })).expects(
    callTo('c', 's', 5060, 'PERMANENT', 60),
  );
  d.udp('s', 'c', 7, 5060, '').after(60_000).is('NEW').expects();
});
