/** What traffic is to be generated: all of it in one object, plain data that travels to a thread. */
import { OptionError } from '../common/errors.ts';
import type { HashKey } from '../common/hash.ts';

export type TrafficProtocol = 'tcp' | 'udp' | 'icmp' | 'sctp' | 'gre';
export const TRAFFIC_PROTOCOLS: readonly TrafficProtocol[] = ['tcp', 'udp', 'icmp', 'sctp', 'gre'];

export type LifetimeKind = 'fixed' | 'exponential' | 'pareto' | 'forever';

/** IP packets from `min` to `max` bytes, evenly; `weight` beside the other rows. */
export interface SizeShare {
  readonly min: number;
  readonly max: number;
  readonly weight: number;
}

/** The usual mixture of Internet packets. */
export const IMIX: readonly SizeShare[] = [
  { min: 40, max: 40, weight: 7 },
  { min: 576, max: 576, weight: 4 },
  { min: 1500, max: 1500, weight: 1 },
];

/** Connections that a known key files into the same few places of a table's index. */
export interface CollisionOptions {
  readonly packetsPerSecond: number;
  /** Different connections; each has its turn, again and again. */
  readonly connections: number;
  /** The key that the attacker knows. */
  readonly hashKey: HashKey;
  /** Shards of the tracker under attack. All goes to the first. */
  readonly shards: number;
  /** Log2 of the slots of its index. A smaller one is hit as well. */
  readonly slotBits: number;
  /** Slots at which the probes begin: fewer take longer to find, `2^slotBits / slots` hashes for a connection. */
  readonly slots: number;
}

export interface TrafficOptions {
  /** The same options with the same seed give the same bytes. */
  readonly seed: number;
  /** Time of the first packet. Units: seconds since 1970 */
  readonly startSec: number;
  /** Ends after so many packets; Infinity for no such end. */
  readonly packets: number;
  /** Ends after so much time of the packets; Infinity for no such end. Units: s */
  readonly durationS: number;

  /** Of all traffic that is no attack; 0 for attacks alone. */
  readonly packetsPerSecond: number;
  /** Connections that are open at the same time: one that ends is followed by another. 0: what the two below make of it. */
  readonly concurrent: number;
  /** Connections opened evenly in time. With `concurrent`, the mean lifetime follows from both. 0: not said. */
  readonly connectionsPerSecond: number;
  readonly lifetime: LifetimeKind;
  /** Mean. 0: not said. Units: s */
  readonly lifetimeS: number;
  /** Of pareto: the smaller, the longer its tail. Above 1. */
  readonly paretoShape: number;

  /** Weights of the protocols among new connections. */
  readonly mix: Readonly<Record<TrafficProtocol, number>>;
  /** Of packets with data. One smaller than its headers has no data. */
  readonly sizes: readonly SizeShare[];
  /** Exponent of the popularity of connections among packets with data; 0: all alike. */
  readonly zipf: number;
  /** Of new connections, from 0 to 1; as the shares below. */
  readonly ipv6Share: number;
  /** Connections of which the capture has one direction only, each in half of them. */
  readonly oneWayShare: number;
  /** Packets that the capture has not, though their receivers have. */
  readonly loss: number;
  /** TCP segments with data that come after their successor. */
  readonly reordering: number;
  /** TCP segments with data, or with a SYN or FIN (not SYN+ACK), that come again, two round trips later. */
  readonly retransmission: number;
  /** TCP connections that a RST ends. */
  readonly resetShare: number;
  /** Time between a question and its answer. Units: ms */
  readonly roundTripMs: number;
  readonly clients: number;
  readonly servers: number;

  /** Packets per second, beside the traffic above. SYNs from anywhere to one server, never answered. */
  readonly synFlood: number;
  /** Datagrams from anywhere to one server, to ports at random. */
  readonly udpFlood: number;
  /** One host asks port after port of host after host, and is refused: SYN and RST in turn. */
  readonly portScan: number;
  /** IPv4 fragments of datagrams that will never be complete. */
  readonly fragmentFlood: number;
  readonly collisions: CollisionOptions | null;
}

/** IP packets that can be generated. Units: bytes */
export const SIZE_MIN = 28;
export const SIZE_MAX = 9000;
/** A frame of that size: Ethernet, and the padding of SCTP. */
export const FRAME_BYTES_MAX = SIZE_MAX + 18;
export const CLIENTS_MAX = 1 << 24;
export const SERVERS_MAX = 1 << 16;
export const CONCURRENT_MAX = 1 << 24;
export const RATE_MAX = 1e9;
export const SLOT_BITS_MAX = 28;
/** Hashes that the search for collisions may be expected to need. */
const SEARCH_MAX = 2 ** 30;

export const TRAFFIC_DEFAULTS: TrafficOptions = {
  seed: 1,
  startSec: 1_700_000_000,
  packets: Number.POSITIVE_INFINITY,
  durationS: Number.POSITIVE_INFINITY,
  packetsPerSecond: 100_000,
  concurrent: 0,
  connectionsPerSecond: 0,
  lifetime: 'exponential',
  lifetimeS: 0,
  paretoShape: 1.5,
  mix: { tcp: 80, udp: 18, icmp: 2, sctp: 0, gre: 0 },
  sizes: IMIX,
  zipf: 0,
  ipv6Share: 0,
  oneWayShare: 0,
  loss: 0,
  reordering: 0,
  retransmission: 0,
  resetShare: 0.1,
  roundTripMs: 1,
  clients: 65_536,
  servers: 1024,
  synFlood: 0,
  udpFlood: 0,
  portScan: 0,
  fragmentFlood: 0,
  collisions: null,
};

export const COLLISION_DEFAULTS: Omit<CollisionOptions, 'packetsPerSecond' | 'hashKey'> = {
  connections: 4096,
  shards: 1,
  slotBits: 20,
  slots: 256,
};

/** Connections open at the same time where nothing else is said. */
const CONCURRENT_DEFAULT = 10_000;
const LIFETIME_S_DEFAULT = 10;

/** How connections come and go: what follows from the three numbers of which two may be said. */
export interface Population {
  /** Whether one that ends is followed by another at once; else they come at their own rate. */
  readonly isClosed: boolean;
  /** Places for connections. */
  readonly places: number;
  readonly connectionsPerSecond: number;
  readonly lifetimeS: number;
}

/** By how much more than the mean there may be at the same time, in standard deviations. */
const SPREAD = 8;

/** Errors: OptionError where the three numbers contradict each other. */
export function populationOf(options: TrafficOptions): Population {
  const { concurrent, connectionsPerSecond: perSecond, lifetimeS } = options;
  const isForever = options.lifetime === 'forever';
  if (concurrent > 0 && perSecond > 0 && (lifetimeS > 0 || isForever))
    throw new OptionError(
      '--lifetime',
      isForever ? 'forever' : `${lifetimeS}s`,
      'two of --connections, --new and --lifetime: the third follows from them',
    );
  if (perSecond > 0 && concurrent === 0) {
    if (isForever)
      throw new OptionError(
        '--lifetime',
        'forever',
        'with --connections',
        'Otherwise they would grow without end',
      );
    const mean = lifetimeS > 0 ? lifetimeS : LIFETIME_S_DEFAULT;
    const alive = perSecond * (mean + options.roundTripMs / 250);
    const places = Math.ceil(alive + SPREAD * Math.sqrt(alive)) + 64;
    if (places > CONCURRENT_MAX)
      throw new OptionError(
        '--new',
        String(perSecond),
        `with this lifetime, at most ${CONCURRENT_MAX} at a time`,
      );
    return { isClosed: false, places, connectionsPerSecond: perSecond, lifetimeS: mean };
  }
  const places = concurrent > 0 ? concurrent : CONCURRENT_DEFAULT;
  if (isForever)
    return { isClosed: true, places, connectionsPerSecond: 0, lifetimeS: Number.POSITIVE_INFINITY };
  const followed = perSecond > 0 ? places / perSecond : LIFETIME_S_DEFAULT;
  const mean = lifetimeS > 0 ? lifetimeS : followed;
  return { isClosed: true, places, connectionsPerSecond: places / mean, lifetimeS: mean };
}

/** Packets that a connection needs to open and to end. */
const PACKETS_NEEDED: Readonly<Record<TrafficProtocol, number>> = {
  tcp: 7,
  udp: 2,
  icmp: 2,
  sctp: 7,
  gre: 2,
};

function checkNumber(option: string, value: number, min: number, max: number, what: string): void {
  if (!(value >= min && value <= max))
    throw new OptionError(option, String(value), `${what} from ${min} to ${max}`);
}

function checkWhole(option: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new OptionError(option, String(value), `a whole number from ${min} to ${max}`);
}

function checkSizes(sizes: readonly SizeShare[]): void {
  if (sizes.length === 0) throw new OptionError('--size', '', 'at least one size');
  for (const { min, max, weight } of sizes) {
    checkWhole('--size', min, SIZE_MIN, SIZE_MAX);
    checkWhole('--size', max, min, SIZE_MAX);
    if (!(weight > 0)) throw new OptionError('--size', String(weight), 'weights above 0');
  }
}

function checkCollisions(options: CollisionOptions): void {
  checkNumber('--collisions', options.packetsPerSecond, 0, RATE_MAX, 'packets per second');
  checkWhole('--collision-connections', options.connections, 1, CONCURRENT_MAX);
  checkWhole('--collision-shards', options.shards, 1, 64);
  checkWhole('--collision-slot-bits', options.slotBits, 6, SLOT_BITS_MAX);
  checkWhole('--collision-slots', options.slots, 1, 2 ** options.slotBits);
  const hashes = (options.connections * options.shards * 2 ** options.slotBits) / options.slots;
  if (hashes > SEARCH_MAX)
    throw new OptionError(
      '--collision-slots',
      String(options.slots),
      `so many that ${SEARCH_MAX} hashes find all connections, here ${Math.ceil((hashes / SEARCH_MAX) * options.slots)}`,
      'Or ask for fewer connections, or a smaller table',
    );
}

const SHARES = [
  ['--ipv6', 'ipv6Share', 1],
  ['--one-way-share', 'oneWayShare', 1],
  ['--loss', 'loss', 0.99],
  ['--reorder', 'reordering', 1],
  ['--retransmit', 'retransmission', 1],
  ['--resets', 'resetShare', 1],
] as const;

const RATES = [
  ['--rate', 'packetsPerSecond'],
  ['--new', 'connectionsPerSecond'],
  ['--syn-flood', 'synFlood'],
  ['--udp-flood', 'udpFlood'],
  ['--port-scan', 'portScan'],
  ['--fragment-flood', 'fragmentFlood'],
] as const;

/**
 * All options, from those that are given and the defaults.
 *
 * Errors: OptionError, under the names that the command has for them
 */
export function trafficOptions(given: Partial<TrafficOptions> = {}): TrafficOptions {
  const options = { ...TRAFFIC_DEFAULTS, ...given };
  checkWhole('--seed', options.seed, 0, 0xffff_ffff);
  checkWhole('--start', options.startSec, 0, 0xffff_ffff);
  checkNumber('--packets', options.packets, 0, Number.POSITIVE_INFINITY, 'a number of packets');
  checkNumber('--duration', options.durationS, 0, Number.POSITIVE_INFINITY, 'a time');
  for (const [name, key] of RATES) checkNumber(name, options[key], 0, RATE_MAX, 'a number per second');
  for (const [name, key, max] of SHARES) checkNumber(name, options[key], 0, max, 'a share');
  checkWhole('--connections', options.concurrent, 0, CONCURRENT_MAX);
  checkNumber('--lifetime', options.lifetimeS, 0, 1e6, 'seconds');
  checkNumber('--lifetime', options.paretoShape, 1.01, 100, 'a shape');
  checkNumber('--zipf', options.zipf, 0, 10, 'an exponent');
  checkNumber('--rtt', options.roundTripMs, 0, 1000, 'milliseconds');
  checkWhole('--clients', options.clients, 1, CLIENTS_MAX);
  checkWhole('--servers', options.servers, 1, SERVERS_MAX);
  checkSizes(options.sizes);
  const weights = TRAFFIC_PROTOCOLS.map((protocol) => options.mix[protocol]);
  const sum = weights.reduce((all, weight) => all + weight, 0);
  if (!(sum > 0) || weights.some((weight) => !(weight >= 0)))
    throw new OptionError('--mix', weights.join(','), 'weights, at least one of them above 0');
  if (options.collisions !== null) checkCollisions(options.collisions);
  if (totalRate(options) === 0)
    throw new OptionError('--rate', '0', 'more than 0, or with an attack that has a rate of its own');
  if (options.packetsPerSecond > 0) checkPopulation(options, sum);
  return options;
}

function checkPopulation(options: TrafficOptions, weights: number): void {
  const population = populationOf(options);
  const needed = TRAFFIC_PROTOCOLS.reduce(
    (all, protocol) => all + (PACKETS_NEEDED[protocol] * options.mix[protocol]) / weights,
    0,
  );
  const perSecond = population.connectionsPerSecond * needed;
  if (perSecond > options.packetsPerSecond)
    throw new OptionError(
      '--rate',
      String(options.packetsPerSecond),
      `at least ${Math.ceil(perSecond)} packets per second`,
      `So many are needed to open and to end ${Math.ceil(population.connectionsPerSecond)} connections per second`,
    );
}

/** Packets per second of everything together. */
export const totalRate = (o: TrafficOptions): number =>
  o.packetsPerSecond +
  o.synFlood +
  o.udpFlood +
  o.portScan +
  o.fragmentFlood +
  (o.collisions?.packetsPerSecond ?? 0);

/** Packets until the end, as near as can be said; Infinity where there is none. */
export const expectedPackets = (o: TrafficOptions): number => Math.min(o.packets, o.durationS * totalRate(o));
