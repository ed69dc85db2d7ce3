import { HelperNumber } from '../../../src/common/helpers.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';
import { pptpDialogues } from './pptp-dialogues.ts';

testDialogues('PPTP', 'pptp', pptpDialogues);
fuzzHelper('PPTP', HelperNumber.PPTP, pptpDialogues, 0.01);
