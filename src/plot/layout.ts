/** Where the parts of a chart are. */
import type { Scale } from './scale.ts';
import type { Box } from './series.ts';

/** Width of a character in units of the size of its font: of the widest usual fonts, so that nothing overlaps. */
const CHARACTER_WIDTH = 0.6;
const FONT_PX = 12;
const LEGEND_ROW_PX = 20;
/** Of the sample of a line in the legend, and what is free before the next one. */
export const LEGEND_SAMPLE_PX = 26;
const LEGEND_GAP_PX = 22;

export const textWidth = (text: string, fontPx = FONT_PX): number =>
  [...text].length * fontPx * CHARACTER_WIDTH;

export interface LegendItem {
  readonly left: number;
  /** Of the middle of its line. */
  readonly middle: number;
}

export interface Layout {
  readonly plot: Box;
  readonly legend: readonly LegendItem[];
  /** Baselines. */
  readonly title: number;
  readonly subtitle: number;
  readonly yTitle: number;
  readonly xTicks: number;
  readonly xTitle: number;
}

export interface LayoutInput {
  readonly width: number;
  readonly height: number;
  readonly top: number;
  readonly hasSubtitle: boolean;
  readonly names: readonly string[];
  readonly y: Scale;
}

const SIDE_PX = 24;

/** Puts the names of the series side by side, in as many rows as they need. */
function layLegend(names: readonly string[], width: number, top: number): LegendItem[] {
  let left = SIDE_PX;
  let row = 0;
  return names.map((name) => {
    const itemWidth = LEGEND_SAMPLE_PX + 6 + textWidth(name);
    if (left > SIDE_PX && left + itemWidth > width - SIDE_PX) {
      left = SIDE_PX;
      row++;
    }
    const item = { left, middle: top + row * LEGEND_ROW_PX + LEGEND_ROW_PX / 2 };
    left += itemWidth + LEGEND_GAP_PX;
    return item;
  });
}

export function layOut({ width, height, top, hasSubtitle, names, y }: LayoutInput): Layout {
  const title = top + 32;
  const subtitle = title + 20;
  const legendTop = (hasSubtitle ? subtitle : title) + 10;
  const legend = layLegend(names, width, legendTop);
  const legendEnd = legend.length === 0 ? legendTop : legend[legend.length - 1].middle + LEGEND_ROW_PX / 2;
  const yTitle = legendEnd + 18;
  const plotTop = yTitle + 12;
  const plotEnd = top + height - 56;
  const left = SIDE_PX + 8 + Math.max(...y.ticks.map(({ text }) => textWidth(text)), 20);
  return {
    plot: { left, top: plotTop, width: width - left - SIDE_PX - 12, height: Math.max(plotEnd - plotTop, 40) },
    legend,
    title,
    subtitle,
    yTitle,
    xTicks: plotEnd + 18,
    xTitle: plotEnd + 40,
  };
}
