/** Texts of the files that are derived from declarations; generate.mjs writes or checks them. */
import { Outcome, REASONS } from '../src/common/reasons.ts';
import {
  ONE_WAY_BLOCK_SHIFT,
  ONE_WAY_CLASSES,
  ONE_WAY_STATE_SHIFT,
  ONE_WAY_STATES,
  OneWayBlock,
  OneWayCell,
  oneWayTransitions,
} from '../src/conntrack/protocols/one-way-table.ts';
import {
  SCTP_CHUNKS,
  SCTP_REPLY_CELLS,
  SCTP_STATE_SHIFT,
  SCTP_STATES,
  SctpState,
  sctpTransitions,
} from '../src/conntrack/protocols/sctp-table.ts';
import {
  TCP_CLASSES,
  TCP_REPLY_CELLS,
  TCP_STATE_SHIFT,
  TCP_STATES,
  TcpState,
  tcpTransitions,
} from '../src/conntrack/protocols/tcp-table.ts';
import { SETTINGS, Setting } from '../src/conntrack/settings.ts';
import { SctpChunk, TcpClass } from '../src/shm/bits.ts';
import type { Layout } from '../src/shm/layout.ts';
import { textHash } from '../src/shm/layout.ts';
import { ASK, DESCRIPTOR, ENTRY_COLD, ENTRY_HOT, EXPECTATION, FORETOLD, REPORT } from '../src/shm/layouts.ts';

const LAYOUTS = [ENTRY_HOT, ENTRY_COLD, DESCRIPTOR, FORETOLD, EXPECTATION, ASK, REPORT];

function offsetsSource(): string {
  const enums = LAYOUTS.map((layout) => {
    const rows = layout.fields.map((f) => `  ${f.name} = ${layout.offsets.get(f.name)},`);
    return `/** Words of ${layout.name}. */\nexport enum ${layout.name} {\n${rows.join('\n')}\n  WORDS = ${layout.words},\n}\n`;
  });
  const hash = textHash(LAYOUTS.map((l) => l.hash).join());
  return [
    '/** Written by `npm run generate` from layouts.ts: do not edit. Enums, because esbuild turns their members into literals. */',
    ...enums,
    `/** Of all layouts together; a thread refuses memory that was laid out differently. */\nexport const LAYOUT_HASH = ${hash};\n`,
  ].join('\n');
}

/** A table with its columns in line, as formatters of Markdown leave it. */
function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const escaped = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const all = [header, ...escaped];
  const widths = header.map((_, column) => Math.max(3, ...all.map((row) => row[column].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |\n`;
  return line(header) + line(widths.map((width) => '-'.repeat(width))) + escaped.map(line).join('');
}

function layoutPage(): string {
  const parts = LAYOUTS.map((layout: Layout) => {
    const rows = layout.fields.map((f) => {
      const at = layout.offsets.get(f.name) ?? 0;
      return [`${at * 4}`, `${f.words * 4}`, `\`${f.name}\``, f.type, f.unit, f.meaning];
    });
    const table = markdownTable(['byte', 'size', 'field', 'type', 'unit', 'meaning'], rows);
    return `## ${layout.name}: ${layout.words * 4} bytes\n\n${table}`;
  });
  return `# Layouts in shared memory\n\nPrinted from \`src/shm/layouts.ts\` by \`npm run generate\`.\n\n${parts.join('\n')}`;
}

function reasonsPage(): string {
  const rows = [...REASONS].map(([number, r]) => [
    `${number}`,
    `\`${r.name}\``,
    Outcome[r.outcome].toLowerCase(),
    r.meaning,
  ]);
  const table = markdownTable(['number', 'name', 'outcome', 'meaning'], rows);
  return `# Reasons\n\nPrinted from \`src/common/reasons.ts\` by \`npm run generate\`. Every packet that was not tracked has exactly one.\n\n${table}`;
}

/** Names of the columns, in the order of TcpClass. */
const TCP_CLASS_TITLES: Readonly<Record<TcpClass, string>> = {
  [TcpClass.SYN]: 'SYN',
  [TcpClass.SYNACK]: 'SYN+ACK',
  [TcpClass.FIN]: 'FIN',
  [TcpClass.ACK]: 'ACK',
  [TcpClass.RST]: 'RST',
  [TcpClass.NONE]: 'none of these',
};

function tcpStatesPage(): string {
  const cells = tcpTransitions();
  const titles = Array.from({ length: TCP_CLASSES }, (_, cls) => TCP_CLASS_TITLES[cls as TcpClass]);
  const cellText = (next: TcpState): string => {
    if (next === TcpState.INVALID) return 'INVALID';
    return next === TcpState.IGNORE ? 'ignored' : `\`${TcpState[next]}\``;
  };
  const transitions = (dir: number): string =>
    markdownTable(
      ['state', ...titles],
      Array.from({ length: TCP_STATES }, (_, state) => [
        `\`${TcpState[state]}\``,
        ...titles.map((_, cls) => cellText(cells[dir * TCP_REPLY_CELLS + (state << TCP_STATE_SHIFT) + cls])),
      ]),
    );
  const timeouts = markdownTable(
    ['state', 'seconds', 'classic preset', '`--set` name'],
    SETTINGS.filter((s) => s.word > TcpState.NONE && s.word < TCP_STATES).map((s) => [
      `\`${TcpState[s.word]}\``,
      `${s.linux}`,
      `${s.classic ?? s.linux}`,
      s.name === null ? '' : `\`${s.name}\``,
    ]),
  );
  const others = markdownTable(
    ['`--set` name', 'default'],
    SETTINGS.flatMap((s) =>
      s.word >= TCP_STATES && s.name?.startsWith('tcp_') ? [[`\`${s.name}\``, `${s.linux}`]] : [],
    ),
  );
  return `# The states of TCP

Printed from \`src/conntrack/protocols/tcp-table.ts\` and \`src/conntrack/settings.ts\` by \`npm run generate\`.

The class of a packet is the first of RST, SYN (with or without ACK), FIN, ACK that it bears; PSH, URG, ECE
and CWR do not count. "Ignored" packets are let through without effect: no change of state, no new timeout,
not counted. INVALID ones belong to no connection. The rules around the table are in \`src/conntrack/protocols/tcp.ts\`.

## Original direction

${transitions(0)}
## Reply direction

\`NONE\` cannot occur here: the first packet of a connection is in the original direction.

${transitions(1)}
## Timeouts

${timeouts}
A longer timeout is cut to \`tcp_timeout_unacknowledged\` while data is unacknowledged, and to
\`tcp_timeout_max_retrans\` while a window is closed or after \`tcp_max_retrans\` repetitions. What else can be set:

${others}`;
}

function oneWayStatesPage(): string {
  const cells = oneWayTransitions();
  const titles = Array.from({ length: ONE_WAY_CLASSES }, (_, cls) => TCP_CLASS_TITLES[cls as TcpClass]);
  const words: Readonly<Record<number, string>> = {
    [OneWayCell.IGNORE]: 'ignored',
    [OneWayCell.REOPEN]: 'reopen',
    [OneWayCell.UNTRACKED]: 'untracked',
    [OneWayCell.NEVER]: '',
  };
  const block = (which: OneWayBlock): string => {
    const rows = Array.from({ length: ONE_WAY_STATES }, (_, state) => [
      `\`${TcpState[state]}\``,
      ...titles.map((_, cls) => {
        const cell = cells[(which << ONE_WAY_BLOCK_SHIFT) + (state << ONE_WAY_STATE_SHIFT) + cls];
        return words[cell] ?? `\`${TcpState[cell]}\``;
      }),
    ]);
    return markdownTable(
      ['state', ...titles],
      rows.filter((row) => row.slice(1).some((cell) => cell !== '')),
    );
  };
  return `# The states of TCP with \`--one-way\`

Printed from \`src/conntrack/protocols/one-way-table.ts\` by \`npm run generate\`. [one-way.md](one-way.md) tells what lies behind it.

"Ignored" packets are let through without effect. "Reopen" ends the connection, and the packet opens a new one.
"Untracked": there is nothing left to track. An empty cell: no packets lead there. Timeouts are those of
[tcp-states.md](tcp-states.md).

## Only the original direction was seen

${block(OneWayBlock.ORIGINAL_ALONE)}
## Only the reply direction was seen

A connection comes here when the first of its packets that was seen is a SYN+ACK.

${block(OneWayBlock.REPLY_ALONE)}
## Both were seen, a packet of the original direction

${block(OneWayBlock.ORIGINAL_BOTH)}
## Both were seen, a packet of the reply direction

${block(OneWayBlock.REPLY_BOTH)}`;
}

function sctpStatesPage(): string {
  const cells = sctpTransitions();
  const chunks = Array.from({ length: SCTP_CHUNKS }, (_, i) => (i + 1) as SctpChunk);
  const titles = chunks.map((chunk) => SctpChunk[chunk].replace('_', ' '));
  const states = Array.from({ length: SCTP_STATES }, (_, state) => state as SctpState);
  const transitions = (dir: number): string =>
    markdownTable(
      ['state', ...titles],
      states.map((state) => [
        `\`${SctpState[state]}\``,
        ...chunks.map((chunk) => {
          const next = cells[dir * SCTP_REPLY_CELLS + (state << SCTP_STATE_SHIFT) + chunk];
          return next === SctpState.INVALID ? 'INVALID' : `\`${SctpState[next]}\``;
        }),
      ]),
    );
  const timeouts = markdownTable(
    ['state', 'seconds', '`--set` name'],
    SETTINGS.filter((s) => s.name?.startsWith('sctp_timeout_')).map((s) => [
      `\`${SctpState[s.word - Setting.SCTP_CLOSED + SctpState.CLOSED]}\``,
      `${s.linux}`,
      `\`${s.name}\``,
    ]),
  );
  return `# The states of SCTP

Printed from \`src/conntrack/protocols/sctp-table.ts\` and \`src/conntrack/settings.ts\` by \`npm run generate\`.

The chunks of a packet are taken in order; those that are not in the table (DATA, SACK, ...) keep the state. The
timeout is that of the state after the last chunk. The rules around the table, for verification tags, heartbeats and
INITs that cross, are in \`src/conntrack/protocols/sctp.ts\`; what a packet may hold is judged in \`src/packet/sctp.ts\`.

## Original direction

${transitions(0)}
## Reply direction

\`NONE\` cannot occur here: the first packet of an association is in the original direction.

${transitions(1)}
## Timeouts

${timeouts}`;
}

export function generatedFiles(): [string, string][] {
  return [
    ['src/shm/offsets.generated.ts', offsetsSource()],
    ['docs/memory-layout.md', layoutPage()],
    ['docs/reasons.md', reasonsPage()],
    ['docs/tcp-states.md', tcpStatesPage()],
    ['docs/one-way-states.md', oneWayStatesPage()],
    ['docs/sctp-states.md', sctpStatesPage()],
  ];
}
