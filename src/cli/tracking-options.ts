/** Options that change what the tracker makes of packets, the same for every command that tracks. */
import { type Command, Option } from 'commander';
import { OptionError } from '../common/errors.ts';
import type { HashKey } from '../common/hash.ts';
import {
  applySetting,
  createSettings,
  Setting,
  settingNames,
  TIMEOUT_PRESETS,
  type TimeoutPreset,
} from '../conntrack/settings.ts';
import {
  type Encapsulation,
  parseEncapsulation,
  TUNNELS,
  ZONE_SOURCES,
  type ZoneSource,
} from '../packet/tunnels/options.ts';
import { CONNECTIONS_MAX, CONNECTIONS_MAX_DEFAULT } from '../workers/limits.ts';
import type { HelpSection } from './help.ts';
import { choiceOption, collect, wholeNumber } from './usage.ts';

export interface TrackingFlags {
  readonly set?: readonly string[];
  readonly timeouts: TimeoutPreset;
  readonly max: number;
  readonly decap?: readonly string[];
  readonly zoneFrom?: ZoneSource;
  readonly helpers?: readonly string[];
  readonly checksum: 'verify' | 'ignore';
  readonly oneWay?: true;
}

/** Below the options of every command that takes `--set`. */
export const SETTINGS_SECTION: HelpSection = {
  title:
    'Names for --set (nf_conntrack_* without the prefix, and ipfrag_*), their defaults, and what they take',
  lines: settingNames().map((s) => `${s.name.padEnd(31)}${String(s.linux).padStart(8)}  ${s.allowed}`),
};

/** A key of the hash; the value is a HashKey. */
export function hashKeyOption(flags: string, description: string): Option {
  const name = flags.replace(/ <.*/, '');
  return new Option(flags, description).argParser((value: string): HashKey => {
    if (!/^[0-9a-f]{16}$/i.test(value)) throw new OptionError(name, value, '16 hexadecimal digits');
    return { k0: Number.parseInt(value.slice(0, 8), 16) | 0, k1: Number.parseInt(value.slice(8), 16) | 0 };
  });
}

export function addSettingOptions(command: Command): Command {
  return command
    .option('--set <name=value>', 'a timeout or switch by its kernel name, see below', collect)
    .addOption(
      choiceOption(
        '--timeouts <preset>',
        'timeouts: those of today, or the longer ones of older kernels',
        TIMEOUT_PRESETS,
      ).default('linux'),
    )
    .option(
      '--max <n>',
      'greatest number of connections, over all shards',
      wholeNumber('--max', 1, CONNECTIONS_MAX),
      CONNECTIONS_MAX_DEFAULT,
    );
}

export function addPacketOptions(command: Command): Command {
  return command
    .option(
      '--decap <tunnels>',
      `track what is inside: comma list of ${TUNNELS.map((tunnel) => tunnel.name).join(', ')} or all; name:port for another UDP port (default: outer packets)`,
      collect,
    )
    .addOption(
      choiceOption(
        '--zone-from <where>',
        'take the zone from the VLAN id of the outermost tag, or from a number in the header of a tunnel',
        ZONE_SOURCES,
      ),
    )
    .option(
      '--helpers <list>',
      'helpers, as ftp:21,sip:5060/tcp,... (a name alone: at its usual port), default, all or none (default: "default")',
      collect,
    )
    .addOption(
      choiceOption('--checksum <mode>', 'verify checksums as the kernel does, or ignore them', [
        'verify',
        'ignore',
      ]).default('verify'),
    )
    .option('--one-way', 'for taps that see one direction only (asymmetric routing): see docs/one-way.md');
}

/** Errors: OptionError for a `--set` that is not allowed. */
export function settingsOf(
  flags: TrackingFlags,
  first: (settings: Int32Array) => void = () => {},
): Int32Array {
  const settings = createSettings(flags.timeouts);
  first(settings);
  for (const assignment of flags.set ?? []) applySetting(settings, assignment);
  if (flags.checksum === 'ignore') settings[Setting.CHECKSUM] = 0;
  if (flags.oneWay) settings[Setting.ONE_WAY] = 1;
  return settings;
}

const ENCAPSULATION_OPTIONS = { decap: '--decap', zoneFrom: '--zone-from' };

/** Errors: OptionError for a tunnel that is none. */
export const encapsulationOf = (flags: TrackingFlags): Encapsulation =>
  parseEncapsulation(flags.decap, flags.zoneFrom, ENCAPSULATION_OPTIONS);
