/** Generated traffic of all kinds, over a few hosts and ports, so that connections meet again. It depends on the seed alone. */
import { createRandom } from '../../common/random.ts';
import { createGre, createOther, createUdp } from './datagrams.ts';
import { createFragments } from './fragments.ts';
import { createHeaders } from './headers.ts';
import { createIcmp } from './icmp.ts';
import { createScene, type Kind, type Scene, weighted } from './scene.ts';
import { createSctp } from './sctp.ts';
import { createTcp } from './tcp.ts';
import { mendHeader, Proto } from './wire.ts';

/** Kinds for `--mix`. */
export const FUZZ_KINDS = [
  'tcp',
  'udp',
  'icmp',
  'sctp',
  'gre',
  'other',
  'headers',
  'fragments',
  'damaged',
] as const;
export type FuzzKind = (typeof FUZZ_KINDS)[number];

/** Parts of a thousand. */
const WEIGHTS: Readonly<Record<FuzzKind, number>> = {
  tcp: 520,
  udp: 120,
  icmp: 110,
  sctp: 90,
  gre: 20,
  other: 15,
  headers: 25,
  fragments: 70,
  damaged: 30,
};

/** What the options of every hop must be is the IP layer's opinion, which is a known difference. */
const isHopByHop = (packet: Uint8Array): boolean => packet[0] >>> 4 === 6 && packet[6] === Proto.HOP_BY_HOP;

/** Packets of late with bytes changed or cut off; the IPv4 header checksum is right again, mostly. */
function createDamaged(scene: Scene, inner: Kind): Kind {
  const { random } = scene;
  return () => {
    const recent = random.chance(0.5) ? scene.recent() : null;
    let packet = (recent ?? inner()).slice();
    for (let i = 0; i <= random.below(3); i++) {
      const at = random.below(Math.min(packet.length, random.chance(0.7) ? 64 : packet.length));
      packet[at] = random.chance(0.5) ? random.below(256) : packet[at] ^ (1 << random.below(8));
    }
    if (random.chance(0.3)) packet = packet.slice(0, random.below(packet.length) + 1);
    if (random.chance(0.95)) mendHeader(packet);
    return isHopByHop(packet) ? inner() : packet;
  };
}

/** Which kinds a packet inside another one (a datagram to cut up, to put headers around) may be of. */
function innerKind(scene: Scene, kinds: Readonly<Partial<Record<FuzzKind, Kind>>>): Kind {
  const { random } = scene;
  const simple = (['tcp', 'udp', 'icmp', 'sctp', 'gre'] as const).flatMap((name) => {
    const kind = kinds[name];
    return kind === undefined ? [] : [[WEIGHTS[name], kind] as const];
  });
  const udp = createUdp(scene);
  return simple.length === 0 ? udp : () => weighted(random, simple)();
}

/** Gives one packet after another, from the IP header on. */
export function createTraffic(seed: number, mix: readonly FuzzKind[]): Kind {
  const random = createRandom(seed);
  const scene = createScene(random);
  const simple: Partial<Record<FuzzKind, Kind>> = {};
  const creators: Partial<Record<FuzzKind, (scene: Scene) => Kind>> = {
    tcp: createTcp,
    udp: createUdp,
    icmp: createIcmp,
    sctp: createSctp,
    gre: createGre,
    other: createOther,
  };
  for (const name of mix) {
    const create = creators[name];
    if (create !== undefined) simple[name] = create(scene);
  }
  const inner = innerKind(scene, simple);
  const kinds = mix.map((name): readonly [number, Kind] => {
    const kind = simple[name];
    if (kind !== undefined) return [WEIGHTS[name], kind];
    if (name === 'headers') return [WEIGHTS[name], createHeaders(scene, inner)];
    if (name === 'fragments') return [WEIGHTS[name], createFragments(scene, inner)];
    return [WEIGHTS[name], createDamaged(scene, inner)];
  });
  return () => {
    const packet = weighted(random, kinds)();
    scene.passed(packet);
    return packet;
  };
}
