/** Answers on standard output, and what is said about them on standard error. */
import type { Answer } from '../../client/client.ts';
import type { StandardOutput } from '../output.ts';

export const complain = (message: string): boolean => process.stderr.write(`flowshard: ${message}\n`);

/**
 * Prints an answer as the bytes that came.
 *
 * Cost: no look at the bytes but to count lines where the server does not say how many entries there were
 *
 * @returns how many entries there were
 */
export async function printAnswer(answer: Answer, out: StandardOutput): Promise<number> {
  await answer.read((piece) => (out.isClosed() ? 'enough' : out.bytes(piece)));
  return answer.entries() ?? 0;
}

/** "N flow entries have been shown.", as conntrack says it. */
export const closingLine = (count: number, what: string, done: string): string =>
  `flowshard v${FLOWSHARD_VERSION}: ${count} ${what} have been ${done}.\n`;
