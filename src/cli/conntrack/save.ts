/** `-o save`: connections as the command lines that make them. */
import type { ConnectionForm } from '../../api/forms.ts';

const NAMED = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [33, 'dccp'],
  [47, 'gre'],
  [58, 'icmpv6'],
  [132, 'sctp'],
  [136, 'udplite'],
]);

/** Bits that -u takes, in the order in which conntrack has them. */
const STATUSES: readonly (readonly [bit: number, name: string])[] = [
  [0x2, 'SEEN_REPLY'],
  [0x4, 'ASSURED'],
  [0x400, 'FIXED_TIMEOUT'],
  [0x1, 'EXPECTED'],
];

function transportWords({ protocol, original, reply }: ConnectionForm): string[] {
  if (original.sport !== undefined)
    return [
      `--sport ${original.sport} --dport ${original.dport}`,
      `--reply-port-src ${reply.sport} --reply-port-dst ${reply.dport}`,
    ];
  if (original.type !== undefined) {
    const name = protocol === 58 ? 'icmpv6' : 'icmp';
    return [`--${name}-type ${original.type} --${name}-code ${original.code} --${name}-id ${original.id}`];
  }
  if (original.srckey !== undefined)
    return [
      `--srckey ${original.srckey} --dstkey ${original.dstkey}`,
      `--reply-key-src ${reply.srckey} --reply-key-dst ${reply.dstkey}`,
    ];
  return [];
}

/** The command that a line is to be: what was shown, changed, deleted. */
export type SaveCommand = 'A' | 'U' | 'D';

/** `-A -t 99 -u UNSET -s ... --dport 80`, without line feed. Marks are not in it, as in conntrack. */
export function saveLine(c: ConnectionForm, command: SaveCommand = 'A'): string {
  const bits = STATUSES.filter(([bit]) => (c.status & bit) !== 0).map(([, name]) => name);
  return [
    `-${command} -t ${c.timeoutS}`,
    `-u ${bits.length === 0 ? 'UNSET' : bits.join(',')}`,
    ...(c.zone === 0 ? [] : [`-w ${c.zone}`]),
    `-s ${c.original.src} -d ${c.original.dst} -r ${c.reply.src} -q ${c.reply.dst}`,
    `-p ${NAMED.get(c.protocol) ?? c.protocol}`,
    ...transportWords(c),
    ...(c.state === null ? [] : [`--state ${c.state}`]),
  ].join(' ');
}
