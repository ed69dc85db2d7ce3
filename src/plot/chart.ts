/** Charts: what one consists of, and its picture as SVG text. */
import { element, escapeXml } from './element.ts';
import { type Layout, LEGEND_SAMPLE_PX, layOut, textWidth } from './layout.ts';
import { coordinate as at } from './numbers.ts';
import { dashOf, inkOf, markerPath, styleSheet } from './palette.ts';
import { type AxisRange, createScale, type Scale, type Tick } from './scale.ts';
import { type Box, drawSeries, type Place, placeIn, type Series } from './series.ts';

export type { AxisRange, Tick } from './scale.ts';
export type { Point, Series } from './series.ts';

export interface Axis extends AxisRange {
  readonly title: string;
  /** Put behind the title: `us`, `packets/s`. */
  readonly unit?: string;
}

export interface Chart {
  readonly title: string;
  /** A line below the title: what the run was. */
  readonly subtitle?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

export interface PictureSize {
  readonly width: number;
  /** Of each chart. */
  readonly height: number;
}

const SIZE: PictureSize = { width: 860, height: 460 };
const X_TICKS = 9;
const Y_TICKS = 7;
/** Below this much room between two texts of the x axis the later one is left out. */
const TEXT_GAP_PX = 8;

const axisTitle = ({ title, unit }: Axis): string => (unit === undefined ? title : `${title} (${unit})`);

/** The values that an axis has to show; the band belongs to y. */
const valuesOf = (series: readonly Series[], axis: 'x' | 'y'): number[] =>
  series.flatMap(({ points }) =>
    points.flatMap((p) => (axis === 'x' ? [p.x] : [p.y, p.low ?? p.y, p.high ?? p.y])),
  );

function drawGrid(plot: Box, place: Place, x: Scale, y: Scale): string[] {
  const right = plot.left + plot.width;
  const bottom = plot.top + plot.height;
  const down = (value: number): string => `M${at(place.x(value))} ${at(plot.top)}V${at(bottom)}`;
  const across = (value: number): string => `M${at(plot.left)} ${at(place.y(value))}H${at(right)}`;
  const minor = [...x.minor.map(down), ...y.minor.map(across)].join('');
  const major = [
    ...x.ticks.map(({ value }) => down(value)),
    ...y.ticks.map(({ value }) => across(value)),
  ].join('');
  return [
    ...(minor === '' ? [] : [element('path', { class: 'grid', opacity: '.5', d: minor })]),
    ...(major === '' ? [] : [element('path', { class: 'grid', d: major })]),
    element('path', { class: 'axis', d: `M${at(plot.left)} ${at(plot.top)}V${at(bottom)}H${at(right)}` }),
  ];
}

/** Texts of the x axis that do not run into each other. */
function spaced(ticks: readonly Tick[], place: Place): Tick[] {
  let end = Number.NEGATIVE_INFINITY;
  return ticks.filter(({ value, text }) => {
    const half = textWidth(text) / 2;
    if (place.x(value) - half < end + TEXT_GAP_PX) return false;
    end = place.x(value) + half;
    return true;
  });
}

function drawTexts(chart: Chart, layout: Layout, place: Place, x: Scale, y: Scale): string[] {
  const { plot } = layout;
  const text = (className: string, left: number, top: number, anchor: string, words: string): string =>
    element('text', { class: className, x: left, y: top, 'text-anchor': anchor }, escapeXml(words));
  return [
    text('title', 24, layout.title, 'start', chart.title),
    ...(chart.subtitle === undefined ? [] : [text('faint', 24, layout.subtitle, 'start', chart.subtitle)]),
    text('faint', 24, layout.yTitle, 'start', axisTitle(chart.y)),
    ...y.ticks.map((tick) => text('faint', plot.left - 8, place.y(tick.value) + 4, 'end', tick.text)),
    ...spaced(x.ticks, place).map((tick) =>
      text('faint', place.x(tick.value), layout.xTicks, 'middle', tick.text),
    ),
    text('faint', plot.left + plot.width / 2, layout.xTitle, 'middle', axisTitle(chart.x)),
  ];
}

function drawLegend(chart: Chart, layout: Layout): string[] {
  return layout.legend.flatMap(({ left, middle }, i) => {
    const { name, isMarked } = chart.series[i];
    const dash = dashOf(i);
    const sample = `M${at(left)} ${at(middle)}h${LEGEND_SAMPLE_PX}`;
    const mark = markerPath(i, left + LEGEND_SAMPLE_PX / 2, middle, at);
    return [
      element('path', {
        class: `line line${inkOf(i)}`,
        ...(dash === '' ? {} : { 'stroke-dasharray': dash }),
        d: sample,
      }),
      ...(isMarked === true ? [element('path', { class: `mark${inkOf(i)}`, d: mark })] : []),
      element('text', { x: left + LEGEND_SAMPLE_PX + 6, y: middle + 4 }, escapeXml(name)),
    ];
  });
}

function drawChart(chart: Chart, number: number, top: number, { width, height }: PictureSize): string[] {
  const { series } = chart;
  const x = createScale(valuesOf(series, 'x'), chart.x, X_TICKS);
  const y = createScale(valuesOf(series, 'y'), chart.y, Y_TICKS);
  const hasSubtitle = chart.subtitle !== undefined;
  // A single series is named by the titles.
  const names = series.length < 2 ? [] : series.map(({ name }) => name);
  const layout = layOut({ width, height, top, hasSubtitle, names, y });
  const { plot } = layout;
  const place = placeIn(plot, x, y);
  const clip = `plot${number}`;
  // Half a pixel more, so that a line along the edge is whole.
  const room = { x: plot.left, y: plot.top - 2, width: plot.width + 2, height: plot.height + 4 };
  return [
    element('clipPath', { id: clip }, element('rect', room)),
    ...drawGrid(plot, place, x, y),
    element(
      'g',
      { 'clip-path': `url(#${clip})` },
      series.flatMap((one, i) => drawSeries(one, i, place, x, y)),
    ),
    ...drawLegend(chart, layout),
    ...drawTexts(chart, layout, place, x, y),
  ];
}

const inWords = ({ title, x, y, series }: Chart): string =>
  `${title}: ${axisTitle(y)} against ${axisTitle(x)}; ${series.map(({ name }) => name).join(', ')}.`;

/**
 * The picture of one chart, or of several below each other.
 *
 * Units:   sizes in pixels; `height` is that of each chart
 * Errors:  RangeError for an axis that cannot be drawn; values without a place leave gaps
 */
export function chartSvg(charts: Chart | readonly Chart[], size: Partial<PictureSize> = {}): string {
  const all: readonly Chart[] = 'series' in charts ? [charts] : charts;
  const { width, height } = { ...SIZE, ...size };
  const total = height * all.length;
  const root = element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${at(width)} ${at(total)}`,
      width,
      height: total,
      role: 'img',
      'aria-labelledby': 'title desc',
    },
    [
      element('title', { id: 'title' }, escapeXml(all.map(({ title }) => title).join('; '))),
      element('desc', { id: 'desc' }, escapeXml(all.map(inWords).join(' '))),
      element('style', {}, `\n${styleSheet()}\n`),
      element('rect', { class: 'page', width, height: total }),
      ...all.flatMap((chart, i) => drawChart(chart, i, i * height, { width, height })),
    ],
  );
  return `${root}\n`;
}
