/** The settings as /v1/config shows them, and what is wrong with a change of them. */
import { OptionError } from '../common/errors.ts';
import { SETTINGS, settingRange } from '../conntrack/settings.ts';
import { isChangeable } from '../conntrack/settings-change.ts';
import type { SettingForm } from './forms.ts';

const OPTION = /^--set ?/;

/** The same error by the name of the setting: a client has no options of a command line. */
export function namedSetting(error: unknown): unknown {
  if (!(error instanceof OptionError) || !OPTION.test(error.option)) return error;
  const { option, value, allowed, hint } = error;
  const name = option.replace(OPTION, '');
  if (name !== '') return new OptionError(name, value, allowed, hint);
  return new OptionError('setting', value.split('=', 1)[0], allowed, hint);
}

const UNITS: Readonly<Record<(typeof SETTINGS)[number]['kind'], SettingForm['unit']>> = {
  seconds: 'seconds',
  switch: 'switch',
  count: 'count',
  table: 'count',
  amount: 'count',
};

export function settingsForm(settings: Int32Array): Readonly<Record<string, SettingForm>> {
  const entries = SETTINGS.flatMap((s): [string, SettingForm][] => {
    if (s.name === null) return [];
    const value = settings[s.word];
    const isBytes = s.name.endsWith('_thresh');
    return [
      [
        s.name,
        {
          value: s.kind === 'seconds' ? Math.floor(value / 1000) : value,
          default: s.linux,
          unit: isBytes ? 'bytes' : UNITS[s.kind],
          min: 0,
          max: settingRange(s.kind).max,
          changeable: isChangeable(s.word),
        },
      ],
    ];
  });
  return Object.fromEntries(entries);
}
