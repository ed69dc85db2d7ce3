/** Rows in columns: as wide as the first rows need, as many as the terminal has room for. */
import type { PacketRecord } from '../story.ts';
import { type Cell, type CellOptions, type Column, notes } from './cells.ts';
import type { Palette } from './palette.ts';

export interface TableOptions extends CellOptions {
  readonly width: number;
  readonly palette: Palette;
}

export interface Table {
  header(): string;
  /** The row; its notes come on a line of their own where there is no room. */
  row(p: PacketRecord, marker: string): string[];
  /** Where texts under a row begin. */
  readonly indent: number;
}

/** The marker and a space. */
const MARGIN = 2;
const GAP = 2;

const pad = (text: string, width: number, align: Column['align']): string =>
  align === 'left' ? text.padEnd(width) : text.padStart(width);

/** Columns and widths for these rows. */
export function createTable(
  columns: readonly Column[],
  rows: readonly PacketRecord[],
  options: TableOptions,
): Table {
  const { palette, width } = options;
  const widthOf = (column: Column): number =>
    rows.reduce((max, p) => Math.max(max, column.cell(p, options).text.length), column.title.length);
  let kept = columns.map((column) => ({ column, width: widthOf(column) }));
  const gapAfter = (column: Column): number => (column.title === '' ? 1 : GAP);
  const total = (): number => kept.reduce((sum, k) => sum + k.width + gapAfter(k.column), MARGIN) - GAP;
  // Notes beside the rows are worth more than a length that can be told from the sequence numbers.
  const noteWidth = rows.reduce((max, p) => Math.max(max, notes(p).length), 0);
  if (total() + GAP + noteWidth > width) kept = kept.filter(({ column }) => column.drop !== 1);
  while (total() > width) {
    const droppable = kept.filter(({ column }) => column.drop > 0);
    if (droppable.length === 0) break;
    const first = Math.min(...droppable.map(({ column }) => column.drop));
    kept = kept.filter(({ column }) => column.drop !== first);
  }
  const numberWidth = kept[0].width;

  function line(marker: string, cell: (column: Column) => Cell): string {
    const parts = kept.map(({ column, width: w }, i) => {
      const { text, style } = cell(column);
      const gap = i === kept.length - 1 ? '' : ' '.repeat(gapAfter(column));
      return palette(style, pad(text, w, column.align)) + gap;
    });
    return `${marker} ${parts.join('')}`;
  }

  return {
    indent: MARGIN + numberWidth + GAP,
    header: () => line(' ', (column) => ({ text: column.title, style: 'dim' })).trimEnd(),
    row(p, marker) {
      const row = line(marker, (column) => column.cell(p, options));
      const more = notes(p);
      if (more === '') return [row.trimEnd()];
      if (total() + GAP + more.length <= width) return [`${row}${' '.repeat(GAP)}${palette('green', more)}`];
      return [row.trimEnd(), ' '.repeat(MARGIN + numberWidth + GAP) + palette('green', more)];
    },
  };
}
