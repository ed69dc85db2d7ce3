/**
 * A benchmark in a process of its own: with the optimiser's view of nothing but its own work, and its memory given back
 * afterwards. What it finds comes back as lines of its standard output.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Context, Figure } from './figure.ts';
import { projectRoot } from './root.ts';

/** How the lines begin that are not just output. */
export enum Line {
  FIGURE = '@figure ',
  SAY = '@say ',
  SKIP = '@skip ',
  FAILED = '@failed ',
}

export interface ChildOptions {
  readonly nodeFlags?: readonly string[];
  /** The build whose benchmark shall run; this one by default. */
  readonly build?: string;
  /** More arguments for it. */
  readonly args?: readonly string[];
  readonly onOutput?: (text: string) => void;
  /** It is ended, and has failed, after this time. */
  readonly maxMs?: number;
}

const MAX_MS = 120_000;

/** Errors: what the benchmark failed with; that it took too long. */
export function runChild(context: Context, name: string, options: ChildOptions = {}): Promise<Figure[]> {
  const script = join(options.build ?? projectRoot(), 'dist', 'bench', 'run.js');
  const { scale, seed, folder } = context;
  const args = [
    '--bench',
    name,
    '--scale',
    scale,
    '--seed',
    String(seed),
    '--folder',
    folder,
    ...(options.args ?? []),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...(options.nodeFlags ?? []), script, ...args], {
      // Its standard input ends with this process, whatever ends it: see endWithParent.
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const figures: Figure[] = [];
    let failure = '';
    let errors = '';
    let rest = '';
    const timer = setTimeout(() => {
      failure = `took longer than ${(options.maxMs ?? MAX_MS) / 1000} s`;
      child.kill('SIGKILL');
    }, options.maxMs ?? MAX_MS);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-4000);
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      options.onOutput?.(text);
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith(Line.FIGURE)) figures.push(JSON.parse(line.slice(Line.FIGURE.length)));
        else if (line.startsWith(Line.SAY)) context.say(line.slice(Line.SAY.length));
        else if (line.startsWith(Line.SKIP)) context.skip(line.slice(Line.SKIP.length));
        else if (line.startsWith(Line.FAILED)) failure = line.slice(Line.FAILED.length);
      }
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0 && failure === '') return resolve(figures);
      reject(new Error(failure || errors.trim() || `ended by ${signal ?? `exit status ${code}`}`));
    });
  });
}

/** Ends this process when the one that started it is gone: nothing shall go on measuring for nobody. */
export function endWithParent(): void {
  const { stdin } = process;
  stdin.on('end', () => process.exit(1));
  stdin.resume();
  // It keeps nobody waiting.
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
}

/**
 * A part of a benchmark, under its name in the register, in a process of its own; inside `npm test`, where no time is
 * measured, in this one.
 */
export async function runPart(context: Context, name: string, options: ChildOptions = {}): Promise<Figure[]> {
  if (context.scale !== 'tiny' || options.nodeFlags !== undefined) return runChild(context, name, options);
  const { loadBench } = await import('../benches.ts');
  return (await loadBench(name))(context);
}
