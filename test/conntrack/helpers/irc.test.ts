import { HelperNumber } from '../../../src/common/helpers.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';
import { ircDialogues } from './irc-dialogues.ts';

testDialogues('IRC', 'irc', ircDialogues);
fuzzHelper('IRC', HelperNumber.IRC, ircDialogues, 0.03);
