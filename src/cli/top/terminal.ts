/**
 * The terminal while `flowshard top` has it: a screen of its own, which is gone afterwards, however the command ends. Of
 * a new picture only the lines are written that have changed.
 */
import { writeSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Line, Style } from './screen.ts';

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J';
const LEAVE = '\x1b[0m\x1b[?25h\x1b[?1049l';

const COLOURS: Readonly<Record<Style, string>> = {
  plain: '',
  bold: '\x1b[1m',
  dim: '\x1b[2m',
  good: '\x1b[32m',
  warn: '\x1b[33m',
  bad: '\x1b[1;31m',
  bar: '\x1b[7m',
  title: '\x1b[7m',
};
const NO_COLOURS: Readonly<Record<Style, string>> = {
  ...COLOURS,
  good: '',
  warn: '\x1b[1m',
  bad: '\x1b[1;7m',
};

export interface Terminal {
  size(): { readonly width: number; readonly height: number };
  /** Shows lines, as many as the terminal is high. Drops the picture when the terminal is still busy with the last one. */
  paint(lines: readonly Line[]): void;
  /** Forgets what is shown: the next picture is written whole. */
  forget(): void;
  /** Takes the screen, again after `leave`. */
  enter(): void;
  leave(): void;
}

const FALLBACK = { width: 80, height: 24 };

/** `hasColours`: else only bold and reverse. */
export function createTerminal(input: ReadStream, output: WriteStream, hasColours: boolean): Terminal {
  const styles = hasColours ? COLOURS : NO_COLOURS;
  let shown: string[] = [];
  let isInside = false;

  const textOf = (line: Line): string =>
    line.map(({ text, style }) => (styles[style] === '' ? text : `${styles[style]}${text}\x1b[0m`)).join('');

  function leave(): void {
    if (!isInside) return;
    isInside = false;
    input.setRawMode(false);
    // Not through the stream: when the process is about to end nothing else gets out.
    writeSync(1, LEAVE);
  }

  return {
    size: () => ({ width: output.columns || FALLBACK.width, height: output.rows || FALLBACK.height }),
    paint(lines) {
      if (!isInside || output.writableNeedDrain) return;
      const texts = lines.map(textOf);
      let bytes = '';
      texts.forEach((text, i) => {
        if (text !== shown[i]) bytes += `\x1b[${i + 1};1H${text}\x1b[K`;
      });
      shown = texts;
      if (bytes !== '') output.write(bytes);
    },
    forget() {
      shown = [];
      if (isInside) output.write('\x1b[2J');
    },
    enter() {
      if (isInside) return;
      isInside = true;
      shown = [];
      input.setRawMode(true);
      output.write(ENTER);
    },
    leave,
  };
}
