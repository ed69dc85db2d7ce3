/** Columns in line, for people: numbers to the right, words to the left. */

/** Lines of a table; a column whose cells are all numbers is set to the right. */
export function tableLines(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const isNumeric = header.map((_, column) => rows.every((row) => /^[\d.,%+-]*$/.test(row[column])));
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (isNumeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  return [header, ...rows].map(line);
}
