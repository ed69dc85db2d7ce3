/** Counts what is told, for the last record of a story. */
import { Reason, reasonInfo } from '../common/reasons.ts';
import { REASON_SENTENCES } from './reason-sentences.ts';
import type { Effect, TotalRecord } from './story.ts';

export interface Tally {
  count(effect: Effect, reason: Reason): void;
  total(lives: number, alive: TotalRecord['alive']): TotalRecord;
}

export function createTally(): Tally {
  const effects: Record<Effect, number> = {
    opens: 0,
    accepted: 0,
    ignored: 0,
    related: 0,
    refused: 0,
    untracked: 0,
    skipped: 0,
    dropped: 0,
  };
  const reasons: Record<string, number> = {};
  const advice = new Set<string>();
  let packets = 0;
  return {
    count(effect, reason) {
      packets++;
      effects[effect]++;
      if (reason === Reason.NONE || reason === Reason.COUNT) return;
      const { name } = reasonInfo(reason);
      reasons[name] = (reasons[name] ?? 0) + 1;
      const hint = REASON_SENTENCES[reason].advice;
      if (hint !== undefined) advice.add(hint);
    },
    total: (lives, alive) => ({
      record: 'total',
      lives,
      packets,
      effects,
      reasons,
      alive,
      advice: [...advice],
    }),
  };
}
