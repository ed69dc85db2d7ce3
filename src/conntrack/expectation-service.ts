/** What the ingest thread is asked about expectations: to list, end and make them. Belongs to service.ts. */
import { Status } from '../shm/bits.ts';
import { type Lane, Operation, PAGE_EXPECTATIONS, Result } from '../shm/mailbox.ts';
import { Ask, Cold, Desc, Expect, Hot } from '../shm/offsets.generated.ts';
import { ExpectAnswer, ExpectRequest } from './expectations.ts';
import type { Masters } from './masters.ts';
import type { MoreOperations } from './service.ts';

/** Words of an expectation in a page: its own, then its master's Hot and Cold. */
export const EXPECTATION_PAGE_WORDS = Expect.WORDS + Hot.WORDS + Cold.WORDS;

/** Thread: ingest, between packets. */
export function createExpectationService(masters: Masters): MoreOperations {
  const { expectations, words, tracker } = masters;
  const { segment } = tracker.parts;
  const { hot, cold } = segment;
  const slots = words.length / Expect.WORDS;
  const request = new ExpectRequest();

  /** Free, or its master is gone, or would be if a packet asked for it; the same of the expectation. */
  function isGone(slot: number, nowMs: number): boolean {
    const e = slot * Expect.WORDS;
    const h = words[e + Expect.MASTER] * Hot.WORDS;
    if (words[e + Expect.KIND] === 0 || hot[h + Hot.KIND] === 0) return true;
    if (((hot[h + Hot.DEADLINE] - nowMs) | 0) <= 0) return true;
    return ((words[e + Expect.DEADLINE] - nowMs) | 0) <= 0;
  }

  function list({ ask, page }: Lane): void {
    const { ms } = tracker.parts.now();
    let count = 0;
    let slot = Math.max(1, ask[Ask.FROM]);
    for (; slot < slots && count < PAGE_EXPECTATIONS; slot++) {
      if (isGone(slot, ms)) continue;
      const e = slot * Expect.WORDS;
      const o = count++ * EXPECTATION_PAGE_WORDS;
      const master = words[e + Expect.MASTER];
      page.set(words.subarray(e, e + Expect.WORDS), o);
      // The slot by which it can be named, where nobody else needs the word.
      page[o + Expect.NEXT] = slot;
      page.set(hot.subarray(master * Hot.WORDS, (master + 1) * Hot.WORDS), o + Expect.WORDS);
      page.set(cold.subarray(master * Cold.WORDS, (master + 1) * Cold.WORDS), o + Expect.WORDS + Hot.WORDS);
    }
    ask[Ask.COUNT] = count;
    ask[Ask.FROM] = slot < slots ? slot : 0;
    ask[Ask.RESULT] = Result.OK;
  }

  function remove({ ask }: Lane): void {
    let count = 0;
    for (let i = 0; i < ask[Ask.PROGRAM_LENGTH]; i += 2) {
      const slot = ask[Ask.PROGRAM + i];
      if (slot <= 0 || slot >= slots || words[slot * Expect.WORDS + Expect.KIND] === 0) continue;
      if (words[slot * Expect.WORDS + Expect.ORDER] !== ask[Ask.PROGRAM + i + 1]) continue;
      expectations.remove(slot);
      count++;
    }
    ask[Ask.COUNT] = count;
    ask[Ask.RESULT] = Result.OK;
  }

  function create(ask: Int32Array): Result {
    const { ms, number } = tracker.parts.now();
    const master = tracker.find(ask[Ask.TUPLE + Desc.HASH], ask, Ask.TUPLE, ms);
    const h = master * Hot.WORDS;
    const helper = (hot[h + Hot.STATUS] & Status.HELPER_MASK) >>> Status.HELPER_SHIFT;
    if (master === 0 || helper === 0) return Result.NO_MASTER;
    const x = Ask.EXPECT;
    request.kind = ask[x + Expect.KIND];
    for (let i = 0; i < 4; i++) {
      request.source[i] = ask[x + Expect.SRC0 + i];
      request.mask[i] = ask[x + Expect.MASK0 + i];
      request.destination[i] = ask[x + Expect.DST0 + i];
    }
    request.sourcePort = ask[x + Expect.PORT_MASK] === 0 ? -1 : ask[x + Expect.PORTS] >>> 16;
    request.destinationPort = ask[x + Expect.PORTS] & 0xffff;
    request.flags = ask[x + Expect.FLAGS];
    request.klass = 0;
    request.classMax = 0;
    request.timeoutMs = ask[Ask.TIMEOUT_MS];
    request.helper = helper;
    request.assign = 0;
    request.master = master;
    request.masterCreated = hot[h + Hot.CREATED];
    request.number = number;
    request.skipMaster = false;
    const answer = expectations.add(request, ms);
    if (answer === ExpectAnswer.ADDED) return Result.OK;
    return answer === ExpectAnswer.FULL ? Result.FULL : Result.EXISTS;
  }

  return {
    serve(lane) {
      const { ask } = lane;
      switch (ask[Ask.OPERATION]) {
        case Operation.EXPECTATIONS:
          masters.finish();
          list(lane);
          break;
        case Operation.REMOVE_EXPECTATIONS:
          remove(lane);
          break;
        case Operation.CREATE_EXPECTATION:
          ask[Ask.RESULT] = create(ask);
          break;
        default:
          return false;
      }
      masters.changed();
      return true;
    },
  };
}
