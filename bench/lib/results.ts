/** Figures as they are kept: one line of JSON each, with what one must know to repeat them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { type Figure, round, type Scale, type StoredFigure, statsOf } from './figure.ts';
import { projectRoot } from './root.ts';

/** The short name of the commit, with a plus when files were changed since. */
export function commitOf(root: string = projectRoot()): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const isChanged =
      git('status', '--porcelain', '--untracked-files=no', '--', 'src', 'bench', ':!bench/results') !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? '+' : ''}`;
  } catch {
    return 'unknown';
  }
}

export const machineOf = (): string => `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`;

export interface RunFacts {
  readonly commit: string;
  /** In ISO 8601, to the second. */
  readonly date: string;
  readonly seed: number;
  readonly scale: Scale;
}

export function storedOf(facts: RunFacts, bench: string, figure: Figure): StoredFigure {
  const { n, min, median, p99 } = statsOf(figure);
  return {
    ...facts,
    machine: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.versions.node,
    bench,
    name: figure.name,
    unit: figure.unit,
    n,
    min: round(min),
    median: round(median),
    p99: round(p99),
    checksum: figure.checksum,
    ...(figure.at === undefined ? {} : { at: figure.at }),
  };
}

export function writeFigures(path: string, figures: readonly StoredFigure[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, figures.map((figure) => `${JSON.stringify(figure)}\n`).join(''));
}

export function readFigures(path: string): StoredFigure[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): StoredFigure => JSON.parse(line));
}
