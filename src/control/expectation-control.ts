/** Expectations: listed, ended and made by questions to the ingest thread, which owns them. */
import { EXPECTATION_PAGE_WORDS } from '../conntrack/expectation-service.ts';
import { classNameOf } from '../conntrack/helpers/registry.ts';
import { connectionOf } from '../export/entry-view.ts';
import { type Expectation, expectationOf } from '../export/expectation.ts';
import { ExpectFlag } from '../shm/bits.ts';
import { ASK_PROGRAM_WORDS, Operation, Result } from '../shm/mailbox.ts';
import { Ask, Expect, Hot } from '../shm/offsets.generated.ts';
import { refusalOf } from './control.ts';
import type { OwnerClient } from './owner-client.ts';
import type { NewExpectation, TrackerControl, TupleQuery } from './tracker-control.ts';
import { kindOf, transportWord, wordsOf } from './tuple-words.ts';

interface Found {
  readonly slot: number;
  readonly order: number;
  readonly expectation: Expectation;
}

const pageWords = (ask: Int32Array): number => ask[Ask.COUNT] * EXPECTATION_PAGE_WORDS;

/** Writes the words of an expectation into a request. Errors: RangeError for a wrong address */
function fillExpectation(ask: Int32Array, { tuple, mask, permanent }: NewExpectation): void {
  const x = Ask.EXPECT;
  const write = (at: number, address: string): void => {
    wordsOf(address, tuple.family).forEach((word, i) => {
      ask[x + at + i] = word;
    });
  };
  write(Expect.SRC0, tuple.src);
  write(Expect.DST0, tuple.dst);
  write(Expect.MASK0, mask.src);
  ask[x + Expect.PORTS] = transportWord(tuple);
  ask[x + Expect.PORT_MASK] = transportWord(mask) >>> 16 === 0 ? 0 : 0xffff;
  ask[x + Expect.KIND] = kindOf(tuple);
  ask[x + Expect.FLAGS] = permanent === true ? ExpectFlag.PERMANENT : 0;
}

/** `client` is that of the ingest thread; null without helpers. */
export function createExpectationControl(
  client: OwnerClient | null,
  tupleWords: (tuple: TupleQuery) => Int32Array,
): Pick<TrackerControl, 'expectations' | 'removeExpectations' | 'createExpectation'> {
  async function list(): Promise<Found[]> {
    const found: Found[] = [];
    if (client === null) return found;
    let from = 1;
    do {
      const start = from;
      const { ask, page } = await client.request(
        Operation.EXPECTATIONS,
        (words) => {
          words[Ask.FROM] = start;
        },
        pageWords,
      );
      for (let i = 0; i < ask[Ask.COUNT]; i++) {
        const e = i * EXPECTATION_PAGE_WORDS;
        const m = e + Expect.WORDS;
        const at = { hot: page, h: m, cold: page, c: m + Hot.WORDS };
        const master = connectionOf(at, ask[Ask.TICK], null);
        const expectation = expectationOf(page, e, ask[Ask.TICK], master, classNameOf(page, e));
        found.push({ slot: page[e + Expect.NEXT], order: page[e + Expect.ORDER], expectation });
      }
      from = ask[Ask.FROM];
    } while (from !== 0);
    return found.sort((a, b) => (a.order >>> 0) - (b.order >>> 0));
  }

  return {
    expectations: async () => (await list()).map(({ expectation }) => expectation),
    async removeExpectations(matches) {
      const chosen = (await list()).filter(({ expectation }) => matches(expectation));
      const most = ASK_PROGRAM_WORDS / 2;
      for (let i = 0; i < chosen.length && client !== null; i += most) {
        await client.request(Operation.REMOVE_EXPECTATIONS, (ask) => {
          const some = chosen.slice(i, i + most);
          ask[Ask.PROGRAM_LENGTH] = some.length * 2;
          some.forEach(({ slot, order }, k) => {
            ask[Ask.PROGRAM + 2 * k] = slot;
            ask[Ask.PROGRAM + 2 * k + 1] = order;
          });
        });
      }
      return chosen.map(({ expectation }) => expectation);
    },
    async createExpectation(wanted) {
      if (client === null) return { refused: 'no master' };
      const master = tupleWords(wanted.master);
      const before = new Set((await list()).map(({ order }) => order));
      const { ask } = await client.request(Operation.CREATE_EXPECTATION, (words) => {
        words.set(master, Ask.TUPLE);
        fillExpectation(words, wanted);
        words[Ask.TIMEOUT_MS] = wanted.timeoutS * 1000;
      });
      if (ask[Ask.RESULT] !== Result.OK) return refusalOf(ask[Ask.RESULT]);
      const made = (await list()).find(({ order }) => !before.has(order));
      return made === undefined ? { refused: 'full' } : { made: made.expectation };
    },
  };
}
