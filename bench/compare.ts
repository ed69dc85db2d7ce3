/**
 * Two builds against each other: a revision is checked out into a folder of its own and built there; then the same benchmarks run in
 * both builds in turn, so that what the machine does meanwhile meets both.
 *
 * What measures the command from outside is always the benchmark of this build, so that older revisions can be compared, too; everything
 * else is the benchmark that the other build has under that name.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild } from './lib/child.ts';
import { type Context, type Figure, round, type Scale, statsOf } from './lib/figure.ts';
import { onInterrupt } from './lib/interrupt.ts';
import { commitOf } from './lib/results.ts';
import { projectRoot } from './lib/root.ts';
import { tableOf } from './lib/table.ts';

/** What is compared when nothing is said. */
export const COMPARED = ['file', 'established', 'ingest', 'insert', 'startup'] as const;
/** Those that measure the command from outside. */
const OF_COMMAND: readonly string[] = ['file', 'startup'];
const ROUNDS = 3;

export interface CompareOptions {
  readonly rev: string;
  readonly names: readonly string[];
  readonly scale: Scale;
  readonly seed: number;
  readonly say: (bench: string, words: string) => void;
}

export interface Comparison {
  readonly table: string;
  /** What could not be compared, and why. */
  readonly leftOut: readonly string[];
}

export function isRevision(rev: string): boolean {
  try {
    git('rev-parse', '--verify', '--quiet', '--end-of-options', `${rev}^{commit}`);
    return true;
  } catch {
    return false;
  }
}

/** Errors: when it cannot be built. */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { rev, names, scale } = options;
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-compare-'));
  const other = join(folder, 'other');
  const leftOut: string[] = [];
  const cleanUp = (): void => {
    if (existsSync(other)) git('worktree', 'remove', '--force', other);
    rmSync(folder, { recursive: true, force: true });
  };
  const forget = onInterrupt(cleanUp);
  try {
    options.say('build', rev);
    checkOut(rev, other);
    const here = new Map<string, Figure[]>();
    const there = new Map<string, Figure[]>();
    for (let again = 1; again <= (scale === 'tiny' ? 1 : ROUNDS); again++) {
      for (const name of names) {
        if (leftOut.some((word) => word.startsWith(`${name}: `))) continue;
        try {
          keep(there, await runIn(options, folder, other, name, again));
          keep(here, await runIn(options, folder, null, name, again));
        } catch (error) {
          leftOut.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    }
    return { table: ratios(here, there, `${rev} (${commitOf(other)})`), leftOut };
  } finally {
    cleanUp();
    forget();
  }
}

function git(...args: string[]): void {
  execFileSync('git', args, { cwd: projectRoot(), stdio: 'pipe' });
}

/** The revision with its dependencies, built. */
function checkOut(rev: string, other: string): void {
  const root = projectRoot();
  git('worktree', 'add', '--detach', other, rev);
  const lock = (folder: string): string => readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const run = (command: string, ...args: string[]): unknown =>
    execFileSync(command, args, { cwd: other, stdio: 'pipe' });
  if (lock(root) !== lock(other)) {
    run('npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund');
  } else {
    try {
      // The same files, as hard links where that can be done.
      run('cp', '-al', join(root, 'node_modules'), join(other, 'node_modules'));
    } catch {
      run('cp', '-a', join(root, 'node_modules'), join(other, 'node_modules'));
    }
  }
  run(process.execPath, 'scripts/build.mjs');
}

/** A benchmark on the other build, or, where `other` is null, on this one. */
async function runIn(
  { scale, seed, say }: CompareOptions,
  folder: string,
  other: string | null,
  name: string,
  again: number,
): Promise<Figure[]> {
  const own = join(folder, 'run');
  mkdirSync(own, { recursive: true });
  const root = other ?? projectRoot();
  const words = `${other === null ? 'here' : 'there'}, round ${again}`;
  const context: Context = {
    scale,
    seed,
    folder: own,
    root,
    hasPeers: false,
    say: (text) => say(name, `${words}: ${text}`),
    skip: () => {},
  };
  try {
    if (OF_COMMAND.includes(name)) return await runChild(context, name, { args: ['--root', root] });
    if (!existsSync(join(root, 'dist', 'bench', 'benches.js')))
      throw new Error('the other revision has no such benchmark');
    return await runChild(context, name, { build: root });
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

function keep(found: Map<string, Figure[]>, figures: readonly Figure[]): void {
  for (const figure of figures) found.set(figure.name, [...(found.get(figure.name) ?? []), figure]);
}

/** Figures that both builds have. All of them are the better the smaller. */
function ratios(
  here: ReadonlyMap<string, readonly Figure[]>,
  there: ReadonlyMap<string, readonly Figure[]>,
  rev: string,
): string {
  const rows = [...here].flatMap(([name, ours]) => {
    const theirs = there.get(name);
    if (theirs === undefined) return [];
    const [a, b] = [ours, theirs].map((figures) =>
      statsOf({ ...figures[0], values: figures.flatMap(({ values }) => values) }),
    );
    const ratio = (mine: number, other: number): string => (other === 0 ? '' : (mine / other).toFixed(3));
    const numbers = [b.median, a.median].map((value) => String(round(value)));
    return [[name, ...numbers, ours[0].unit, ratio(a.median, b.median), ratio(a.min, b.min)]];
  });
  const head = ['figure', rev, 'here', 'unit', 'here by there', 'by least values'];
  return tableOf(head, rows, [rev, 'here', 'here by there', 'by least values']);
}
