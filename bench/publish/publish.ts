/**
 * What is published of a run: the figures, the page, the plots, the README's words.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StoredFigure } from '../lib/figure.ts';
import { writeFigures } from '../lib/results.ts';
import { projectRoot } from '../lib/root.ts';
import { pictures } from './charts.ts';
import { performancePage, readmeWords, withWords } from './page.ts';

export const PUBLISHED = 'bench/results/published.jsonl';

/** Paths from the root of the project, and what is in those files. */
export function publication(figures: readonly StoredFigure[], readme: string): (readonly [string, string])[] {
  const plots = pictures((name) => figures.find((figure) => figure.name === name));
  return [
    ['docs/performance.md', performancePage(figures, plots)],
    ...plots.map(([name, svg]) => [`docs/${name}`, svg] as const),
    ['README.md', withWords(readme, readmeWords(figures))],
  ];
}

/** Writes everything. Returns the paths. Errors: when there are no figures */
export function publish(figures: readonly StoredFigure[]): string[] {
  if (figures.length === 0) throw new Error('bench: no figures to publish');
  const root = projectRoot();
  const files = publication(figures, readFileSync(join(root, 'README.md'), 'utf8'));
  writeFigures(join(root, PUBLISHED), figures);
  for (const [name, text] of files) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return [PUBLISHED, ...files.map(([name]) => name)];
}
