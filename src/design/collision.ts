/**
 * Connections chosen for their hash. An attacker who knows the key files them side by side, so that each makes the probes of
 * the others longer: then the bound must hold. With the random key that every start draws the same packets must do nothing: they
 * are compared with as many that were not chosen at all.
 */
import { OptionError } from '../common/errors.ts';
import { assuredUpTo } from '../shm/assured.ts';
import { indexSlotsFor } from '../shm/segment.ts';
import { PROBE_LIMIT } from '../shm/table.ts';
import { type CollisionOptions, trafficOptions } from '../traffic/options.ts';
import { type Design, type DesignRequest, designOf } from './design.ts';
import {
  best,
  type Criterion,
  establishedPerSecond,
  framesOf,
  runOf,
  type ScenarioHooks,
  type ScenarioResult,
  type ScenarioRun,
} from './scenario.ts';

export interface CollisionRequest extends DesignRequest {
  readonly rounds: number;
  /** Packets of the attack for each packet of the connections. */
  readonly perPacket: number;
}

/** The key that the attacker knows. */
const KNOWN_KEY = { k0: 0x0123_4567, k1: 0x89ab_cdef | 0 };
/** Another one, that he does not know: as good as drawn, and the same in each run. */
const OTHER_KEY = { k0: 0x5be0_cd19, k1: 0x1f83_d9ab };
/** Slots at which the probes of the attack begin, and its connections: more than the bound lets into them. */
const SLOTS = 64;
const CONNECTIONS = SLOTS + 3 * PROBE_LIMIT;
/** Rates of one run differ by a little anyway. */
const RATE_SHARE = 0.8;
/** A probe of chance is longer in one run than in another. */
const PROBE_FACTOR = 2;
const PROBE_SLACK = 16;

const VARIANTS = ['unchosen', 'random key', 'known key'] as const;
type Variant = (typeof VARIANTS)[number];

function attackOf(request: CollisionRequest, slotBits: number, slots: number) {
  const collisions: CollisionOptions = {
    packetsPerSecond: 1_000_000,
    connections: CONNECTIONS,
    hashKey: KNOWN_KEY,
    shards: request.shards,
    slotBits,
    slots,
  };
  return {
    perPacket: request.perPacket,
    traffic: trafficOptions({ seed: request.seed, packetsPerSecond: 0, collisions }),
  };
}

/** What is refused shall be so for its probe, not for want of room. Errors: OptionError */
function checkRoom({ shards }: CollisionRequest, flows: number, max: number): void {
  // The hash spreads flows over the shards about evenly.
  const spread = flows / shards + 8 * Math.sqrt(flows / shards);
  const needed = Math.ceil((Math.min(flows, spread) + CONNECTIONS) * shards);
  if (max < needed)
    throw new OptionError(
      '--max',
      String(max),
      `at least ${needed}`,
      'All connections of the attack have to fit into one shard',
    );
}

/** Errors: OptionError, Interrupted */
export async function collision(
  request: CollisionRequest,
  hooks: ScenarioHooks = {},
): Promise<ScenarioResult> {
  const asked = { ...request, newPerSecond: 0, mix: { tcp: 1, udp: 0, icmp: 0, sctp: 0, gre: 0 } };
  const { max, flows } = designOf(asked);
  checkRoom(request, flows, max);
  // As large as the index may become: what lies side by side there does so in a smaller one too.
  const slotBits = Math.log2(indexSlotsFor(Math.ceil(max / request.shards)));
  const chosen = attackOf(request, slotBits, SLOTS);
  const unchosen = attackOf(request, slotBits, 2 ** slotBits);
  const packets = Math.ceil((CONNECTIONS + 1) / request.perPacket);
  const chosenFrames = await framesOf(designOf(asked, chosen), hooks, packets);
  const unchosenFrames = await framesOf(designOf(asked, unchosen), hooks, packets);
  const designs: Readonly<Record<Variant, Design>> = {
    unchosen: designOf({ ...asked, hashKey: OTHER_KEY }, unchosen),
    'random key': designOf({ ...asked, hashKey: OTHER_KEY }, chosen),
    'known key': designOf({ ...asked, hashKey: KNOWN_KEY }, chosen),
  };

  const runs: ScenarioRun[] = [];
  const rates: Record<Variant, number[]> = { unchosen: [], 'random key': [], 'known key': [] };
  const probes: Record<Variant, number> = { unchosen: 0, 'random key': 0, 'known key': 0 };
  const refused: Record<Variant, number> = { unchosen: 0, 'random key': 0, 'known key': 0 };
  let lost = 0;
  let otherReasons = 0;
  for (let round = 1; round <= request.rounds; round++) {
    for (const name of VARIANTS) {
      const design = designs[name];
      const frames = name === 'unchosen' ? unchosenFrames : chosenFrames;
      const { figures, found } = await runOf(
        `round ${round}, ${name}`,
        design,
        frames,
        hooks,
        ({ segments }) => assuredUpTo(segments, frames.prologue),
      );
      runs.push({ name, round, figures });
      rates[name].push(establishedPerSecond(figures));
      probes[name] = Math.max(probes[name], figures.probes.maxEver);
      refused[name] += figures.refusedProbe;
      lost = Math.max(lost, design.flows - found);
      for (const [reason, count] of Object.entries(figures.reasons))
        if (reason !== 'probe-limit') otherReasons += count;
    }
  }
  const rate = (name: Variant): number => best(rates[name]);
  const criteria: Criterion[] = [
    {
      name: 'known key: no probe is longer than the bound',
      holds: probes['known key'] < PROBE_LIMIT,
      words: `longest ${probes['known key']}, bound ${PROBE_LIMIT}`,
    },
    {
      name: 'known key: what would be longer is refused and counted',
      holds: refused['known key'] > 0,
      words: `${refused['known key']} refused as probe-limit`,
    },
    {
      name: 'nothing else is harmed',
      holds: lost === 0 && otherReasons === 0,
      words: `${lost} connections lost, ${otherReasons} packets with another reason`,
    },
    {
      name: 'random key: probes are as with packets that were not chosen',
      holds:
        refused['random key'] === 0 && probes['random key'] <= probes.unchosen * PROBE_FACTOR + PROBE_SLACK,
      words: `longest ${probes['random key']} against ${probes.unchosen}; ${refused['random key']} refused`,
    },
    {
      name: 'random key: packets are as fast as with packets that were not chosen',
      holds: rate('random key') >= RATE_SHARE * rate('unchosen'),
      words: `${(rate('random key') / 1e6).toFixed(2)} against ${(rate('unchosen') / 1e6).toFixed(2)} million established packets/s (known key: ${(rate('known key') / 1e6).toFixed(2)})`,
    },
  ];
  return {
    scenario: 'collision',
    runs,
    criteria,
    figures: {
      establishedPerSecondUnchosen: Math.round(rate('unchosen')),
      establishedPerSecondRandomKey: Math.round(rate('random key')),
      establishedPerSecondKnownKey: Math.round(rate('known key')),
      probeMaxUnchosen: probes.unchosen,
      probeMaxRandomKey: probes['random key'],
      probeMaxKnownKey: probes['known key'],
      probeLimit: PROBE_LIMIT,
      refusedKnownKey: refused['known key'],
      refusedRandomKey: refused['random key'],
      lost,
    },
    interrupted: false,
  };
}
