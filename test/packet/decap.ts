/** A decoder that takes tunnels off, as the ingest thread has it, without reassembly. */
import { createHash4 } from '../../src/common/hash.ts';
import { Reason } from '../../src/common/reasons.ts';
import { createPeeler } from '../../src/ingest/peel.ts';
import { createDecoder, type Decode } from '../../src/packet/decode.ts';
import { parseEncapsulation } from '../../src/packet/tunnels/options.ts';
import { createUnwrapper, NO_UNWRAPPER, TUNNEL_COUNTERS } from '../../src/packet/tunnels/unwrap.ts';
import { KEY } from './decoded.ts';

const OPTIONS = { decap: '--decap', zoneFrom: '--zone-from' };

export interface Decapsulating {
  readonly decode: Decode;
  /** One word per TunnelKind, then the numbers that did not fit into a zone. */
  readonly counters: Float64Array;
}

/** With `decap` and `zoneFrom` as the command takes them. */
export function decapsulating(
  decap: readonly string[],
  zoneFrom?: string,
  verifyChecksums = true,
): Decapsulating {
  const { decap: tunnels, zoneFromVlan } = parseEncapsulation(decap, zoneFrom, OPTIONS);
  const counters = new Float64Array(TUNNEL_COUNTERS);
  const decoder = createDecoder({ hash4: createHash4(KEY), verifyChecksums, zoneFromVlan });
  const unwrapper =
    tunnels === null
      ? NO_UNWRAPPER
      : createUnwrapper({ ...tunnels, zoneFromVlan, verifyChecksums, counters });
  const { frame } = createPeeler({ decoder, reassembly: { add: () => Reason.FRAGMENT }, unwrapper });
  return { decode: frame, counters };
}
