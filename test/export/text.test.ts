import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OptionError } from '../../src/common/errors.ts';
import { StatusBit } from '../../src/export/connection.ts';
import { procLine } from '../../src/export/proc.ts';
import { connectionLine, eventLine, parseOutput } from '../../src/export/text.ts';
import * as sample from './samples.ts';
import { counted, event, PLAIN, tcp, udp } from './samples.ts';

const TCP_TUPLES =
  'src=192.0.2.10 dst=198.51.100.5 sport=40000 dport=443 src=198.51.100.5 dst=192.0.2.10 sport=443 dport=40000';
const SYN_TUPLES = TCP_TUPLES.replace(' src=198', ' [UNREPLIED] src=198');

describe('a line of the table', () => {
  it('is that of conntrack -L', () => {
    assert.equal(
      connectionLine(tcp, PLAIN),
      `tcp      6 431999 ESTABLISHED ${TCP_TUPLES} [ASSURED] mark=0 use=1`,
    );
    assert.equal(
      connectionLine({ ...udp, timeoutS: 27 }, PLAIN),
      'udp      17 27 src=192.0.2.10 dst=192.0.2.53 sport=5353 dport=53 [UNREPLIED] src=192.0.2.53 dst=192.0.2.10 sport=53 dport=5353 mark=0 use=1',
    );
    assert.equal(
      connectionLine(sample.generic, PLAIN),
      'unknown  89 599 src=192.0.2.1 dst=224.0.0.5 [UNREPLIED] src=224.0.0.5 dst=192.0.2.1 mark=0 use=1',
    );
  });

  it('has layer 3 in front with extended and the id at the end with id', () => {
    const line = `ipv4     2 tcp      6 431999 ESTABLISHED ${TCP_TUPLES} [ASSURED] mark=0 use=1`;
    assert.equal(connectionLine(tcp, { ...PLAIN, extended: true }), line);
    assert.equal(connectionLine(tcp, { ...PLAIN, extended: true, id: true }), `${line} id=2178903612`);
    assert.equal(
      connectionLine(sample.icmpv6, { ...PLAIN, extended: true }),
      'ipv6     10 icmpv6   58 29 src=2001:db8::1 dst=2001:db8::2 type=128 code=0 id=7 src=2001:db8::2 dst=2001:db8::1 type=129 code=0 id=7 mark=0 use=1',
    );
  });

  it('takes no notice of timestamp', () => {
    assert.equal(connectionLine(tcp, { ...PLAIN, timestamp: true }), connectionLine(tcp, PLAIN));
  });

  it('has counters, mark and zone where they belong', () => {
    const c = { ...counted(tcp, [5, 700], [4, 3000]), timeoutS: 300, mark: 5, zone: 3 };
    const there = 'src=192.0.2.10 dst=198.51.100.5 sport=40000 dport=443 packets=5 bytes=700';
    const back = 'src=198.51.100.5 dst=192.0.2.10 sport=443 dport=40000 packets=4 bytes=3000';
    const line = `tcp      6 300 ESTABLISHED ${there} ${back} [ASSURED] mark=5 zone=3 use=1`;
    assert.equal(connectionLine(c, PLAIN), line);
  });

  it('has GRE keys in hexadecimal', () => {
    assert.match(
      connectionLine(sample.gre, PLAIN),
      / srckey=0x0 dstkey=0xd80 \[UNREPLIED\] .* srckey=0xd80 dstkey=0x0 /,
    );
  });
});

describe('a line of events', () => {
  const syn = { ...tcp, state: 'SYN_SENT', status: StatusBit.CONFIRMED, timeoutS: 120 };

  it('is that of conntrack -E for a new and a changed connection', () => {
    assert.equal(eventLine(event('NEW', syn), PLAIN), `    [NEW] tcp      6 120 SYN_SENT ${SYN_TUPLES}`);
    const answered = { ...tcp, state: 'SYN_RECV', status: sample.SEEN, timeoutS: 60 };
    assert.equal(
      eventLine(event('UPDATE', answered), PLAIN),
      ` [UPDATE] tcp      6 60 SYN_RECV ${TCP_TUPLES}`,
    );
    const open = { ...tcp, timeoutS: 432000 };
    assert.equal(
      eventLine(event('UPDATE', open), PLAIN),
      ` [UPDATE] tcp      6 432000 ESTABLISHED ${TCP_TUPLES} [ASSURED]`,
    );
  });

  it('has no timeout when a connection expired, and what was left when it was ended', () => {
    const over = { ...tcp, state: 'TIME_WAIT', timeoutS: 0 };
    assert.equal(
      eventLine(event('DESTROY', over), PLAIN),
      `[DESTROY] tcp      6 TIME_WAIT ${TCP_TUPLES} [ASSURED]`,
    );
    const refused = { ...syn, state: 'CLOSE', timeoutS: 119 };
    assert.equal(eventLine(event('DESTROY', refused), PLAIN), `[DESTROY] tcp      6 119 CLOSE ${SYN_TUPLES}`);
  });

  it('has a timeout of 0 while the connection lives', () => {
    assert.match(eventLine(event('UPDATE', { ...udp, timeoutS: 0 }), PLAIN), /^ \[UPDATE\] udp {6}17 0 src=/);
  });

  it('has counters only at the end', () => {
    const c = { ...counted(udp, [1, 70], [0, 0]), timeoutS: 0 };
    const there = 'src=192.0.2.10 dst=192.0.2.53 sport=5353 dport=53';
    const back = 'src=192.0.2.53 dst=192.0.2.10 sport=53 dport=5353';
    assert.equal(
      eventLine(event('DESTROY', c), PLAIN),
      `[DESTROY] udp      17 ${there} packets=1 bytes=70 [UNREPLIED] ${back} packets=0 bytes=0`,
    );
    assert.equal(
      eventLine(event('NEW', { ...c, timeoutS: 30 }), PLAIN),
      `    [NEW] udp      17 30 ${there} [UNREPLIED] ${back}`,
    );
  });

  it('has the state only when it is part of the event', () => {
    assert.equal(
      eventLine(event('UPDATE', { ...tcp, timeoutS: 300 }, false), PLAIN),
      ` [UPDATE] tcp      6 300 ${TCP_TUPLES} [ASSURED]`,
    );
  });

  it('has mark and zone only when they are not 0', () => {
    const line = eventLine(event('NEW', { ...syn, mark: 4294967295, zone: 65535 }), { ...PLAIN, id: true });
    assert.ok(line.endsWith(' mark=4294967295 zone=65535 id=2178903612'), line);
    assert.doesNotMatch(eventLine(event('NEW', syn), PLAIN), /mark|zone|use/);
  });

  it('has time, layer 3 and id around it', () => {
    assert.equal(
      eventLine(event('NEW', syn), { ...PLAIN, timestamp: true, extended: true, id: true }),
      `[1700000000.000123]\t    [NEW] ipv4     2 tcp      6 120 SYN_SENT ${SYN_TUPLES} id=2178903612`,
    );
  });

  it('keeps the digits of a fraction and cuts the rest', () => {
    const line = eventLine(
      { ...event('NEW', syn), atNs: 1_700_000_000_999_999_999n },
      { ...PLAIN, timestamp: true },
    );
    assert.ok(line.startsWith('[1700000000.999999]\t'), line);
    const early = eventLine({ ...event('NEW', syn), atNs: 1_000n }, { ...PLAIN, timestamp: true });
    assert.ok(early.startsWith('[00000000.000001]\t'), early);
  });
});

describe('a line of /proc/net/nf_conntrack', () => {
  it('has IPv6 in full, the zone also when it is 0, and use=2', () => {
    const first = '2001:0db8:0000:0000:0000:0000:0000:0001';
    const second = '2001:0db8:0000:0000:0000:0000:0000:0002';
    assert.equal(
      procLine(sample.icmpv6),
      `ipv6     10 icmpv6   58 29 src=${first} dst=${second} type=128 code=0 id=7 src=${second} dst=${first} type=129 code=0 id=7 mark=0 zone=0 use=2`,
    );
    assert.equal(
      procLine({ ...counted(tcp, [8, 1200], [6, 5400]), mark: 7, zone: 3 }),
      'ipv4     2 tcp      6 431999 ESTABLISHED src=192.0.2.10 dst=198.51.100.5 sport=40000 dport=443 packets=8 bytes=1200 src=198.51.100.5 dst=192.0.2.10 sport=443 dport=40000 packets=6 bytes=5400 [ASSURED] mark=7 zone=3 use=2',
    );
    assert.equal(
      procLine(sample.sctp),
      'ipv4     2 sctp     132 209 ESTABLISHED src=192.0.2.10 dst=198.51.100.5 sport=1000 dport=2000 src=198.51.100.5 dst=192.0.2.10 sport=2000 dport=1000 [ASSURED] mark=0 zone=0 use=2',
    );
    assert.equal(
      procLine(sample.icmp),
      'ipv4     2 icmp     1 29 src=192.0.2.10 dst=198.51.100.5 type=8 code=0 id=1226 src=198.51.100.5 dst=192.0.2.10 type=0 code=0 id=1226 mark=0 zone=0 use=2',
    );
  });

  it('has both timeouts of GRE', () => {
    const tuples =
      'src=192.0.2.10 dst=198.51.100.5 srckey=0x0 dstkey=0xd80 [UNREPLIED] src=198.51.100.5 dst=192.0.2.10 srckey=0xd80 dstkey=0x0';
    const line = `ipv4     2 gre      47 29 timeout=30, stream_timeout=180 ${tuples} mark=0 zone=0 use=2`;
    assert.equal(procLine(sample.gre), line);
    assert.match(
      procLine({ ...sample.gre, greTimeouts: { timeoutS: 5, streamTimeoutS: 6 } }),
      / 29 timeout=5, stream_timeout=6 src=/,
    );
  });
});

describe('the value of -o', () => {
  it('is text without additions by default, and any of the words', () => {
    assert.deepEqual(parseOutput('text'), PLAIN);
    assert.deepEqual(parseOutput('extended,id'), { ...PLAIN, extended: true, id: true });
    assert.deepEqual(parseOutput('timestamp,xml,xml'), { ...PLAIN, format: 'xml', timestamp: true });
    assert.deepEqual(parseOutput('json'), { ...PLAIN, format: 'json' });
  });

  it('says what is allowed instead of a wrong word', () => {
    for (const value of ['', 'jsn', 'id,', ',id', 'JSON', 'id, json', 'constructor']) {
      assert.throws(
        () => parseOutput(value),
        (error) => {
          assert.ok(error instanceof OptionError);
          assert.equal(error.option, '-o/--output');
          assert.match(error.message, /text, extended, json, xml, proc, timestamp, id, halves/);
          return true;
        },
      );
    }
  });

  it('refuses two formats', () => {
    assert.throws(() => parseOutput('json,id,xml'), {
      name: 'OptionError',
      message: /one of text, json, xml/,
    });
    assert.throws(() => parseOutput('text,json'), OptionError);
  });
});

describe('every combination of options', () => {
  const flags = [false, true];
  for (const extended of flags)
    for (const timestamp of flags)
      for (const id of flags)
        it(`extended ${extended}, timestamp ${timestamp}, id ${id}`, () => {
          const o = { format: 'text', extended, timestamp, id } as const;
          for (const c of sample.all) {
            const l3 = extended ? `${c.family}     ${c.family === 'ipv4' ? '2' : '10'} ` : '';
            const tail = id ? ` id=${c.id}` : '';
            assert.equal(connectionLine(c, o), `${l3}${connectionLine(c, PLAIN)}${tail}`);
            for (const type of ['NEW', 'UPDATE', 'DESTROY'] as const) {
              const e = event(type, counted(c, [1, 2], [3, 4]));
              const time = timestamp ? '[1700000000.000123]\t' : '';
              const plain = eventLine(e, PLAIN);
              assert.equal(plain.indexOf(']'), 8);
              assert.equal(eventLine(e, o), `${time}${plain.slice(0, 10)}${l3}${plain.slice(10)}${tail}`);
            }
          }
        });
});
