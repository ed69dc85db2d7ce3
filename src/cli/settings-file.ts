/** `--settings FILE`: names and values, one a line, as sysctl.conf has them; read again on SIGHUP. */
import { readFileSync } from 'node:fs';
import { OptionError } from '../common/errors.ts';
import { applySetting } from '../conntrack/settings.ts';
import { isChangeable } from '../conntrack/settings-change.ts';
import type { Attachment } from './attachments.ts';

const OPTION = '--settings';

interface SettingLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

function linesOf(path: string): SettingLine[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OptionError(OPTION, path, 'a file of lines NAME = VALUE', why);
  }
  return text
    .split('\n')
    .map((line, i) => ({ number: i + 1, text: line.replace(/[#;].*/, '').trim() }))
    .filter((line) => line.text !== '');
}

/** Errors: OptionError when the file cannot be read, or with the line that is wrong */
export function applySettingsFile(path: string, settings: Int32Array): void {
  for (const { number, text } of linesOf(path)) {
    try {
      applySetting(settings, text);
    } catch (cause) {
      if (!(cause instanceof OptionError)) throw cause;
      throw new OptionError(OPTION, `${path}:${number}: ${text}`, cause.allowed, cause.hint);
    }
  }
}

/**
 * Reads the file again on SIGHUP: all of it counts, or, when a line is wrong, nothing. `compute` makes the settings as
 * a start would, so that what is no longer in the file is forgotten, and the command line still comes after it.
 */
export function settingsFile(path: string, settings: Int32Array, compute: () => Int32Array): Attachment {
  return {
    leave: async () => {},
    finish: async () => [],
    async reload() {
      const changed = compute();
      const fixed: number[] = [];
      for (let word = 0; word < settings.length; word++) {
        if (changed[word] === settings[word]) continue;
        if (isChangeable(word)) settings[word] = changed[word];
        else fixed.push(word);
      }
      const later = fixed.length > 0 ? `; of its changes ${fixed.length} wait for the next start` : '';
      return [`${path} was read again${later}`];
    },
  };
}
