/** The micro-benchmarks: structures, parsers, updates, each in a process of its own. */
import { runPart } from '../lib/child.ts';
import type { Context, Figure, RunBench } from '../lib/figure.ts';
import { PARSERS } from './parsers.ts';
import { hash, ring, table, wheel } from './structures.ts';
import { UPDATES } from './updates.ts';

const STRUCTURES: Readonly<Record<string, RunBench>> = { hash, table, wheel, ring };

export const MICRO_PARTS: Readonly<Record<string, RunBench>> = { ...STRUCTURES, ...PARSERS, ...UPDATES };

export async function run(context: Context): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const part of Object.keys(MICRO_PARTS)) {
    context.say(part);
    figures.push(...(await runPart(context, `micro-${part}`)));
  }
  return figures;
}
