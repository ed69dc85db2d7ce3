/** Generated traffic in the place of a capture. */
import { LinkType } from '../../packet/link.ts';
import type { CapturedPacket } from '../compare/captures.ts';
import type { PacketSource } from '../packet-source.ts';
import { createTraffic, type FuzzKind } from './traffic.ts';

export { FUZZ_KINDS, type FuzzKind } from './traffic.ts';

export interface FuzzOptions {
  readonly packets: number;
  readonly seed: number;
  readonly mix: readonly FuzzKind[];
}

export function createFuzzSource({ packets, seed, mix }: FuzzOptions): PacketSource {
  const traffic = createTraffic(seed, mix);
  let n = 0;
  return {
    async next(count) {
      const made: CapturedPacket[] = [];
      for (; made.length < count && n < packets; n++) {
        const data = traffic();
        made.push({ n: n + 1, linkType: LinkType.RAW, wireLength: data.length, data });
      }
      return made;
    },
    progress: () => n / packets,
    errors: () => [],
    close: async () => {},
  };
}
