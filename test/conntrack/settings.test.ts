/** Timeouts and switches: their names, the presets, what is refused, and that each one takes effect. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OptionError } from '../../src/common/errors.ts';
import {
  applySetting,
  createSettings,
  Setting,
  settingNames,
  TIMEOUT_PRESETS,
} from '../../src/conntrack/settings.ts';
import { Counter } from '../../src/shm/counters.ts';
import { tcpPacket, udpPacket } from '../support/frames.ts';
import { createLab } from '../support/lab.ts';
import { HOSTS, sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

/** The kernel's defaults, by its names. */
const LINUX: readonly (readonly [string, Setting, number])[] = [
  ['tcp_timeout_syn_sent', Setting.TCP_SYN_SENT, 120],
  ['tcp_timeout_syn_recv', Setting.TCP_SYN_RECV, 60],
  ['tcp_timeout_established', Setting.TCP_ESTABLISHED, 432000],
  ['tcp_timeout_fin_wait', Setting.TCP_FIN_WAIT, 120],
  ['tcp_timeout_close_wait', Setting.TCP_CLOSE_WAIT, 60],
  ['tcp_timeout_last_ack', Setting.TCP_LAST_ACK, 30],
  ['tcp_timeout_time_wait', Setting.TCP_TIME_WAIT, 120],
  ['tcp_timeout_close', Setting.TCP_CLOSE, 10],
  ['tcp_timeout_max_retrans', Setting.TCP_RETRANS, 300],
  ['tcp_timeout_unacknowledged', Setting.TCP_UNACK, 300],
  ['tcp_loose', Setting.TCP_LOOSE, 1],
  ['tcp_be_liberal', Setting.TCP_BE_LIBERAL, 0],
  ['tcp_ignore_invalid_rst', Setting.TCP_IGNORE_INVALID_RST, 0],
  ['tcp_max_retrans', Setting.TCP_MAX_RETRANS, 3],
  ['udp_timeout', Setting.UDP, 30],
  ['udp_timeout_stream', Setting.UDP_STREAM, 120],
  ['icmp_timeout', Setting.ICMP, 30],
  ['icmpv6_timeout', Setting.ICMPV6, 30],
  ['generic_timeout', Setting.GENERIC, 600],
  ['gre_timeout', Setting.GRE, 30],
  ['gre_timeout_stream', Setting.GRE_STREAM, 180],
  ['sctp_timeout_closed', Setting.SCTP_CLOSED, 10],
  ['sctp_timeout_cookie_wait', Setting.SCTP_COOKIE_WAIT, 3],
  ['sctp_timeout_cookie_echoed', Setting.SCTP_COOKIE_ECHOED, 3],
  ['sctp_timeout_established', Setting.SCTP_ESTABLISHED, 210],
  ['sctp_timeout_shutdown_sent', Setting.SCTP_SHUTDOWN_SENT, 3],
  ['sctp_timeout_shutdown_recd', Setting.SCTP_SHUTDOWN_RECD, 3],
  ['sctp_timeout_shutdown_ack_sent', Setting.SCTP_SHUTDOWN_ACK_SENT, 3],
  ['sctp_timeout_heartbeat_sent', Setting.SCTP_HEARTBEAT_SENT, 30],
  ['expect_max', Setting.EXPECT_MAX, 4096],
  ['ftp_loose', Setting.FTP_LOOSE, 0],
  ['acct', Setting.ACCT, 1],
  ['checksum', Setting.CHECKSUM, 1],
  ['ipfrag_time', Setting.FRAG4_TIME, 30],
  ['ipfrag_high_thresh', Setting.FRAG4_HIGH, 4_194_304],
  ['ipfrag_low_thresh', Setting.FRAG4_LOW, 3_145_728],
  ['ipfrag_max_dist', Setting.FRAG4_DISTANCE, 64],
  ['frag6_timeout', Setting.FRAG6_TIME, 60],
  ['frag6_high_thresh', Setting.FRAG6_HIGH, 4_194_304],
  ['frag6_low_thresh', Setting.FRAG6_LOW, 3_145_728],
];
const isTimeout = (name: string): boolean => name.includes('timeout') || name === 'ipfrag_time';
const stored = (name: string, value: number): number => (isTimeout(name) ? value * 1000 : value);

describe('settings', () => {
  it('names and defaults are those of the kernel', () => {
    assert.deepEqual(
      settingNames().map(({ name, linux }) => [name, linux]),
      LINUX.map(([name, , value]) => [name, value]),
    );
    const settings = createSettings();
    assert.equal(settings.length, Setting.WORDS);
    for (const [name, word, value] of LINUX) assert.equal(settings[word], stored(name, value), name);
    assert.equal(settings[Setting.TCP_SYN_SENT2], 120_000);
  });

  it('the classic preset differs in three timeouts', () => {
    assert.deepEqual(TIMEOUT_PRESETS, ['linux', 'classic']);
    const linux = createSettings('linux');
    const differing = [...createSettings('classic')].flatMap((value, word) =>
      value === linux[word] ? [] : [[word, value]],
    );
    assert.deepEqual(differing, [
      [Setting.TCP_NONE, 1_800_000],
      [Setting.TCP_CLOSE_WAIT, 43_200_000],
      [Setting.UDP_STREAM, 180_000],
    ]);
  });

  for (const [name, word] of LINUX) {
    it(`--set ${name}, with and without the prefixes of the kernel`, () => {
      const values = isTimeout(name) || name === 'tcp_max_retrans' ? [0, 7, 255] : [0, 1];
      for (const prefix of ['', 'nf_conntrack_', 'net.netfilter.nf_conntrack_']) {
        for (const value of values) {
          const settings = createSettings();
          const expected = createSettings();
          expected[word] = stored(name, value);
          applySetting(settings, `${prefix}${name}=${value}`);
          assert.deepEqual(settings, expected);
        }
      }
    });
  }

  it('blanks around name and value do not matter', () => {
    const settings = createSettings();
    applySetting(settings, ' udp_timeout = 5 ');
    assert.equal(settings[Setting.UDP], 5000);
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['udp_timeout', '--set', /NAME=VALUE.*udp_timeout_stream/],
    ['', '--set', /NAME=VALUE/],
    ['=5', '--set', /one of .*tcp_loose/],
    ['no_such=5', '--set', /one of .*tcp_loose/],
    ['nf_conntrack_max=5', '--set', /one of/],
    ['udp_timeout=', '--set udp_timeout', /whole seconds from 0 to 2147483.*default is 30/],
    ['udp_timeout=-1', '--set udp_timeout', /whole seconds/],
    ['udp_timeout=1.5', '--set udp_timeout', /whole seconds/],
    ['udp_timeout=1e3', '--set udp_timeout', /whole seconds/],
    ['udp_timeout=0x10', '--set udp_timeout', /whole seconds/],
    ['udp_timeout=2147484', '--set udp_timeout', /whole seconds/],
    ['udp_timeout=99999999999', '--set udp_timeout', /whole seconds/],
    ['udp_timeout=5=6', '--set udp_timeout', /whole seconds/],
    ['tcp_loose=2', '--set tcp_loose', /0 or 1/],
    ['tcp_loose=yes', '--set tcp_loose', /0 or 1/],
    ['tcp_max_retrans=256', '--set tcp_max_retrans', /from 0 to 255.*default is 3/],
  ];
  for (const [assignment, option, message] of refused) {
    it(`refuses ${JSON.stringify(assignment)} and changes nothing`, () => {
      const settings = createSettings();
      assert.throws(
        () => applySetting(settings, assignment),
        (error: unknown) => {
          assert.ok(error instanceof OptionError);
          assert.equal(error.option, option);
          assert.equal(error.code, 'FLOWSHARD_OPTION');
          assert.match(error.message, message);
          return true;
        },
      );
      assert.deepEqual(settings, createSettings());
    });
  }
});

// ---- Effect ----

const withSetting = (set: string, script: string) => sequence(`${set} takes effect`, script, { set: [set] });
const SYN = 'c S 1000 -> NEW SYN_SENT 120 U';
const SYNACK = 's S. 5000:1001 -> REP SYN_RECV 60 R';

/** The states of an association in their order, with the seconds that they last and the packet to each. */
const SCTP_LIFE = [
  ['closed', 'CLOSED', 10, 'c sctp 0 init:1 -> NEW * U'],
  ['cookie_wait', 'COOKIE_WAIT', 3, 's sctp 1 init-ack:2 -> REP * R'],
  ['cookie_echoed', 'COOKIE_ECHOED', 3, 'c sctp 2 cookie-echo -> EST * R'],
  ['established', 'ESTABLISHED', 210, 's sctp 1 cookie-ack -> REP * A'],
  ['shutdown_sent', 'SHUTDOWN_SENT', 3, 'c sctp 2 shutdown -> EST * A'],
  ['shutdown_ack_sent', 'SHUTDOWN_ACK_SENT', 3, 's sctp 1 shutdown-ack -> REP * A'],
] as const;

testSequences('every timeout takes effect', [
  withSetting('tcp_timeout_syn_sent=77', 'c S 1000 -> NEW SYN_SENT 77 U'),
  withSetting('tcp_timeout_syn_recv=77', `${SYN}\n s S. 5000:1001 -> REP SYN_RECV 77 R`),
  withSetting('tcp_timeout_established=77', `${SYN}\n${SYNACK}\n c . 1001:5001 -> EST ESTABLISHED 77 A`),
  withSetting(
    'tcp_timeout_established=2147483',
    `${SYN}\n${SYNACK}
     c . 1001:5001               -> EST ESTABLISHED 2147483 A
     c . 1001:5001 +2147482s     -> EST ESTABLISHED 2147483 A
     c S 1 +2147483s             -> NEW EXPIRED SYN_SENT 120 U`,
  ),
  withSetting('tcp_timeout_fin_wait=77', 'HS\n c F. 1001:5001 -> EST FIN_WAIT 77 A'),
  withSetting(
    'tcp_timeout_close_wait=77',
    'HS\n c F. 1001:5001 -> EST FIN_WAIT 120 A\n s . 5001:1002 -> REP CLOSE_WAIT 77 A',
  ),
  withSetting(
    'tcp_timeout_last_ack=77',
    'HS\n c F. 1001:5001 -> EST FIN_WAIT 120 A\n s F. 5001:1002 -> REP LAST_ACK 77 A',
  ),
  withSetting(
    'tcp_timeout_time_wait=77',
    `HS
     c F. 1001:5001     -> EST FIN_WAIT 120 A
     s F. 5001:1002     -> REP LAST_ACK 30 A
     c . 1002:5002      -> EST TIME_WAIT 77 A`,
  ),
  withSetting('tcp_timeout_close=77', 'HS\n s R 5001 -> REP CLOSE 77 A'),
  withSetting('tcp_timeout_close=77', 'HS\n s R 5010 -> REP ESTABLISHED 77 A'),
  ...[77, 50].map((limit) =>
    withSetting(
      `tcp_timeout_max_retrans=${limit}`,
      // The window of a SYN is not remembered, so that to the timer it is a closed one.
      `c S 1000                  -> NEW SYN_SENT ${limit} U
       s S. 5000:1001            -> REP SYN_RECV ${Math.min(limit, 60)} R
       c . 1001:5001             -> EST ESTABLISHED 432000 A
       s . 5001:1001 win 0       -> REP ESTABLISHED ${limit} A
       s . 5001:1001             -> REP ESTABLISHED 432000 A
       s . 5001:1001             -> REP ESTABLISHED 432000 A
       s . 5001:1001             -> REP ESTABLISHED 432000 A
       s . 5001:1001             -> REP ESTABLISHED ${limit} A
       s R 5001                  -> REP CLOSE 10 A`,
    ),
  ),
  withSetting(
    'tcp_timeout_max_retrans=9',
    `c S 1000                  -> NEW SYN_SENT 9 U
     s S. 5000:1001            -> REP SYN_RECV 9 R
     s R 5001                  -> REP CLOSE 10 R`,
  ),
  withSetting('tcp_timeout_unacknowledged=77', 'HS\n c P. 1001:5001 len 1 -> EST ESTABLISHED 77 A'),
  withSetting('tcp_timeout_unacknowledged=77', 'c P. 1001:5001 len 1 -> NEW ESTABLISHED 77 U'),
  withSetting('tcp_timeout_unacknowledged=50', 'HS\n c F. 1001:5001 -> EST FIN_WAIT 50 A'),
  withSetting('tcp_loose=0', 'c . 1000:5000 -> INV tcp-not-loose -\n c S 1000 -> NEW SYN_SENT 120 U'),
  withSetting('tcp_be_liberal=1', 'HS\n c P. 900000:5001 len 10 -> EST ESTABLISHED 432000 A'),
  withSetting('tcp_be_liberal=1', 'HS\n s . 5001:90000 -> REP ESTABLISHED 432000 A'),
  withSetting('tcp_ignore_invalid_rst=1', 'HS\n s R 4000 -> REP ESTABLISHED 10 A'),
  withSetting(
    'tcp_max_retrans=1',
    `HS
     s . 5001:1001      -> REP ESTABLISHED 432000 A
     s . 5001:1001      -> REP ESTABLISHED 300 A`,
  ),
  withSetting('udp_timeout=77', 'c udp -> NEW 77 U\n s udp -> REP 77 R'),
  withSetting('udp_timeout=77', 'c udplite -> NEW 77 U\n s udplite -> REP 77 R'),
  withSetting('udp_timeout_stream=77', 'c udp -> NEW 30 U\n s udp -> REP 30 R\n c udp +3s -> EST 77 A'),
  withSetting(
    'udp_timeout_stream=77',
    'c udplite -> NEW 30 U\n s udplite -> REP 30 R\n c udplite -> EST 77 A',
  ),
  sequence('icmp_timeout=77 takes effect', 'c echo 7 -> NEW 77 U', {
    set: ['icmp_timeout=77'],
    families: ['IPv4'],
  }),
  sequence('icmpv6_timeout=77 takes effect', 'c echo 7 -> NEW 77 U', {
    set: ['icmpv6_timeout=77'],
    families: ['IPv6'],
  }),
  withSetting('gre_timeout=77', 'c gre -> NEW 77 U\n s gre -> REP 77 R\n c gre -> EST 180 A'),
  withSetting('gre_timeout_stream=77', 'c gre -> NEW 30 U\n s gre -> REP 30 R\n c gre -> EST 77 A'),
  ...SCTP_LIFE.map(([name], i) =>
    withSetting(
      `sctp_timeout_${name}=77`,
      SCTP_LIFE.slice(0, i + 1)
        .map(([, state, seconds, step], at) => `${step}`.replace('*', `${state} ${at === i ? 77 : seconds}`))
        .join('\n'),
    ),
  ),
  withSetting(
    'sctp_timeout_shutdown_recd=77',
    'c sctp 2 heartbeat -> NEW HEARTBEAT_SENT 30 U\n s sctp 1 heartbeat-ack -> REP ESTABLISHED 210 A\n s sctp 1 shutdown -> REP SHUTDOWN_RECD 77 A',
  ),
  withSetting('sctp_timeout_heartbeat_sent=77', 'c sctp 2 heartbeat -> NEW HEARTBEAT_SENT 77 U'),
  withSetting('generic_timeout=77', 'c proto 50 len 8 -> NEW 77 U\n s proto 50 len 8 -> REP 77 R'),
  withSetting('checksum=0', 'c S 1000 badsum -> NEW SYN_SENT 120 U'),
  withSetting('checksum=0', 'c udp len 5 badsum -> NEW 30 U'),
  withSetting(
    'checksum=0',
    'c udplite len 5 badsum -> NEW 30 U\n c udplite nosum -> INV udplite-checksum-zero 30 U',
  ),
  withSetting('checksum=0', 'c echo 7 badsum -> NEW 30 U'),
]);

testSequences('a timeout of 0', [
  sequence(
    'the connection is gone with the next packet',
    `c udp            -> NEW 0 U 1/0
     c udp            -> NEW EXPIRED 0 U 1/0
     s udp +1s        -> NEW EXPIRED 0 U 1/0`,
    { set: ['udp_timeout=0'] },
  ),
]);

describe('settings of a running tracker', () => {
  const ip = { src: HOSTS.IPv4.c, dst: HOSTS.IPv4.s };
  const answer = { src: HOSTS.IPv4.s, dst: HOSTS.IPv4.c };
  const query = udpPacket(ip, { sport: 1, dport: 2 });
  const reply = udpPacket(answer, { sport: 2, dport: 1 });

  it('127: acct switched on later does not count for connections that exist', () => {
    const lab = createLab({ set: ['acct=0'], selfCheck: true });
    const before = lab.send(query, 0).connection;
    assert.equal(before?.original.packets, undefined);
    applySetting(lab.settings, 'acct=1');
    const after = lab.send(reply, 10).connection;
    assert.equal(after?.original.packets, undefined);
    assert.equal(after?.reply.packets, undefined);
    const fresh = lab.send(tcpPacket(ip, { sport: 1, dport: 2, seq: 1, flags: 2 }), 20).connection;
    assert.deepEqual([fresh?.original.packets, fresh?.original.bytes], [1, 40]);
  });

  it('acct switched off later still counts for connections that exist', () => {
    const lab = createLab({ selfCheck: true });
    lab.send(query, 0);
    applySetting(lab.settings, 'acct=0');
    const after = lab.send(reply, 10).connection;
    assert.deepEqual([after?.original.packets, after?.reply.packets], [1, 1]);
  });

  it('a new timeout counts from the next packet on', () => {
    const lab = createLab({ selfCheck: true });
    assert.equal(lab.send(query, 0).remainingMs, 30_000);
    applySetting(lab.settings, 'udp_timeout=5');
    assert.deepEqual(lab.remainingMs(), [30_000]);
    assert.equal(lab.send(query, 6000).verdict, 'NEW');
    assert.deepEqual(lab.remainingMs(), [5000]);
    assert.equal(lab.send(query, 10_999).connection?.original.packets, 3);
    assert.equal(lab.send(query, 15_999).connection?.original.packets, 1);
    assert.equal(lab.counter(Counter.ENDED_TIMEOUT), 1);
  });
});
