/** Which of several files has the earliest packet: a binary heap of file numbers. */
import { type CaptureReader, Rec } from './reader.ts';

export interface FileHeap {
  size(): number;
  /** Number of the file whose packet comes first; the heap is not empty. */
  first(): number;
  add(file: number): void;
  /** The first file has another packet now: puts it where that belongs. */
  sinkFirst(): void;
  removeFirst(): void;
  /** Throws unless no file is after one below it; for tests. */
  selfCheck(): void;
}

/** Heap over the packets that the `record` of each reader describes. Each file is in it at most once. */
export function createFileHeap(readers: readonly Pick<CaptureReader, 'record'>[]): FileHeap {
  const heap = new Int32Array(readers.length);
  let size = 0;

  function isBefore(a: number, b: number): boolean {
    const recordA = readers[a].record;
    const recordB = readers[b].record;
    const secA = recordA[Rec.SEC] >>> 0;
    const secB = recordB[Rec.SEC] >>> 0;
    if (secA !== secB) return secA < secB;
    const nsecA = recordA[Rec.NSEC];
    const nsecB = recordB[Rec.NSEC];
    return nsecA === nsecB ? a < b : nsecA < nsecB;
  }

  function sink(from: number): void {
    const file = heap[from];
    let hole = from;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(heap[child + 1], heap[child])) child++;
      if (isBefore(file, heap[child])) break;
      heap[hole] = heap[child];
      hole = child;
    }
    heap[hole] = file;
  }

  function rise(from: number): void {
    const file = heap[from];
    let hole = from;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (isBefore(heap[parent], file)) break;
      heap[hole] = heap[parent];
      hole = parent;
    }
    heap[hole] = file;
  }

  return {
    size: () => size,
    first: () => heap[0],
    add(file) {
      heap[size] = file;
      rise(size++);
    },
    sinkFirst: () => sink(0),
    removeFirst() {
      heap[0] = heap[--size];
      if (size > 0) sink(0);
    },
    selfCheck() {
      for (let at = 1; at < size; at++) {
        if (isBefore(heap[at], heap[(at - 1) >> 1]))
          throw new Error(`file heap: ${heap[at]} is below a later one`);
      }
    },
  };
}
