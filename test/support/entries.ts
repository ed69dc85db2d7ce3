/** Random entries, and random events, of every protocol and family, as words: for what reads them. */
import { HelperNumber } from '../../src/common/helpers.ts';
import { GRE_STREAM_TIMEOUT, GRE_TIMEOUT } from '../../src/conntrack/protocols/others.ts';
import { EndCode, Kind, ReportType, Status } from '../../src/shm/bits.ts';
import { Cold, Hot, Report } from '../../src/shm/offsets.generated.ts';
import type { Random } from './random.ts';

const PROTOCOLS = [6, 6, 17, 17, 1, 58, 47, 132, 136, 0, 2, 50, 255];
const TCP_STATES = 10;
const SCTP_STATES = 9;
const HELPERS = Object.values(HelperNumber).filter((n) => typeof n === 'number').length;
const STATUS_BITS = [
  Status.EXPECTED,
  Status.SEEN_REPLY,
  Status.ASSURED,
  Status.CONFIRMED,
  Status.DYING,
  Status.FIXED_TIMEOUT,
  Status.FROM_HI,
  Status.COUNTED,
  Status.COUNTED,
  Status.RESTARTED,
  Status.ORIGINAL_UNSEEN,
  Status.REFUSED,
];
/** Where the number of digits, or of words, changes. */
const COUNTS = [0, 1, 999, 1000, 999_999, 1e6, 999_999_999, 1e9, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 1e12];
const GREAT_COUNTS = [9_999_999_999, 999_999_999_999, 2 ** 53 - 1, 2 ** 53 - 2, 9_007_199_000_000_000, 1e15];

const pick = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)];

function count(random: Random): number {
  switch (random.below(4)) {
    case 0:
      return pick(random, COUNTS);
    case 1:
      return pick(random, GREAT_COUNTS);
    case 2:
      return random.below(5000);
    default:
      return Math.floor((random.word() >>> 0) * 2 ** random.below(21));
  }
}

/** A word of an address, often with groups of zeros and small groups. */
function addressWord(random: Random): number {
  const group = (): number =>
    pick(random, [0, 0, 0, 1, 0xa, 0x10, 0xabc, 0x1000, 0xffff, random.below(65_536)]);
  return random.below(3) === 0 ? random.word() | 0 : (group() << 16) | group();
}

const smallOrAny = (random: Random): number => (random.below(2) === 0 ? random.below(3) : random.word() | 0);

/** Writes an entry into `words` from `at` on. */
export function randomEntry(random: Random, words: Int32Array, at: number): void {
  const c = at + Hot.WORDS;
  const floats = new DataView(words.buffer, words.byteOffset);
  for (let i = 0; i < Hot.WORDS; i++) words[at + i] = random.word() | 0;
  for (let i = 0; i < Cold.WORDS; i++) words[c + i] = random.word() | 0;
  const protocol = pick(random, PROTOCOLS);
  const isIpv6 = random.below(2) === 0;
  for (const word of [at + Hot.LO0, at + Hot.HI0]) words[word] = addressWord(random);
  for (let i = Cold.LO1; i <= Cold.HI3; i++) words[c + i] = addressWord(random);
  // Addresses with an IPv4 address inside are rare by chance.
  if (random.below(4) === 0) words.fill(0, c + Cold.LO1, c + Cold.LO1 + 1 + random.below(3));
  if (random.below(4) === 0) words[at + Hot.LO0] = 0;
  if (random.below(8) === 0) words[c + Cold.LO2] = 0xffff;
  if (random.below(4) === 0)
    words[at + Hot.L4] = (random.below(70) << 16) | (pick(random, [0, 8, 3, 128]) << 8);
  const zone = random.below(2) === 0 ? 0 : random.below(65_536);
  words[at + Hot.KIND] = (zone << Kind.ZONE_SHIFT) | Kind.USED | (isIpv6 ? Kind.IPV6 : 0) | protocol;
  let status = random.below(protocol === 132 ? SCTP_STATES : TCP_STATES) << Status.STATE_SHIFT;
  for (const bit of STATUS_BITS) if (random.below(2) === 0) status |= bit;
  // Bits that the kernel has and no connection here gets.
  if (random.below(20) === 0) status |= random.below(65_536);
  if (random.below(3) === 0) status |= random.below(HELPERS) << Status.HELPER_SHIFT;
  words[at + Hot.STATUS] = status;
  for (const field of [Hot.PACKETS_ORIG, Hot.BYTES_ORIG, Hot.PACKETS_REPLY, Hot.BYTES_REPLY]) {
    floats.setFloat64((at + field) * 4, count(random), true);
  }
  for (const field of [Hot.LAST_NSEC, Hot.WORDS + Cold.START_NSEC]) words[at + field] = random.below(1e9);
  if (random.below(10) === 0) words[at + Hot.LAST_SEC] = random.below(1000);
  if (random.below(10) === 0) words[c + Cold.START_SEC] = 0;
  words[at + Hot.MARK] = smallOrAny(random);
  words[c + Cold.MASTER] = smallOrAny(random);
  if (protocol === 47) {
    words[at + GRE_TIMEOUT] = random.below(0x7fffffff);
    words[at + GRE_STREAM_TIMEOUT] = random.below(1_000_000);
  }
}

/** A clock for an entry, before or after its deadline. */
export function randomTick(random: Random, deadlineMs: number): number {
  const left = pick(random, [
    0,
    -1,
    1,
    999,
    1000,
    120_000,
    432_000_000,
    random.below(0x7fffffff),
    -random.below(0x7fffffff),
  ]);
  return (deadlineMs - left) | 0;
}

/** Writes a report of type PACKET or END into `words` from `at` on. Of some there is no event, or no connection. */
export function randomReport(random: Random, words: Int32Array, at: number): void {
  randomEntry(random, words, at + Report.HOT);
  const isEnd = random.below(3) === 0;
  words[at + Report.TYPE] = isEnd ? ReportType.END : ReportType.PACKET;
  words[at + Report.NUMBER] = random.word() | 0;
  words[at + Report.SEC] = pick(random, [0, 1, 9_999_999, 10_000_000, 1_700_000_000, random.word() | 0]);
  words[at + Report.NSEC] = pick(random, [0, 999, 1000, 999_999_999, random.below(1e9)]);
  words[at + Report.EVENTS] = isEnd ? 0 : random.below(64);
  words[at + Report.VERDICT] = random.below(0x0a00);
  words[at + Report.END] = isEnd ? random.below(EndCode.KILLED + 1) : -1;
  words[at + Report.TICK] = randomTick(random, words[at + Report.HOT + Hot.DEADLINE]);
  if (random.below(30) === 0) words[at + Report.HOT + Hot.KIND] = 0;
}
