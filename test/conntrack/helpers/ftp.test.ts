import { testDialogues } from '../../support/dialogue-runner.ts';
import { ftpDialogues } from './ftp-dialogues.ts';

testDialogues('FTP', 'ftp', ftpDialogues);
