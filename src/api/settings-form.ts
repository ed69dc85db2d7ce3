/** The settings as /v1/config shows them. */
import { SETTINGS, settingRange } from '../conntrack/settings.ts';
import { isChangeable } from '../conntrack/settings-change.ts';
import type { SettingForm } from './forms.ts';

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
