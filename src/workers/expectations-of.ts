/** Reads the table of expectations when its owner has stopped. */
import { classNameOf } from '../conntrack/helpers/registry.ts';
import { connectionOf } from '../export/entry-view.ts';
import { type Expectation, expectationOf } from '../export/expectation.ts';
import { Cold, Expect, Hot } from '../shm/offsets.generated.ts';
import type { Segment } from '../shm/segment.ts';

/**
 * What is expected, oldest first.
 *
 * Shapes:  words as of createExpectationMemory; masters is the segment of the connections with helpers
 * Units:   `tickMs` is the clock at the moment for which the remaining times are wanted
 */
export function expectationsOf(words: Int32Array, masters: Segment, tickMs: number): Expectation[] {
  const found: { order: number; expectation: Expectation }[] = [];
  for (let e = Expect.WORDS; e < words.length; e += Expect.WORDS) {
    const master = words[e + Expect.MASTER];
    const h = master * Hot.WORDS;
    // A slot that was given back, or its master is gone, or would be if a packet asked for it.
    if (words[e + Expect.KIND] === 0 || masters.hot[h + Hot.KIND] === 0) continue;
    if (((masters.hot[h + Hot.DEADLINE] - tickMs) | 0) <= 0) continue;
    const at = { hot: masters.hot, h, cold: masters.cold, c: master * Cold.WORDS };
    const expectation = expectationOf(
      words,
      e,
      tickMs,
      connectionOf(at, tickMs, null),
      classNameOf(words, e),
    );
    found.push({ order: words[e + Expect.ORDER] >>> 0, expectation });
  }
  return found.sort((a, b) => a.order - b.order).map((f) => f.expectation);
}
