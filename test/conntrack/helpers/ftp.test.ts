import { HelperNumber } from '../../../src/common/helpers.ts';
import { createDialogues, type DialogueBuilder } from '../../support/dialogue.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';
import { ftpDialogues } from './ftp-dialogues.ts';

testDialogues('FTP', 'ftp', ftpDialogues);
fuzzHelper('FTP', HelperNumber.FTP, ftpDialogues, 0.08);

// ---- ftp_loose ----

const loose = createDialogues(0x1800, 21, ['IPv4']);
const greet = (d: DialogueBuilder): void => {
  d.open();
  d.s('220 x\r\n');
  d.c('USER u\r\n');
  d.s('331 x\r\n');
};
loose.add('a third host may be announced, by either side', (d) => {
  greet(d);
  d.s(`227 ok (${d.commas('x', 1025)})\r\n`).expects('tcp c:* -> x:1025 300s');
  d.tcp('c', 'x', 40_001, 1025, 'S', { seq: 1 }).is('RELATED').expects();
  d.c(`PORT ${d.commas('x', 1026)}\r\n`).expects('tcp s:* -> x:1026 300s');
  d.c(`PORT ${d.commas('c', 1027)}\r\n`).expects('tcp s:* -> c:1027 300s');
});
loose.add(
  'the same of IPv6',
  (d) => {
    greet(d);
    d.c(`EPRT |2|${d.hosts.x}|1025|\r\n`).expects('tcp s:* -> x:1025 300s');
  },
  ['IPv6'],
);
testDialogues('FTP with ftp_loose', 'ftp', loose.dialogues, ['ftp_loose=1']);
