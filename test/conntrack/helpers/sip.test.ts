import assert from 'node:assert/strict';
import { it } from 'node:test';
import { HelperNumber } from '../../../src/common/helpers.ts';
import { bytesOf } from '../../support/dialogue.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { udpPacket } from '../../support/frames.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';
import { createLab } from '../../support/lab.ts';
import { request, response } from '../../support/sip-messages.ts';
import { sipDialogues } from './sip-dialogues.ts';
import { sipTcpDialogues } from './sip-tcp-dialogues.ts';

testDialogues('SIP', 'sip:5060/udp', sipDialogues);
testDialogues('SIP over TCP', 'sip:5060/tcp', sipTcpDialogues);
fuzzHelper('SIP', HelperNumber.SIP, [...sipDialogues, ...sipTcpDialogues], 0.9);

/** Reading a part of the message again for each contact or stream takes more than a second. */
const MS_MAX = 400;
const ROOM = 60_000;

for (const part of [
  ',sip:',
  ',sip:@',
  ',sip:192.0.2.9',
  ',sip:10.0.0.1:6000',
  ',sip:10.0.0.1:6000;transport=x',
  ',\r\n sip:',
  '\r\nm:sip:192.0.2.9',
  '\r\nm:',
  ',',
  '\r\nm=audio 0',
  '\r\nm=x 1',
  '\r\nc=IN IP4 x',
])
  it(`SIP: a message full of ${JSON.stringify(part)} costs little`, () => {
    const lab = createLab({ helpers: 'sip:5060/udp' });
    const [c, s] = ['10.0.0.1', '10.0.0.2'];
    const ports = { sport: 5060, dport: 5060 };
    const send = (src: string, dst: string, text: string): string =>
      lab.send(udpPacket({ src, dst }, { ...ports, payload: bytesOf(text) }), 0).reason;
    send(c, s, request('REGISTER', { contacts: [`sip:${c}`], headers: { Expires: '60' } }));
    const much = `sip:192.0.2.9${part.repeat(Math.floor(ROOM / part.length))}`;
    const started = process.cpuUsage();
    send(s, c, response(200, 'REGISTER', { contacts: [much], headers: { Expires: '60' } }));
    send(c, s, request('INVITE', { contacts: [much], body: `v=0\r\nx${part.repeat(9)}` }));
    send(c, s, `INVITE b SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\nx=${much}\r\n`);
    // Of this process: a busy machine takes longer, and says nothing about us.
    const ms = process.cpuUsage(started).user / 1000;
    assert.ok(ms < MS_MAX, `${ms} ms`);
    assert.equal(lab.expectations().length, 0);
  });
