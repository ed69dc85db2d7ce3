import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StatusBit } from '../../src/export/connection.ts';
import { flowXml } from '../../src/export/flows.ts';
import { connectionXml, eventXml, xmlBegin, xmlEnd, xmlEscape } from '../../src/export/xml.ts';
import fc from '../support/fast-check.ts';
import * as sample from './samples.ts';
import { counted, event, PLAIN, tcp } from './samples.ts';

const TCP_LAYERS = {
  original:
    '<layer3 protonum="2" protoname="ipv4"><src>192.0.2.10</src><dst>198.51.100.5</dst></layer3><layer4 protonum="6" protoname="tcp"><sport>40000</sport><dport>443</dport></layer4>',
  reply:
    '<layer3 protonum="2" protoname="ipv4"><src>198.51.100.5</src><dst>192.0.2.10</dst></layer3><layer4 protonum="6" protoname="tcp"><sport>443</sport><dport>40000</dport></layer4>',
};

/** Counts the elements of a document, and throws where it is not well-formed. Knows what is printed here, no more. */
function elementCounts(xml: string): Map<string, number> {
  const counts = new Map<string, number>();
  const open: string[] = [];
  const body = xml.replace(/^<\?xml version="1\.0" encoding="utf-8"\?>\n/, '');
  const token = /<(\/?)([a-z0-9]+)((?: [a-z]+="[^"<]*")*)(\/?)>|[^<]+/gy;
  let end = 0;
  for (const match of body.matchAll(token)) {
    assert.equal(match.index, end, `not XML: ${body.slice(end, end + 40)}`);
    end = match.index + match[0].length;
    const [text, closing, name, attributes, empty] = match;
    assert.doesNotMatch(name === undefined ? text : attributes, /&(?!(amp|lt|gt|quot);)/);
    if (name === undefined) continue;
    if (closing === '/') assert.equal(open.pop(), name);
    else counts.set(name, (counts.get(name) ?? 0) + 1);
    if (closing === '' && empty === '') open.push(name);
  }
  assert.equal(end, body.length, `not XML: ${body.slice(end, end + 40)}`);
  assert.deepEqual(open, []);
  return counts;
}

describe('the XML of a connection', () => {
  it('is that of conntrack -L -o xml', () => {
    const both =
      '<state>ESTABLISHED</state><timeout>431999</timeout><mark>0</mark><use>1</use><id>2178903612</id><assured/>';
    const flow = `<flow><meta direction="original">${TCP_LAYERS.original}</meta><meta direction="reply">${TCP_LAYERS.reply}</meta><meta direction="independent">${both}</meta></flow>`;
    assert.equal(connectionXml(tcp), flow);
    assert.equal(xmlBegin(), '<?xml version="1.0" encoding="utf-8"?>\n<conntrack>\n');
    assert.equal(xmlEnd(), '</conntrack>\n');
  });

  it('has counters in each direction, and zone and mark in neither', () => {
    const c = { ...counted(tcp, [8, 1200], [6, 5400]), mark: 7, zone: 3, status: StatusBit.CONFIRMED };
    const there = '<counters><packets>8</packets><bytes>1200</bytes></counters>';
    const back = '<counters><packets>6</packets><bytes>5400</bytes></counters>';
    const both =
      '<state>ESTABLISHED</state><timeout>431999</timeout><mark>7</mark><zone>3</zone><use>1</use><id>2178903612</id><unreplied/>';
    assert.equal(
      connectionXml(c),
      `<flow><meta direction="original">${TCP_LAYERS.original}${there}</meta><meta direction="reply">${TCP_LAYERS.reply}${back}</meta><meta direction="independent">${both}</meta></flow>`,
    );
  });

  it('leaves out what conntrack leaves out', () => {
    assert.ok(connectionXml(sample.icmp).includes('<layer4 protonum="1" protoname="icmp"></layer4>'));
    assert.ok(connectionXml(sample.generic).includes('<layer4 protonum="89" protoname="unknown"></layer4>'));
    assert.ok(connectionXml(sample.gre).includes('<srckey>0x0</srckey><dstkey>0xd80</dstkey>'));
  });

  it('names SCTP states as conntrack does', () => {
    assert.ok(connectionXml(sample.sctp).includes('<state>FIN_WAIT</state>'));
    assert.ok(connectionXml({ ...sample.sctp, state: 'CLOSED' }).includes('<state>SYN_SENT</state>'));
  });
});

describe('the XML of an event', () => {
  const syn = { ...tcp, state: 'SYN_SENT', status: StatusBit.CONFIRMED, timeoutS: 120 };

  it('has its type, and only what the event carries', () => {
    const both = '<state>SYN_SENT</state><timeout>120</timeout><id>2178903612</id><unreplied/>';
    const metas = `<meta direction="original">${TCP_LAYERS.original}</meta><meta direction="reply">${TCP_LAYERS.reply}</meta><meta direction="independent">${both}</meta>`;
    assert.equal(
      eventXml(event('NEW', counted(syn, [1, 60], [0, 0])), PLAIN),
      `<flow type="new">${metas}</flow>`,
    );
    const over = eventXml(
      event('DESTROY', counted({ ...tcp, timeoutS: 0, mark: 9 }, [1, 60], [0, 0])),
      PLAIN,
    );
    assert.ok(over.startsWith('<flow type="destroy">'));
    assert.ok(over.includes('<counters><packets>0</packets><bytes>0</bytes></counters>'));
    assert.ok(over.includes('<state>ESTABLISHED</state><mark>9</mark><id>'), over);
    const quiet = eventXml(event('UPDATE', tcp, false), PLAIN);
    assert.ok(quiet.startsWith('<flow type="update">'));
    assert.ok(quiet.includes('<meta direction="independent"><timeout>'), quiet);
  });

  it('has local time with timestamp', () => {
    const zone = process.env.TZ;
    process.env.TZ = 'Asia/Kolkata';
    try {
      const atNs = BigInt(Date.UTC(2024, 0, 6, 20, 34, 9)) * 1_000_000n + 999_999_999n;
      const xml = eventXml({ ...event('NEW', syn), atNs }, { ...PLAIN, timestamp: true });
      // 20:34:09 on a Saturday is 02:04:09 on Sunday, five and a half hours on.
      const when =
        '<when><hour>2</hour><min>04</min><sec>09</sec><wday>1</wday><day>7</day><month>1</month><year>2024</year></when>';
      assert.ok(xml.endsWith(`</meta>${when}</flow>`), xml);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });
});

describe('an XML document', () => {
  it('is well-formed with every kind of connection, event and flow record', () => {
    const lines: string[] = [];
    for (const plain of sample.all)
      for (const c of [plain, counted(plain, [1, 2], [3, 4]), { ...sample.endedUdp, zone: 1, mark: 2 }]) {
        lines.push(connectionXml(c), flowXml(c));
        for (const type of ['NEW', 'UPDATE', 'DESTROY'] as const)
          for (const timestamp of [false, true])
            lines.push(eventXml(event(type, c), { ...PLAIN, timestamp }));
      }
    for (const line of lines) assert.doesNotMatch(line, /[\n\r]/);
    const counts = elementCounts(`${xmlBegin()}${lines.join('\n')}\n${xmlEnd()}`);
    assert.equal(counts.get('conntrack'), 1);
    assert.equal(counts.get('flow'), lines.length);
    assert.equal(counts.get('meta'), 3 * lines.length);
  });

  it('is the judge of the tests above', () => {
    for (const bad of ['<a><b></a></b>', '<a>', '<a>&</a>', '<a>x < y</a>', '<a x="&"/>', '</a>']) {
      assert.throws(() => elementCounts(bad), bad);
    }
  });

  it('cannot be broken by a text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const escaped = xmlEscape(text);
        assert.doesNotMatch(escaped, /[<>"]/);
        const back = escaped.replaceAll('&quot;', '"').replaceAll('&gt;', '>').replaceAll('&lt;', '<');
        assert.equal(back.replaceAll('&amp;', '&'), text);
      }),
    );
    elementCounts(connectionXml({ ...tcp, state: '<&">', protocolName: '"><x' }));
  });
});
