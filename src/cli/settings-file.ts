/** `--settings FILE`: names and values, one a line, as sysctl.conf has them; read again on SIGHUP. */
import { readFileSync } from 'node:fs';
import { OptionError } from '../common/errors.ts';
import { applySetting } from '../conntrack/settings.ts';
import { isChangeable } from '../conntrack/settings-change.ts';
import type { Attachment } from './attachments.ts';

const OPTION = '--settings';

/** The assignments of a file. Errors: OptionError when it cannot be read */
export function settingLines(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OptionError(OPTION, path, 'a file of lines NAME = VALUE', why);
  }
  return text
    .split('\n')
    .map((line) => line.replace(/[#;].*/, '').trim())
    .filter((line) => line !== '');
}

/** Reads the file again on SIGHUP: all of it counts, or, when a line is wrong, nothing. */
export function settingsFile(path: string, settings: Int32Array): Attachment {
  return {
    leave: async () => {},
    finish: async () => [],
    async reload() {
      const changed = settings.slice();
      for (const line of settingLines(path)) applySetting(changed, line);
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
