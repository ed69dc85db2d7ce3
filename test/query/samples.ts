/** Random entries and random filters, from few values, so that they often meet. */

import type { Connection } from '../../src/export/connection.ts';
import { connectionOf } from '../../src/export/entry-view.ts';
import { FILTER_KEYS, type FilterKeyInfo } from '../../src/query/keys.ts';
import { valueNames } from '../../src/query/values.ts';
import { Kind, Status } from '../../src/shm/bits.ts';
import { connectionId } from '../../src/shm/identity.ts';
import { Cold, Hot } from '../../src/shm/offsets.generated.ts';
import type { Random } from '../support/random.ts';

/** The owner's clock in all samples, and as ms since 1970. */
export const NOW_MS_OF_SECOND = 417;
export const NOW_SEC = 1_790_000_000;
export const NOW_TICK = (NOW_SEC * 1000 + NOW_MS_OF_SECOND) | 0;
export const NOW_NS = BigInt(NOW_SEC) * 1_000_000_000n + BigInt(NOW_MS_OF_SECOND) * 1_000_000n;

const ADDRESSES4 = [
  '10.0.0.1',
  '10.0.0.2',
  '10.1.2.3',
  '192.0.2.1',
  '198.51.100.200',
  '255.255.255.255',
  '0.0.0.0',
];
const WORDS4 = [0x0a000001, 0x0a000002, 0x0a010203, 0xc0000201, 0xc63364c8, 0xffffffff, 0].map((w) => w | 0);
const ADDRESSES6 = ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1', 'fe80::1', '::', '::ffff:10.0.0.1'];
const WORDS6 = [
  [0x20010db8, 0, 0, 1],
  [0x20010db8, 0, 0, 2],
  [0x20010db8, 1, 0, 1],
  [0xfe800000 | 0, 0, 0, 1],
  [0, 0, 0, 0],
  [0, 0, 0xffff, 0x0a000001],
];
const NETWORKS = [
  '10.0.0.0/8',
  '10.0.0.0/30',
  '0.0.0.0/0',
  '::/0',
  '128.0.0.0/1',
  '192.0.2.129/24',
  '2001:db8::/32',
  '2001:db8::/63',
  '2001:db8::/64',
  'fe80::/10',
  '::/127',
  '::ffff:0.0.0.0/96',
];
const PROTOCOLS = [6, 6, 6, 17, 1, 58, 47, 132, 136, 50, 0];
const PORTS = [0, 1, 53, 80, 443, 8000, 8050, 65535];
const COUNTS = [0, 1, 2, 999, 1000, 1001, 20_000, 1_000_000, 2 ** 32, 2 ** 40 + 1];
/** Seconds before now, and nanoseconds of that second on either side of now's. */
const AGES = [0, 0, 1, 29, 30, 31, 60, 3600, 86_400];
const NSECS = [0, 416_999_999, 417_000_000, 417_000_001, 999_999_999];
const MARKS = [0, 1, 0x10, 0xff, 0x80000000, 0xffffffff];

const scratch = new Float64Array(1);
const scratchWords = new Int32Array(scratch.buffer);

/** Writes a random entry; hot words at `h`, cold ones at `c`. `h` may be odd. */
export function writeEntry(random: Random, hot: Int32Array, h: number, cold: Int32Array, c: number): void {
  for (let i = 0; i < Hot.WORDS; i++) hot[h + i] = random.word();
  for (let i = 0; i < Cold.WORDS; i++) cold[c + i] = random.word();
  const protocol = random.pick(PROTOCOLS);
  const isIpv6 = protocol === 58 || (protocol !== 1 && random.chance(0.4));
  const lo = isIpv6 ? random.pick(WORDS6) : [random.pick(WORDS4), 0, 0, 0];
  const hi = isIpv6 ? random.pick(WORDS6) : [random.pick(WORDS4), 0, 0, 0];
  hot[h + Hot.LO0] = lo[0];
  hot[h + Hot.HI0] = hi[0];
  for (let i = 0; i < 3; i++) {
    cold[c + Cold.LO1 + i] = lo[i + 1];
    cold[c + Cold.HI1 + i] = hi[i + 1];
  }
  const isIcmp = protocol === 1 || protocol === 58;
  const type = protocol === 58 ? random.pick([128, 129, 139]) : random.pick([8, 0, 13]);
  const low = isIcmp ? (type << 8) | random.pick([0, 1]) : random.pick(PORTS);
  hot[h + Hot.L4] = (random.pick(PORTS) << 16) | low;
  hot[h + Hot.KIND] =
    (random.pick([0, 0, 1, 65535]) << Kind.ZONE_SHIFT) | Kind.USED | (isIpv6 ? Kind.IPV6 : 0) | protocol;
  const states = protocol === 6 ? 10 : protocol === 132 ? 9 : 1;
  const bits = [Status.EXPECTED, Status.SEEN_REPLY, Status.ASSURED, Status.FIXED_TIMEOUT, Status.COUNTED];
  const ours = [Status.FROM_HI, Status.RESTARTED, Status.DYING, Status.CONFIRMED, Status.COUNTED];
  let status = random.below(states) << Status.STATE_SHIFT;
  for (const bit of [...bits, ...ours]) if (random.chance(0.5)) status |= bit;
  status |= random.pick([0, 0, 1, 4, 7, 18]) << Status.HELPER_SHIFT;
  hot[h + Hot.STATUS] = status;
  hot[h + Hot.DEADLINE] = NOW_TICK + random.pick([-1000, 0, 999, 1000, 29_999, 30_000, 432_000_000]);
  hot[h + Hot.LAST_SEC] = NOW_SEC - random.pick(AGES);
  hot[h + Hot.LAST_NSEC] = random.pick(NSECS);
  cold[c + Cold.START_SEC] = NOW_SEC - random.pick(AGES);
  cold[c + Cold.START_NSEC] = random.pick(NSECS);
  hot[h + Hot.CREATED] = random.below(4);
  hot[h + Hot.MARK] = random.pick(MARKS);
  cold[c + Cold.MASTER] = random.pick([0, 1, 77, 0xffffffff]);
  for (const field of [Hot.PACKETS_ORIG, Hot.BYTES_ORIG, Hot.PACKETS_REPLY, Hot.BYTES_REPLY]) {
    scratch[0] = random.pick(COUNTS);
    hot[h + field] = scratchWords[0];
    hot[h + field + 1] = scratchWords[1];
  }
}

export const connectionAt = (hot: Int32Array, h: number, cold: Int32Array, c: number): Connection =>
  connectionOf({ hot, h, cold, c }, NOW_TICK, null);

export const idAt = (hot: Int32Array, h: number, cold: Int32Array, c: number): number =>
  connectionId(hot, h, cold, c);

/** A number as the language writes it, at or near one that entries have. */
function numberText(random: Random, key: FilterKeyInfo): string {
  switch (key.kind) {
    case 'count':
      return random.pick(['0', '1', '2', '999', '1k', '1001', '20k', '1M', '4294967296', '1G', '2000G']);
    case 'duration':
      return random.pick(['0', '1', '29', '30s', '31', '1m', '1h', '0h60m', '1d', '5d', '0']);
    default:
      if (key.name === 'icmp-type') return random.pick(['0', '8', '13', '14', '128', '129', '140', '255']);
      if (key.name === 'icmp-code') return random.pick(['0', '1']);
      return String(random.pick(PORTS) + random.pick([0, 0, 0, 1, -1]))
        .replace('65536', '0x10')
        .replace('-1', '7');
  }
}

function rangeText(random: Random, key: FilterKeyInfo): string {
  const a = numberText(random, key);
  switch (random.below(5)) {
    case 0:
      return `0-${a}`;
    case 1:
      return `${a}-`;
    case 2:
      return `-${a}`;
    default:
      return a;
  }
}

/** A value of the key; `ids` are those of entries there are. */
function valueText(random: Random, key: FilterKeyInfo, ids: readonly number[]): string {
  switch (key.kind) {
    case 'network':
      return random.pick([...ADDRESSES4, ...ADDRESSES6, ...NETWORKS]);
    case 'protocol':
      return random.chance(0.5)
        ? String(random.pick(PROTOCOLS))
        : random.pick([...valueNames(key.kind), 'TCP']);
    case 'mark': {
      const value = String(random.pick(MARKS));
      return random.chance(0.5) ? value : `${value}/0x${random.pick(MARKS).toString(16)}`;
    }
    case 'master':
      return random.pick(['none', 'any', '0', '1', '77', '0xffffffff']);
    case 'family':
    case 'state':
    case 'status':
    case 'helper':
      return random.pick(valueNames(key.kind));
    default:
      if (key.name === 'id') return String(random.pick(ids));
      return rangeText(random, key);
  }
}

const isNumber = (key: FilterKeyInfo): boolean => ['number', 'count', 'duration'].includes(key.kind);

/** One test as a key and a value. */
export function randomPair(random: Random, ids: readonly number[]): readonly [string, string] {
  const key = random.pick(FILTER_KEYS);
  const name = random.pick([key.name, ...key.aliases]);
  const sign = random.chance(0.25) ? '!' : '';
  if (isNumber(key) && random.chance(0.3))
    return [name, `${sign}${random.pick(['>', '<', '>=', '<=', '='])}${numberText(random, key)}`];
  const count = random.pick([1, 1, 1, 2, 3, 5]);
  const values = Array.from({ length: count }, () => valueText(random, key, ids));
  return [name, sign + values.join(',')];
}
