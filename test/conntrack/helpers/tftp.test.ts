import { HelperNumber } from '../../../src/common/helpers.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';
import { tftpDialogues } from './tftp-dialogues.ts';

testDialogues('TFTP', 'tftp', tftpDialogues);
fuzzHelper('TFTP', HelperNumber.TFTP, tftpDialogues, 0.03);
