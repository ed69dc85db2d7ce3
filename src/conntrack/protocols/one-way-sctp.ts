/**
 * SCTP with `--one-way`: the state follows from the chunks of the side that is seen. Verification tags
 * are not judged, since it is the other side that says which are right; only an ABORT with another tag
 * than its side has borne before is let through without effect.
 */
import { SctpChunk, Status } from '../../shm/bits.ts';
import { Desc, Hot } from '../../shm/offsets.generated.ts';
import { Setting } from '../settings.ts';
import { Answer } from './answer.ts';
import { SctpState } from './sctp-table.ts';

const TAG = Hot.END_ORIG;
const TAG_WORDS = Hot.END_REPLY - Hot.END_ORIG;
/** Timeout of state 0, if it had one. */
const TIMEOUTS = Setting.SCTP_CLOSED - SctpState.CLOSED;

/** Next states by state; columns: no chunk of the table, then those of SctpChunk from INIT to HEARTBEAT_ACK. */
const ROWS: readonly string[] = [
  //data init i/a abrt shut s/ak err  echo c/ak cmpl beat b/ak
  'ES CL CW CL SD SA CL CE ES CL HS ES', // NONE: the first packet, of any kind
  'ES CL CW CL SD SA CL CE ES CL CL CL', // CLOSED
  'ES CW CW CL SD SA CW CE ES CL ES ES', // COOKIE_WAIT: the server goes on when it has the cookie
  'ES CE CE CL SD SA CL CE ES CL ES ES', // COOKIE_ECHOED: the client goes on when it has the answer
  'ES ES ES CL SD SA ES ES ES CL ES ES', // ESTABLISHED
  'SS CL CW CL SS SA SS CE SS CL SS SS', // SHUTDOWN_SENT
  'SR CL CW CL SR SA SR CE SR CL SR SR', // SHUTDOWN_RECD
  'SA CL CW CL SA SA SA CE SA CL SA SA', // SHUTDOWN_ACK_SENT
  'ES CL CW CL SD SA HS CE ES CL HS ES', // HEARTBEAT_SENT
];
/** Cell: the shutdown of the side that sends it. */
const SHUTDOWN = SctpState.INVALID;
const NAMES: readonly string[] = ['NO', 'CL', 'CW', 'CE', 'ES', 'SS', 'SR', 'SA', 'HS', 'SD'];
const COLUMNS_SHIFT = 4;

/** One per byte, at `(state << COLUMNS_SHIFT) + chunk`. */
function transitions(): Uint8Array {
  const cells = new Uint8Array(ROWS.length << COLUMNS_SHIFT);
  ROWS.forEach((row, state) => {
    cells.set(
      row.split(' ').map((name) => NAMES.indexOf(name)),
      state << COLUMNS_SHIFT,
    );
    const at = state << COLUMNS_SHIFT;
    cells[at + SctpChunk.ABORT_T] = cells[at + SctpChunk.ABORT];
    cells[at + SctpChunk.SHUTDOWN_COMPLETE_T] = cells[at + SctpChunk.SHUTDOWN_COMPLETE];
  });
  return cells;
}

/** Chunks that only the side sends which was asked. */
const ANSWERS = (1 << SctpChunk.INIT_ACK) | (1 << SctpChunk.COOKIE_ACK) | (1 << SctpChunk.HEARTBEAT_ACK);

export interface OneWaySctp {
  /** Whether the packet says by itself that it is an answer. */
  isAnswer(d: number): boolean;
  /** Judges the first packet of an entry, or a later one. Returns a timeout in ms or Answer.IGNORED. */
  packet(entry: number, d: number, dir: number): number;
}

/** Thread: owner of the shard only. Cost: a step for each chunk listed in the descriptor, no allocation. */
export function createOneWaySctp(hot: Int32Array, desc: Int32Array, settings: Int32Array): OneWaySctp {
  const cells = transitions();

  function packet(entry: number, d: number, dir: number): number {
    const h = entry * Hot.WORDS;
    const tagAt = h + TAG + dir * TAG_WORDS;
    const tag = desc[d + Desc.SEQ];
    const status = hot[h + Hot.STATUS];
    const before: SctpState = (status & Status.STATE_MASK) >>> Status.STATE_SHIFT;
    let state = before;
    let low = desc[d + Desc.WINDOW];
    let high = desc[d + Desc.SACK];
    const first = low & 15;
    do {
      const chunk = low & 15;
      if (chunk === SctpChunk.ABORT && hot[tagAt] !== 0 && hot[tagAt] !== tag) return Answer.IGNORED;
      const next = cells[(state << COLUMNS_SHIFT) + chunk];
      state = next === SHUTDOWN ? SctpState.SHUTDOWN_SENT + dir : next;
      low = (low >>> 4) | (high << 28);
      high >>>= 4;
    } while (low !== 0);
    // A repeated INIT must not keep an unanswered association alive.
    if (first === SctpChunk.INIT && before === SctpState.CLOSED) return Answer.IGNORED;
    if (first !== SctpChunk.INIT && first !== SctpChunk.ABORT_T) hot[tagAt] = tag;
    let now = (status & ~Status.STATE_MASK) | (state << Status.STATE_SHIFT);
    // Picked up in mid-stream it has to go on first.
    if (state === SctpState.ESTABLISHED && before !== SctpState.NONE) now |= Status.ASSURED;
    hot[h + Hot.STATUS] = now;
    return settings[TIMEOUTS + state];
  }

  return { isAnswer: (d) => (ANSWERS & (1 << (desc[d + Desc.WINDOW] & 15))) !== 0, packet };
}
