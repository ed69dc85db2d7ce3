/** Runs dialogues through the laboratory: a test for each, with one shard and with several. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Dialogue, shortForm } from './dialogue.ts';
import { createLab, type Lab } from './lab.ts';
import { messageOf } from './random.ts';

/** Each dialogue with one shard, and with one of these. */
const SHARDS = [2, 4, 8];

/** Short forms of what is expected now, sorted. */
const expectedNow = (lab: Lab, d: Dialogue): string[] =>
  lab
    .expectations()
    .map((x) => shortForm(x, d.hosts))
    .sort();

const withoutTimeout = (line: string): string => line.replace(/ \d+s$/, '');

export function runDialogue(d: Dialogue, helpers: string, shards: number, set: readonly string[] = []): void {
  const lab = createLab({ helpers, shards, set, selfCheck: true, maxEntries: 64 });
  let atMs = 0;
  let known: string[] = [];
  d.steps.forEach((step, i) => {
    atMs += step.afterMs;
    const seen = lab.send(step.frame, atMs);
    const found = expectedNow(lab, d);
    try {
      assert.equal(seen.verdict, step.verdict, 'verdict');
      assert.equal(seen.reason, step.reason, 'reason');
      if (step.expects !== null) assert.deepEqual(found, step.expects);
      else assert.deepEqual(found.map(withoutTimeout), known.map(withoutTimeout), 'expectations as before');
    } catch (error) {
      throw new Error(`packet ${i + 1}, ${shards} shards: ${messageOf(error)}`, { cause: error });
    }
    known = found;
  });
  lab.finish();
  lab.check();
}

/** `set`: settings as `--set` takes them. */
export function testDialogues(
  title: string,
  helpers: string,
  dialogues: readonly Dialogue[],
  set: readonly string[] = [],
): void {
  describe(title, () => {
    for (const [i, d] of dialogues.entries())
      it(`${d.name} (${d.family})`, () => {
        for (const shards of [1, SHARDS[i % SHARDS.length]]) runDialogue(d, helpers, shards, set);
      });
  });
}
