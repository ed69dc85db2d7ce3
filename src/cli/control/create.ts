/** `flowshard create`: a connection that no packet has made. */
import type { Command } from 'commander';
import type { ConnectionForm, NewConnectionForm } from '../../api/forms.ts';
import { ExitStatus, OptionError } from '../../common/errors.ts';
import { TIMEOUT_MAX_S } from '../../conntrack/settings.ts';
import { addHelp } from '../help.ts';
import { wholeNumber } from '../usage.ts';
import { addTargetOptions, COMMON_EXITS, runWithClient, type TargetFlags } from './ask.ts';
import { present } from './present.ts';
import { closingLine } from './print.ts';

interface CreateFlags extends TargetFlags {
  readonly protocol: string;
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly icmpId?: number;
  readonly srcKey?: number;
  readonly dstKey?: number;
  readonly state?: string;
  readonly timeout: number;
  readonly mark?: number;
  readonly zone?: number;
  readonly status?: NewConnectionForm['status'];
  readonly json?: true;
  readonly quiet?: true;
}

const STATUSES = ['SEEN_REPLY', 'ASSURED', 'FIXED_TIMEOUT'] as const;

function parseStatus(value: string): NewConnectionForm['status'] {
  return value.split(',').map((word) => {
    const found = STATUSES.find((one) => one === word.trim().toUpperCase());
    if (found === undefined)
      throw new OptionError('-u/--status', word, `a comma list of ${STATUSES.join(', ')}`);
    return found;
  });
}

const port = (option: string): ((value: string) => number) => wholeNumber(option, 0, 0xffff);
const octet = (option: string): ((value: string) => number) => wholeNumber(option, 0, 0xff);

export function defineCreate(command: Command): void {
  command
    .requiredOption('-p, --protocol <protocol>', 'tcp, udp, udplite, sctp, icmp, icmpv6, gre, or a number')
    .requiredOption('-s, --src <address>', 'source, original direction')
    .requiredOption('-d, --dst <address>', 'destination, original direction')
    .option('--sport <port>', 'source port', port('--sport'))
    .option('--dport <port>', 'destination port', port('--dport'))
    .option('--icmp-type <type>', 'type of ICMP or ICMPv6', octet('--icmp-type'))
    .option('--icmp-code <code>', 'its code', octet('--icmp-code'))
    .option('--icmp-id <id>', 'its identifier', port('--icmp-id'))
    .option('--src-key <key>', 'GRE key of the source', port('--src-key'))
    .option('--dst-key <key>', 'GRE key of the destination', port('--dst-key'))
    .option('--state <state>', 'state of TCP or SCTP, in capitals: they need one')
    .requiredOption(
      '-t, --timeout <seconds>',
      'seconds until it expires',
      wholeNumber('-t/--timeout', 0, TIMEOUT_MAX_S),
    )
    .option('-m, --mark <mark>', 'its mark', wholeNumber('-m/--mark', 0, 0xffffffff))
    .option('-w, --zone <zone>', 'its zone', port('-w/--zone'))
    .option('-u, --status <bits>', `comma list of ${STATUSES.join(', ')}`, parseStatus)
    .option('--json', 'print it, as a JSON object')
    .option('-q, --quiet', 'say nothing');
  addTargetOptions(command).action((flags: CreateFlags) => create(flags));
  addHelp(command, {
    examples: [
      [
        'flowshard create -p tcp -s 10.0.0.1 -d 192.0.2.7 --sport 40000 --dport 443 --state ESTABLISHED -t 600 -u SEEN_REPLY,ASSURED',
        'as if its packets had been seen',
      ],
      ['flowshard create -p udp -s 10.0.0.1 -d 192.0.2.53 --sport 5000 --dport 53 -t 30', 'not yet answered'],
    ],
    exits: COMMON_EXITS,
  });
}

async function create(flags: CreateFlags): Promise<void> {
  const body = present({
    protocol: /^\d{1,3}$/.test(flags.protocol) ? Number(flags.protocol) : flags.protocol.toLowerCase(),
    original: present({
      src: flags.src,
      dst: flags.dst,
      sport: flags.sport,
      dport: flags.dport,
      type: flags.icmpType,
      code: flags.icmpCode,
      id: flags.icmpId,
      srckey: flags.srcKey,
      dstkey: flags.dstKey,
    }),
    timeoutS: flags.timeout,
    state: flags.state,
    mark: flags.mark,
    zone: flags.zone,
    status: flags.status,
  });
  await runWithClient(flags, async (client, out) => {
    const answer = await client.ask({ method: 'POST', path: '/v1/connections', body });
    const text = await answer.text();
    const { id }: ConnectionForm = JSON.parse(text);
    if (flags.json) out.line(text);
    else if (!flags.quiet) process.stderr.write(closingLine(1, 'flow entries', `created: id ${id}`));
    return ExitStatus.OK;
  });
}
