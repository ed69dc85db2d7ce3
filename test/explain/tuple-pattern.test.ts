/** How a connection can be named, and what is said where it cannot be understood. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressWords } from '../../src/common/address-words.ts';
import { OptionError } from '../../src/common/errors.ts';
import { matchesTuple, parseTuple } from '../../src/explain/tuple-pattern.ts';
import { ipv6Text } from '../../src/export/addresses.ts';
import { Kind } from '../../src/shm/bits.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import { SEED, withSeed } from '../support/random.ts';

const A = { address: [0x0a000001], port: 1234 };
const B = { address: [0x0a000002], port: 80 };
const ANY = { address: null, port: null };

const both = (text: string) => parseTuple([text]).ends;

describe('forms of a TUPLE', () => {
  const SAME = [
    '10.0.0.1:1234-10.0.0.2:80',
    '10.0.0.1:1234 10.0.0.2:80',
    '10.0.0.1:1234->10.0.0.2:80',
    '10.0.0.1:1234 -> 10.0.0.2:80',
    '10.0.0.1:1234 → 10.0.0.2:80',
    '10.0.0.1:1234 <-> 10.0.0.2:80',
    '10.0.0.1:1234,10.0.0.2:80',
    '10.0.0.1:1234 - 10.0.0.2:80',
    'IP 10.0.0.1.1234 > 10.0.0.2.80:',
    '10.0.0.1 1234 10.0.0.2 80',
    'host 10.0.0.1 port 1234 and host 10.0.0.2 port 80',
    '[10.0.0.1]:1234 [10.0.0.2]:80',
    'src=10.0.0.1 dst=10.0.0.2 sport=1234 dport=80',
  ];
  for (const text of SAME) it(text, () => assert.deepEqual(both(text), [A, B]));

  it('words may come as one argument or as several', () => {
    const words = 'tcp 10.0.0.1:1234 10.0.0.2:80';
    assert.deepEqual(parseTuple(words.split(' ')), parseTuple([words]));
    assert.equal(parseTuple([words]).protocol, 6);
  });

  it('a line of conntrack, of /proc and of a trace', () => {
    const line =
      'tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1234 dport=80 packets=8 bytes=1200 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1234 packets=6 bytes=5400 [ASSURED] mark=0 zone=7 use=1 id=2178903612';
    assert.deepEqual(parseTuple([line]), { text: line, protocol: 6, zone: 7, ends: [A, B] });
    assert.equal(parseTuple([`ipv4     2 ${line}`]).protocol, 6);
    const icmp = parseTuple(['icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=7 src=10.0.0.2']);
    assert.deepEqual(icmp.ends, [
      { ...A, port: 7 },
      { ...B, port: 7 },
    ]);
    assert.equal(parseTuple(['unknown  50 599 src=10.0.0.1 dst=10.0.0.2']).protocol, 50);
  });

  it('parts', () => {
    assert.deepEqual(both('10.0.0.1'), [{ ...A, port: null }, ANY]);
    assert.deepEqual(both('10.0.0.1 10.0.0.2'), [
      { ...A, port: null },
      { ...B, port: null },
    ]);
    assert.deepEqual(both('10.0.0.1-10.0.0.2'), both('10.0.0.1 10.0.0.2'));
    assert.deepEqual(both(':80'), [{ address: null, port: 80 }, ANY]);
    assert.deepEqual(both('*:80'), both(':80'));
    assert.deepEqual(both('port 80'), both(':80'));
    assert.deepEqual(both('any 10.0.0.2:80'), [ANY, B]);
    assert.deepEqual(both('10.0.0.1:1234 any'), [A, ANY]);
    assert.deepEqual(both('10.0.0.1:*'), [{ ...A, port: null }, ANY]);
    assert.equal(parseTuple(['udp']).protocol, 17);
    assert.equal(parseTuple(['50', '10.0.0.1']).protocol, 50);
    assert.equal(parseTuple(['protocol 89 10.0.0.1']).protocol, 89);
    assert.equal(parseTuple(['zone 5 10.0.0.1']).zone, 5);
    assert.equal(parseTuple(['10.0.0.1 zone=5']).zone, 5);
    assert.deepEqual(both('icmp 10.0.0.1 10.0.0.2 id 7'), [
      { ...A, port: null },
      { ...B, port: 7 },
    ]);
  });

  it('protocols by name, in any case', () => {
    const numbers = {
      TCP: 6,
      udp: 17,
      UDPlite: 136,
      'udp-lite': 136,
      icmp: 1,
      icmpv6: 58,
      'ipv6-icmp': 58,
      sctp: 132,
    };
    for (const [name, number] of Object.entries(numbers))
      assert.equal(parseTuple([`${name} 10.0.0.1`]).protocol, number, name);
  });

  it('IPv6, with brackets, as tcpdump has it, with a scope', () => {
    const one = [0x20010db8, 0, 0, 1];
    const two = [0x20010db8, 0, 0, 2];
    const expected = [
      { address: one, port: 53 },
      { address: two, port: 4242 },
    ];
    assert.deepEqual(both('[2001:db8::1]:53 [2001:db8::2]:4242'), expected);
    assert.deepEqual(both('[2001:db8::1]:53-[2001:db8::2]:4242'), expected);
    assert.deepEqual(both('IP6 2001:db8::1.53 > 2001:db8::2.4242:'), expected);
    assert.deepEqual(both('2001:db8::1'), [{ address: one, port: null }, ANY]);
    assert.deepEqual(both('[fe80::1%eth0]:53')[0].address, [0xfe800000 | 0, 0, 0, 1]);
    assert.deepEqual(both('::ffff:10.0.0.1')[0].address, [0, 0, 0xffff, 0x0a000001]);
  });
});

describe('what is not understood', () => {
  const WRONG: readonly (readonly [string, RegExp])[] = [
    ['', /names no connection/],
    ['*', /names no connection/],
    ['10.0.0.1 10.0.0.2 10.0.0.3', /3 endpoints/],
    ['10.0.0.1:99999', /"99999" is no whole number from 0 to 65535/],
    ['10.0.0.256', /10\.0\.0\.256 is no address/],
    ['10.0.0.1 2001:db8::1', /IPv4 and the other IPv6/],
    ['example.org:80', /"example.org:80" is neither an address/],
    ['[10.0.0]:80', /10\.0\.0 is no address/],
    ['80', /written :80/],
    ['zone x 10.0.0.1', /"x" is no whole number/],
    ['src=10.0.0 dst=10.0.0.2', /src=10\.0\.0 is no address/],
    ['sport=70000', /"70000" is no whole number/],
  ];
  for (const [text, message] of WRONG) {
    it(JSON.stringify(text), () => {
      assert.throws(
        () => parseTuple([text]),
        (error) => error instanceof OptionError && error.option === 'TUPLE' && message.test(error.message),
      );
    });
  }
});

describe('addresses', () => {
  it('IPv6 text comes back as the same words', () => {
    withSeed(SEED, ({ chance, word }) => {
      for (let i = 0; i < 500; i++) {
        const words = [0, 1, 2, 3].map(() => (chance(0.4) ? 0 : word() | 0));
        const text = ipv6Text(words[0], words[1], words[2], words[3]);
        assert.deepEqual(
          addressWords(text)?.map((each) => each | 0),
          words,
          text,
        );
      }
    });
  });

  it('what is none is null', () => {
    for (const text of ['', '1.2.3', '1.2.3.4.5', ':::', '2001:db8', 'x'])
      assert.equal(addressWords(text), null, text);
  });
});

describe('a tuple matches in either direction', () => {
  /** tcp 10.0.0.1:1234, 10.0.0.2:80, in zone 5. */
  const desc = new Int32Array(Desc.WORDS);
  desc[Desc.LO0] = 0x0a000001;
  desc[Desc.HI0] = 0x0a000002;
  desc[Desc.L4] = (1234 << 16) | 80;
  desc[Desc.KIND] = Kind.USED | 6 | (5 << Kind.ZONE_SHIFT);
  const matches = (text: string): boolean => matchesTuple(parseTuple([text]), desc);

  it('whatever is said agrees', () => {
    const right = [
      '10.0.0.1:1234-10.0.0.2:80',
      '10.0.0.2:80-10.0.0.1:1234',
      ':80',
      ':1234',
      '10.0.0.2',
      'tcp',
      'zone 5',
    ];
    for (const text of [...right, '10.0.0.2 10.0.0.1', '10.0.0.1 :80', '6 10.0.0.1'])
      assert.ok(matches(text), text);
  });

  it('one part that differs is enough', () => {
    const wrong = [
      '10.0.0.1:80',
      '10.0.0.1:1234-10.0.0.2:81',
      '10.0.0.3',
      'udp 10.0.0.1',
      'zone 6',
      ':81',
      '::1',
    ];
    for (const text of wrong) assert.ok(!matches(text), text);
  });
});
