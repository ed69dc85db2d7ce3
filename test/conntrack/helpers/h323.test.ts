import { HelperNumber } from '../../../src/common/helpers.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';
import { callDialogues, controlDialogues, registrationDialogues } from './h323-dialogues.ts';

const HELPERS = 'ras,q.931,h.245';
/** Thirty channels with media and control each way, four tunnelled messages with as many. */
const REQUESTS_MAX = 300;

testDialogues('H.323: calls', HELPERS, callDialogues);
testDialogues('H.323: H.245', HELPERS, controlDialogues);
testDialogues('H.323: RAS', HELPERS, registrationDialogues);
fuzzHelper('Q.931', HelperNumber.Q931, callDialogues, 0.06, REQUESTS_MAX);
fuzzHelper('H.245', HelperNumber.H245, controlDialogues, 0.05, REQUESTS_MAX);
fuzzHelper('RAS', HelperNumber.RAS, registrationDialogues, 0.1);
