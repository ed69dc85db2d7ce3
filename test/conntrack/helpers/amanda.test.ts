import { HelperNumber } from '../../../src/common/helpers.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';
import { amandaDialogues } from './amanda-dialogues.ts';

testDialogues('Amanda', 'amanda', amandaDialogues);
fuzzHelper('Amanda', HelperNumber.AMANDA, amandaDialogues, 0.03);
