/** The greatest entries of a whole table: what `sort` with a limit asks for. Keeps no more than the limit. */
import { PAGE_ENTRY_WORDS, type Page } from '../control/tracker-control.ts';
import { type SortKind, sortKey } from '../query/sort-key.ts';
import { Hot } from '../shm/offsets.generated.ts';

interface Kept {
  readonly key: number;
  readonly owner: number;
  readonly words: Int32Array;
  readonly tickMs: number;
  readonly nowSec: number;
}

export interface TopEntries {
  add(page: Page): void;
  /** Key of the least that is kept, once there are as many as wanted: entries below need not be looked at. */
  threshold(): number | null;
  /** One page for each entry, the greatest first, of equals the oldest. */
  pages(): Page[];
}

/** Cost: log2(limit) steps for an entry that is kept, one comparison for others. */
export function createTopEntries(sort: SortKind, limit: number): TopEntries {
  /** A heap, the least in front. */
  const heap: Kept[] = [];

  function up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent].key <= heap[at].key) return;
      [heap[parent], heap[at]] = [heap[at], heap[parent]];
      at = parent;
    }
  }

  function down(): void {
    let at = 0;
    for (;;) {
      let least = 2 * at + 1;
      if (least >= heap.length) return;
      if (least + 1 < heap.length && heap[least + 1].key < heap[least].key) least++;
      if (heap[at].key <= heap[least].key) return;
      [heap[least], heap[at]] = [heap[at], heap[least]];
      at = least;
    }
  }

  return {
    add(page) {
      for (let i = 0; i < page.count; i++) {
        const e = i * PAGE_ENTRY_WORDS;
        const key = sortKey(sort, page.words, null, e, page.words, e + Hot.WORDS);
        if (heap.length === limit && key <= heap[0].key) continue;
        const kept: Kept = {
          key,
          owner: page.owner,
          words: page.words.slice(e, e + PAGE_ENTRY_WORDS),
          tickMs: page.tickMs,
          nowSec: page.nowSec,
        };
        if (heap.length < limit) up(heap.push(kept) - 1);
        else {
          heap[0] = kept;
          down();
        }
      }
    },
    threshold: () => (heap.length === limit ? heap[0].key : null),
    pages: () =>
      [...heap]
        .sort((a, b) => b.key - a.key || (a.words[Hot.CREATED] >>> 0) - (b.words[Hot.CREATED] >>> 0))
        .map((kept) => ({ ...kept, count: 1 })),
  };
}
