/** What tells one series from another: a colour for light and for dark pages, a dash, a marker. */

export interface Ink {
  readonly light: string;
  readonly dark: string;
}

/** Of equal weight, and told apart by people who see few colours. Contrast to the page at least 3 to 1 in both. */
export const INKS: readonly Ink[] = [
  { light: '#0b6bb8', dark: '#5cb3ff' },
  { light: '#c44a00', dark: '#ff9552' },
  { light: '#00806a', dark: '#3fd0b0' },
  { light: '#9a2f86', dark: '#ef8fd8' },
  { light: '#7a6400', dark: '#e3c84b' },
  { light: '#55606b', dark: '#b4bec8' },
];

/** Once through all colours, then the same colours dashed. */
export const DASHES: readonly string[] = ['', '7 4', '2 3', '10 3 2 3'];

export const PAGE: Ink = { light: '#ffffff', dark: '#14181d' };
export const TEXT: Ink = { light: '#1d242b', dark: '#e4e9ee' };
export const FAINT_TEXT: Ink = { light: '#5a6570', dark: '#9aa6b2' };
export const GRID: Ink = { light: '#e3e7eb', dark: '#2a3138' };
export const AXIS: Ink = { light: '#8a949e', dark: '#6b7680' };

export const inkOf = (series: number): number => series % INKS.length;
export const dashOf = (series: number): string => DASHES[Math.floor(series / INKS.length) % DASHES.length];

/** The path of a marker around a point; its shape goes by the number of the series. */
export function markerPath(series: number, x: number, y: number, at: (v: number) => string): string {
  const r = 3.4;
  const point = (dx: number, dy: number): string => `${at(x + dx)} ${at(y + dy)}`;
  switch (series % 4) {
    case 0:
      return `M${point(-r, 0)}a${at(r)} ${at(r)} 0 1 0 ${at(2 * r)} 0a${at(r)} ${at(r)} 0 1 0 ${at(-2 * r)} 0z`;
    case 1:
      return `M${point(-r, -r)}h${at(2 * r)}v${at(2 * r)}h${at(-2 * r)}z`;
    case 2:
      return `M${point(0, -r * 1.2)}L${point(r * 1.2, r)}L${point(-r * 1.2, r)}z`;
    default:
      return `M${point(0, -r * 1.3)}L${point(r * 1.3, 0)}L${point(0, r * 1.3)}L${point(-r * 1.3, 0)}z`;
  }
}

/** The style sheet: light, and dark where the page that shows the picture is. */
export function styleSheet(): string {
  const rules = (side: keyof Ink): string[] => [
    `.page{fill:${PAGE[side]}}`,
    `text{fill:${TEXT[side]}}`,
    `.faint{fill:${FAINT_TEXT[side]}}`,
    `.grid{stroke:${GRID[side]}}`,
    `.axis{stroke:${AXIS[side]}}`,
    ...INKS.map(
      (ink, i) =>
        `.line${i}{stroke:${ink[side]}}.mark${i}{fill:${ink[side]};stroke:${PAGE[side]}}.band${i}{fill:${ink[side]}}`,
    ),
  ];
  return [
    'text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;font-size:12px}',
    '.title{font-size:16px;font-weight:600}',
    '.grid,.axis{fill:none;stroke-width:1;shape-rendering:crispEdges}',
    '.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}',
    '.band{fill-opacity:.16;stroke:none}',
    ...rules('light'),
    `@media (prefers-color-scheme:dark){\n${rules('dark').join('\n')}\n}`,
  ].join('\n');
}
