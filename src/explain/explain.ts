/** `explain` from question to records: finds the connection that is meant, then tells its story. */
import { type CaptureError, OptionError } from '../common/errors.ts';
import { type Found, findPacket, findTuple, isLone, type LonePacket, type SearchOptions } from './find.ts';
import { createNarrator } from './narrator.ts';
import { runPackets } from './run.ts';
import type { AnyRecord, CandidateRecord, LoneRecord } from './story.ts';
import { tupleText } from './tuple-key.ts';
import type { TuplePattern } from './tuple-pattern.ts';

/** Which connection: the one of a packet, or one that a tuple means, or both. */
export interface Question {
  readonly packet: number | null;
  readonly pattern: TuplePattern | null;
}

export type Answered =
  | { readonly kind: 'story'; readonly found: Found }
  | { readonly kind: 'lone'; readonly record: LoneRecord }
  | { readonly kind: 'several'; readonly candidates: readonly CandidateRecord[]; readonly more: boolean }
  | { readonly kind: 'none'; readonly packets: number };

export interface Search {
  readonly answer: Answered;
  /** Why the capture was not read to its end, or null. */
  readonly error: CaptureError | null;
}

function loneRecord(file: string, lone: LonePacket): LoneRecord {
  return {
    record: 'lone',
    file,
    n: lone.number,
    atNs: lone.atNs,
    outcome: lone.outcome,
    reason: lone.reason,
    why: [lone.sentence],
    facts: lone.facts.map(([name, text]) => ({ name, text })),
    advice: lone.advice === null ? [] : [lone.advice],
  };
}

/** Finds out which connection is meant. Errors: OptionError for a question that names nothing. */
export async function search(options: SearchOptions, question: Question): Promise<Search> {
  if (question.packet !== null) {
    const { found, packets, error } = await findPacket(options, question.packet);
    if (found === null) return { answer: { kind: 'none', packets }, error };
    const answer: Answered = isLone(found)
      ? { kind: 'lone', record: loneRecord(options.file, found) }
      : { kind: 'story', found };
    return { answer, error };
  }
  if (question.pattern === null) throw new OptionError('TUPLE', '', 'a TUPLE or --packet N');
  const { candidates, othersPackets, packets, error } = await findTuple(options, question.pattern);
  if (candidates.length === 0) return { answer: { kind: 'none', packets }, error };
  if (candidates.length === 1) return { answer: { kind: 'story', found: candidates[0] }, error };
  const records = candidates.map(
    ({ connection, firstPacket, packets: n, firstNs, lastNs }): CandidateRecord => ({
      record: 'candidate',
      tuple: tupleText(connection),
      firstPacket,
      packets: n,
      firstNs,
      lastNs,
    }),
  );
  return { answer: { kind: 'several', candidates: records, more: othersPackets > 0 }, error };
}

export interface TellOptions extends SearchOptions {
  readonly found: Found;
  readonly packet: number | null;
}

/**
 * Tells the story to `onRecords`, as it goes, for as long as that says to go on.
 *
 * Returns: why the capture was not read to its end, or null
 */
export async function tellStory(
  options: TellOptions,
  onRecords: (records: readonly AnyRecord[]) => Promise<boolean>,
): Promise<CaptureError | null> {
  const { found, packet, file, settings } = options;
  const narrator = createNarrator({ file, settings, found, packet });
  if (!(await onRecords(narrator.begin()))) return null;
  let goesOn = true;
  const run = await runPackets({ ...options, watch: found.key }, (step) => {
    const records = narrator.tell(step);
    if (records.length === 0) return true;
    return onRecords(records).then((answer) => {
      goesOn = answer;
      return answer;
    });
  });
  if (goesOn) await onRecords(narrator.end(run));
  return run.error;
}
