/** Pictures of a run: latency by percentile, connections and packets per second over time. */
import { grouped } from '../common/grouped.ts';
import { type Chart, chartSvg, type Tick } from '../plot/chart.ts';
import type { RunFigures, RunResult } from './result.ts';

/** Percentiles with a tick, and what is left above each. */
const PERCENTILE_TICKS: readonly Tick[] = [
  '0',
  '50',
  '90',
  '99',
  '99.9',
  '99.99',
  '99.999',
  '99.9999',
  '99.99999',
].map((text) => ({ text: `${text}%`, value: Number((100 / (100 - Number(text))).toPrecision(6)) }));

const words = (figures: RunFigures): string => {
  const { flows, shards, rate, max } = figures.design;
  const pace = rate === null ? 'as fast as it goes' : `${grouped(rate)} packets/s`;
  return `${grouped(flows)} flows, room for ${grouped(max)}, ${shards} shard${shards === 1 ? '' : 's'}, ${pace}`;
};

function latencyChart({ figures, latency }: RunResult): Chart[] {
  if (latency === null) return [];
  return [
    {
      title: 'Latency by percentile',
      subtitle: `${words(figures)}; ${figures.design.rate === null ? 'from the ring to the updated state' : 'from when a packet was due to its updated state'}`,
      x: { title: 'percentile', scale: 'log', min: 1, ticks: PERCENTILE_TICKS },
      y: { title: 'latency', unit: 'us', scale: 'log' },
      series: [
        {
          name: 'latency',
          points: latency.curve.map(({ percentile, ns }) => ({ x: 100 / (100 - percentile), y: ns / 1000 })),
        },
      ],
    },
  ];
}

function occupancyChart({ figures }: RunResult): Chart {
  const { occupancy, design } = figures;
  const shards = design.shards > 1 ? Array.from({ length: design.shards }, (_, i) => i) : [];
  return {
    title: 'Connections over time',
    subtitle: words(figures),
    x: { title: 'time', unit: 's', scale: 'linear', min: 0 },
    y: { title: 'connections', scale: 'linear', min: 0 },
    series: [
      { name: 'all', points: occupancy.map(({ ms, connections }) => ({ x: ms / 1000, y: connections })) },
      ...shards.map((shard) => ({
        name: `shard ${shard}`,
        points: occupancy.map(({ ms, perShard }) => ({ x: ms / 1000, y: perShard[shard] })),
      })),
    ],
  };
}

function rateChart({ figures }: RunResult): Chart {
  return {
    title: 'Packets per second over time',
    subtitle: words(figures),
    x: { title: 'time', unit: 's', scale: 'linear', min: 0 },
    y: { title: 'packets per second', scale: 'linear', min: 0 },
    series: [
      {
        name: 'packets/s',
        points: figures.occupancy
          .slice(1)
          .map(({ ms, packetsPerSecond }) => ({ x: ms / 1000, y: packetsPerSecond })),
      },
    ],
  };
}

/** SVG. */
export const runCharts = (result: RunResult): string =>
  chartSvg([...latencyChart(result), occupancyChart(result), rateChart(result)], { height: 400 });
