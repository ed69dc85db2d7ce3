/** Numbers as text: those of ticks, for people, and those of the picture. */

/** A hundredth of a pixel, without zeros at the end. */
export function coordinate(value: number): string {
  const text = (Math.round(value * 100) / 100).toFixed(2).replace(/\.?0+$/, '');
  return text === '-0' ? '0' : text;
}

const SUFFIXES = ['', 'k', 'M', 'G', 'T', 'P'];
/** Up to here numbers are written out. */
const PLAIN_MAX = 9999;

/** A tick: `0.02`, `250`, `64k`, `1.5M`. Six digits at most, which tell any two ticks apart. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e18)) return value.toExponential(2).replace(/\.?0+e/, 'e');
  let power = 0;
  if (size > PLAIN_MAX) while (power < SUFFIXES.length - 1 && size / 1000 ** power >= 1000) power++;
  return `${Number((value / 1000 ** power).toPrecision(6))}${SUFFIXES[power]}`;
}
