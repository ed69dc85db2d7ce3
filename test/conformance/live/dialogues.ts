/** Dialogues with helpers, given to the kernel that runs here and to us. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ReportMode } from '../../../src/conntrack/reporter.ts';
import { expectationLine } from '../../../src/export/expectation.ts';
import type { CapturedPacket } from '../../../src/kernel/compare/captures.ts';
import { compareWith, describe } from '../../../src/kernel/compare/judge.ts';
import { stampCapture } from '../../../src/kernel/compare/stamp.ts';
import type { Dialogue } from '../../support/dialogue.ts';
import { LINK_RAW } from '../../support/frames.ts';
import { createLab, type Lab } from '../../support/lab.ts';
import { mutatedBytes, payloadOf, withPayload } from '../../support/payload.ts';
import type { Random } from '../../support/random.ts';
import { openBytes } from '../open-bytes.ts';
import { tracedRows } from '../run-trace.ts';
import { askHelpers, type HelperRow, type KernelHelper } from './kernel.ts';

/** More than all connections of a list. */
const TABLE_LINES = 2000;
/** Both print whole seconds, and the kernel a while after the packet. */
const SLACK_S = 2;

interface Line {
  readonly text: string;
  readonly timeoutS: number;
}

/** `298 proto=6 src=...`, as the kernel's tool and ours print it. */
function parseLine(line: string): Line {
  const [timeout, ...words] = line.trim().split(/\s+/);
  return { text: words.join(' '), timeoutS: Number(timeout) };
}

/** Null when both are the same. */
function difference(kernel: readonly Line[], ours: readonly Line[]): string | null {
  const sorted = (lines: readonly Line[]): readonly Line[] =>
    [...lines].sort((a, b) => (a.text < b.text ? -1 : 1));
  const [k, o] = [sorted(kernel), sorted(ours)];
  const isSame =
    k.length === o.length &&
    k.every(({ text, timeoutS }, i) => text === o[i].text && Math.abs(timeoutS - o[i].timeoutS) <= SLACK_S);
  if (isSame) return null;
  const told = (lines: readonly Line[], others: readonly Line[]): string =>
    lines
      .filter(({ text }) => !others.some((other) => other.text === text))
      .map(({ text }) => `\n    ${text}`)
      .join('');
  return `expectations\n  only the kernel's${told(k, o)}\n  only ours${told(o, k)}`;
}

/** Expectations packet by packet; ours get the kernel's times. */
function expectationDifferences(lab: Lab, rows: readonly HelperRow[], packets: readonly Packet[]): string[] {
  const told: string[] = [];
  const start = rows[0].t;
  let last: string | null = null;
  rows.forEach((row, i) => {
    lab.send(packets[i].frame, Number(row.t - start) / 1e6);
    const found = difference(
      row.expected.map(parseLine),
      lab.expectations().map(expectationLine).map(parseLine),
    );
    if (found !== null && found !== last) told.push(`${packets[i].name}: packet ${row.n}: ${found}`);
    last = found;
  });
  return told;
}

interface Packet {
  readonly name: string;
  readonly frame: Uint8Array;
}

/** Shows at most so many. */
const SHOWN = 20;

/** `helpers` as `--helpers` takes them; those of the kernel at the same ports. */
export async function compareDialogues(
  t: TestContext,
  dialogues: readonly Dialogue[],
  helpers: string,
  kernelHelpers: readonly KernelHelper[],
): Promise<void> {
  const made = dialogues.flatMap(({ name, family, steps }) =>
    steps.map(({ frame }, i): Packet => ({ name: `${name} (${family}), packet ${i + 1}`, frame })),
  );
  const packets = made.map(
    ({ frame }, i): CapturedPacket => ({
      n: i + 1,
      linkType: LINK_RAW,
      wireLength: frame.length,
      data: frame,
    }),
  );
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-helpers-'));
  try {
    const unstamped = stampCapture(packets.map((packet, i) => ({ packet, t: BigInt(i) })));
    const kernel = askHelpers(unstamped, folder, TABLE_LINES, kernelHelpers);
    assert.equal(kernel.length, packets.length);
    const stamped = stampCapture(packets.map((packet, i) => ({ packet, t: kernel[i].t })));
    const reader = await openBytes(stamped, 'dialogues');
    const ours = await tracedRows(reader, TABLE_LINES, ReportMode.PACKETS, { shards: 1, helpers });
    const result = compareWith('live', kernel, ours, packets, null);
    const told = result.unexplained.map((d) => `${made[d.n - 1].name}: ${describe(d)}`);
    told.push(...expectationDifferences(createLab({ helpers, maxEntries: 4096 }), kernel, made));
    const classes = [...new Set(result.excused.map((d) => d.className))].join(', ');
    t.diagnostic(
      `${packets.length} packets, ${result.passed} comparisons equal; but for ${classes || 'nothing'}`,
    );
    assert.equal(
      told.length,
      0,
      `${told.length} differences from the kernel:\n${told.slice(0, SHOWN).join('\n')}`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same dialogues with some bytes of some payloads changed; what is expected is for the kernel to say. */
export function mutatedDialogues(dialogues: readonly Dialogue[], random: Random): Dialogue[] {
  return dialogues.map((d) => ({
    ...d,
    name: `mutated: ${d.name}`,
    steps: d.steps.map((step) => {
      const payload = payloadOf(step.frame);
      if (payload.length === 0 || random.chance(0.4)) return step;
      return { ...step, frame: withPayload(step.frame, mutatedBytes(payload, random)) };
    }),
  }));
}
