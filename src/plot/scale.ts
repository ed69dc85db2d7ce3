/** Axes: from values to places, and which values get a tick. */
import { tickText } from './numbers.ts';

export interface Tick {
  readonly value: number;
  readonly text: string;
}

export interface AxisRange {
  readonly scale: 'linear' | 'log';
  /** Bounds that must be kept; otherwise chosen around the values. */
  readonly min?: number;
  readonly max?: number;
  /** Instead of chosen ones. Those outside of the bounds are left out. */
  readonly ticks?: readonly Tick[];
}

export interface Scale {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly Tick[];
  /** Lines without a text between the ticks. */
  readonly minor: readonly number[];
  /** Whether the axis has a place for the value: NaN and infinity have none, on a logarithmic one neither what is not above 0. */
  shows(value: number): boolean;
  /** From 0 (least) to 1 (greatest); beyond for what lies outside. */
  place(value: number): number;
}

const STEPS = [1, 2, 5, 10];
/** Decades up to which a logarithmic axis has ticks at 2 and 5 too. */
const FINE_DECADES = 2;

/** A step of 1, 2 or 5 times a power of ten that gives about `count` ticks. */
function stepFor(span: number, count: number): number {
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * (STEPS.find((step) => step * power >= rough * 0.999) ?? 10);
}

/** Values that differ by less than this part of them are drawn as one. */
const ALIKE = 1e-6;

/** Without the noise of adding up fractions. */
const clean = (value: number): number => Number(value.toPrecision(12));

function linearScale(values: readonly number[], range: AxisRange, count: number): Scale {
  let min = range.min ?? Math.min(...values);
  let max = range.max ?? Math.max(...values);
  if (!(max - min > Math.max(Math.abs(min), Math.abs(max)) * ALIKE) || !Number.isFinite(max - min)) {
    // One value, or none: something around it.
    if (!Number.isFinite(min)) min = 0;
    if (range.max === undefined) max = min === 0 ? 1 : min + Math.abs(min) / 2;
    if (range.min === undefined && min !== 0) min -= Math.abs(min) / 2;
  }
  const step = stepFor(max - min, count);
  if (range.min === undefined) min = clean(Math.floor(min / step + 1e-9) * step);
  if (range.max === undefined) max = clean(Math.ceil(max / step - 1e-9) * step);
  const ticks: Tick[] = [];
  const last = Math.floor(max / step + 1e-9);
  for (let i = Math.ceil(min / step - 1e-9); i <= last; i++) {
    const value = clean(i * step);
    ticks.push({ value, text: tickText(value) });
  }
  return {
    min,
    max,
    ticks: range.ticks ?? ticks,
    minor: [],
    shows: Number.isFinite,
    place: (value) => (value - min) / (max - min),
  };
}

const below = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return clean(power * ([5, 2, 1].find((step) => step * power <= value * (1 + 1e-9)) ?? 1));
};
const above = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return clean(power * (STEPS.find((step) => step * power >= value * (1 - 1e-9)) ?? 10));
};

function logScale(values: readonly number[], range: AxisRange, count: number): Scale {
  const shown = values.filter((value) => value > 0);
  let min = range.min ?? (shown.length === 0 ? 1 : below(Math.min(...shown)));
  let max = range.max ?? (shown.length === 0 ? 10 : above(Math.max(...shown)));
  if (!(max > min)) {
    if (range.max === undefined) max = min * 10;
    else min = max / 10;
  }
  const decades = Math.log10(max / min);
  const every = Math.max(1, Math.ceil(decades / count));
  const ticks: Tick[] = [];
  const minor: number[] = [];
  const first = Math.floor(Math.log10(min) + 1e-9);
  for (let power = first; 10 ** power <= max * (1 + 1e-9); power++) {
    for (let digit = 1; digit < 10; digit++) {
      const value = clean(digit * 10 ** power);
      if (value < min * (1 - 1e-9) || value > max * (1 + 1e-9)) continue;
      const isFine = decades <= FINE_DECADES && (digit === 2 || digit === 5);
      if (isFine || (digit === 1 && (power - first) % every === 0))
        ticks.push({ value, text: tickText(value) });
      else if (every === 1) minor.push(value);
    }
  }
  return {
    min,
    max,
    ticks: range.ticks ?? ticks,
    minor: range.ticks === undefined ? minor : [],
    shows: (value) => Number.isFinite(value) && value > 0,
    place: (value) => Math.log(value / min) / Math.log(max / min),
  };
}

/** The scale of an axis that shall show `values`, with about `count` ticks. Errors: RangeError for bounds that it cannot have. */
export function createScale(values: readonly number[], range: AxisRange, count: number): Scale {
  const { min, max, scale } = range;
  for (const bound of [min, max]) {
    const isWrong = bound !== undefined && !(Number.isFinite(bound) && (scale === 'linear' || bound > 0));
    if (isWrong)
      throw new RangeError(
        `an axis cannot end at ${bound}${scale === 'log' ? ' when it is logarithmic' : ''}`,
      );
  }
  if (min !== undefined && max !== undefined && min >= max)
    throw new RangeError(`an axis cannot go from ${min} to ${max}`);
  const finite = values.filter(Number.isFinite);
  const made = scale === 'log' ? logScale(finite, range, count) : linearScale(finite, range, count);
  const isInside = (value: number): boolean => {
    const place = made.place(value);
    return place >= -1e-9 && place <= 1 + 1e-9;
  };
  return { ...made, ticks: made.ticks.filter(({ value }) => made.shows(value) && isInside(value)) };
}
