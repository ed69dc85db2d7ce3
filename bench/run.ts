/**
 * npm run bench: every benchmark, each in a process of its own; the figures, and what was to be reached. `--help` says how.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { monotonicMs, wallMs } from '../src/common/clock.ts';
import { ExitStatus } from '../src/common/errors.ts';
import { BENCHES, loadBench } from './benches.ts';
import { COMPARED, compare, isRevision } from './compare.ts';
import { goalRows, mediansOf } from './goals.ts';
import { endWithParent, Line, runChild } from './lib/child.ts';
import type { Context, Figure, Scale, StoredFigure } from './lib/figure.ts';
import { onInterrupt } from './lib/interrupt.ts';
import { createProgress } from './lib/progress.ts';
import { commitOf, machineOf, storedOf, writeFigures } from './lib/results.ts';
import { projectRoot } from './lib/root.ts';
import { tableOf } from './lib/table.ts';
import { publish } from './publish/publish.ts';

const HELP = `Usage: npm run bench -- [options]

Measures flowshard and prints every figure, and what was to be reached. Each benchmark runs in a process of its own; all of
them take less than ten minutes on two cores. Figures of shared machines drift: compare what one run says.

Options:
  --only <names>     these benchmarks only, separated by commas
  --quick            a tenth of the work, for a look
  --compare <rev>    builds that revision in a folder of its own and runs both builds in turn; prints ratios
                     (default of --only then: ${COMPARED.join(',')})
  --publish          writes docs/performance.md, its plots and the README's figures from this run
  --seed <n>         of the generated traffic (default: 1)
  --results <file>   where the figures go, one JSON line each (default: bench/results/latest.jsonl)
  -h, --help         print this help

Benchmarks:
${BENCHES.map(({ name, about }) => `  ${name.padEnd(17)}  ${about}`).join('\n')}
`;

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    results: { type: 'string' },
    compare: { type: 'string' },
    publish: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
    // For the processes that this one starts, and for tests.
    bench: { type: 'string' },
    scale: { type: 'string' },
    folder: { type: 'string' },
    root: { type: 'string' },
  },
});
const scale: Scale =
  flags.scale === 'tiny' || flags.scale === 'quick' || flags.scale === 'full'
    ? flags.scale
    : flags.quick
      ? 'quick'
      : 'full';
const seed = Number(flags.seed);

if (flags.help) process.stdout.write(HELP);
else if (flags.bench !== undefined) await runOne(flags.bench, flags.folder ?? tmpdir());
else process.exitCode = flags.compare === undefined ? await runAll() : await runComparison(flags.compare);

/** One benchmark in this process; its figures go to standard output. */
async function runOne(name: string, folder: string): Promise<void> {
  endWithParent();
  const say = (line: Line, words: string): unknown => process.stdout.write(`${line}${words}\n`);
  try {
    const run = await loadBench(name);
    const figures = await run({
      scale,
      seed,
      folder,
      root: flags.root ?? projectRoot(),
      hasPeers: flags.root === undefined,
      say: (words) => say(Line.SAY, words),
      skip: (words) => say(Line.SKIP, words),
    });
    for (const figure of figures) say(Line.FIGURE, JSON.stringify(figure));
  } catch (error) {
    say(Line.FAILED, error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

/** The benchmarks that were asked for; null, and a word about it, when there is none of a name. */
function chosen(all: readonly string[]): string[] | null {
  const names = flags.only?.split(',') ?? [...all];
  const unknown = names.find((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown === undefined) return names;
  process.stderr.write(`bench: there is no benchmark ${unknown}; --help names them\n`);
  return null;
}

/** Returns the exit status: 1 when a benchmark failed. */
async function runComparison(rev: string): Promise<number> {
  const names = chosen(COMPARED);
  if (names === null) return ExitStatus.USAGE;
  if (!isRevision(rev)) {
    process.stderr.write(`bench: there is no revision ${rev}: see git log\n`);
    return ExitStatus.USAGE;
  }
  const progress = createProgress(0);
  const comparison = await compare({
    rev,
    names,
    scale,
    seed,
    say: (bench, words) => progress.say(bench, words),
  });
  progress.end();
  console.log(comparison.table);
  for (const word of comparison.leftOut) console.log(`\nleft out: ${word}`);
  return comparison.leftOut.length === 0 ? ExitStatus.OK : ExitStatus.FAILED;
}

/** A machine may be busy; but nothing shall hang. */
function maxMsOf(seconds: number): number {
  return Math.max(60, seconds * 5) * 1000;
}

/** Returns the exit status: 1 when a benchmark failed. Goals that were missed are no failure. */
async function runAll(): Promise<number> {
  if (flags.publish && flags.only !== undefined) {
    process.stderr.write('bench: --publish is for a run of everything: leave --only away\n');
    return ExitStatus.USAGE;
  }
  const names = chosen(BENCHES.map(({ name }) => name));
  if (names === null) return ExitStatus.USAGE;
  const startMs = monotonicMs();
  const date = `${new Date(wallMs()).toISOString().slice(0, 19)}Z`;
  const facts = { commit: commitOf(), date, seed, scale };
  console.log(
    `${machineOf()}, Node ${process.versions.node}, commit ${facts.commit}, ${date}, seed ${seed}, ${scale} run\n`,
  );
  const benches = BENCHES.filter(({ name }) => names.includes(name));
  const progress = createProgress(benches.reduce((sum, { seconds }) => sum + seconds, 0));
  const found: StoredFigure[] = [];
  const words: string[] = [];
  const failed: string[] = [];
  for (const { name, seconds } of benches) {
    const folder = mkdtempSync(join(tmpdir(), 'flowshard-bench-'));
    const forget = onInterrupt(() => rmSync(folder, { recursive: true, force: true }));
    const context: Context = {
      scale,
      seed,
      folder,
      root: projectRoot(),
      hasPeers: true,
      say: (text) => progress.say(name, text),
      skip: (text) => words.push(`${name}: ${text}`),
    };
    progress.say(name, '');
    const benchMs = monotonicMs();
    try {
      const figures: Figure[] = await runChild(context, name, { maxMs: maxMsOf(seconds) });
      found.push(...figures.map((figure) => storedOf(facts, name, figure)));
    } catch (error) {
      failed.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
      forget();
    }
    progress.done(name, seconds, monotonicMs() - benchMs);
  }
  progress.end();
  print(found, words, failed);
  const results = flags.results ?? join(projectRoot(), 'bench', 'results', 'latest.jsonl');
  writeFigures(results, found);
  if (flags.publish) console.log(`\npublished: ${publish(found).join(', ')}`);
  console.log(`\n${((monotonicMs() - startMs) / 1000).toFixed(0)} s. Figures: ${results}`);
  return failed.length === 0 ? ExitStatus.OK : ExitStatus.FAILED;
}

function print(found: readonly StoredFigure[], words: readonly string[], failed: readonly string[]): void {
  const numbers = ['n', 'min', 'median', 'p99'];
  console.log(
    tableOf(
      ['figure', ...numbers, 'unit', 'checksum'],
      found.map(({ name, n, min, median, p99, unit, checksum }) => [
        name,
        ...[n, min, median, p99].map(String),
        unit,
        String(checksum),
      ]),
      numbers,
    ),
  );
  const rows = goalRows(mediansOf(found)).filter(({ measured }) => measured !== null);
  if (rows.length > 0)
    console.log(
      `\n${tableOf(
        ['what', 'goal', 'measured', 'verdict'],
        rows.map(({ what, goal, measured, isMet }) => [
          what,
          goal,
          measured ?? '',
          isMet === true ? 'reached' : 'missed',
        ]),
      )}`,
    );
  for (const word of words) console.log(`\nleft out: ${word}`);
  for (const failure of failed) console.error(`\nFAILED ${failure}`);
}
