/** Builds and runs limit.c: the same work in C. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Traffic } from './blocks.ts';
import type { Context } from './figure.ts';
import { projectRoot } from './root.ts';

const COMPILERS = ['cc', 'gcc', 'clang'];
const ROUNDS = 3;
const WRITE_BYTES = 1 << 26;
const MAX_MS = 60_000;

/** Nanoseconds per packet of each round, of the traffic's loop gone through so many times in each. */
export type Limit = (traffic: Traffic, laps: number) => number[];

/** Compiles it into the folder of the run; null, and a word about it, where that cannot be done. */
export function limitIn(context: Context): Limit | null {
  const program = join(context.folder, 'limit');
  const source = join(projectRoot(), 'bench', 'limit.c');
  const isBuilt = COMPILERS.some((compiler) => {
    try {
      execFileSync(compiler, ['-O3', '-march=native', '-o', program, source], {
        stdio: 'pipe',
        timeout: MAX_MS,
      });
      return true;
    } catch {
      return false;
    }
  });
  if (!isBuilt) {
    context.skip(`no C compiler (${COMPILERS.join(', ')}) builds limit.c: no comparison with C`);
    return null;
  }
  return (traffic, laps) => {
    const { block } = traffic;
    const file = join(context.folder, 'block');
    writeWords(file, block.words);
    const numbers = [block.loopAt, laps, Math.ceil(traffic.connections * 1.2), ROUNDS, block.lapMs];
    const output = execFileSync(program, [file, ...numbers.map(String)], {
      encoding: 'utf8',
      timeout: MAX_MS,
    });
    const { nsPerPacket, tracked, created, refused, counted } = JSON.parse(output);
    const packets = traffic.prologue + traffic.loop * (1 + laps * ROUNDS);
    if (tracked !== packets || counted !== packets || refused !== 0 || created !== traffic.connections)
      throw new Error(`limit.c did something else: ${output.trim()}, expected ${packets} packets`);
    return nsPerPacket;
  };
}

function writeWords(path: string, words: Int32Array): void {
  const file = openSync(path, 'w');
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  for (let at = 0; at < bytes.length; )
    at += writeSync(file, bytes, at, Math.min(WRITE_BYTES, bytes.length - at));
  closeSync(file);
}
