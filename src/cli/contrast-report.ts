/** What `flowshard contrast verdicts` says at the end: for people, and as JSON for programs. */
import { grouped } from '../common/grouped.ts';
import { type Cause, causesOf } from '../kernel/compare/causes.ts';
import type { Count, Difference } from '../kernel/compare/compare.ts';
import { packetLine } from '../kernel/compare/packet-line.ts';
import { tooManyTicks } from '../kernel/compare/timeout-counts.ts';
import type { ContrastResult } from '../workers/contrast.ts';

export interface Wanted {
  /** Differences to show of each cause. */
  readonly differences: number;
  /** A file in which the packets have the numbers of this run, or null. */
  readonly file: string | null;
  /** Options of `flowshard explain` after the file and the packet, each with a space before it. */
  readonly explainOptions: string;
  /** Of generated packets. */
  readonly seed: number | null;
}

/** Nothing differs that no class explains, and none explains too much. */
export const isAlike = ({ judgement }: ContrastResult): boolean =>
  judgement.unexplained.length === 0 && tooManyTicks(judgement.timeouts).length === 0;

function percent({ compared, equal }: Count): string {
  if (compared === 0) return '';
  // Cut, not rounded: 100 % is for all of them only.
  return `${(Math.floor((equal / compared) * 1e6) / 1e4).toFixed(4)} %`;
}

function countLine(label: string, what: string, count: Count): string {
  const compared = `${grouped(count.compared)} ${what}`;
  return `  ${label.padEnd(10)}${compared.padEnd(24)}${grouped(count.equal)} equal  ${percent(count)}`.trimEnd();
}

function excusedByClass({ judgement }: ContrastResult): [name: string, count: number][] {
  const byClass = new Map<string, number>();
  for (const { className } of judgement.excused) byClass.set(className, (byClass.get(className) ?? 0) + 1);
  return [...byClass].sort((a, b) => b[1] - a[1]);
}

function explainCommand(d: Difference, wanted: Wanted): string | null {
  return wanted.file === null
    ? null
    : `flowshard explain ${wanted.file} --packet ${d.n}${wanted.explainOptions}`;
}

function differenceLines(d: Difference, result: ContrastResult, wanted: Wanted): string[] {
  const why = d.kind === 'verdict' && d.why !== null ? ` (${d.why})` : '';
  const lines = [
    `    packet ${d.n}: ${packetLine(result.facts(d.n))}`,
    `      kernel  ${d.kernel ?? 'nothing'}`,
    `      ours    ${d.ours ?? 'nothing'}${why}`,
  ];
  const command = explainCommand(d, wanted);
  return command === null ? lines : [...lines, `      ${command}`];
}

function causeLines(cause: Cause, result: ContrastResult, wanted: Wanted): string[] {
  const after = cause.consequences === 0 ? '' : `, and ${grouped(cause.consequences)} that follow from it`;
  return [
    `  ${grouped(cause.differences.length)} x ${cause.name}${after}`,
    ...cause.differences.slice(0, wanted.differences).flatMap((d) => differenceLines(d, result, wanted)),
  ];
}

export function contrastLines(result: ContrastResult, wanted: Wanted): string[] {
  const { counts, unexplained } = result.judgement;
  const seconds = `${result.kernelSeconds.toFixed(1)} s there, ${result.ourSeconds.toFixed(1)} s here`;
  const seed = wanted.seed === null ? '' : `, seed ${wanted.seed}`;
  const known = excusedByClass(result);
  const lines = [
    `${grouped(result.packets)} packets${seed}, through Linux ${result.kernelRelease} and flowshard v${FLOWSHARD_VERSION}: ${seconds}`,
    countLine('verdicts', 'packets', counts.verdicts),
    countLine('events', 'events', counts.events),
    countLine('ends', 'ends', counts.ends),
    countLine('table', 'connections', counts.table),
  ];
  if (result.uncertainTicks > 0)
    lines.push(`  the kernel's clock may have ticked during ${grouped(result.uncertainTicks)} packets`);
  lines.push(
    known.length === 0
      ? 'known differences: none'
      : `known differences (docs/differences.md): ${known.map(([name, n]) => `${name} ${grouped(n)}`).join(', ')}`,
  );
  const wrongTimeouts = tooManyTicks(result.judgement.timeouts);
  if (wrongTimeouts.length > 0)
    lines.push(
      'timeouts that differ by a second more often than the clock ticks:',
      ...wrongTimeouts.map((text) => `  ${text}`),
    );
  if (unexplained.length === 0) return [...lines, 'unexplained: none'];
  lines.push(`unexplained: ${grouped(unexplained.length)}`);
  for (const cause of causesOf(unexplained, result.facts)) lines.push(...causeLines(cause, result, wanted));
  if (wanted.file === null)
    lines.push('  --write FILE keeps the packets; then: flowshard explain FILE --packet N');
  return lines;
}

/** The same as data. Keys are stable. */
export function contrastJson(result: ContrastResult, wanted: Wanted): Record<string, unknown> {
  const { counts, unexplained } = result.judgement;
  const difference = (d: Difference): Record<string, unknown> => ({
    kind: d.kind,
    packet: d.n,
    description: packetLine(result.facts(d.n)),
    kernel: d.kernel,
    ours: d.ours,
    ...(d.kind === 'verdict' && d.why !== null ? { why: d.why } : {}),
    ...(wanted.file === null ? {} : { explain: explainCommand(d, wanted) }),
  });
  return {
    kernel: result.kernelRelease,
    version: FLOWSHARD_VERSION,
    packets: result.packets,
    ...(wanted.seed === null ? {} : { seed: wanted.seed }),
    kernelSeconds: result.kernelSeconds,
    ourSeconds: result.ourSeconds,
    uncertainTicks: result.uncertainTicks,
    counts,
    known: Object.fromEntries(excusedByClass(result)),
    wrongTimeouts: tooManyTicks(result.judgement.timeouts),
    unexplained: unexplained.length,
    causes: causesOf(unexplained, result.facts).map((cause) => ({
      name: cause.name,
      count: cause.differences.length,
      consequences: cause.consequences,
      differences: cause.differences.slice(0, wanted.differences).map(difference),
    })),
  };
}
