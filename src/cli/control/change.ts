/** `flowshard delete`, `flush` and `update`: what is in the table, changed by hand. */
import type { Command } from 'commander';
import type { ChangeForm, DeletedForm } from '../../api/forms.ts';
import type { Query } from '../../client/client.ts';
import { ExitStatus, OptionError } from '../../common/errors.ts';
import { TIMEOUT_MAX_S } from '../../conntrack/settings.ts';
import { addHelp, type Example } from '../help.ts';
import { wholeNumber } from '../usage.ts';
import { addTargetOptions, COMMON_EXITS, NOTHING_FOUND, runWithClient, type TargetFlags } from './ask.ts';
import { addFilter, FILTER_SECTION, type FilterFlags, filterQuery, isEmpty } from './filter.ts';
import { addFormOptions, type FormFlags, formOf, formQuery } from './form.ts';
import { closingLine, printAnswer } from './print.ts';

interface ChangeFlags extends TargetFlags, FormFlags {
  readonly dryRun?: true;
  readonly all?: true;
  readonly quiet?: true;
}
type Flags = ChangeFlags & FilterFlags;

function addChangeOptions(command: Command): Command {
  addFormOptions(addFilter(command))
    .option('-n, --dry-run', 'only show which they are')
    .option('-q, --quiet', 'show neither them nor how many');
  return addTargetOptions(command);
}

/** Lists, deletes or changes what the query means, prints it, and says how many there were. */
async function change(
  flags: Flags,
  query: Query,
  ask: { readonly method: 'DELETE' | 'PATCH'; readonly body?: ChangeForm },
  done: string,
): Promise<void> {
  const form = formOf(flags);
  await runWithClient(flags, async (client, out) => {
    const listed = { ...query, ...formQuery(form) };
    const answer = await client.ask(
      flags.dryRun
        ? { path: '/v1/connections', query: { ...listed, all: undefined } }
        : { path: '/v1/connections', query: listed, ...ask },
    );
    const count = flags.quiet
      ? await answer.text().then(() => answer.entries() ?? 0)
      : await printAnswer(answer, out);
    await out.flushed();
    const words = flags.dryRun ? `shown, none of them ${done}` : done;
    if (!flags.quiet) process.stderr.write(closingLine(count, 'flow entries', words));
    return count === 0 ? ExitStatus.NOT_FOUND : ExitStatus.OK;
  });
}

export function defineDelete(command: Command): void {
  addChangeOptions(command).action((words: readonly string[], flags: Flags) => {
    const query = filterQuery(words, flags);
    if (isEmpty(query))
      throw new OptionError('FILTER', '', 'an id, or a filter', 'flowshard flush deletes all connections');
    return change(flags, query, { method: 'DELETE' }, 'deleted');
  });
  addHelp(command, {
    before: [FILTER_SECTION],
    examples: [
      ['flowshard delete 3210987654', 'one, by its id'],
      ['flowshard delete src 10.0.0.7', 'those that match; they are shown, as conntrack -D does'],
      ["flowshard delete udp 'idle>1m' --dry-run", 'which would they be?'],
    ],
    exits: [...COMMON_EXITS, NOTHING_FOUND],
  });
}

export function defineFlush(command: Command): void {
  command.option('-q, --quiet', 'do not say how many there were');
  addTargetOptions(command).action((flags: TargetFlags & { readonly quiet?: true }) =>
    runWithClient(flags, async (client) => {
      const query = { all: 'true', format: 'json' };
      const { deleted } = await client.json<DeletedForm>({
        method: 'DELETE',
        path: '/v1/connections',
        query,
      });
      if (!flags.quiet) process.stderr.write(closingLine(deleted, 'flow entries', 'deleted'));
      return ExitStatus.OK;
    }),
  );
  addHelp(command, {
    examples: [
      ['flowshard flush', 'the table is empty; what is expected remains'],
      ['flowshard expect flush', 'what is expected goes'],
    ],
    exits: COMMON_EXITS,
  });
}

/** MARK or MARK/MASK, decimal or hexadecimal. */
export function parseMark(value: string): { value: number; mask: number } {
  const [mark = '', mask = '0xffffffff', ...rest] = value.split('/');
  const isNumber = (text: string): boolean =>
    /^(?:0x[\da-f]{1,8}|\d{1,10})$/i.test(text) && Number(text) <= 0xffffffff;
  if (rest.length > 0 || !isNumber(mark) || !isNumber(mask))
    throw new OptionError('--set-mark', value, 'MARK or MARK/MASK, 32 bits: 5, 0x10/0xf0');
  return { value: Number(mark), mask: Number(mask) };
}

const SETTABLE = ['ASSURED', 'FIXED_TIMEOUT'] as const;

export function parseStatus(value: string): readonly (typeof SETTABLE)[number][] {
  return value.split(',').map((word) => {
    const found = SETTABLE.find((one) => one === word.trim().toUpperCase());
    if (found === undefined)
      throw new OptionError('--set-status', word, `a comma list of ${SETTABLE.join(', ')}`);
    return found;
  });
}

interface UpdateFlags {
  readonly setMark?: ReturnType<typeof parseMark>;
  readonly setTimeout?: number;
  readonly setStatus?: ReturnType<typeof parseStatus>;
}

const UPDATE_EXAMPLES: readonly Example[] = [
  [
    'flowshard update src 10.0.0.7 --set-mark 7',
    'a mark for those that match; they are shown as they are now',
  ],
  ['flowshard update tcp dport 22 --set-mark 0x100/0xff00', 'only the bits of the mask'],
  [
    'flowshard update 3210987654 --set-timeout 3600 --set-status FIXED_TIMEOUT',
    'one lives an hour, whatever comes',
  ],
  ['flowshard update --all --set-mark 0', 'all of them'],
];

export function defineUpdate(command: Command): void {
  addChangeOptions(
    command
      .option('--set-mark <mark[/mask]>', 'new mark; with a mask only these bits', parseMark)
      .option(
        '--set-timeout <seconds>',
        'seconds from now until they expire',
        wholeNumber('--set-timeout', 0, TIMEOUT_MAX_S),
      )
      .option('--set-status <bits>', `status bits to set: ${SETTABLE.join(', ')}`, parseStatus)
      .option('--all', 'all connections, where there is no filter'),
  ).action((words: readonly string[], flags: Flags & UpdateFlags) => update(words, flags));
  addHelp(command, {
    before: [FILTER_SECTION],
    examples: UPDATE_EXAMPLES,
    exits: [...COMMON_EXITS, NOTHING_FOUND],
  });
}

async function update(words: readonly string[], flags: Flags & UpdateFlags): Promise<void> {
  const filter = filterQuery(words, flags);
  if (isEmpty(filter) && !flags.all)
    throw new OptionError('FILTER', '', 'an id or a filter, or --all for all connections');
  if (!isEmpty(filter) && flags.all) throw new OptionError('--all', 'with a filter', 'one of them');
  const { setMark, setTimeout, setStatus } = flags;
  if (setMark === undefined && setTimeout === undefined && setStatus === undefined)
    throw new OptionError('--set-mark', 'nothing', 'at least one of --set-mark, --set-timeout, --set-status');
  const body: ChangeForm = {
    ...(setMark === undefined ? {} : { mark: setMark }),
    ...(setTimeout === undefined ? {} : { timeoutS: setTimeout }),
    ...(setStatus === undefined ? {} : { status: setStatus }),
  };
  const query = flags.all ? { all: 'true' } : filter;
  await change(flags, query, { method: 'PATCH', body }, 'updated');
}
