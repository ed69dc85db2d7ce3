/**
 * What V8's compiler is told before the threads start. By itself it inlines functions up to 460 bytes of byte code, 920 in
 * all, and the way of a packet is longer than that. With room for all of it the compiler makes one function of it, which
 * takes a quarter less time per packet in the ingest thread, and a tenth in a shard; but making it takes a tenth of a second
 * more, so that it is worth it for long runs only.
 *
 * The flags are V8's own and hold for the process. One that a future V8 does not know is ignored, and costs only time.
 */
import { statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

const BYTECODE_MAX = 3000;
const BYTECODE_IN_ALL_MAX = 10_000;
/** Captures of less than this are read before the better code would have paid. */
const LONG_RUN_BYTES = 1e9;

export function inlineGenerously(): void {
  setFlagsFromString(`--max-inlined-bytecode-size=${BYTECODE_MAX}`);
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${BYTECODE_IN_ALL_MAX}`);
}

/** Whether so much is to be read that compiling longer pays; pipes may be long. */
export function areLong(files: readonly string[]): boolean {
  let bytes = 0;
  for (const file of files) {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat?.isFile() !== true) continue;
    bytes += stat.size;
  }
  return bytes >= LONG_RUN_BYTES;
}
