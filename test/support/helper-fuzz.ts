/**
 * Damaged messages through a helper alone: it must not throw, must not look beyond its payload, and
 * must ask for few and possible expectations, whatever it is given.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createHash4 } from '../../src/common/hash.ts';
import type { HelperNumber } from '../../src/common/helpers.ts';
import { ExpectAnswer, type Expectations, ExpectRequest } from '../../src/conntrack/expectations.ts';
import { createGreKeys } from '../../src/conntrack/gre-keys.ts';
import {
  type HelperContext,
  type HelperReader,
  HelperVerdict,
  type Message,
  STATE_WORDS,
} from '../../src/conntrack/helpers/helper.ts';
import { HELPERS_BY_NUMBER } from '../../src/conntrack/helpers/registry.ts';
import { createSettings } from '../../src/conntrack/settings.ts';
import { Kind, Verdict } from '../../src/shm/bits.ts';
import { bytesOf, type Dialogue } from './dialogue.ts';
import { addressBytes } from './frames.ts';
import { LAB_KEY } from './lab.ts';
import { mutatedPayload, payloadOf } from './payload.ts';
import { createRandom, operations, type Random, seedOf } from './random.ts';

/** Messages of a normal run. */
const MESSAGES = 30_000;
const ROOM = 70_000;
const LINE_END = bytesOf('\r\n');

/** A helper, and what it asked for. */
interface Bench {
  readonly reader: HelperReader;
  readonly bytes: Uint8Array;
  readonly state: Int32Array;
  readonly asked: string[];
  /** Whose messages these are. */
  dialogue: Dialogue;
}

/** Nothing is kept; a helper finds nothing. */
const NO_EXPECTATIONS: Expectations = {
  count: () => 0,
  find: () => 0,
  findDestination: () => 0,
  add: () => ExpectAnswer.ADDED,
  added: () => 1,
  pair() {},
  claim: () => 0,
  claimSlot: () => 0,
  take: () => false,
  remove() {},
  removeOf() {},
  firstOf: () => 0,
  nextOf: () => 0,
  word: () => 0,
  isTo: () => false,
  setFlags() {},
  setDeadline() {},
  settle() {},
  sweep() {},
  selfCheck() {},
};

/** Four words, IPv4 in the first. */
function writeAddress(address: string, out: Int32Array): void {
  out.fill(0);
  for (const [i, byte] of addressBytes(address).entries()) out[i >> 2] |= byte << (24 - (i & 3) * 8);
}

function createBench(number: HelperNumber, random: Random, dialogue: Dialogue): Bench {
  const helper = HELPERS_BY_NUMBER.get(number);
  assert.ok(helper !== undefined);
  const asked: string[] = [];
  const request = new ExpectRequest();
  const write = (dir: number, out: Int32Array): void =>
    writeAddress(bench.dialogue.hosts[dir === 0 ? 'c' : 's'], out);
  const context: HelperContext = {
    source: (dir, out) => write(dir, out),
    destination: (dir, out) => write(1 - dir, out),
    sourcePort: (dir) => (dir === 0 ? 40_000 : helper.port),
    destinationPort: (dir) => (dir === 0 ? helper.port : 40_000),
    request(protocol, klass = 0) {
      assert.ok(helper.classes[klass] !== undefined, `class ${klass}`);
      request.kind = Kind.USED | protocol;
      for (const words of [request.source, request.mask, request.destination]) words.fill(0);
      Object.assign(request, { sourcePort: -1, destinationPort: 0, flags: 0, klass, assign: 0 });
      return request;
    },
    expect(r) {
      const { sourcePort, destinationPort } = r;
      assert.ok(sourcePort >= -1 && sourcePort <= 0xffff, `source port ${sourcePort}`);
      assert.ok(destinationPort >= 0 && destinationPort <= 0xffff, `destination port ${destinationPort}`);
      asked.push(`${r.kind} ${r.source} ${r.mask} ${r.destination} ${sourcePort} ${destinationPort}`);
      return ExpectAnswer.ADDED;
    },
    expectations: NO_EXPECTATIONS,
    isExpected: () => false,
    protocolOf: () => helper.protocols[0],
    refresh(timeoutS) {
      asked.push(`refresh ${timeoutS}`);
    },
    kill(...args) {
      asked.push(`kill ${args}`);
    },
    greKeys: createGreKeys(createHash4(LAB_KEY)),
    settings: createSettings(),
  };
  const bytes = Uint8Array.from({ length: ROOM }, () => random.below(256));
  const bench: Bench = {
    reader: helper.create(context),
    bytes,
    state: new Int32Array(2 * STATE_WORDS),
    asked,
    dialogue,
  };
  return bench;
}

/** What the helper said to a message at some place among other bytes. */
function say(
  bench: Bench,
  dialogue: Dialogue,
  payload: Uint8Array,
  at: number,
  message: Omit<Message, 'bytes' | 'state'>,
  requestsMax: number,
): string {
  bench.bytes.set(payload, at);
  bench.asked.length = 0;
  bench.dialogue = dialogue;
  const { bytes, state } = bench;
  const answer = bench.reader.message({ ...message, bytes, state, start: at, end: at + payload.length });
  assert.ok(HelperVerdict[answer] !== undefined, `answer ${answer}`);
  assert.ok(bench.asked.length <= requestsMax, `${bench.asked.length} requests`);
  return `${HelperVerdict[answer]} ${bench.asked.join('; ')}`;
}

/**
 * `shown`: least share of the messages that must have led to something, so that the fuzz does not miss the
 * helper. A message asks for no more than `requestsMax` expectations and the like.
 */
export function fuzzHelper(
  name: string,
  number: HelperNumber,
  dialogues: readonly Dialogue[],
  shown: number,
  requestsMax = 64,
): void {
  it(`${name}: damaged messages`, (t) => {
    const random = createRandom(seedOf(t));
    const helper = HELPERS_BY_NUMBER.get(number);
    assert.ok(helper !== undefined);
    const payloads = dialogues.flatMap((dialogue) =>
      dialogue.steps
        .map(({ frame, verdict }) => ({
          dialogue,
          payload: payloadOf(frame),
          usualDir: verdict.endsWith('REPLY') ? 1 : 0,
        }))
        .filter(({ payload }) => payload.length > 0),
    );
    const [one, two] = [0, 1].map(() => createBench(number, random, dialogues[0]));
    const seq = [0, 0];
    let led = 0;
    let at = 0;

    /** Mostly the message behind the last one; where another dialogue begins nothing is remembered. */
    function next(): (typeof payloads)[number] {
      const last = payloads[at].dialogue;
      at = random.chance(0.8) ? (at + 1) % payloads.length : random.below(payloads.length);
      if (payloads[at].dialogue !== last) for (const bench of [one, two]) bench.state.fill(0);
      return payloads[at];
    }

    const count = operations(MESSAGES);
    for (let i = 0; i < count; i++) {
      const { dialogue, payload: original, usualDir } = next();
      const payload = (
        random.chance(0.3) ? original : mutatedPayload(original, random.pick(payloads).payload, random)
      ).subarray(0, helper.payloadMax);
      const dir = random.chance(0.9) ? usualDir : 1 - usualDir;
      const message: Omit<Message, 'bytes' | 'state'> = {
        start: 0,
        end: 0,
        protocol: random.pick(helper.protocols),
        isIpv6: dialogue.family === 'IPv6',
        dir,
        verdict: dir === 0 ? Verdict.ESTABLISHED : Verdict.ESTABLISHED_REPLY,
        // Mostly where a line may begin: behind the last message of this kind.
        seq: random.chance(0.9) ? seq[dir] : random.word() | 0,
        entry: 1,
        s: STATE_WORDS,
        nowMs: i,
        number: i,
      };
      seq[dir] = (message.seq + payload.length) | 0;
      try {
        const first = say(one, dialogue, payload, random.below(100), message, requestsMax);
        assert.equal(
          say(two, dialogue, payload, random.below(100), message, requestsMax),
          first,
          'depends on other bytes',
        );
        if (first !== 'ACCEPT ') led++;
        if (random.chance(0.5)) continue;
        // What reads lines may find the next message at the start of one.
        const ending = { ...message, seq: seq[dir] };
        for (const bench of [one, two]) say(bench, dialogue, LINE_END, 0, ending, requestsMax);
        seq[dir] = (seq[dir] + LINE_END.length) | 0;
      } catch (error) {
        throw new Error(`message ${i}, ${Buffer.from(payload).toString('hex')}: ${error}`, { cause: error });
      }
    }
    t.diagnostic(`${count} messages, ${led} led to something`);
    assert.ok(led >= count * shown, `only ${led} of ${count} messages led to something`);
  });
}
