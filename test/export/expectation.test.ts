/** Expectations as text. The lines of an IPv4 FTP transfer are what Linux 6.18 and conntrack 1.4.7 printed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Expectation,
  expectationJson,
  expectationLine,
  expectationProcLine,
  expectationXml,
  expectXmlBegin,
  expectXmlEnd,
} from '../../src/export/expectation.ts';

const ftp: Expectation = {
  family: 'ipv4',
  protocol: 6,
  protocolName: 'tcp',
  tuple: { src: '192.168.1.182', dst: '192.168.1.231', sport: 0, dport: 35656 },
  mask: { src: '255.255.255.255', dst: '255.255.255.255', sport: 0, dport: 65535 },
  master: { src: '192.168.1.182', dst: '192.168.1.231', sport: 62014, dport: 21 },
  masterId: 7,
  flags: [],
  class: 0,
  className: null,
  helper: 'ftp',
  assigns: null,
  zone: 0,
  timeoutS: 299,
};
const sip: Expectation = {
  ...ftp,
  family: 'ipv6',
  protocol: 17,
  protocolName: 'udp',
  tuple: { src: '::', dst: '2001:db8::1', sport: 0, dport: 5060 },
  mask: { src: '::', dst: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', sport: 0, dport: 65535 },
  master: { src: '2001:db8::1', dst: '2001:db8::2', sport: 5060, dport: 5060 },
  flags: ['PERMANENT', 'INACTIVE'],
  className: 'signalling',
  helper: 'sip',
  assigns: 'sip',
  zone: 9,
  timeoutS: 175,
};
const pptp: Expectation = {
  ...ftp,
  protocol: 47,
  protocolName: 'gre',
  tuple: { src: '192.0.2.1', dst: '192.0.2.2', srckey: 1, dstkey: 0xab },
  mask: { src: '255.255.255.255', dst: '255.255.255.255', srckey: 0xffff, dstkey: 0xffff },
  helper: 'pptp',
};

describe('an expectation', () => {
  it('as conntrack -L expect prints it', () => {
    assert.equal(
      expectationLine(ftp),
      '299 proto=6 src=192.168.1.182 dst=192.168.1.231 sport=0 dport=35656 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=192.168.1.182 master-dst=192.168.1.231 sport=62014 dport=21 class=0 helper=ftp',
    );
    assert.match(
      expectationLine(sip),
      / sport=5060 dport=5060 zone=9 PERMANENT,INACTIVE class=0 helper=sip$/,
    );
    assert.match(
      expectationLine(pptp),
      /^299 proto=47 src=192.0.2.1 dst=192.0.2.2 srckey=0x1 dstkey=0xab mask-src=/,
    );
  });

  it('as /proc/net/nf_conntrack_expect prints it', () => {
    assert.equal(
      expectationProcLine(ftp),
      '299 l3proto = 2 proto=6 src=192.168.1.182 dst=192.168.1.231 sport=0 dport=35656 ftp',
    );
    assert.equal(
      expectationProcLine(sip),
      '175 l3proto = 10 proto=17 src=0000:0000:0000:0000:0000:0000:0000:0000 dst=2001:0db8:0000:0000:0000:0000:0000:0001 sport=0 dport=5060 PERMANENT,INACTIVE sip/signalling',
    );
  });

  it('as XML', () => {
    const document = `${expectXmlBegin()}${expectationXml(ftp)}\n${expectXmlEnd()}`;
    assert.equal(
      document,
      '<?xml version="1.0" encoding="utf-8"?>\n<expect>\n<flow><layer3 protonum="2" protoname="ipv4"><expected><src>192.168.1.182</src><dst>192.168.1.231</dst></expected><mask><src>255.255.255.255</src><dst>255.255.255.255</dst></mask><master><src>192.168.1.182</src><dst>192.168.1.231</dst></master></layer3><layer4 protonum="6" protoname="tcp"><expected><sport>0</sport><dport>35656</dport></expected><mask><sport>0</sport><dport>65535</dport></mask><master><sport>62014</sport><dport>21</dport></master></layer4><meta><helper-name>ftp</helper-name><timeout>299</timeout><class>0</class></meta></flow>\n</expect>\n',
    );
    assert.match(expectationXml(sip), /<class>0<\/class><zone>9<\/zone><permanent\/><inactive\/><\/meta>/);
  });

  it('as JSON', () => {
    assert.deepEqual(JSON.parse(expectationJson(sip)), { record: 'expectation', ...sip });
  });
});
