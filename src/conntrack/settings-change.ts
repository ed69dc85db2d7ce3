/** Settings of a tracker that runs: which may be changed, and how several are changed at once. */
import { OptionError } from '../common/errors.ts';
import { applySetting, SETTINGS, Setting } from './settings.ts';

/** What threads have read when they began, or what memory was made for. */
const FIXED: ReadonlySet<Setting> = new Set([
  Setting.CHECKSUM,
  Setting.EXPECT_MAX,
  Setting.FRAG4_TIME,
  Setting.FRAG4_HIGH,
  Setting.FRAG4_LOW,
  Setting.FRAG4_DISTANCE,
  Setting.FRAG6_TIME,
  Setting.FRAG6_HIGH,
  Setting.FRAG6_LOW,
]);

export const isChangeable = (word: Setting): boolean => !FIXED.has(word);

/**
 * Changes settings by name, all of them or none. What is the same as before is no change.
 *
 * Errors: OptionError for an unknown name, a value out of range, a setting that is fixed while the tracker runs
 */
export function changeSettings(
  settings: Int32Array,
  changes: Readonly<Record<string, number | string>>,
): void {
  const changed = Int32Array.from(settings);
  for (const [name, value] of Object.entries(changes)) {
    if (name.includes('=')) throw new OptionError('setting', name, 'a name');
    applySetting(changed, `${name}=${value}`);
  }
  for (const { word, name } of SETTINGS) {
    if (changed[word] !== settings[word] && !isChangeable(word))
      throw new OptionError(
        name ?? '',
        String(changed[word]),
        'its value of now while the tracker runs',
        'Start the tracker with --set',
      );
  }
  settings.set(changed);
}
