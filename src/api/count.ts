/** How many connections there are, and of which kinds. */

import { HELPER_NAMES, type HelperNumber } from '../common/helpers.ts';
import { PAGE_ENTRY_WORDS, type Page, type TrackerControl } from '../control/tracker-control.ts';
import { protocolName, SCTP_STATE_NAMES, TCP_STATE_NAMES } from '../export/names.ts';
import type { Program } from '../query/program.ts';
import { Kind, Status } from '../shm/bits.ts';
import { Hot } from '../shm/offsets.generated.ts';
import type { CountForm } from './forms.ts';

export const COUNT_KINDS = ['protocol', 'state', 'helper', 'zone'] as const;
export type CountKind = (typeof COUNT_KINDS)[number];

const TCP = 6;
const SCTP = 132;
const ASSURED = Status.SEEN_REPLY | Status.ASSURED;

const protocolOf = (kind: number): number => kind & Kind.PROTOCOL_MASK;

/** TCP and SCTP by their states, the others by whether they were answered. */
function stateWord(kind: number, status: number): string {
  const protocol = protocolOf(kind);
  const name = protocolName(protocol);
  const state = (status & Status.STATE_MASK) >>> Status.STATE_SHIFT;
  if (protocol === TCP) return `${name} ${TCP_STATE_NAMES[state]}`;
  if (protocol === SCTP) return `${name} ${SCTP_STATE_NAMES[state]}`;
  if ((status & Status.SEEN_REPLY) === 0) return `${name} UNREPLIED`;
  return (status & ASSURED) === ASSURED ? `${name} ASSURED` : `${name} REPLIED`;
}

/** Each kind as a number that tells them apart, and as a word. */
const KINDS: Readonly<
  Record<
    CountKind,
    { group(kind: number, status: number): number; word(kind: number, status: number): string }
  >
> = {
  protocol: {
    group: (kind) => protocolOf(kind),
    word: (kind) =>
      protocolName(protocolOf(kind)) === 'unknown'
        ? String(protocolOf(kind))
        : protocolName(protocolOf(kind)),
  },
  state: {
    group: (kind, status) => protocolOf(kind) | ((status & (Status.STATE_MASK | ASSURED)) << 0),
    word: stateWord,
  },
  helper: {
    group: (_kind, status) => (status & Status.HELPER_MASK) >>> Status.HELPER_SHIFT,
    word: (_kind, status) => {
      const helper: HelperNumber = (status & Status.HELPER_MASK) >>> Status.HELPER_SHIFT;
      return helper === 0 ? 'none' : HELPER_NAMES[helper];
    },
  },
  zone: { group: (kind) => kind >>> Kind.ZONE_SHIFT, word: (kind) => String(kind >>> Kind.ZONE_SHIFT) },
};

interface Group {
  readonly word: string;
  count: number;
}

function countPage(page: Page, kind: (typeof KINDS)[CountKind], groups: Map<number, Group>): void {
  for (let i = 0; i < page.count; i++) {
    const kindWord = page.words[i * PAGE_ENTRY_WORDS + Hot.KIND];
    const status = page.words[i * PAGE_ENTRY_WORDS + Hot.STATUS];
    const group = kind.group(kindWord, status);
    const found = groups.get(group);
    if (found === undefined) groups.set(group, { word: kind.word(kindWord, status), count: 1 });
    else found.count++;
  }
}

/** Cost: nothing without filter and kind, else a reading of the table */
export async function countConnections(
  control: TrackerControl,
  filter: Program | null,
  by: CountKind | undefined,
): Promise<CountForm> {
  if (filter === null && by === undefined) return { count: control.count() };
  let count = 0;
  const groups = new Map<number, Group>();
  for await (const page of control.scan({ filter })) {
    count += page.count;
    if (by !== undefined) countPage(page, KINDS[by], groups);
  }
  if (by === undefined) return { count };
  const counts: Record<string, number> = {};
  for (const { word, count: more } of groups.values()) counts[word] = (counts[word] ?? 0) + more;
  return { count, by: counts };
}
