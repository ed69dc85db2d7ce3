/** Remote shell: the port for standard error. Nothing to hold it against: the kernel has no such helper. */
import { HelperNumber } from '../../../src/common/helpers.ts';
import { createDialogues } from '../../support/dialogue.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';

const list = createDialogues(0x1700, 514, ['IPv4', 'IPv6']);
const EXPECTED = 'tcp s:* -> c:1022 60s';

list.add('standard error', (d) => {
  d.open();
  d.c('1022\0').expects(EXPECTED);
  d.c('user\0user\0ls\0');
  d.tcp('s', 'c', 1023, 1022, 'S', { seq: 1 }).is('RELATED').expects();
  d.tcp('c', 's', 1022, 1023, 'S.', { seq: 9, ack: 2 }).is('ESTABLISHED_REPLY');
});
list.add('all in one segment', (d) => {
  d.open();
  d.c('1022\0user\0user\0ls\0').expects(EXPECTED);
});
for (const text of ['\0', '0\0', '65536\0', '99999\0', '100022\0', '1022', '1022x', 'x', '-1\0', ' 1022\0'])
  list.add(`no port: ${JSON.stringify(text)}`, (d) => {
    d.open();
    d.c(text).expects();
  });
list.add('only what the client says first', (d) => {
  d.open();
  d.c('\0').expects();
  d.c('1022\0').expects();
});
list.add('what comes first once more', (d) => {
  d.open();
  d.c('1022\0').expects(EXPECTED);
  d.tcp('s', 'c', 1023, 1022, 'S').is('RELATED').expects();
  d.c('1022\0', { at: 0 }).expects(EXPECTED);
});
list.add('the server does not say it', (d) => {
  d.open();
  d.s('1022\0').expects();
});
list.add('the port is in the way of another one: nothing is dropped', (d) => {
  d.open();
  d.c('1022\0').expects(EXPECTED);
  d.tcp('c', 's', 40_009, 514, 'S', { seq: 5 });
  d.tcp('s', 'c', 514, 40_009, 'S.', { seq: 9, ack: 6 }).is('ESTABLISHED_REPLY');
  d.tcp('c', 's', 40_009, 514, 'P.', { seq: 6, ack: 10, payload: '1022\0' }).is('ESTABLISHED');
});

testDialogues('rsh', 'rsh', list.dialogues);
fuzzHelper('rsh', HelperNumber.RSH, list.dialogues, 0.005);
