/** The plots of the ladder: ns per packet against connections, shards and load. */
import { grouped } from '../../src/common/grouped.ts';
import { type Chart, chartSvg, type Point, type Series } from '../../src/plot/chart.ts';
import type { StoredFigure } from '../lib/figure.ts';
import {
  LADDER_SIZES,
  LOADS,
  ladderName,
  loadName,
  SHARDS,
  shardsName,
  TRAFFIC_KINDS,
} from '../macro/ladder.ts';

/** File name, from docs/, and what it holds. */
export type Picture = readonly [name: string, svg: string];

export type FindFigure = (name: string) => StoredFigure | undefined;

function pointsOf<T extends number>(
  places: readonly T[],
  find: (place: T) => StoredFigure | undefined,
): Point[] {
  return places.flatMap((x) => {
    const figure = find(x);
    return figure === undefined ? [] : [{ x, y: figure.median, low: figure.min, high: figure.median }];
  });
}

function chartOf(title: string, subtitle: string, x: Chart['x'], series: readonly Series[]): Chart {
  const marked = series.map((one) => ({ ...one, isMarked: true }));
  const y = {
    title: 'time per packet',
    unit: 'ns',
    scale: 'linear',
    min: 0,
  } as const;
  return { title, subtitle, x, y, series: marked.filter(({ points }) => points.length > 0) };
}

const ticksOf = (values: readonly number[]) => values.map((value) => ({ value, text: grouped(value) }));

/** What stalls of the machine do upwards is in the table. */
const BAND = 'Medians; the band reaches down to the least value.';

/** Only of what was measured. */
export function pictures(find: FindFigure): Picture[] {
  const charts: readonly (readonly [string, Chart])[] = [
    [
      'plots/connections.svg',
      chartOf(
        'Time per packet against the size of the table',
        `From memory through ingest thread, ring and one shard. ${BAND}`,
        { title: 'connections', scale: 'log', ticks: ticksOf(LADDER_SIZES) },
        TRAFFIC_KINDS.map((kind) => ({
          name: kind,
          points: pointsOf(LADDER_SIZES, (size) => find(ladderName(kind, size))),
        })),
      ),
    ],
    [
      'plots/shards.svg',
      chartOf(
        'Time per packet against shards',
        `Established TCP, 258,048 connections. ${BAND}`,
        { title: 'shards', scale: 'linear', min: 0, max: Math.max(...SHARDS) + 0.5, ticks: ticksOf(SHARDS) },
        [{ name: 'established', points: pointsOf(SHARDS, (shards) => find(shardsName(shards))) }],
      ),
    ],
    [
      'plots/load.svg',
      chartOf(
        'Time per packet against the load of the table',
        `The tracker alone, in one thread; the number of connections grows with the load. ${BAND}`,
        { title: 'connections, of those that the table holds', scale: 'linear', min: 0, max: 1.1 },
        (['established', 'new'] as const).map((kind) => ({
          name: kind,
          points: pointsOf(LOADS, (load) => find(loadName(kind, load))),
        })),
      ),
    ],
  ];
  return charts.flatMap(([name, chart]) =>
    chart.series.length === 0 ? [] : [[name, chartSvg(chart)] as const],
  );
}
