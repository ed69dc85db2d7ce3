/** `flowshard expect`: connections that others foretell. */
import { type Command, Option } from 'commander';
import type { DeletedForm, NewExpectationForm } from '../../api/forms.ts';
import type { Query } from '../../client/client.ts';
import { ExitStatus, OptionError } from '../../common/errors.ts';
import { TIMEOUT_MAX_S } from '../../conntrack/settings.ts';
import type { Tuple } from '../../export/connection.ts';
import { addHelp } from '../help.ts';
import { wholeNumber } from '../usage.ts';
import { addTargetOptions, COMMON_EXITS, NOTHING_FOUND, runWithClient, type TargetFlags } from './ask.ts';
import { addFormOptions, type FormFlags, formOf } from './form.ts';
import { present } from './present.ts';
import { closingLine, printAnswer } from './print.ts';

const KEYS = ['family', 'protocol', 'src', 'dst', 'sport', 'dport', 'zone', 'helper', 'master'] as const;
type KeyFlags = Readonly<Partial<Record<(typeof KEYS)[number], string>>>;

type Flags = TargetFlags & FormFlags & KeyFlags & { readonly quiet?: true };

function addKeys(command: Command): Command {
  const option = (flags: string, meaning: string): Command => command.addOption(new Option(flags, meaning));
  option('-f, --family <family>', 'ipv4 or ipv6');
  option('-p, --protocol <protocol>', 'of what is expected');
  option('-s, --src <address>', 'its source');
  option('-d, --dst <address>', 'its destination');
  option('--sport <port>', 'its source port');
  option('--dport <port>', 'its destination port');
  option('-w, --zone <zone>', 'its zone');
  option('--helper <name>', 'helper that foretold it');
  return option('--master <id>', 'id of the connection that foretold it');
}

const keyQuery = (flags: KeyFlags): Query => Object.fromEntries(KEYS.map((key) => [key, flags[key]]));

async function printed(flags: Flags, method: 'GET' | 'DELETE', done: string): Promise<void> {
  const form = formOf(flags);
  const query = { ...keyQuery(flags), format: form.format === 'json' ? 'ndjson' : form.format };
  await runWithClient(flags, async (client, out) => {
    const count = await printAnswer(await client.ask({ method, path: '/v1/expectations', query }), out);
    await out.flushed();
    if (!flags.quiet && !out.isClosed()) process.stderr.write(closingLine(count, 'expectations', done));
    return method === 'DELETE' && count === 0 ? ExitStatus.NOT_FOUND : ExitStatus.OK;
  });
}

/** PROTOCOL/ADDRESS:PORT-ADDRESS:PORT, with brackets around IPv6. */
function parseTuple(option: string): (value: string) => { protocol: number | string; tuple: Tuple } {
  return (value) => {
    const match = /^([\w-]+)\/(\[[^\]]+\]|[^:[\]]+):(\d{1,5})-(\[[^\]]+\]|[^:[\]]+):(\d{1,5})$/.exec(value);
    if (match === null)
      throw new OptionError(
        option,
        value,
        'PROTOCOL/ADDRESS:PORT-ADDRESS:PORT, such as tcp/10.0.0.1:40000-192.0.2.7:21',
      );
    const [, protocol, src, sport, dst, dport] = match;
    const plain = (address: string): string => address.replace(/^\[|\]$/g, '');
    return {
      protocol: /^\d+$/.test(protocol) ? Number(protocol) : protocol.toLowerCase(),
      tuple: { src: plain(src), dst: plain(dst), sport: Number(sport), dport: Number(dport) },
    };
  };
}

interface CreateFlags extends TargetFlags {
  readonly master: { protocol: number | string; tuple: Tuple };
  readonly tuple: { protocol: number | string; tuple: Tuple };
  readonly anySport?: true;
  readonly timeout: number;
  readonly helper?: string;
  readonly permanent?: true;
  readonly zone?: number;
  readonly quiet?: true;
}

/** A port of the source that may be any: the usual case, since the other side chooses it. */
async function create(flags: CreateFlags): Promise<void> {
  const body: NewExpectationForm = present({
    protocol: flags.tuple.protocol,
    tuple: flags.tuple.tuple,
    ...(flags.anySport ? { mask: { sport: 0 } } : {}),
    master: { ...flags.master.tuple, protocol: flags.master.protocol },
    zone: flags.zone,
    timeoutS: flags.timeout,
    helper: flags.helper,
    permanent: flags.permanent,
  }) as NewExpectationForm;
  await runWithClient(flags, async (client) => {
    await client.json({ method: 'POST', path: '/v1/expectations', body });
    if (!flags.quiet) process.stderr.write(closingLine(1, 'expectations', 'created'));
    return ExitStatus.OK;
  });
}

export function defineExpect(command: Command): void {
  command.helpCommand(false);
  const sub = (name: string, summary: string, isDefault = false): Command =>
    command.command(name, { isDefault }).description(summary).helpOption('-h, --help', 'print this help');

  const list = addFormOptions(
    addKeys(sub('list', 'Lists what is expected, as conntrack -L expect does.', true)),
  );
  addTargetOptions(list.option('-q, --quiet', 'do not say how many there were')).action((flags: Flags) =>
    printed(flags, 'GET', 'shown'),
  );
  addHelp(list, {
    examples: [
      ['flowshard expect', 'all'],
      ['flowshard expect list --helper ftp -o json', 'those of a helper, for programs'],
    ],
    exits: COMMON_EXITS,
  });

  const remove = addFormOptions(addKeys(sub('delete', 'Deletes what matches, and shows it.')));
  addTargetOptions(remove.option('-q, --quiet', 'do not say how many there were')).action((flags: Flags) => {
    if (KEYS.every((key) => flags[key] === undefined))
      throw new OptionError(
        '--src',
        'nothing',
        'at least one of the keys',
        'flowshard expect flush deletes all',
      );
    return printed(flags, 'DELETE', 'deleted');
  });
  addHelp(remove, {
    examples: [['flowshard expect delete -d 10.0.0.1 --dport 40001', 'by what is expected']],
    exits: [...COMMON_EXITS, NOTHING_FOUND],
  });

  const flush = sub('flush', 'Deletes all expectations.').option(
    '-q, --quiet',
    'do not say how many there were',
  );
  addTargetOptions(flush).action((flags: Flags) =>
    runWithClient(flags, async (client) => {
      const query = { all: 'true', format: 'json' };
      const { deleted } = await client.json<DeletedForm>({
        method: 'DELETE',
        path: '/v1/expectations',
        query,
      });
      if (!flags.quiet) process.stderr.write(closingLine(deleted, 'expectations', 'deleted'));
      return ExitStatus.OK;
    }),
  );
  addHelp(flush, {
    examples: [['flowshard expect flush', 'nothing is expected any more']],
    exits: COMMON_EXITS,
  });

  defineExpectCreate(sub('create', 'Makes an expectation.'));
  addHelp(command, {
    examples: [
      ['flowshard expect', 'all that is expected'],
      ['flowshard expect list -p udp', 'some of it'],
      ['flowshard expect delete --master 3210987654', 'what one connection has foretold'],
      ['flowshard expect create --help', 'how one is made'],
    ],
    exits: [...COMMON_EXITS, NOTHING_FOUND],
  });
}

function defineExpectCreate(command: Command): void {
  command
    .addOption(
      new Option('--master <tuple>', 'the connection that foretells it: PROTOCOL/ADDRESS:PORT-ADDRESS:PORT')
        .argParser(parseTuple('--master'))
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--tuple <tuple>', 'the connection that is expected')
        .argParser(parseTuple('--tuple'))
        .makeOptionMandatory(),
    )
    .option('--any-sport', 'whatever its source port is')
    .requiredOption(
      '-t, --timeout <seconds>',
      'seconds until it expires',
      wholeNumber('-t/--timeout', 0, TIMEOUT_MAX_S),
    )
    .option('-w, --zone <zone>', 'its zone', wholeNumber('-w/--zone', 0, 0xffff))
    .option('--helper <name>', 'helper in whose name')
    .option('--permanent', 'it stays when a connection has come')
    .option('-q, --quiet', 'say nothing');
  addTargetOptions(command).action((flags: CreateFlags) => create(flags));
  addHelp(command, {
    examples: [
      [
        'flowshard expect create --master tcp/10.0.0.1:40000-192.0.2.7:21 --tuple tcp/192.0.2.7:20-10.0.0.1:40001 --any-sport -t 60',
        'as FTP foretells a transfer',
      ],
    ],
    exits: COMMON_EXITS,
  });
}
