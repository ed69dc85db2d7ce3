/** `flowshard list`, `get` and `count`: what is in the table. */
import type { Command } from 'commander';
import type { CountForm } from '../../api/forms.ts';
import { ExitStatus, OptionError } from '../../common/errors.ts';
import { addHelp, type Example } from '../help.ts';
import { choiceOption, wholeNumber } from '../usage.ts';
import { addTargetOptions, COMMON_EXITS, NOTHING_FOUND, runWithClient, type TargetFlags } from './ask.ts';
import { addFilter, FILTER_SECTION, type FilterFlags, filterQuery, isEmpty } from './filter.ts';
import { addFormOptions, type FormFlags, formOf, formQuery } from './form.ts';
import { closingLine, complain, printAnswer } from './print.ts';

const SORT_KEYS = ['bytes', 'packets', 'age'] as const;
const COUNT_KINDS = ['protocol', 'state', 'helper', 'zone'] as const;
const LIMIT_MAX = Number.MAX_SAFE_INTEGER;

type Flags = TargetFlags & FilterFlags & FormFlags & { readonly quiet?: true };

interface ListFlags {
  readonly limit?: number;
  readonly sort?: (typeof SORT_KEYS)[number];
}

const LIST_EXAMPLES: readonly Example[] = [
  ['flowshard list', 'all connections, as conntrack -L'],
  ['flowshard list tcp dport 443 src 10.0.0.0/8', 'those that match'],
  ["flowshard list ESTABLISHED not assured 'bytes>1M' 'age>1h'", 'states, status, comparisons'],
  ['flowshard list --sort bytes --limit 10', 'the ten greatest'],
  ['flowshard list udp -o json', 'one JSON object to a line'],
  ['flowshard list -s 10.0.0.1 -p tcp -o extended,id', 'with options, as in conntrack'],
];

export function defineList(command: Command): void {
  addFormOptions(addFilter(command))
    .option('--limit <n>', 'at most so many', wholeNumber('--limit', 1, LIMIT_MAX))
    .addOption(choiceOption('--sort <key>', 'the greatest first; 100 of them without --limit', SORT_KEYS))
    .option('-q, --quiet', 'do not say how many there were');
  addTargetOptions(command).action((words: readonly string[], flags: Flags & ListFlags) =>
    list(words, flags),
  );
  addHelp(command, { before: [FILTER_SECTION], examples: LIST_EXAMPLES, exits: COMMON_EXITS });
}

async function list(words: readonly string[], flags: Flags & ListFlags): Promise<void> {
  const query = {
    ...filterQuery(words, flags),
    ...formQuery(formOf(flags)),
    limit: flags.limit,
    sort: flags.sort,
  };
  await runWithClient(flags, async (client, out) => {
    const count = await printAnswer(await client.ask({ path: '/v1/connections', query }), out);
    await out.flushed();
    if (!flags.quiet && !out.isClosed()) process.stderr.write(closingLine(count, 'flow entries', 'shown'));
    return ExitStatus.OK;
  });
}

export function defineGet(command: Command): void {
  addTargetOptions(addFormOptions(addFilter(command))).action((words: readonly string[], flags: Flags) =>
    get(words, flags),
  );
  addHelp(command, {
    before: [FILTER_SECTION],
    examples: [
      ['flowshard get 3210987654', 'by its id, which -o id and --json show'],
      ['flowshard get tcp src 10.0.0.1 sport 40000 dport 443', 'by whatever makes it the only one'],
    ],
    exits: [...COMMON_EXITS, NOTHING_FOUND, [4, 'several match: say more, or use flowshard list']],
  });
}

async function get(words: readonly string[], flags: Flags): Promise<void> {
  const filter = filterQuery(words, flags);
  if (isEmpty(filter))
    throw new OptionError(
      'FILTER',
      '',
      'an id, or a filter that one connection matches',
      'flowshard list shows all',
    );
  await runWithClient(flags, async (client, out) => {
    // Two are enough to know that it is not the only one; nothing is printed before.
    const query = { ...filter, ...formQuery(formOf(flags)), limit: 2 };
    const answer = await client.ask({ path: '/v1/connections', query });
    const text = await answer.text();
    const count = answer.entries() ?? 0;
    if (count === 1) out.raw(text);
    else
      complain(
        count === 0 ? 'no connection matches' : 'several connections match: say more, or use flowshard list',
      );
    return count === 1 ? ExitStatus.OK : count === 0 ? ExitStatus.NOT_FOUND : ExitStatus.AMBIGUOUS;
  });
}

interface CountFlags extends TargetFlags {
  readonly by?: (typeof COUNT_KINDS)[number];
  readonly json?: true;
}

export function defineCount(command: Command): void {
  addFilter(command)
    .addOption(choiceOption('--by <kind>', 'how many of each kind as well', COUNT_KINDS))
    .option('--json', 'as a JSON object');
  addTargetOptions(command).action((words: readonly string[], flags: CountFlags & FilterFlags) =>
    count(words, flags),
  );
  addHelp(command, {
    before: [FILTER_SECTION],
    examples: [
      ['flowshard count', 'all, from the counters'],
      ['flowshard count udp not status SEEN_REPLY', 'those that match'],
      ['flowshard count --by state', 'by protocol and state'],
    ],
    exits: COMMON_EXITS,
  });
}

async function count(words: readonly string[], flags: CountFlags & FilterFlags): Promise<void> {
  await runWithClient(flags, async (client, out) => {
    const query = { ...filterQuery(words, flags), by: flags.by };
    const form = await client.json<CountForm>({ path: '/v1/connections/count', query });
    if (flags.json) out.line(JSON.stringify(form));
    else {
      const kinds = Object.entries(form.by ?? {}).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
      for (const [kind, number] of kinds) out.line(`${String(number).padStart(10)} ${kind}`);
      out.line(flags.by === undefined ? String(form.count) : `${String(form.count).padStart(10)} all`);
    }
    return ExitStatus.OK;
  });
}
