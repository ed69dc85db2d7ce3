/** `flowshard stats`, `shards` and `config`: the tracker itself. */
import type { Command } from 'commander';
import type { ConfigForm, OwnerForm, OwnersForm, SettingForm, StatsForm } from '../../api/forms.ts';
import { ExitStatus, OptionError } from '../../common/errors.ts';
import { addHelp } from '../help.ts';
import { statsLines } from '../summary.ts';
import { addTargetOptions, COMMON_EXITS, runWithClient, type TargetFlags } from './ask.ts';
import { tableLines } from './text-table.ts';

type Flags = TargetFlags & { readonly json?: true };

export function defineStats(command: Command): void {
  command.option('--json', 'as one JSON object');
  addTargetOptions(command).action((flags: Flags) =>
    runWithClient(flags, async (client, out) => {
      const stats = await client.json<StatsForm>({ path: '/v1/stats' });
      if (flags.json) out.line(JSON.stringify(stats));
      else for (const line of statsLines(stats)) out.line(line);
      return ExitStatus.OK;
    }),
  );
  addHelp(command, {
    examples: [
      ['flowshard stats', 'every counter, name=value'],
      ["flowshard stats | grep '^invalid'", 'why packets are INVALID'],
      ['flowshard stats --json', 'for programs'],
    ],
    after: [
      {
        title: 'What adds up',
        lines: [
          'tracked and all of invalid, untracked, skipped and dropped are packets; docs/reasons.md has their names.',
        ],
      },
    ],
    exits: COMMON_EXITS,
  });
}

const micros = (ns: number): string => (ns / 1000).toFixed(1);

const ownerRow = (o: OwnerForm): string[] => [
  o.kind === 'shard' ? String(o.owner) : o.kind,
  String(o.entries),
  String(o.entriesMax),
  o.load.toFixed(2),
  String(o.probeMax),
  String(o.wheelBacklog),
  String(Math.round(o.expiryLagMs)),
  `${o.ringDepth}/${o.ringSlots}`,
  (o.bytes / 1e6).toFixed(1),
  ...(o.latencyNs === null
    ? ['-', '-', '-']
    : [micros(o.latencyNs.p50), micros(o.latencyNs.p99), micros(o.latencyNs.max)]),
];

const OWNER_HEADER = [
  'shard',
  'entries',
  'of',
  'load',
  'probe',
  'due',
  'lag ms',
  'ring',
  'MB',
  'p50 us',
  'p99 us',
  'max us',
];

export function defineShards(command: Command): void {
  command.option('--json', 'as one JSON object');
  addTargetOptions(command).action((flags: Flags) =>
    runWithClient(flags, async (client, out) => {
      const form = await client.json<OwnersForm>({ path: '/v1/shards' });
      if (flags.json) out.line(JSON.stringify(form));
      else for (const line of tableLines(OWNER_HEADER, form.shards.map(ownerRow))) out.line(line);
      return ExitStatus.OK;
    }),
  );
  addHelp(command, {
    examples: [['flowshard shards', 'a line for each thread that owns connections']],
    after: [
      {
        title: 'Columns',
        lines: [
          'shard      its number; masters: the connections with helpers',
          'entries    connections, and how many there is room for',
          'load       entries per slot of the index; probe: the longest search an insertion needed',
          'due        connections that have expired and are still to be taken out, and by how much that is behind',
          'ring       packets that wait, and room for',
          'p50 us ... from the arrival of a packet to its state, where it is measured',
        ],
      },
    ],
    exits: COMMON_EXITS,
  });
}

/** `tcp_loose=0`; with the prefix of the kernel as well. */
function parseAssignment(word: string): readonly [name: string, value: number | null] {
  const [name = '', value, ...rest] = word.replace(/^nf_conntrack_/, '').split('=');
  if (rest.length > 0 || !/^\w+$/.test(name) || (value !== undefined && !/^\d{1,15}$/.test(value)))
    throw new OptionError('NAME', word, 'NAME or NAME=VALUE, such as tcp_loose=0');
  return [name, value === undefined ? null : Number(value)];
}

const UNITS: Readonly<Record<SettingForm['unit'], string>> = {
  seconds: ' s',
  switch: '',
  count: '',
  bytes: ' bytes',
};

function settingLine(name: string, setting: SettingForm): string {
  const { value, unit, changeable } = setting;
  const isDefault = value === setting.default;
  const notes = [isDefault ? '' : `default ${setting.default}`, changeable ? '' : 'fixed'].filter(
    (note) => note !== '',
  );
  return `${name.padEnd(32)}${value}${UNITS[unit]}${notes.length === 0 ? '' : `  (${notes.join(', ')})`}`;
}

export function defineConfig(command: Command): void {
  command
    .argument('[name...]', 'settings, by their kernel names; NAME=VALUE changes one')
    .option('--json', 'as one JSON object, with how the tracker was started');
  addTargetOptions(command).action((words: readonly string[], flags: Flags) => config(words, flags));
  addHelp(command, {
    examples: [
      ['flowshard config', 'all settings'],
      ['flowshard config tcp_timeout_established', 'one: the value alone'],
      [
        'flowshard config tcp_timeout_established=86400 tcp_be_liberal=1',
        'change two, or none if one is wrong',
      ],
    ],
    after: [
      {
        title: 'Timeouts',
        lines: ['A new timeout counts from the next packet of a connection on, as in the kernel.'],
      },
    ],
    exits: COMMON_EXITS,
  });
}

async function config(words: readonly string[], flags: Flags): Promise<void> {
  const wanted = words.map(parseAssignment);
  const changes = wanted.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  if (changes.length > 0 && changes.length < wanted.length)
    throw new OptionError('NAME', words.join(' '), 'names alone, or NAME=VALUE for all of them');
  await runWithClient(flags, async (client, out) => {
    const path = '/v1/config';
    const form = await client.json<ConfigForm>(
      changes.length === 0 ? { path } : { path, method: 'PATCH', body: Object.fromEntries(changes) },
    );
    const chosen = wanted.map(([name]) => [name, form.settings[name]] as const);
    const unknown = chosen.find(([, setting]) => setting === undefined);
    if (unknown !== undefined)
      throw new OptionError('NAME', unknown[0], 'a setting; flowshard config shows all');
    if (flags.json) out.line(JSON.stringify(form));
    else if (wanted.length === 0)
      for (const [name, setting] of Object.entries(form.settings)) out.line(settingLine(name, setting));
    else if (changes.length === 0 && chosen.length === 1) out.line(String(chosen[0][1].value));
    else for (const [name, setting] of chosen) out.line(settingLine(name, setting));
    return ExitStatus.OK;
  });
}
