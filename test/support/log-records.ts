/** Records for tests of the log: each says by its content which number it has. */
import assert from 'node:assert/strict';
import type { LogReader, LogWriter } from '../../src/shm/log.ts';

export const RECORD_WORDS = 5;

/** Content of a word of a record, by the record's number. */
export const recordWord = (number: number, word: number): number =>
  Math.imul(number | 0, 0x9e3779b1) ^ (Math.floor(number / 2 ** 32) * 0x61c88647) ^ (word << 16);

/** Writes the record that comes after `pending` others that are not published. */
export function writeRecord(log: LogWriter, number: number, pending: number): void {
  const at = ((log.head() + pending) & log.mask) * RECORD_WORDS;
  for (let word = 0; word < RECORD_WORDS; word++) log.slots[at + word] = recordWord(number, word);
}

export interface Account {
  /** Where the reader began. */
  readonly start: number;
  given: number;
  missed: number;
}

/** One `read`, checked: what it gives out is what its number says, and what was not given out is told. */
export function readChecked(reader: LogReader, out: Int32Array, max: number, account: Account): number {
  const before = reader.position();
  assert.equal(before, account.start + account.given + account.missed, 'a number was skipped or read twice');
  const count = reader.read(out, max);
  const missed = reader.missed();
  assert.ok(count >= 0 && count <= max && missed >= 0, `${count} of ${max} read, ${missed} missed`);
  for (let i = 0; i < count; i++) {
    const number = before + missed + i;
    for (let word = 0; word < RECORD_WORDS; word++) {
      if (out[i * RECORD_WORDS + word] !== recordWord(number, word))
        assert.fail(`record ${number} was given out with a content that is not its own`);
    }
  }
  account.given += count;
  account.missed += missed;
  return count;
}
