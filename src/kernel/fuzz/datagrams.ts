/** Generated UDP and UDP-Lite, GRE, and protocols that conntrack has no tracker for. */
import { type Kind, type Scene, weighted } from './scene.ts';
import { back, type Ends, ip, Proto, transportChecksum, viewOf } from './wire.ts';

interface Dialogue {
  readonly ends: Ends;
  readonly ports: readonly [number, number];
}

const DIALOGUES = 128;

function createDialogues(scene: Scene): () => Dialogue {
  const { random } = scene;
  const dialogues: Dialogue[] = Array.from({ length: DIALOGUES }, () => ({
    ends: scene.ends(),
    ports: [scene.port(), scene.port()],
  }));
  return () => {
    const { ends, ports } = random.pick(dialogues);
    return random.chance(0.6) ? { ends, ports } : { ends: back(ends), ports: [ports[1], ports[0]] };
  };
}

export function createUdp(scene: Scene): Kind {
  const { random } = scene;
  const dialogue = createDialogues(scene);

  function datagram({ ends, ports }: Dialogue, protocol: Proto): Uint8Array {
    const isLite = protocol === Proto.UDPLITE;
    const bytes = new Uint8Array(
      8 +
        weighted(random, [
          [4, random.below(60)],
          [1, random.below(1400)],
          [1, 0],
        ]),
    );
    bytes.set(scene.filler(bytes.length - 8), 8);
    const view = viewOf(bytes);
    view.setUint16(0, ports[0]);
    view.setUint16(2, ports[1]);
    const odd = random.pick([0, 1, 7, 8, 9, bytes.length - 1, bytes.length + 1, 65_535, random.below(70)]);
    const isOdd = random.chance(isLite ? 0.5 : 0.02);
    view.setUint16(4, isOdd ? odd & 0xffff : isLite ? 0 : bytes.length);
    const coverage = isLite && isOdd && odd >= 8 && odd <= bytes.length ? odd : bytes.length;
    // What the kernel takes, and what RFC 3828 says.
    const isStandard = !isLite || random.chance(0.2);
    const protocolSummed = isLite && isStandard ? Proto.UDPLITE : Proto.UDP;
    const lengthSummed = isStandard || ends.src.length === 16 ? bytes.length : bytes.length & 0xff;
    const sum = transportChecksum(ends, protocolSummed, bytes, coverage, lengthSummed) || 0xffff;
    view.setUint16(
      6,
      weighted(random, [
        [94, sum],
        [4, 0],
        [1, sum ^ 0x100],
        [1, random.below(65_536)],
      ]),
    );
    return ip(ends, protocol, random.chance(0.005) ? bytes.subarray(0, random.below(9)) : bytes);
  }

  return () => datagram(dialogue(), random.chance(0.9) ? Proto.UDP : Proto.UDPLITE);
}

export function createGre(scene: Scene): Kind {
  const { random } = scene;
  const dialogue = createDialogues(scene);
  const ETHERTYPE_PPP = 0x880b;

  return () => {
    const { ends, ports } = dialogue();
    const isPptp = random.chance(0.5);
    const bytes = new Uint8Array(isPptp ? 12 + random.below(30) : 4 + 4 * random.below(6));
    bytes.set(scene.filler(bytes.length));
    const view = viewOf(bytes);
    // Checksum, key and sequence number present or not.
    bytes[0] = isPptp ? 0x30 : random.pick([0, 0x20, 0x30, 0x80, 0xb0]);
    bytes[1] = isPptp ? 0x01 | random.pick([0, 0x80]) : 0;
    view.setUint16(2, isPptp ? ETHERTYPE_PPP : 0x0800);
    if (isPptp) {
      view.setUint16(4, bytes.length - 12);
      view.setUint16(6, ports[0]);
    }
    if (random.chance(0.02)) bytes[random.below(4)] = random.below(256);
    return ip(ends, Proto.GRE, random.chance(0.02) ? bytes.subarray(0, random.below(12)) : bytes);
  };
}

/** IGMP, ESP, AH, OSPF, PIM, DCCP, and numbers that nobody uses. */
const OTHERS = [2, 33, 50, 51, 89, 103, 112, 253, 255];

export function createOther(scene: Scene): Kind {
  const { random } = scene;
  const dialogue = createDialogues(scene);
  return () => {
    const { ends } = dialogue();
    // In IPv6 AH is a header of the chain: src/kernel/fuzz/headers.ts has those.
    const protocol = random.pick(OTHERS);
    const isHeader = protocol === Proto.AUTHENTICATION && ends.src.length === 16;
    return ip(ends, isHeader ? 50 : protocol, scene.filler(random.below(60)));
  };
}
