import { HelperNumber } from '../../../src/common/helpers.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';
import { saneDialogues } from './sane-dialogues.ts';

testDialogues('SANE', 'sane', saneDialogues);
fuzzHelper('SANE', HelperNumber.SANE, saneDialogues, 0.02);
