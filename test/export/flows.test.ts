import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flowDurationNs, flowJson, flowLine, flowXml } from '../../src/export/flows.ts';
import { counted, endedUdp, PLAIN, START_NS, tcp } from './samples.ts';

describe('a flow record', () => {
  it('is a line with its times and how it ended', () => {
    assert.equal(
      flowLine(endedUdp, PLAIN),
      'udp      17 src=192.0.2.10 dst=192.0.2.53 sport=5353 dport=53 packets=1 bytes=70 src=192.0.2.53 dst=192.0.2.10 sport=53 dport=5353 packets=1 bytes=130 mark=0 start=1700000000.000123456 last=1700000000.020123456 end=1700000030.020123456 duration=0.020000000 reason=timeout halves=both',
    );
    const cut = { ...endedUdp, zone: 4, end: { atNs: START_NS, reason: 'end of capture' } } as const;
    const line = flowLine(cut, { ...PLAIN, extended: true, id: true });
    assert.ok(line.startsWith('ipv4     2 udp      17 src='), line);
    assert.match(line, / mark=0 zone=4 id=3467906340 start=.* reason=end-of-capture halves=both$/);
  });

  it('of a living connection has its timeout and no end', () => {
    const line = flowLine(counted(tcp, [8, 1200], [6, 5400]), PLAIN);
    assert.ok(line.startsWith('tcp      6 431999 ESTABLISHED src='), line);
    const times = 'start=1700000000.000123456 last=1700000012.000123456 duration=12.000000000 halves=both';
    assert.ok(line.endsWith(` [ASSURED] mark=0 ${times}`), line);
    assert.ok(flowJson(tcp).endsWith('"endNs":null,"durationS":12.000000000,"endReason":null}'));
    assert.doesNotMatch(flowXml(tcp), /<stop>|<end|<use>/);
  });

  it('has its times in XML', () => {
    const times =
      '<timestamp><start>1700000000000123456</start><last>1700000000020123456</last><stop>1700000030020123456</stop></timestamp>';
    const xml = flowXml(endedUdp);
    assert.ok(xml.startsWith('<flow><meta direction="original">'), xml);
    assert.ok(
      xml.endsWith(
        `<mark>0</mark><id>3467906340</id>${times}</meta><end reason="timeout"/><halves>both</halves></flow>`,
      ),
      xml,
    );
    const cut = flowXml({ ...endedUdp, end: { atNs: START_NS, reason: 'end of capture' } });
    assert.ok(cut.endsWith('<end reason="end-of-capture"/><halves>both</halves></flow>'), cut);
  });

  it('never lasts less than nothing', () => {
    assert.equal(flowDurationNs({ ...tcp, lastNs: tcp.startNs - 1n }), 0n);
    assert.equal(flowDurationNs(tcp), 12_000_000_000n);
  });
});
