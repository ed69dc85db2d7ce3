import { HelperNumber } from '../../../src/common/helpers.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';
import { sipDialogues } from './sip-dialogues.ts';
import { sipTcpDialogues } from './sip-tcp-dialogues.ts';

testDialogues('SIP', 'sip:5060/udp', sipDialogues);
testDialogues('SIP over TCP', 'sip:5060/tcp', sipTcpDialogues);
fuzzHelper('SIP', HelperNumber.SIP, [...sipDialogues, ...sipTcpDialogues], 0.9);
