/** What is drawn of a series: its band, its line, its markers. */
import { type Attributes, element } from './element.ts';
import { coordinate as at } from './numbers.ts';
import { dashOf, inkOf, markerPath } from './palette.ts';
import type { Scale } from './scale.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Of the band around the line, from min to p99 say. */
  readonly low?: number;
  readonly high?: number;
}

export interface Series {
  readonly name: string;
  /** In the order in which they are joined. */
  readonly points: readonly Point[];
  /** `steps`: a value holds until the next one. */
  readonly shape?: 'line' | 'steps';
  /** A mark at each point: for few points that were measured, not for curves. */
  readonly isMarked?: boolean;
}

/** A rectangle of the picture, pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Place {
  x(value: number): number;
  y(value: number): number;
}

export const placeIn = (box: Box, x: Scale, y: Scale): Place => ({
  x: (value) => box.left + x.place(value) * box.width,
  y: (value) => box.top + (1 - y.place(value)) * box.height,
});

/** Runs of points that both axes can show; what lies between two of them is a gap. */
export function runsOf(points: readonly Point[], x: Scale, y: Scale): Point[][] {
  const runs: Point[][] = [];
  let run: Point[] = [];
  for (const point of points) {
    if (x.shows(point.x) && y.shows(point.y)) {
      run.push(point);
      continue;
    }
    if (run.length > 0) runs.push(run);
    run = [];
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

const linePath = (run: readonly Point[], place: Place, isSteps: boolean): string =>
  run
    .map((point, i) => {
      const [x, y] = [at(place.x(point.x)), at(place.y(point.y))];
      if (i === 0) return `M${x} ${y}`;
      return isSteps ? `H${x}V${y}` : `L${x} ${y}`;
    })
    .join('');

function bandPath(run: readonly Point[], place: Place, y: Scale): string {
  const banded = run.filter(
    ({ low, high }) => low !== undefined && high !== undefined && y.shows(low) && y.shows(high),
  );
  if (banded.length < 2) return '';
  const upper = banded.map((p) => `${at(place.x(p.x))} ${at(place.y(p.high ?? p.y))}`);
  const lower = banded.map((p) => `${at(place.x(p.x))} ${at(place.y(p.low ?? p.y))}`).reverse();
  return `M${[...upper, ...lower].join('L')}z`;
}

/** The elements of one series, `number` being its place among them. */
export function drawSeries(series: Series, number: number, place: Place, x: Scale, y: Scale): string[] {
  const runs = runsOf(series.points, x, y);
  const ink = inkOf(number);
  const dash = dashOf(number);
  const bands = runs.map((run) => bandPath(run, place, y)).filter((d) => d !== '');
  const line: Attributes = {
    class: `line line${ink}`,
    ...(dash === '' ? {} : { 'stroke-dasharray': dash }),
    d: runs.map((run) => linePath(run, place, series.shape === 'steps')).join(''),
  };
  const isAlone = (run: readonly Point[]): boolean => run.length === 1;
  // A point between two gaps would not be seen at all.
  const marked = series.isMarked === true ? runs.flat() : runs.filter(isAlone).flat();
  const marks = marked.map((p) => markerPath(number, place.x(p.x), place.y(p.y), at)).join('');
  return [
    ...bands.map((d) => element('path', { class: `band band${ink}`, d })),
    ...(line.d === '' ? [] : [element('path', line)]),
    ...(marks === '' ? [] : [element('path', { class: `mark${ink}`, d: marks })]),
  ];
}
