/** What a designed run is asked for, checked, and what follows from it. */
import { OptionError } from '../common/errors.ts';
import type { HashKey } from '../common/hash.ts';
import { type SizeShare, type TrafficOptions, trafficOptions } from '../traffic/options.ts';
import { CONNECTIONS_MAX } from '../workers/limits.ts';

export interface DesignRequest {
  /** Open at the same time. */
  readonly flows?: number;
  /** Opened, and ended, per second; 0: all stay open. */
  readonly newPerSecond: number;
  /** Packets per second, sent when they are due; absent: as fast as it goes. */
  readonly rate?: number;
  readonly mix?: TrafficOptions['mix'];
  readonly sizes: readonly SizeShare[];
  readonly zipf: number;
  readonly shards: number;
  /** Greatest number of connections, over all shards. */
  readonly max?: number;
  /** Flows as a share of that. */
  readonly load?: number;
  readonly settings: Int32Array;
  /** Of the measured part, and of what goes before it. Units: s */
  readonly durationS: number;
  readonly warmupS: number;
  readonly seed: number;
  readonly hashKey?: HashKey;
  /** Latencies are measured. */
  readonly latency: boolean;
}

/** Packets of an attack among the others. */
export interface AttackShare {
  readonly traffic: TrafficOptions;
  /** For each packet that is no attack. */
  readonly perPacket: number;
}

export interface Design extends Omit<DesignRequest, 'flows' | 'max' | 'load'> {
  readonly flows: number;
  readonly max: number;
  /** What the generator is asked for; its rate is that of the packets' times. */
  readonly traffic: TrafficOptions;
  readonly attack: AttackShare | null;
}

export const FLOWS_DEFAULT = 100_000;
const LOAD_DEFAULT = 0.5;
/** Packets per second of packet time where no rate is asked for: so that no connection is silent for its timeout. */
const PACKET_TIME_RATE = 1_000_000;

/** A TCP connection that has ended stays for TIME_WAIT. */
const LINGER_S = 120;

/** Flows, room and load: two of them make the third. */
function sizesOf(request: DesignRequest): { readonly flows: number; readonly max: number } {
  const { flows, max, load } = request;
  if (flows !== undefined && max !== undefined && load !== undefined)
    throw new OptionError(
      '--load',
      String(load),
      'two of --flows, --max and --load: the third follows from them',
    );
  const share = load ?? LOAD_DEFAULT;
  // Those that have ended but are still there want room as well.
  const lingering = request.newPerSecond * Math.min(LINGER_S, request.durationS + request.warmupS);
  const found =
    flows === undefined && max !== undefined
      ? { flows: Math.max(1, Math.floor(max * share)), max }
      : {
          flows: flows ?? FLOWS_DEFAULT,
          max: max ?? Math.ceil(((flows ?? FLOWS_DEFAULT) + lingering) / share),
        };
  if (found.max > CONNECTIONS_MAX)
    throw new OptionError(
      load === undefined ? '--flows' : '--load',
      String(load ?? found.flows),
      `so that the table has at most ${CONNECTIONS_MAX} connections, here ${found.max}`,
    );
  return found;
}

/** Errors: OptionError for what contradicts itself. */
export function designOf(request: DesignRequest, attack: AttackShare | null = null): Design {
  const { flows, max } = sizesOf(request);
  const packetsPerSecond = request.rate ?? Math.max(PACKET_TIME_RATE, flows);
  const traffic = trafficOptions({
    seed: request.seed,
    packetsPerSecond,
    concurrent: flows,
    connectionsPerSecond: request.newPerSecond,
    lifetime: request.newPerSecond > 0 ? 'exponential' : 'forever',
    ...(request.mix === undefined ? {} : { mix: request.mix }),
    sizes: request.sizes,
    zipf: request.zipf,
  });
  return { ...request, flows, max, traffic, attack };
}
