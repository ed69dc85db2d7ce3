/**
 * The main thread's end of one owner's mailbox: requests wait for a free lane, answers are copied out of it at once, so
 * that whoever takes long over an answer keeps nobody else waiting.
 */
import type { Lane, MailboxMemory, Operation } from '../shm/mailbox.ts';
import { Ask } from '../shm/offsets.generated.ts';
import { ask } from '../shm/promises.ts';

export interface Answer {
  /** Copies. Shapes: Ask words before PROGRAM; the used part of the page. */
  readonly ask: Int32Array;
  readonly page: Int32Array;
}

export interface OwnerClient {
  /** `fill` writes the request; `pageWords` says how much of the page the answer uses. */
  request(
    operation: Operation,
    fill: (ask: Int32Array) => void,
    pageWords?: (ask: Int32Array) => number,
  ): Promise<Answer>;
}

/** `ring` wakes the owner. */
export function createOwnerClient(mailbox: MailboxMemory, ring?: (bell: Int32Array) => void): OwnerClient {
  const free: Lane[] = [...mailbox.lanes];
  const waiting: ((lane: Lane) => void)[] = [];

  function takeLane(): Promise<Lane> {
    const lane = free.pop();
    if (lane !== undefined) return Promise.resolve(lane);
    return new Promise((resolve) => waiting.push(resolve));
  }

  function giveLane(lane: Lane): void {
    const next = waiting.shift();
    if (next === undefined) free.push(lane);
    else next(lane);
  }

  return {
    async request(operation, fill, pageWords = () => 0) {
      const lane = await takeLane();
      try {
        lane.ask.fill(0, Ask.STATE + 1, Ask.PROGRAM);
        lane.ask[Ask.OPERATION] = operation;
        fill(lane.ask);
        await ask(mailbox, lane, ring);
        return {
          ask: new Int32Array(lane.ask.subarray(0, Ask.PROGRAM)),
          page: new Int32Array(lane.page.subarray(0, pageWords(lane.ask))),
        };
      } finally {
        giveLane(lane);
      }
    },
  };
}
