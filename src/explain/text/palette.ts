/** Colours of a terminal, or none. Only the sixteen that every terminal has and every theme can change. */

export type Style = 'plain' | 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'magenta' | 'alarm';

export type Palette = (style: Style, text: string) => string;

const CODES: Readonly<Record<Style, string>> = {
  plain: '',
  bold: '1',
  dim: '2',
  red: '31',
  green: '32',
  yellow: '33',
  cyan: '36',
  magenta: '35',
  alarm: '1;31',
};

export const noColours: Palette = (_style, text) => text;

export const terminalColours: Palette = (style, text) =>
  style === 'plain' || text === '' ? text : `\x1b[${CODES[style]}m${text}\x1b[0m`;
