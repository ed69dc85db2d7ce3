/**
 * Memory for the bytes of fragments: blocks of one size in chains, so that what is freed in any order
 * can be used again. Allocated once.
 */
import { assert } from '../../common/assert.ts';

const BLOCK_SHIFT = 8;
export const BLOCK_BYTES = 1 << BLOCK_SHIFT;

export interface ByteArena {
  /** Stores bytes; returns the first block of the chain, 0 for no bytes. Errors: InvariantError without room. */
  store(view: DataView, at: number, length: number): number;
  /** Copies `length` bytes of a chain, from its byte `from` on. */
  load(first: number, from: number, length: number, view: DataView, at: number): void;
  free(first: number): void;
  /** Blocks in use. */
  used(): number;
  selfCheck(): void;
}

/** Copies bytes, four at a time. The two places may lie in one buffer, but not overlap. */
export function copyBytes(from: DataView, fromAt: number, to: DataView, toAt: number, length: number): void {
  const words = length & ~3;
  for (let i = 0; i < words; i += 4) to.setInt32(toAt + i, from.getInt32(fromAt + i));
  for (let i = words; i < length; i++) to.setUint8(toAt + i, from.getUint8(fromAt + i));
}

/**
 * Thread:  the owner's
 * Cost:    proportional to the bytes; no allocation after this call. Pages that were never used cost nothing
 */
export function createByteArena(bytesMax: number): ByteArena {
  const blocks = Math.ceil(bytesMax / BLOCK_BYTES) + 1;
  const bytes = new DataView(new ArrayBuffer(blocks * BLOCK_BYTES));
  /** Next block of a chain, or of the free list; 0 ends both, so block 0 is not used. */
  const next = new Int32Array(blocks);
  let freed = 0;
  /** Blocks from here on were never used. */
  let fresh = 1;
  let inUse = 0;

  function take(): number {
    inUse++;
    if (freed === 0) {
      assert(fresh < blocks, 'no room for the bytes of a fragment');
      return fresh++;
    }
    const block = freed;
    freed = next[block];
    next[block] = 0;
    return block;
  }

  function store(view: DataView, at: number, length: number): number {
    let first = 0;
    let last = 0;
    for (let done = 0; done < length; done += BLOCK_BYTES) {
      const block = take();
      if (last === 0) first = block;
      else next[last] = block;
      last = block;
      copyBytes(view, at + done, bytes, block << BLOCK_SHIFT, Math.min(length - done, BLOCK_BYTES));
    }
    return first;
  }

  function load(first: number, from: number, length: number, view: DataView, at: number): void {
    let block = first;
    let skip = from;
    for (; skip >= BLOCK_BYTES; skip -= BLOCK_BYTES) block = next[block];
    for (let done = 0; done < length; ) {
      const count = Math.min(length - done, BLOCK_BYTES - skip);
      copyBytes(bytes, (block << BLOCK_SHIFT) + skip, view, at + done, count);
      done += count;
      skip = 0;
      block = next[block];
    }
  }

  function free(first: number): void {
    for (let block = first; block !== 0; ) {
      const following = next[block];
      next[block] = freed;
      freed = block;
      block = following;
      inUse--;
    }
  }

  function selfCheck(): void {
    let count = 0;
    for (let block = freed; block !== 0; block = next[block]) count++;
    assert(count + inUse === fresh - 1, 'blocks are neither free nor in use');
  }

  return { store, load, free, used: () => inUse, selfCheck };
}
