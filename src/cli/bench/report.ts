/** What `flowshard bench` prints for people. */
import { grouped } from '../../common/grouped.ts';
import type { RunFigures } from '../../design/result.ts';
import type { ScenarioResult } from '../../design/scenario.ts';
import { bytesText } from '../summary.ts';

/** Less is made up for again: a thread had to wait for a core. */
const LATE_MS = 10;
const row = (label: string, words: string): string => `  ${label.padEnd(12)}${words}`;

/** `850 ns`, `12.3 us`, `4.51 ms`. */
export function durationText(ns: number): string {
  if (ns < 1000) return `${Math.round(ns)} ns`;
  const [value, unit] = ns < 1e6 ? [ns / 1e3, 'us'] : ns < 1e9 ? [ns / 1e6, 'ms'] : [ns / 1e9, 's'];
  return `${value.toPrecision(3)} ${unit}`;
}

function latencyLines({ latency, design, behindMs }: RunFigures): string[] {
  if (latency === null) return [];
  const from =
    design.rate === null
      ? 'closed loop: from the ring, which is as full as it can be, to the updated state'
      : 'from when a packet was due to its updated state, corrected for coordinated omission';
  const cells = latency.percentiles.map(({ percentile, ns }) => `p${percentile} ${durationText(ns)}`);
  return [
    row('latency', cells.slice(0, 4).join(', ')),
    row('', [...cells.slice(4), `max ${durationText(latency.maxNs)}`].join(', ')),
    row('', `${from}; ${grouped(latency.count)} packets`),
    ...(behindMs > LATE_MS
      ? [row('', `the sender was ${durationText(behindMs * 1e6)} late at the end: the rate is too high`)]
      : []),
  ];
}

function garbageLine({ garbage }: RunFigures): string[] {
  if (garbage.length === 0) return [];
  const cells = garbage.map(({ thread, count, longestMs }) =>
    count === 0 ? `${thread} none` : `${thread} ${count}, longest ${durationText(longestMs * 1e6)}`,
  );
  return [row('garbage', cells.join('; '))];
}

export function runLines(figures: RunFigures): string[] {
  const { design: d, probes, memory, reasons } = figures;
  const pace = d.rate === null ? 'as fast as it goes' : `${grouped(d.rate)} packets/s`;
  const fresh = d.newPerSecond > 0 ? `, ${grouped(d.newPerSecond)} new per second` : '';
  const odd = Object.entries(reasons).map(([name, count]) => `${name} ${grouped(count)}`);
  const occupancy = figures.occupancy.map(({ connections }) => connections);
  const resident = memory.residentBytesPerConnection;
  return [
    `${grouped(d.flows)} flows${fresh}, room for ${grouped(d.max)}, ${d.shards} shard${d.shards === 1 ? '' : 's'}, ${pace}, seed ${d.seed}`,
    row(
      'throughput',
      `${grouped(figures.packetsPerSecond)} packets/s${d.rate === null ? ` (${figures.nsPerPacket.toFixed(1)} ns per packet)` : ''}, ${grouped(figures.packetsPerSecondMin)} to ${grouped(figures.packetsPerSecondMax)} within the run; ${grouped(figures.packets)} in ${figures.seconds.toFixed(2)} s`,
    ),
    ...latencyLines(figures),
    row(
      'connections',
      `${grouped(Math.min(...occupancy))} to ${grouped(Math.max(...occupancy))}; ${grouped(figures.created)} created, ${grouped(figures.expired)} expired`,
    ),
    row(
      'room',
      `${grouped(figures.evicted)} evicted${figures.evictedBySweep > 0 ? ` (${grouped(figures.evictedBySweep)} by sweeps)` : ''}, ${grouped(figures.refusedFull)} refused as the table was full, ${grouped(figures.refusedProbe)} for the length of their probe`,
    ),
    row(
      'probes',
      `mean ${probes.mean.toFixed(2)}, longest ${probes.max} (ever ${probes.maxEver}), of ${grouped(probes.entries)} entries`,
    ),
    row(
      'memory',
      `${memory.bytesPerConnectionFull.toFixed(0)} bytes per connection when full${resident === null ? '' : `, ${resident.toFixed(0)} resident now (${bytesText(resident * figures.connections)})`}`,
    ),
    ...garbageLine(figures),
    ...(odd.length === 0 ? [] : [row('reasons', odd.join(', '))]),
    ...(figures.ranOut && !figures.interrupted
      ? [
          '  The prepared packets ran out before the time was over: connections that come and go are prepared once, as many as memory allows.',
        ]
      : []),
    ...(figures.interrupted ? ['  Interrupted: what was measured until then.'] : []),
  ];
}

export function scenarioLines({ scenario, runs, criteria }: ScenarioResult): string[] {
  const verdict = criteria.every(({ holds }) => holds);
  return [
    `${scenario}: ${verdict ? 'passed' : 'FAILED'}`,
    ...criteria.map(({ name, holds, words }) => `  ${holds ? 'ok    ' : 'FAILED'}  ${name}: ${words}`),
    '',
    '  run                      packets/s   established/s   connections   evicted   refused   longest probe',
    ...runs.map(({ name, round, figures: f }) => {
      const cells = [
        grouped(f.packetsPerSecond).padStart(12),
        grouped(f.established / f.seconds).padStart(15),
        grouped(f.connections).padStart(13),
        grouped(f.evicted).padStart(9),
        grouped(f.refusedFull + f.refusedProbe).padStart(9),
        grouped(f.probes.maxEver).padStart(15),
      ];
      return `  ${`${round} ${name}`.padEnd(21)} ${cells.join(' ')}`;
    }),
  ];
}
