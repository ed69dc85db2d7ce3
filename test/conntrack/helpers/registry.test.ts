/** The list of helpers: what is on, how `--helpers` reads, and that the documentation says the same. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { OptionError } from '../../../src/common/errors.ts';
import { HELPER_NAMES, HelperNumber } from '../../../src/common/helpers.ts';
import { STATE_WORDS } from '../../../src/conntrack/helpers/helper.ts';
import {
  defaultHelpers,
  HELPERS,
  parseHelpers,
  protocolsAt,
} from '../../../src/conntrack/helpers/registry.ts';

const PROTOCOLS: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp' };
/** As the project promises; those that are not there yet are left out. */
const DEFAULTS = ['ftp', 'irc', 'tftp', 'sip', 'amanda', 'pptp'];
const PORTS: Readonly<Record<string, number>> = {
  ftp: 21,
  irc: 6667,
  tftp: 69,
  sip: 5060,
  amanda: 10_080,
  pptp: 1723,
  RAS: 1719,
  'Q.931': 1720,
  'H.245': 0,
  sane: 6566,
  'netbios-ns': 137,
  talk: 517,
  ntalk: 518,
  rsh: 514,
  mms: 1755,
  quake3: 27_950,
  rpc: 111,
  eggdrop: 3333,
};

describe('the helpers', () => {
  it('have numbers in order, known names and ports, and a policy', () => {
    const numbers = HELPERS.map((helper) => helper.number);
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
    );
    for (const helper of HELPERS) {
      const name = HELPER_NAMES[helper.number];
      assert.equal(helper.port, PORTS[name], name);
      assert.ok(
        helper.classes.length >= 1 && helper.classes.every((c) => c.max >= 1 && c.timeoutS >= 1),
        name,
      );
      assert.ok(helper.protocols.length >= 1 && helper.families.length >= 1, name);
      assert.ok(helper.payloadMax >= 1 && helper.payloadMax <= 65_535, name);
    }
    assert.equal(STATE_WORDS, 16);
  });

  it('are on by default where the kernel has them in common use', () => {
    assert.deepEqual(
      defaultHelpers().map(({ helper }) => HELPER_NAMES[helper]),
      DEFAULTS.filter((name) => HELPERS.some((helper) => HELPER_NAMES[helper.number] === name)),
    );
  });

  it('are listed in docs/helpers.md with their port and whether they are on', () => {
    const text = readFileSync('docs/helpers.md', 'utf8');
    for (const helper of HELPERS) {
      const name = HELPER_NAMES[helper.number].toLowerCase();
      const row = text.split('\n').find((line) => line.startsWith(`| \`${name}\` `));
      assert.ok(row !== undefined, `${name} is not in docs/helpers.md`);
      const [, , port, isDefault] = row.split('|').map((cell) => cell.trim());
      assert.equal(isDefault, helper.isDefault ? 'yes' : 'no', name);
      assert.ok(helper.port === 0 ? port === 'none' : port.startsWith(`${helper.port}/`), `${name}: ${port}`);
      if (helper.port !== 0)
        for (const protocol of helper.protocols)
          assert.ok(port.includes(PROTOCOLS[protocol]), `${name}: ${port}`);
    }
  });
});

describe('--helpers', () => {
  it('takes names with and without ports, in any case', () => {
    assert.deepEqual(parseHelpers('ftp,FTP:2121, Talk'), [
      { helper: HelperNumber.FTP, port: 21, protocol: 0 },
      { helper: HelperNumber.FTP, port: 2121, protocol: 0 },
      { helper: HelperNumber.TALK, port: 517, protocol: 0 },
    ]);
  });

  it('takes one protocol of a helper that has several', () => {
    const SIP = { helper: HelperNumber.SIP, port: 5060 };
    assert.deepEqual(parseHelpers('sip:5060/TCP'), [{ ...SIP, protocol: 6 }]);
    assert.deepEqual(parseHelpers('sip/udp,sip/tcp'), [
      { ...SIP, protocol: 17 },
      { ...SIP, protocol: 6 },
    ]);
    assert.deepEqual(parseHelpers('sip/udp,sip'), [{ ...SIP, protocol: 0 }], 'both');
    assert.deepEqual(protocolsAt({ ...SIP, protocol: 0 }), [17, 6]);
    assert.deepEqual(protocolsAt({ ...SIP, protocol: 6 }), [6]);
  });

  it('takes the words default, all and none', () => {
    assert.deepEqual(parseHelpers('default'), defaultHelpers());
    assert.deepEqual(parseHelpers('none'), []);
    assert.equal(parseHelpers('all').length, HELPERS.length);
    assert.deepEqual(parseHelpers('default,ftp'), defaultHelpers());
  });

  for (const value of [
    '',
    'ftpx',
    'ftp:',
    'ftp:0',
    'ftp:65536',
    'ftp:x',
    'ftp:21:22',
    'none,ftp',
    ',',
    'ftp,',
    'ftp/udp',
    'sip:5060/sctp',
    'sip:5060/',
    'sip/tcp:5060',
  ])
    it(`refuses ${JSON.stringify(value)}`, () => assert.throws(() => parseHelpers(value), OptionError));
});
