/** Reading filters: every key, every form, every mistake. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OptionError } from '../../src/common/errors.ts';
import {
  bothFilters,
  EVERYTHING,
  formatFilter,
  parseFilter,
  parseFilterText,
} from '../../src/query/filter.ts';
import { FILTER_KEYS, type FilterKey, filterKey, filterSchemaProperties } from '../../src/query/keys.ts';
import { NO_LIMIT } from '../../src/query/values.ts';
import { type createRandom, SEED, withSeed } from '../support/random.ts';
import { randomPair } from './samples.ts';

/** The one alternative of the one test of a text. */
function only(text: string): unknown {
  const { tests } = parseFilterText(text);
  assert.equal(tests.length, 1, text);
  assert.equal(tests[0].alternatives.length, 1, text);
  const { text: _, ...rest } = tests[0].alternatives[0];
  return rest;
}

/** Least and greatest of each alternative of a value. */
function ranges(key: FilterKey, value: string): (readonly [number, number])[] {
  return parseFilter({ [key]: value }).tests[0].alternatives.map((a) => {
    assert.ok(a.kind === 'range');
    return [a.min, a.max] as const;
  });
}

describe('the keys', () => {
  it('have one meaning for each name, and an example that reads', () => {
    const names = FILTER_KEYS.flatMap(({ name, aliases }) => [name, ...aliases]);
    assert.equal(new Set(names).size, names.length);
    for (const key of FILTER_KEYS) {
      const filter = parseFilter({ [key.name]: key.example });
      assert.equal(filter.tests[0].key, key.name);
      assert.deepEqual(parseFilterText(`${key.name} ${key.example}`), filter);
      for (const alias of key.aliases) assert.deepEqual(parseFilter({ [alias]: key.example }), filter, alias);
    }
    const flags = FILTER_KEYS.flatMap(({ flag }) => flag ?? []);
    assert.deepEqual(flags.join(''), 'fpsdrquwm');
    assert.equal(new Set(flags).size, flags.length);
  });

  it('each refuse what they do not take, and say what they do', () => {
    for (const key of FILTER_KEYS) {
      for (const value of [
        '',
        '!',
        ',',
        'no such',
        `${key.example},`,
        `${key.example},?`,
        '1.5',
        '-',
        '--1',
        '>',
      ])
        assert.throws(
          () => parseFilter({ [key.name]: value }),
          (error) => {
            assert.ok(error instanceof OptionError, `${key.name}=${value}: ${error}`);
            assert.equal(error.option, key.name);
            assert.equal(error.allowed, key.takes);
            return true;
          },
          `${key.name}=${value}`,
        );
    }
  });

  it('are described for a schema, aliases and the text included', () => {
    const properties = filterSchemaProperties();
    for (const key of FILTER_KEYS) {
      assert.ok(properties[key.name].description.includes(key.takes));
      for (const alias of key.aliases) assert.ok(alias in properties);
    }
    assert.equal(properties.filter.type, 'array');
    for (const name of Object.keys(properties))
      assert.ok(name === 'filter' || filterKey(name) !== null, name);
  });
});

describe('values', () => {
  it('of addresses are networks of either family', () => {
    const v4 = (word: number, prefix: number, mask: number) => ({
      kind: 'network',
      family: 'ipv4',
      words: [word | 0],
      mask: [mask | 0],
      prefix,
    });
    assert.deepEqual(only('src 10.1.2.3'), v4(0x0a010203, 32, -1));
    assert.deepEqual(only('src 10.1.2.3/8'), v4(0x0a000000, 8, 0xff000000));
    assert.deepEqual(only('src 255.255.255.255/1'), v4(0x80000000, 1, 0x80000000));
    assert.deepEqual(only('src 10.1.2.3/0'), v4(0, 0, 0));
    const v6 = (words: number[], mask: number[], prefix: number) => ({
      kind: 'network',
      family: 'ipv6',
      words: words.map((w) => w | 0),
      mask: mask.map((w) => w | 0),
      prefix,
    });
    assert.deepEqual(only('dst 2001:db8::1'), v6([0x20010db8, 0, 0, 1], [-1, -1, -1, -1], 128));
    assert.deepEqual(
      only('dst 2001:db8:ffff::1/33'),
      v6([0x20010db8, 0x80000000, 0, 0], [-1, 0x80000000, 0, 0], 33),
    );
    assert.deepEqual(only('dst ::/0'), v6([0, 0, 0, 0], [0, 0, 0, 0], 0));
    for (const bad of [
      '10.0.0',
      '10.0.0.0/33',
      '::1/129',
      '10.0.0.0/-1',
      '10.0.0.0/',
      '/8',
      'localhost',
      'fe80::1%eth0',
      '10.0.0.256',
      '10.0.0.0/255.0.0.0',
    ])
      assert.throws(() => parseFilter({ src: bad }), OptionError, bad);
  });

  it('of numbers are lists and ranges', () => {
    assert.deepEqual(ranges('dport', '80'), [[80, 80]]);
    assert.deepEqual(ranges('dport', '80,443,8000-8100'), [
      [80, 80],
      [443, 443],
      [8000, 8100],
    ]);
    assert.deepEqual(ranges('dport', ' 80 , 443 '), [
      [80, 80],
      [443, 443],
    ]);
    assert.deepEqual(ranges('dport', '1024-'), [[1024, 65535]]);
    assert.deepEqual(ranges('dport', '-1023'), [[0, 1023]]);
    assert.deepEqual(ranges('dport', '>1023'), [[1024, 65535]]);
    assert.deepEqual(ranges('dport', '>=1024'), [[1024, 65535]]);
    assert.deepEqual(ranges('dport', '<1024'), [[0, 1023]]);
    assert.deepEqual(ranges('dport', '<=1024'), [[0, 1024]]);
    assert.deepEqual(ranges('dport', '=80'), [[80, 80]]);
    assert.deepEqual(ranges('dport', '0x50'), [[80, 80]]);
    assert.deepEqual(ranges('id', '4294967295,0xffffffff'), [
      [4294967295, 4294967295],
      [4294967295, 4294967295],
    ]);
    for (const bad of [
      '65536',
      '80-443-8000',
      '443-80',
      '<1,>5',
      '1k',
      '+1',
      '1e3',
      'http',
      '> 5 6',
      '!!5',
      '==',
    ])
      assert.throws(() => parseFilter({ dport: bad }), OptionError, bad);
    for (const bad of ['256', '0x100']) assert.throws(() => parseFilter({ 'icmp-type': bad }), OptionError);
  });

  it('of counters have thousands', () => {
    assert.deepEqual(ranges('bytes', '1k,2K,3M,4G'), [
      [1e3, 1e3],
      [2e3, 2e3],
      [3e6, 3e6],
      [4e9, 4e9],
    ]);
    assert.deepEqual(ranges('bytes', '>1M'), [[1_000_001, NO_LIMIT]]);
    assert.deepEqual(ranges('packets', '1k-5k'), [[1000, 5000]]);
    assert.deepEqual(ranges('bytes', '<0'), [[0, -1]], 'nothing is in it');
    for (const bad of ['1m', '1T', '1.5M', 'k', '9007199254740992', '9007200G'])
      assert.throws(() => parseFilter({ bytes: bad }), OptionError, bad);
  });

  it('of times have units of seconds', () => {
    assert.deepEqual(ranges('age', '30,90s,5m,2h,1d,1h30m'), [
      [30, 30],
      [90, 90],
      [300, 300],
      [7200, 7200],
      [86400, 86400],
      [5400, 5400],
    ]);
    assert.deepEqual(ranges('timeout', '<10s'), [[0, 9]]);
    assert.deepEqual(ranges('idle', '1m-5m'), [[60, 300]]);
    for (const bad of ['1w', 'h', '1h30', '5000000000', '99999999d', '1 h'])
      assert.throws(() => parseFilter({ age: bad }), OptionError, bad);
  });

  it('with names have the case rules of conntrack', () => {
    assert.deepEqual(ranges('protocol', 'TCP,Udp,ipv6-icmp,50'), [
      [6, 6],
      [17, 17],
      [58, 58],
      [50, 50],
    ]);
    assert.deepEqual(only('status assured'), { kind: 'masked', value: 4, mask: 4 });
    assert.deepEqual(only('status UNREPLIED'), { kind: 'masked', value: 0, mask: 2 });
    assert.deepEqual(ranges('state', 'ESTABLISHED'), [
      [0x63, 0x63],
      [0x844, 0x844],
    ]);
    assert.deepEqual(ranges('state', 'LISTEN,SYN_SENT2'), [
      [0x69, 0x69],
      [0x69, 0x69],
    ]);
    assert.deepEqual(ranges('helper', 'Q.931,none,any'), [
      [8, 8],
      [0, 0],
      [1, 31],
    ]);
    assert.deepEqual(ranges('family', 'ipv4,ipv6'), [
      [4, 4],
      [6, 6],
    ]);
    for (const [key, value, near] of [
      ['state', 'established', 'ESTABLISHED'],
      ['state', 'ESTABLISED', 'ESTABLISHED'],
      ['state', 'TIMEWAIT', 'TIME_WAIT'],
      ['family', 'IPv6', 'ipv6'],
      ['family', 'ip4', 'ipv4'],
      ['protocol', 'tpc', 'tcp'],
      ['status', 'ASURED', 'ASSURED'],
      ['helper', 'FTP', 'ftp'],
      ['master', 'non', 'none'],
    ])
      assert.throws(
        () => parseFilter({ [key]: value }),
        new RegExp(`Did you mean ${near}\\?$`),
        `${key} ${value}`,
      );
  });

  it('of marks may have a mask', () => {
    assert.deepEqual(only('mark 5'), { kind: 'masked', value: 5, mask: -1 });
    assert.deepEqual(only('mark 0x10/0xf0'), { kind: 'masked', value: 16, mask: 0xf0 });
    assert.deepEqual(only('mark 4294967295'), { kind: 'masked', value: -1, mask: -1 });
    for (const bad of ['0x100000000', '1/', '/1', '1/2/3', '1-2', '-1'])
      assert.throws(() => parseFilter({ mark: bad }), OptionError, bad);
  });
});

describe('a text', () => {
  const same = (text: string, params: Record<string, string | string[]>): void =>
    assert.deepEqual(parseFilterText(text), parseFilter(params), text);

  it('is pairs of keys and values', () => {
    same('', {});
    same('  \n ', {});
    same(
      'proto tcp dport 80,443,8000-8100 src 10.0.0.0/8 state ESTABLISHED not status assured bytes>1M age>1h',
      {
        proto: 'tcp',
        dport: '80,443,8000-8100',
        src: '10.0.0.0/8',
        state: 'ESTABLISHED',
        status: '!assured',
        bytes: '>1M',
        age: '>1h',
      },
    );
    same('dport=80', { dport: '80' });
    same('dport = 80', { dport: '80' });
    same('dport!=80', { dport: '!80' });
    same('dport != 80 , 443', { dport: '!80,443' });
    same('bytes >= 1M', { bytes: '>=1M' });
    same('bytes=>1M', { bytes: '>1M' });
    same('not bytes <1M', { bytes: '!<1M' });
    same('!dport 80', { dport: '!80' });
    same('not not dport 80', { dport: '80' });
    same('not dport !80', { dport: '80' });
    same('host 10.0.0.1 and host 10.0.0.2', { host: ['10.0.0.1', '10.0.0.2'] });
    same('port 80 && tcp', { port: '80', protocol: 'tcp' });
    same('icmpv6-type 128', { 'icmp-type': '128' });
    same('helper Q.931', { helper: 'Q.931' });
  });

  it('has words that stand for pairs', () => {
    same('tcp,udp', { protocol: 'tcp,udp' });
    same('not ipv6', { family: '!ipv6' });
    same('assured', { status: 'assured' });
    same('UNREPLIED', { status: 'UNREPLIED' });
    same('TIME_WAIT', { state: 'TIME_WAIT' });
    same('10.0.0.0/8', { host: '10.0.0.0/8' });
    same('::1', { host: '::1' });
    same('ipv4,ipv4', { family: 'ipv4' });
    same('not 2001:db8::/32,fe80::1', { host: '!2001:db8::/32,fe80::1' });
  });

  it('may be a parameter among others', () => {
    same('tcp zone 1', { filter: 'tcp', zone: '1' });
    same('tcp assured zone 1', { filter: ['tcp', 'assured'], zone: '1' });
  });

  for (const [text, message] of [
    ['sprot 80', /filter: "sprot".*allowed: the keys family, protocol.*Did you mean sport\?/],
    ['xyzzy 80', /filter: "xyzzy".*docs\/filters\.md/],
    ['tpc', /Did you mean tcp\?/],
    ['assurd', /Did you mean ASSURED\?/],
    ['established', /Did you mean ESTABLISHED\?/],
    ['dport', /dport: "" is not allowed.*A value is missing/],
    ['tcp not', /filter: "not"/],
    ['port 80 or port 443', /filter: "or".*parted by commas/],
    ['(tcp)', /filter: "\(tcp\)"/],
    ['80', /filter: "80"/],
    ['dport 80,>443', /dport: "80,>443".*A comparison stands alone/],
    ['10.0.0.1:80', /filter: "10\.0\.0\.1:80"/],
    ['__proto__ 1', /filter: "__proto__"/],
  ] as const) {
    it(`is refused: ${text}`, () => {
      assert.throws(
        () => parseFilterText(text),
        (error) => error instanceof OptionError && message.test(error.message),
      );
    });
  }

  it('is not read when it is longer than any program', () => {
    assert.throws(() => parseFilterText('dport 80 '.repeat(5000)), /at most 16384 characters/);
  });

  it('unknown parameters are refused, with what is near', () => {
    assert.throws(() => parseFilter({ sorce: '10.0.0.1' }), /filter: "sorce".*Did you mean source\?/);
    assert.throws(() => parseFilter(JSON.parse('{"__proto__": "1"}')), OptionError);
    assert.throws(() => parseFilter({ toString: '1' }), OptionError);
    assert.throws(() => parseFilter({ constructor: ['1'] }), OptionError);
  });

  it('puts filters together', () => {
    const tcp = parseFilterText('tcp');
    const both = bothFilters(tcp, parseFilterText('not assured'));
    assert.equal(formatFilter(both), 'protocol tcp not status assured');
    assert.deepEqual(bothFilters(EVERYTHING, tcp), tcp);
  });
});

describe('whatever comes', () => {
  const letters = [...'abcdeprstyz0129 .,:;/!=<>-_()%&|"\'\\\n\t\0', 'é', '\ud800', '💥', 'not ', 'and '];

  /** A filter that was right, damaged in a few places; or mere noise. */
  function damaged(random: ReturnType<typeof createRandom>): string {
    const noise = (): string => random.pick(letters);
    if (random.chance(0.2)) return Array.from({ length: random.below(40) }, noise).join('');
    const pairs = Array.from({ length: 1 + random.below(3) }, () => randomPair(random, [1]));
    let text = pairs.map((pair) => pair.join(random.pick([' ', '=', ' != ', '>']))).join(' ');
    for (let i = random.below(4); i > 0; i--) {
      const at = random.below(text.length + 1);
      text = text.slice(0, at) + (random.chance(0.7) ? noise() : '') + text.slice(at + random.below(3));
    }
    return text;
  }

  it('is a filter or an OptionError', () => {
    withSeed(SEED, (random) => {
      let right = 0;
      let wrong = 0;
      const attempt = (parse: () => ReturnType<typeof parseFilter>, given: string): void => {
        try {
          const filter = parse();
          assert.deepEqual(parseFilterText(formatFilter(filter)), filter, given);
          right++;
        } catch (error) {
          if (!(error instanceof OptionError)) throw error;
          assert.ok(error.message.length < 2000);
          wrong++;
        }
      };
      for (let run = 0; run < 8000; run++) {
        const text = damaged(random);
        attempt(() => parseFilterText(text), JSON.stringify(text));
        const [key, value] = randomPair(random, [1]);
        const badValue = damaged(random);
        attempt(() => parseFilter({ [key]: [value, badValue] }), JSON.stringify(badValue));
        attempt(() => parseFilter({ [damaged(random)]: value }), key);
      }
      assert.ok(right > 800, `${right} were right`);
      assert.ok(wrong > 8000, `${wrong} were wrong`);
    });
  });

  it('takes time in proportion to its length', () => {
    // Where a pattern goes back and forth one of these never ends.
    const size = 16_000;
    for (const text of [
      ' '.repeat(size),
      ','.repeat(size),
      `dport ${' '.repeat(size)},`,
      'a-'.repeat(size / 2),
      '!'.repeat(size),
      'not '.repeat(size / 4),
      `age ${'1h'.repeat(size / 2 - 10)}x`,
      `dport ${'1,'.repeat(size / 2 - 10)}`,
      `src ${':'.repeat(size - 10)}`,
      `state ${'A'.repeat(size - 10)}`,
    ])
      assert.doesNotThrow(() => {
        try {
          parseFilterText(text);
        } catch (error) {
          if (!(error instanceof OptionError)) throw error;
        }
      });
  });
});
