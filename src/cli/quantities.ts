/** Values with units: counts and rates (1M), times (500ms), shares (5%). Each parser knows the option that it is for. */
import { OptionError } from '../common/errors.ts';

const COUNT_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };
const TIME_UNITS: Readonly<Record<string, number>> = {
  us: 1e-6,
  ms: 1e-3,
  s: 1,
  '': 1,
  m: 60,
  h: 3600,
  d: 86_400,
};

/** A number with or without a fraction, and with k, M or G: `1.5M`. */
export function quantity(option: string, min: number, max: number): (value: string) => number {
  return (value) => {
    const parts = /^(\d{1,15}(?:\.\d{1,9})?)([kMG]?)$/.exec(value);
    const found = parts === null ? Number.NaN : Number(parts[1]) * COUNT_UNITS[parts[2]];
    if (!(found >= min && found <= max))
      throw new OptionError(option, value, `a number from ${min} to ${max}, as 500, 20k or 1.5M`);
    return found;
  };
}

/** The same without a fraction in the end. */
export function wholeQuantity(option: string, min: number, max: number): (value: string) => number {
  const parse = quantity(option, min, max);
  return (value) => {
    const found = parse(value);
    if (!Number.isInteger(found)) throw new OptionError(option, value, 'a whole number, as 500, 20k or 1.5M');
    return found;
  };
}

/** Units: s; NaN where the text is no time */
export function secondsOf(text: string): number {
  const parts = /^(\d{1,9}(?:\.\d{1,9})?)(us|ms|s|m|h|d|)$/.exec(text);
  return parts === null ? Number.NaN : Number(parts[1]) * TIME_UNITS[parts[2]];
}

/** `500us`, `10s`, `2m`; without a unit, seconds. Units: of `min`, `max` and the result s */
export function time(option: string, min: number, max: number): (value: string) => number {
  return (value) => {
    const found = secondsOf(value);
    if (!(found >= min && found <= max))
      throw new OptionError(option, value, `a time from ${min}s to ${max}s, as 500us, 20ms, 10s or 2m`);
    return found;
  };
}

/** `0.05` or `5%`. */
export function share(option: string, max: number): (value: string) => number {
  return (value) => {
    const parts = /^(\d{1,3}(?:\.\d{1,9})?)(%?)$/.exec(value);
    const found = parts === null ? Number.NaN : Number(parts[1]) / (parts[2] === '%' ? 100 : 1);
    if (!(found >= 0 && found <= max))
      throw new OptionError(option, value, `a share from 0 to ${max}, as 0.05 or 5%`);
    return found;
  };
}
