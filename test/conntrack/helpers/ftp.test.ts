import { HelperNumber } from '../../../src/common/helpers.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';
import { ftpDialogues } from './ftp-dialogues.ts';

testDialogues('FTP', 'ftp', ftpDialogues);
fuzzHelper('FTP', HelperNumber.FTP, ftpDialogues, 0.08);
