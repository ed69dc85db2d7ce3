/** Options that say what traffic is generated, the same for every command that does, and what they make together. */
import type { Command } from 'commander';
import { OptionError } from '../../common/errors.ts';
import type { HashKey } from '../../common/hash.ts';
import {
  CLIENTS_MAX,
  COLLISION_DEFAULTS,
  CONCURRENT_MAX,
  IMIX,
  type LifetimeKind,
  RATE_MAX,
  SERVERS_MAX,
  SIZE_MAX,
  SIZE_MIN,
  type SizeShare,
  SLOT_BITS_MAX,
  TRAFFIC_DEFAULTS,
  TRAFFIC_PROTOCOLS,
  type TrafficOptions,
  type TrafficProtocol,
  trafficOptions,
} from '../../traffic/options.ts';
import { quantity, secondsOf, share, time, wholeQuantity } from '../quantities.ts';
import { hashKeyOption } from '../tracking-options.ts';
import { choiceOption, wholeNumber } from '../usage.ts';

interface Lifetime {
  readonly kind: LifetimeKind;
  readonly seconds: number;
  readonly shape: number;
}

export interface TrafficFlags {
  readonly profile?: string;
  readonly packets?: number;
  readonly duration?: number;
  readonly rate?: number;
  readonly connections?: number;
  readonly new?: number;
  readonly lifetime?: Lifetime;
  readonly mix?: TrafficOptions['mix'];
  readonly size?: readonly SizeShare[];
  readonly zipf?: number;
  readonly ipv6?: number;
  readonly oneWayShare?: number;
  readonly loss?: number;
  readonly reorder?: number;
  readonly retransmit?: number;
  readonly resets?: number;
  readonly rtt?: number;
  readonly clients?: number;
  readonly servers?: number;
  readonly synFlood?: number;
  readonly udpFlood?: number;
  readonly portScan?: number;
  readonly fragmentFlood?: number;
  readonly collisions?: number;
  readonly collisionKey?: HashKey;
  readonly collisionConnections?: number;
  readonly collisionShards?: number;
  readonly collisionSlotBits?: number;
  readonly collisionSlots?: number;
  readonly seed?: number;
  readonly start?: number;
}

const LIFETIME_KINDS: readonly LifetimeKind[] = ['exponential', 'fixed', 'pareto', 'forever'];
const DURATION_S_DEFAULT = 10;
const DURATION_S_MAX = 1e7;
const PACKETS_MAX = 1e12;

function parseLifetime(value: string): Lifetime {
  const words = value.split(':');
  const kind = LIFETIME_KINDS.find((each) => each === words[0]);
  const [meanText, shapeText, ...more] = kind === undefined ? words : words.slice(1);
  const seconds = meanText === undefined ? 0 : secondsOf(meanText);
  const shape = shapeText === undefined ? TRAFFIC_DEFAULTS.paretoShape : Number(shapeText);
  const isShapeRight = shapeText === undefined || (kind === 'pareto' && shape > 1 && shape <= 100);
  const isMeanRight = meanText === undefined || (kind !== 'forever' && seconds > 0 && seconds <= 1e6);
  if (!isShapeRight || !isMeanRight || more.length > 0)
    throw new OptionError(
      '--lifetime',
      value,
      'a mean, as 10s; fixed:10s; pareto:10s or pareto:10s:1.2; forever; or a kind without a mean, where that follows',
    );
  return { kind: kind ?? 'exponential', seconds, shape };
}

export function parseMix(value: string): TrafficOptions['mix'] {
  const mix = { tcp: 0, udp: 0, icmp: 0, sctp: 0, gre: 0 };
  const isProtocol = (name: string): name is TrafficProtocol => name in mix;
  for (const word of value.split(',')) {
    const [, name, weight] = /^(\w+)=(\d{1,6}(?:\.\d{1,6})?)$/.exec(word.trim()) ?? ['', '', ''];
    if (!isProtocol(name))
      throw new OptionError('--mix', word, `weights, as tcp=80,udp=20, of ${TRAFFIC_PROTOCOLS.join(', ')}`);
    mix[name] = Number(weight);
  }
  return mix;
}

export function parseSizes(value: string): readonly SizeShare[] {
  if (value === 'imix') return IMIX;
  return value.split(',').map((word) => {
    const [, min, max, weight] = /^(\d{1,5})(?:-(\d{1,5}))?(?::(\d{1,6}))?$/.exec(word.trim()) ?? [];
    const row = { min: Number(min), max: Number(max ?? min), weight: Number(weight ?? 1) };
    if (!(row.min >= SIZE_MIN && row.max >= row.min && row.max <= SIZE_MAX && row.weight > 0))
      throw new OptionError(
        '--size',
        word,
        `imix, a size, a range or a comma list of them with weights, as 40:7,576:4,1400-1500:1, from ${SIZE_MIN} to ${SIZE_MAX}`,
      );
    return row;
  });
}

/** Starting points: every option that is given comes before them. */
const PROFILES: Readonly<Record<string, Partial<TrafficOptions>>> = {
  web: {
    mix: { tcp: 90, udp: 10, icmp: 0, sctp: 0, gre: 0 },
    sizes: parseSizes('40:5,576:1,1500:4'),
    lifetimeS: 5,
    zipf: 0.9,
    resetShare: 0.2,
    roundTripMs: 20,
  },
  dns: {
    mix: { tcp: 2, udp: 98, icmp: 0, sctp: 0, gre: 0 },
    sizes: parseSizes('60-90:3,100-512:2'),
    concurrent: 1000,
    lifetime: 'fixed',
    lifetimeS: 0.05,
    roundTripMs: 10,
  },
  datacenter: {
    mix: { tcp: 95, udp: 4, icmp: 1, sctp: 0, gre: 0 },
    sizes: parseSizes('40:3,1500:4,9000:1'),
    lifetime: 'pareto',
    lifetimeS: 2,
    zipf: 1.2,
    roundTripMs: 0.1,
  },
  'syn-flood': { packetsPerSecond: 50_000, synFlood: 500_000 },
};

const rate = (option: string): ((value: string) => number) => quantity(option, 0, RATE_MAX);

export function addTrafficOptions(command: Command): Command {
  const d = TRAFFIC_DEFAULTS;
  const c = COLLISION_DEFAULTS;
  return command
    .optionsGroup('How much:')
    .option('--packets <n>', 'ends after so many packets', wholeQuantity('--packets', 1, PACKETS_MAX))
    .option(
      '--duration <time>',
      `ends after so much time of the packets (default: ${DURATION_S_DEFAULT}s, unless --packets says it)`,
      time('--duration', 1e-6, DURATION_S_MAX),
    )
    .option('--rate <n>', `packets per second (default: ${d.packetsPerSecond / 1000}k)`, rate('--rate'))
    .option(
      '--seed <n>',
      `the packets depend on it and the other options alone (default: ${d.seed})`,
      wholeNumber('--seed', 0, 0xffff_ffff),
    )
    .option(
      '--start <seconds>',
      `time of the first packet, since 1970 (default: ${d.startSec})`,
      wholeNumber('--start', 0, 0xffff_ffff),
    )
    .optionsGroup('Connections:')
    .addOption(
      choiceOption(
        '--profile <name>',
        'a starting point; other options come before it',
        Object.keys(PROFILES),
      ),
    )
    .option(
      '--connections <n>',
      'open at the same time: one that ends is followed by another (default: 10k)',
      wholeQuantity('--connections', 1, CONCURRENT_MAX),
    )
    .option('--new <n>', 'opened per second; with --connections, their lifetime follows', rate('--new'))
    .option(
      '--lifetime <time>',
      'mean, exponential: 10s; or fixed:10s, pareto:10s, pareto:10s:1.2 (with a shape), forever (default: 10s)',
      parseLifetime,
    )
    .option('--mix <weights>', 'protocols of connections (default: tcp=80,udp=18,icmp=2)', parseMix)
    .option('--ipv6 <share>', 'connections over IPv6 (default: 0)', share('--ipv6', 1))
    .option(
      '--clients <n>',
      `addresses of clients (default: ${d.clients})`,
      wholeQuantity('--clients', 1, CLIENTS_MAX),
    )
    .option(
      '--servers <n>',
      `addresses of servers (default: ${d.servers})`,
      wholeQuantity('--servers', 1, SERVERS_MAX),
    )
    .optionsGroup('Packets:')
    .option(
      '--size <bytes>',
      'of IP packets with data: 64, 64-1500, 40:7,576:4,1500:1 with weights, or imix (default: imix)',
      parseSizes,
    )
    .option(
      '--zipf <s>',
      'exponent of the popularity of connections; 0: all alike (default: 0)',
      quantity('--zipf', 0, 10),
    )
    .option('--rtt <time>', `between question and answer (default: ${d.roundTripMs}ms)`, time('--rtt', 0, 1))
    .option(
      '--resets <share>',
      `TCP connections that a RST ends (default: ${d.resetShare})`,
      share('--resets', 1),
    )
    .option('--loss <share>', 'packets that are not in the capture (default: 0)', share('--loss', 0.99))
    .option('--reorder <share>', 'TCP segments with data that come late (default: 0)', share('--reorder', 1))
    .option('--retransmit <share>', 'TCP segments that come again (default: 0)', share('--retransmit', 1))
    .option(
      '--one-way-share <share>',
      'connections of which only one direction is in the capture (default: 0)',
      share('--one-way-share', 1),
    )
    .optionsGroup('Attacks, beside the rest, in packets per second:')
    .option('--syn-flood <n>', 'SYNs from anywhere to one server', rate('--syn-flood'))
    .option('--udp-flood <n>', 'datagrams from anywhere to one server', rate('--udp-flood'))
    .option('--port-scan <n>', 'one host asks ports, and is refused', rate('--port-scan'))
    .option('--fragment-flood <n>', 'fragments of what is never complete', rate('--fragment-flood'))
    .option(
      '--collisions <n>',
      'UDP connections that a known key files side by side; needs --collision-key',
      rate('--collisions'),
    )
    .addOption(
      hashKeyOption('--collision-key <hex>', 'the key: 16 hexadecimal digits, as of track --hash-key'),
    )
    .option(
      '--collision-connections <n>',
      `how many (default: ${c.connections})`,
      wholeQuantity('--collision-connections', 1, CONCURRENT_MAX),
    )
    .option(
      '--collision-shards <n>',
      `shards of the tracker; all go to the first (default: ${c.shards})`,
      wholeNumber('--collision-shards', 1, 64),
    )
    .option(
      '--collision-slot-bits <n>',
      `log2 of the slots of its index (default: ${c.slotBits})`,
      wholeNumber('--collision-slot-bits', 6, SLOT_BITS_MAX),
    )
    .option(
      '--collision-slots <n>',
      `slots at which their probes begin (default: ${c.slots})`,
      wholeQuantity('--collision-slots', 1, 2 ** SLOT_BITS_MAX),
    );
}

function collisionsOf(flags: TrafficFlags): TrafficOptions['collisions'] {
  if (flags.collisions === undefined) {
    for (const name of ['Key', 'Connections', 'Shards', 'SlotBits', 'Slots'] as const) {
      if (flags[`collision${name}`] !== undefined)
        throw new OptionError(
          '--collisions',
          '',
          'packets per second, where another option is about collisions',
        );
    }
    return null;
  }
  if (flags.collisionKey === undefined)
    throw new OptionError(
      '--collisions',
      String(flags.collisions),
      'with --collision-key',
      'The tracker under attack must have the same: --hash-key',
    );
  const d = COLLISION_DEFAULTS;
  return {
    packetsPerSecond: flags.collisions,
    hashKey: flags.collisionKey,
    connections: flags.collisionConnections ?? d.connections,
    shards: flags.collisionShards ?? d.shards,
    slotBits: flags.collisionSlotBits ?? d.slotBits,
    slots: flags.collisionSlots ?? Math.min(d.slots, 2 ** (flags.collisionSlotBits ?? d.slotBits)),
  };
}

/** Errors: OptionError where options contradict each other. */
export function trafficOf(flags: TrafficFlags): TrafficOptions {
  const isEndless = flags.packets === undefined && flags.duration === undefined;
  const given: { [Name in keyof TrafficOptions]?: TrafficOptions[Name] | undefined } = {
    seed: flags.seed,
    startSec: flags.start,
    packets: flags.packets,
    durationS: isEndless ? DURATION_S_DEFAULT : flags.duration,
    packetsPerSecond: flags.rate,
    // Two of the three that are given make the third of a profile void.
    concurrent: flags.connections ?? (flags.new === undefined ? undefined : 0),
    connectionsPerSecond: flags.new,
    lifetime: flags.lifetime?.kind,
    lifetimeS:
      flags.lifetime?.seconds ?? (flags.connections === undefined || flags.new === undefined ? undefined : 0),
    paretoShape: flags.lifetime?.shape,
    mix: flags.mix,
    sizes: flags.size,
    zipf: flags.zipf,
    ipv6Share: flags.ipv6,
    oneWayShare: flags.oneWayShare,
    loss: flags.loss,
    reordering: flags.reorder,
    retransmission: flags.retransmit,
    resetShare: flags.resets,
    roundTripMs: flags.rtt === undefined ? undefined : flags.rtt * 1000,
    clients: flags.clients,
    servers: flags.servers,
    synFlood: flags.synFlood,
    udpFlood: flags.udpFlood,
    portScan: flags.portScan,
    fragmentFlood: flags.fragmentFlood,
    collisions: collisionsOf(flags),
  };
  // What is not given is not to hide what the profile says.
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return trafficOptions({ ...PROFILES[flags.profile ?? ''], ...said });
}
