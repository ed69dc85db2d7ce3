/** Eggdrop: the file of users. Nothing to hold it against: the kernel has no such helper. */
import { HelperNumber } from '../../../src/common/helpers.ts';
import { createDialogues, type DialogueBuilder, type Host } from '../../support/dialogue.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';

const list = createDialogues(0x1c00, 3333, ['IPv4', 'IPv6']);
const V4 = ['IPv4'] as const;
const address = (d: DialogueBuilder, host: Host): string => (d.isIpv6 ? d.hosts[host] : `${d.decimal(host)}`);
const line = (d: DialogueBuilder, host: Host, port: number | string = 1025): string =>
  `s us ${address(d, host)} ${port} 4711\n`;
const FROM_SERVER = 'tcp c:* -> s:1025 60s';

list.add('the server has the file', (d) => {
  d.open();
  d.c('s uy\n').expects();
  d.s(line(d, 's')).expects(FROM_SERVER);
  d.tcp('x', 's', 5000, 1025, 'S').is('NEW');
  d.tcp('c', 's', 5000, 1025, 'S').is('RELATED').expects();
});
list.add('the client has the file', (d) => {
  d.open();
  d.c(line(d, 'c')).expects('tcp s:* -> c:1025 60s');
});
list.add('among other lines', (d) => {
  d.open();
  d.s(`s uy\r\n${line(d, 's')}s !\n`).expects(FROM_SERVER);
});
list.add('the last one counts', (d) => {
  d.open();
  d.s(line(d, 's', 1) + line(d, 's', 2)).expects('tcp c:* -> s:2 60s');
});
list.add('encrypted', (d) => {
  d.open();
  d.s(line(d, 's', '+1025')).expects(FROM_SERVER);
});
list.add('an address as it is usually written', (d) => {
  d.open();
  d.s(`s us ${d.hosts.s} 1025 4711\n`).expects(FROM_SERVER);
});
list.add('lines that say nothing', (d) => {
  d.open();
  const lines = [
    line(d, 'x'),
    line(d, 'c'),
    line(d, 's', 0),
    line(d, 's', 65_536),
    line(d, 's', 101_025),
    line(d, 's', 2 ** 32 + 1025),
    line(d, 's', '++1025'),
    line(d, 's', '-1'),
    line(d, 's', ''),
    line(d, 's', 'x'),
    line(d, 's').replace(' 4711', ''),
    line(d, 's').replace('\n', ''),
    ` ${line(d, 's')}`,
    line(d, 's').replace('s us', 'S US'),
    line(d, 's').replace('s us', 's u'),
    's us \n',
    's us  1025 1\n',
    's us 1\n',
    '\n\n\n',
    '',
  ];
  for (const text of lines) d.s(text).expects();
});
list.add(
  'an address of more than ten digits',
  (d) => {
    d.open();
    d.s(`s us 0${'0'.repeat(10)}${d.decimal('s')} 1025 1\n`).expects();
  },
  V4,
);
list.add('a line in two segments', (d) => {
  d.open();
  d.s(line(d, 's').slice(0, 10));
  d.s(line(d, 's').slice(10)).expects();
});

testDialogues('eggdrop', 'eggdrop', list.dialogues);
fuzzHelper('eggdrop', HelperNumber.EGGDROP, list.dialogues, 0.02);
