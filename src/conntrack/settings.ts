/**
 * Timeouts and switches under the kernel's names (net.netfilter.nf_conntrack_*, without the prefix),
 * kept as words in shared memory so that every shard reads the same ones. Timeouts are read when a
 * packet is accepted; a change does not touch connections that exist.
 */
import { OptionError } from '../common/errors.ts';
import { createSharedI32 } from '../shm/segment.ts';

/** Words of the settings. Timeouts in ms; the first ten by TCP state, SCTP_CLOSED to SCTP_HEARTBEAT_SENT by SCTP state. */
export enum Setting {
  TCP_NONE = 0,
  TCP_SYN_SENT = 1,
  TCP_SYN_RECV = 2,
  TCP_ESTABLISHED = 3,
  TCP_FIN_WAIT = 4,
  TCP_CLOSE_WAIT = 5,
  TCP_LAST_ACK = 6,
  TCP_TIME_WAIT = 7,
  TCP_CLOSE = 8,
  TCP_SYN_SENT2 = 9,
  TCP_RETRANS = 10,
  TCP_UNACK = 11,
  TCP_LOOSE = 12,
  TCP_BE_LIBERAL = 13,
  TCP_IGNORE_INVALID_RST = 14,
  TCP_MAX_RETRANS = 15,
  UDP = 16,
  UDP_STREAM = 17,
  ICMP = 18,
  ICMPV6 = 19,
  GENERIC = 20,
  ACCT = 21,
  CHECKSUM = 22,
  GRE = 23,
  GRE_STREAM = 24,
  SCTP_CLOSED = 25,
  SCTP_COOKIE_WAIT = 26,
  SCTP_COOKIE_ECHOED = 27,
  SCTP_ESTABLISHED = 28,
  SCTP_SHUTDOWN_SENT = 29,
  SCTP_SHUTDOWN_RECD = 30,
  SCTP_SHUTDOWN_ACK_SENT = 31,
  SCTP_HEARTBEAT_SENT = 32,
  FRAG4_TIME = 33,
  FRAG4_HIGH = 34,
  FRAG4_LOW = 35,
  FRAG4_DISTANCE = 36,
  FRAG6_TIME = 37,
  FRAG6_HIGH = 38,
  FRAG6_LOW = 39,
  EXPECT_MAX = 41,
  /** Set by `--one-way`; not the kernel's. */
  ONE_WAY = 42,
  /** The FTP helper believes announced addresses of third hosts (module parameter `loose` of nf_conntrack_ftp). */
  FTP_LOOSE = 43,
  WORDS = 51,
}

interface SettingInfo {
  /** As `--set` takes it; null for what the kernel has no name for. */
  readonly name: string | null;
  readonly word: Setting;
  readonly kind: 'seconds' | 'switch' | 'count' | 'table' | 'amount';
  /** Seconds, 0 or 1, a count, or bytes and the like. */
  readonly linux: number;
  /** Where the older defaults differ. */
  readonly classic?: number;
}

const seconds = (name: string | null, word: Setting, linux: number, classic = linux): SettingInfo => ({
  name,
  word,
  kind: 'seconds',
  linux,
  classic,
});
const toggle = (name: string, word: Setting, linux: number): SettingInfo => ({
  name,
  word,
  kind: 'switch',
  linux,
});

const amount = (name: string, word: Setting, linux: number): SettingInfo => ({
  name,
  word,
  kind: 'amount',
  linux,
});

const HOUR_S = 3600;
const DAY_S = 86400;
const MIB = 1 << 20;

export const SETTINGS: readonly SettingInfo[] = [
  seconds(null, Setting.TCP_NONE, 120, HOUR_S / 2),
  seconds('tcp_timeout_syn_sent', Setting.TCP_SYN_SENT, 120),
  seconds('tcp_timeout_syn_recv', Setting.TCP_SYN_RECV, 60),
  seconds('tcp_timeout_established', Setting.TCP_ESTABLISHED, 5 * DAY_S),
  seconds('tcp_timeout_fin_wait', Setting.TCP_FIN_WAIT, 120),
  seconds('tcp_timeout_close_wait', Setting.TCP_CLOSE_WAIT, 60, 12 * HOUR_S),
  seconds('tcp_timeout_last_ack', Setting.TCP_LAST_ACK, 30),
  seconds('tcp_timeout_time_wait', Setting.TCP_TIME_WAIT, 120),
  seconds('tcp_timeout_close', Setting.TCP_CLOSE, 10),
  seconds(null, Setting.TCP_SYN_SENT2, 120),
  seconds('tcp_timeout_max_retrans', Setting.TCP_RETRANS, 300),
  seconds('tcp_timeout_unacknowledged', Setting.TCP_UNACK, 300),
  toggle('tcp_loose', Setting.TCP_LOOSE, 1),
  toggle('tcp_be_liberal', Setting.TCP_BE_LIBERAL, 0),
  toggle('tcp_ignore_invalid_rst', Setting.TCP_IGNORE_INVALID_RST, 0),
  { name: 'tcp_max_retrans', word: Setting.TCP_MAX_RETRANS, kind: 'count', linux: 3 },
  seconds('udp_timeout', Setting.UDP, 30),
  seconds('udp_timeout_stream', Setting.UDP_STREAM, 120, 180),
  seconds('icmp_timeout', Setting.ICMP, 30),
  seconds('icmpv6_timeout', Setting.ICMPV6, 30),
  seconds('generic_timeout', Setting.GENERIC, 600),
  seconds('gre_timeout', Setting.GRE, 30),
  seconds('gre_timeout_stream', Setting.GRE_STREAM, 180),
  seconds('sctp_timeout_closed', Setting.SCTP_CLOSED, 10),
  seconds('sctp_timeout_cookie_wait', Setting.SCTP_COOKIE_WAIT, 3),
  seconds('sctp_timeout_cookie_echoed', Setting.SCTP_COOKIE_ECHOED, 3),
  seconds('sctp_timeout_established', Setting.SCTP_ESTABLISHED, 210),
  seconds('sctp_timeout_shutdown_sent', Setting.SCTP_SHUTDOWN_SENT, 3),
  seconds('sctp_timeout_shutdown_recd', Setting.SCTP_SHUTDOWN_RECD, 3),
  seconds('sctp_timeout_shutdown_ack_sent', Setting.SCTP_SHUTDOWN_ACK_SENT, 3),
  seconds('sctp_timeout_heartbeat_sent', Setting.SCTP_HEARTBEAT_SENT, 30),
  { name: 'expect_max', word: Setting.EXPECT_MAX, kind: 'table', linux: 4096 },
  toggle('ftp_loose', Setting.FTP_LOOSE, 0),
  toggle('acct', Setting.ACCT, 1),
  toggle('checksum', Setting.CHECKSUM, 1),
  seconds('ipfrag_time', Setting.FRAG4_TIME, 30),
  amount('ipfrag_high_thresh', Setting.FRAG4_HIGH, 4 * MIB),
  amount('ipfrag_low_thresh', Setting.FRAG4_LOW, 3 * MIB),
  amount('ipfrag_max_dist', Setting.FRAG4_DISTANCE, 64),
  seconds('frag6_timeout', Setting.FRAG6_TIME, 60),
  amount('frag6_high_thresh', Setting.FRAG6_HIGH, 4 * MIB),
  amount('frag6_low_thresh', Setting.FRAG6_LOW, 3 * MIB),
];

/** A deadline must lie less than 2^31 ms ahead. */
export const TIMEOUT_MAX_S = 2147483;
const COUNT_MAX = 255;
const TABLE_MAX = 1_048_576;
const AMOUNT_MAX = 1 << 30;

export type TimeoutPreset = 'linux' | 'classic';
export const TIMEOUT_PRESETS: readonly TimeoutPreset[] = ['linux', 'classic'];

/** Shared settings with the defaults of a preset. */
export function createSettings(preset: TimeoutPreset = 'linux'): Int32Array {
  const settings = createSharedI32(Setting.WORDS);
  for (const s of SETTINGS) {
    const value = preset === 'classic' ? (s.classic ?? s.linux) : s.linux;
    settings[s.word] = s.kind === 'seconds' ? value * 1000 : value;
  }
  return settings;
}

const ALLOWED: Record<SettingInfo['kind'], { max: number; text: string }> = {
  seconds: { max: TIMEOUT_MAX_S, text: `whole seconds from 0 to ${TIMEOUT_MAX_S}` },
  switch: { max: 1, text: '0 or 1' },
  table: { max: TABLE_MAX, text: `a whole number from 0 to ${TABLE_MAX}` },
  count: { max: COUNT_MAX, text: `a whole number from 0 to ${COUNT_MAX}` },
  amount: { max: AMOUNT_MAX, text: `a whole number from 0 to ${AMOUNT_MAX}` },
};

/** What a kind of setting allows: 0 to `max`, in words `text`. */
export const settingRange = (kind: SettingInfo['kind']): { readonly max: number; readonly text: string } =>
  ALLOWED[kind];

/** Names that `--set` takes, with what each allows and its default. */
export function settingNames(): { name: string; allowed: string; linux: number }[] {
  return SETTINGS.flatMap((s) =>
    s.name === null ? [] : [{ name: s.name, allowed: ALLOWED[s.kind].text, linux: s.linux }],
  );
}

/**
 * Limits of reassembly. The low thresholds have had no effect since Linux 4.17, here as there.
 *
 * Units: ms, bytes, packets
 */
export function reassemblyLimits(settings: Int32Array) {
  return {
    ipv4: {
      timeoutMs: settings[Setting.FRAG4_TIME],
      bytesMax: settings[Setting.FRAG4_HIGH],
      distanceMax: settings[Setting.FRAG4_DISTANCE],
    },
    ipv6: { timeoutMs: settings[Setting.FRAG6_TIME], bytesMax: settings[Setting.FRAG6_HIGH] },
  };
}

/**
 * Carries out one `--set name=value`.
 *
 * Errors: OptionError for a text without "=", an unknown name (with all names), a value out of range
 */
export function applySetting(settings: Int32Array, assignment: string): void {
  const equals = assignment.indexOf('=');
  const names = () =>
    settingNames()
      .map((s) => s.name)
      .join(', ');
  if (equals < 0) throw new OptionError('--set', assignment, 'NAME=VALUE', `Names: ${names()}`);
  const name = assignment
    .slice(0, equals)
    .trim()
    .replace(/^((net\.netfilter\.)?nf_conntrack_|net\.ipv4\.(?=ipfrag_))/, '');
  const value = assignment.slice(equals + 1).trim();
  const setting = SETTINGS.find((s) => s.name === name);
  if (setting === undefined) throw new OptionError('--set', assignment, `one of ${names()}`);
  const allowed = ALLOWED[setting.kind];
  if (!/^\d{1,10}$/.test(value) || Number(value) > allowed.max) {
    throw new OptionError(`--set ${name}`, value, allowed.text, `The default is ${setting.linux}`);
  }
  settings[setting.word] = setting.kind === 'seconds' ? Number(value) * 1000 : Number(value);
}
