import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fullText, ipv4Text, ipv6FullText, ipv6Text } from '../../src/export/addresses.ts';
import fc from '../support/fast-check.ts';

type Words = readonly [number, number, number, number];

/** Sixteen bytes from any text of an IPv6 address, written from RFC 4291 2.2 and with nothing of the code under test. */
function bytesOf(text: string): number[] {
  const [head, tail] = text
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':').flatMap(bytesOfGroup)));
  if (tail === undefined) return head;
  const zeros = new Array<number>(16 - head.length - tail.length).fill(0);
  assert.ok(zeros.length >= 4, `:: stands for two groups or more in ${text}`);
  return [...head, ...zeros, ...tail];
}

function bytesOfGroup(group: string): number[] {
  if (group.includes('.')) return group.split('.').map(Number);
  assert.match(group, /^[0-9a-f]{1,4}$/);
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}

function wordsOf(text: string): Words {
  const view = new DataView(Uint8Array.from(bytesOf(text)).buffer);
  return [view.getInt32(0), view.getInt32(4), view.getInt32(8), view.getInt32(12)];
}

/** Groups are 0 or 1 more often than not, so that runs of zeros and ties are met. */
const group = fc.oneof(
  fc.constant(0),
  fc.constant(0),
  fc.constant(1),
  fc.constant(0xffff),
  fc.integer({ min: 0, max: 0xffff }),
);
const words = fc.array(group, { minLength: 8, maxLength: 8 }).map((g): Words => {
  const word = (i: number) => (g[i] << 16) | g[i + 1];
  return [word(0), word(2), word(4), word(6)];
});

describe('an IPv4 address', () => {
  it('is read from a word of either sign', () => {
    assert.equal(ipv4Text(0), '0.0.0.0');
    assert.equal(ipv4Text(-1), '255.255.255.255');
    assert.equal(ipv4Text(0xc000020a), '192.0.2.10');
    assert.equal(ipv4Text(0xc000020a | 0), '192.0.2.10');
  });
});

describe('an IPv6 address', () => {
  /** As glibc's inet_ntop prints them. */
  const texts = [
    '::',
    '::1',
    '::ff',
    '::ffff',
    '::0.1.0.0',
    '::1.2.3.4',
    '::ffff:0.0.0.0',
    '::ffff:0.0.0.1',
    '::ffff:192.0.2.1',
    '::fffe:102:304',
    '::ffff:0:0:1',
    '::1:0:0',
    '1::',
    '1::1',
    '0:1::',
    '1:0:0:2::3',
    '1::2:0:0:3:4',
    '1:0:2:3:4:5:6:7',
    '0:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:0',
    '64:ff9b::102:304',
    '2001:db8::1',
    '2001:db8:0:1:1:1:1:1',
    'fe80::1234:5678:9abc:def0',
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  ];
  for (const text of texts) {
    it(`is printed as ${text}`, () => {
      assert.equal(ipv6Text(...wordsOf(text)), text);
    });
  }

  it('reads back as the same words', () => {
    fc.assert(
      fc.property(words, (w) => {
        assert.deepEqual(wordsOf(ipv6Text(...w)), w);
        assert.deepEqual(wordsOf(ipv6FullText(...w)), w);
      }),
      { numRuns: 2000 },
    );
  });

  it('is as short as the URL parser of the platform makes it', () => {
    fc.assert(
      fc.property(words, (w) => {
        const text = ipv6Text(...w);
        const host = new URL(`http://[${text}]/`).hostname.slice(1, -1);
        // A URL has no dotted decimal; there only the address is compared.
        if (text.includes('.')) assert.deepEqual(wordsOf(host), w);
        else assert.equal(text, host);
      }),
      { numRuns: 2000 },
    );
  });

  it('is the same for words of either sign', () => {
    fc.assert(
      fc.property(words, (w) => {
        const unsigned: Words = [w[0] >>> 0, w[1] >>> 0, w[2] >>> 0, w[3] >>> 0];
        assert.equal(ipv6Text(...unsigned), ipv6Text(...w));
        assert.equal(ipv6FullText(...unsigned), ipv6FullText(...w));
      }),
    );
  });

  it('has eight groups of four digits in full', () => {
    fc.assert(
      fc.property(words, (w) => {
        assert.match(ipv6FullText(...w), /^([0-9a-f]{4}:){7}[0-9a-f]{4}$/);
        assert.equal(fullText(ipv6Text(...w)), ipv6FullText(...w));
        assert.equal(fullText(ipv6FullText(...w)), ipv6FullText(...w));
      }),
      { numRuns: 2000 },
    );
    assert.equal(fullText('192.0.2.1'), '192.0.2.1');
  });
});
