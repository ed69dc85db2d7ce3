/** The table of SCTP: typed in here once more, from what the kernel answers, and compared cell by cell. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  SCTP_CHUNKS,
  SCTP_REPLY_CELLS,
  SCTP_STATE_SHIFT,
  SCTP_STATES,
  SctpState,
  sctpTransitions,
} from '../../src/conntrack/protocols/sctp-table.ts';
import { SCTP_STATE_NAMES } from '../../src/export/names.ts';
import { SctpChunk } from '../../src/shm/bits.ts';

/** Next state by present state, in the order of their numbers. */
const EXPECTED: Record<'original' | 'reply', Record<string, string>> = {
  original: {
    INIT: 'CL CL CW CE ES CL CL SA CW',
    INIT_ACK: 'CL CL CW CE ES SS SR SA CL',
    ABORT: 'CL CL CL CL CL CL CL CL CL',
    SHUTDOWN: 'CL CL CW CE SS SS SR SA CL',
    SHUTDOWN_ACK: 'SA CL CW CE ES SA SA SA SA',
    ERROR: 'CL CL CW CE ES SS SR SA CL',
    COOKIE_ECHO: 'CL CL CE CE ES SS SR SA CL',
    COOKIE_ACK: 'CL CL CW ES ES SS SR SA CL',
    SHUTDOWN_COMPLETE: 'CL CL CW CE ES SS SR CL CL',
    HEARTBEAT: 'HS CL CW CE ES SS SR SA HS',
    HEARTBEAT_ACK: 'CL CL CW CE ES SS SR SA HS',
  },
  reply: {
    INIT: 'IV CL CW CE ES SS SR SA IV',
    INIT_ACK: 'IV CW CW CE ES SS SR SA IV',
    ABORT: 'IV CL CL CL CL CL CL CL IV',
    SHUTDOWN: 'IV CL CW CE SR SS SR SA IV',
    SHUTDOWN_ACK: 'IV CL CW CE ES SA SA SA IV',
    ERROR: 'IV CL CW CL ES SS SR SA IV',
    COOKIE_ECHO: 'IV CL CE CE ES SS SR SA IV',
    COOKIE_ACK: 'IV CL CW ES ES SS SR SA IV',
    SHUTDOWN_COMPLETE: 'IV CL CW CE ES SS SR CL IV',
    HEARTBEAT: 'IV CL CW CE ES SS SR SA HS',
    HEARTBEAT_ACK: 'IV CL CW CE ES SS SR SA ES',
  },
};
const SHORT = ['NO', 'CL', 'CW', 'CE', 'ES', 'SS', 'SR', 'SA', 'HS', 'IV'];

describe('the table of SCTP', () => {
  const cells = sctpTransitions();

  it('has the states that are printed, and a cell for each with every chunk', () => {
    assert.deepEqual(
      SCTP_STATE_NAMES,
      Array.from({ length: SCTP_STATES }, (_, state) => SctpState[state]),
    );
    assert.equal(SCTP_CHUNKS, SctpChunk.HEARTBEAT_ACK);
    assert.ok(SCTP_CHUNKS < 1 << SCTP_STATE_SHIFT && SCTP_STATES << SCTP_STATE_SHIFT <= SCTP_REPLY_CELLS);
    cells.forEach((cell, at) => {
      const state = (at % SCTP_REPLY_CELLS) >> SCTP_STATE_SHIFT;
      const chunk = at & ((1 << SCTP_STATE_SHIFT) - 1);
      assert.ok(cell > SctpState.NONE && cell <= SctpState.INVALID, `cell ${at} holds ${cell}`);
      if (state >= SCTP_STATES || chunk === 0 || chunk > SCTP_CHUNKS)
        assert.equal(cell, SctpState.INVALID, `cell ${at} is beyond the table`);
    });
  });

  (['original', 'reply'] as const).forEach((direction, dir) => {
    for (let chunk = 1; chunk <= SCTP_CHUNKS; chunk++)
      it(`${direction}, ${SctpChunk[chunk]}`, () => {
        const row = Array.from(
          { length: SCTP_STATES },
          (_, state) => SHORT[cells[dir * SCTP_REPLY_CELLS + (state << SCTP_STATE_SHIFT) + chunk]],
        );
        assert.equal(row.join(' '), EXPECTED[direction][SctpChunk[chunk]]);
      });
  });
});
