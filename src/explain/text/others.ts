/** What is printed where there is no one story: a packet without a connection, connections to choose from. */
import type { CandidateRecord, LoneRecord } from '../story.ts';
import { secondsSince } from './cells.ts';
import type { Palette } from './palette.ts';
import { utcText } from './text.ts';
import { wrap } from './wrap.ts';

export function loneLines(r: LoneRecord, width: number, palette: Palette): string[] {
  const names = Math.max(...r.facts.map(({ name }) => name.length));
  const facts = r.facts.flatMap(({ name, text }) => {
    const [first, ...rest] = wrap(text, names + 4, width);
    return [`  ${palette('dim', name.padEnd(names))}  ${first.trimStart()}`, ...rest];
  });
  const verdict = r.outcome === 'invalid' ? 'INVALID' : r.outcome;
  return [
    palette('bold', `packet ${r.n} belongs to no connection`),
    palette('dim', `${r.file}; ${utcText(r.atNs)}`),
    '',
    ...facts,
    '',
    palette(r.outcome === 'invalid' ? 'alarm' : 'magenta', `${verdict}, ${r.reason}`),
    ...r.why.flatMap((sentence) => wrap(sentence, 2, width)),
    ...r.advice.flatMap((text) => wrap(`Hint: ${text}`, 0, width)).map((line) => palette('dim', line)),
  ];
}

/** One line each, oldest first, with the TUPLE in front, so that it can be copied. */
export function candidateLines(candidates: readonly CandidateRecord[], palette: Palette): string[] {
  const startNs = candidates[0].firstNs;
  const tuples = Math.max(...candidates.map(({ tuple }) => tuple.length));
  return candidates.map((c) => {
    const packets = `${c.packets} packet${c.packets === 1 ? '' : 's'}`;
    const from = `from packet ${c.firstPacket} at ${secondsSince(c.firstNs, startNs)} s`;
    return `  ${c.tuple.padEnd(tuples)}  ${palette('dim', `${packets}, ${from}`)}`;
  });
}
