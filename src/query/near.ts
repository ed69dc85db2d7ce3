/** "Did you mean": the word of a list that is nearest to one that was not understood. */

const DISTANCE_MAX = 2;
/** Longer words are no slips of a finger; also bounds the work. */
const LENGTH_MAX = 32;

/** Changes of a letter, a lost or an added one, or two neighbours swapped, that lead from one word to the other. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, before[j - 2] + 1);
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row[b.length];
}

/** Null when none is near. Case does not matter. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  if (word === '' || word.length > LENGTH_MAX) return null;
  const wanted = word.toLowerCase();
  let best: string | null = null;
  let bestDistance = DISTANCE_MAX + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    // In a word of three letters two changes leave nothing.
    if (distance < bestDistance && distance < Math.max(candidate.length, wanted.length) - 1) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}
