/**
 * The table of `--one-way`: typed in here once more and compared cell by cell, held against the
 * kernel's table, and every cell that packets can reach walked with real packets.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ONE_WAY_BLOCK_SHIFT,
  ONE_WAY_CLASSES,
  ONE_WAY_STATE_SHIFT,
  ONE_WAY_STATES,
  OneWayBlock,
  OneWayCell,
  oneWayTransitions,
} from '../../src/conntrack/protocols/one-way-table.ts';
import {
  TCP_REPLY_CELLS,
  TCP_STATE_SHIFT,
  TCP_STATES,
  TcpState,
  tcpTransitions,
} from '../../src/conntrack/protocols/tcp-table.ts';
import { type Sequence, sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

const STATES = Array.from({ length: TCP_STATES }, (_, state) => TcpState[state]);
const CLASSES = ['syn', 'synack', 'fin', 'ack', 'rst'] as const;
type Class = (typeof CLASSES)[number];
const BLOCKS = ['ORIGINAL_ALONE', 'REPLY_ALONE', 'ORIGINAL_BOTH', 'REPLY_BOTH'] as const;
type Block = (typeof BLOCKS)[number];

/** Cell by class (rows) and present state (columns: NONE, SYN_SENT ... as in STATES). */
const EXPECTED: Record<Block, Record<Class, string>> = {
  ORIGINAL_ALONE: {
    syn: 'SYN_SENT SYN_SENT IGNORE IGNORE REOPEN NEVER NEVER REOPEN REOPEN NEVER',
    synack: 'SYN_RECV SYN_RECV SYN_RECV REOPEN REOPEN NEVER NEVER REOPEN REOPEN NEVER',
    fin: 'FIN_WAIT FIN_WAIT FIN_WAIT FIN_WAIT FIN_WAIT NEVER NEVER TIME_WAIT CLOSE NEVER',
    ack: 'ESTABLISHED ESTABLISHED ESTABLISHED ESTABLISHED TIME_WAIT NEVER NEVER TIME_WAIT CLOSE NEVER',
    rst: 'UNTRACKED CLOSE CLOSE CLOSE CLOSE NEVER NEVER CLOSE CLOSE NEVER',
  },
  REPLY_ALONE: {
    syn: 'NEVER NEVER REOPEN IGNORE REOPEN NEVER NEVER REOPEN REOPEN NEVER',
    synack: 'SYN_RECV NEVER SYN_RECV SYN_RECV REOPEN NEVER NEVER REOPEN REOPEN NEVER',
    fin: 'NEVER NEVER FIN_WAIT FIN_WAIT FIN_WAIT NEVER NEVER TIME_WAIT CLOSE NEVER',
    ack: 'NEVER NEVER ESTABLISHED ESTABLISHED TIME_WAIT NEVER NEVER TIME_WAIT CLOSE NEVER',
    rst: 'NEVER NEVER CLOSE CLOSE CLOSE NEVER NEVER CLOSE CLOSE NEVER',
  },
  ORIGINAL_BOTH: {
    syn: 'NEVER SYN_SENT IGNORE IGNORE IGNORE IGNORE IGNORE REOPEN REOPEN SYN_SENT2',
    synack: 'NEVER SYN_RECV SYN_RECV IGNORE IGNORE IGNORE IGNORE REOPEN REOPEN SYN_RECV',
    fin: 'NEVER FIN_WAIT FIN_WAIT FIN_WAIT LAST_ACK LAST_ACK LAST_ACK TIME_WAIT CLOSE FIN_WAIT',
    ack: 'NEVER ESTABLISHED ESTABLISHED ESTABLISHED CLOSE_WAIT CLOSE_WAIT TIME_WAIT TIME_WAIT CLOSE ESTABLISHED',
    rst: 'NEVER CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE',
  },
  REPLY_BOTH: {
    syn: 'NEVER SYN_SENT2 IGNORE IGNORE IGNORE IGNORE IGNORE REOPEN REOPEN SYN_SENT2',
    synack: 'NEVER SYN_RECV SYN_RECV IGNORE IGNORE IGNORE IGNORE IGNORE IGNORE SYN_RECV',
    fin: 'NEVER FIN_WAIT FIN_WAIT FIN_WAIT LAST_ACK LAST_ACK LAST_ACK TIME_WAIT CLOSE FIN_WAIT',
    ack: 'NEVER ESTABLISHED ESTABLISHED ESTABLISHED CLOSE_WAIT CLOSE_WAIT TIME_WAIT TIME_WAIT CLOSE ESTABLISHED',
    rst: 'NEVER CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE',
  },
};

const cells = oneWayTransitions();
const cellName = (cell: number): string => TcpState[cell] ?? OneWayCell[cell];
/** Numbers beyond the states mean other things in the kernel's table. */
const nameAt = (block: OneWayBlock, state: number, column: number): string => {
  const cell = cells[(block << ONE_WAY_BLOCK_SHIFT) + (state << ONE_WAY_STATE_SHIFT) + column];
  return cell < TCP_STATES ? cellName(cell) : OneWayCell[cell];
};

describe('the table of --one-way', () => {
  it('has a cell for every block, state and class; what lies beyond is never reached', () => {
    assert.equal(ONE_WAY_STATES, TCP_STATES);
    assert.equal(ONE_WAY_CLASSES, CLASSES.length);
    assert.equal(cells.length, BLOCKS.length << ONE_WAY_BLOCK_SHIFT);
    cells.forEach((cell, at) => {
      const state = (at >> ONE_WAY_STATE_SHIFT) & ((1 << (ONE_WAY_BLOCK_SHIFT - ONE_WAY_STATE_SHIFT)) - 1);
      const column = at & ((1 << ONE_WAY_STATE_SHIFT) - 1);
      assert.ok(cell !== TcpState.NONE && cell !== TcpState.INVALID, `cell ${at} holds ${cell}`);
      assert.ok(cell < TCP_STATES || OneWayCell[cell] !== undefined, `cell ${at} holds ${cell}`);
      if (state >= ONE_WAY_STATES || column >= ONE_WAY_CLASSES) assert.equal(cell, OneWayCell.NEVER, `${at}`);
    });
  });

  for (const block of BLOCKS) {
    it(`${block}, cell by cell`, () => {
      for (const [column, cls] of CLASSES.entries())
        for (const [state, expected] of EXPECTED[block][cls].split(' ').entries())
          assert.equal(nameAt(OneWayBlock[block], state, column), expected, `${STATES[state]}, ${cls}`);
    });
  }

  it('where both halves are seen it is the kernel’s, but for what the kernel calls INVALID and a few cells more', () => {
    const kernel = tcpTransitions();
    const differing: string[] = [];
    for (const [dir, block] of [OneWayBlock.ORIGINAL_BOTH, OneWayBlock.REPLY_BOTH].entries())
      for (let state = TcpState.SYN_SENT; state < TCP_STATES; state++)
        for (const [column, cls] of CLASSES.entries()) {
          const theirs = kernel[dir * TCP_REPLY_CELLS + (state << TCP_STATE_SHIFT) + column];
          const ours = nameAt(block, state, column);
          // The kernel reopens at SYN_SENT, under a condition.
          const isSame = ours === TcpState[theirs] || (ours === 'REOPEN' && theirs === TcpState.SYN_SENT);
          if (theirs !== TcpState.INVALID && !isSame)
            differing.push(`${dir} ${STATES[state]} ${cls} ${ours}`);
        }
    assert.deepEqual(differing, [
      '1 SYN_SENT ack ESTABLISHED',
      '1 SYN_RECV synack SYN_RECV',
      '1 SYN_RECV ack ESTABLISHED',
      '1 SYN_SENT2 ack ESTABLISHED',
    ]);
  });
});

it('no packets lead to a cell that says so', () => {
  /** What was seen of a connection, and its state. */
  type Place = readonly [block: 'ORIGINAL' | 'REPLY' | 'BOTH', state: number];
  const reached = new Map<string, Place>();
  const visit = (place: Place): void => {
    if (reached.has(String(place))) return;
    reached.set(String(place), place);
    const [seen, state] = place;
    // A packet that is let through may be the first one of its direction.
    visit(['BOTH', state]);
    for (const dir of ['ORIGINAL', 'REPLY'] as const) {
      const block: Block = seen === dir ? `${dir}_ALONE` : `${dir}_BOTH`;
      CLASSES.forEach((cls, column) => {
        const cell = nameAt(OneWayBlock[block], state, column);
        assert.notEqual(cell, 'NEVER', `${block}, ${STATES[state]}, ${cls}`);
        const next = STATES.indexOf(cell);
        visit([seen === dir ? seen : 'BOTH', next < 0 ? state : next]);
      });
    }
  };
  // What opens: a SYN, an ACK or FIN in mid-stream; a SYN/ACK.
  for (const state of [TcpState.SYN_SENT, TcpState.ESTABLISHED, TcpState.FIN_WAIT])
    visit(['ORIGINAL', state]);
  visit(['REPLY', TcpState.SYN_RECV]);
  assert.equal(reached.size, 6 + 5 + 9, [...reached.keys()].join(' '));
});

// ---- Every cell that packets can reach ----

interface Route {
  readonly script: string;
  readonly timerS: number;
  readonly flags: 'U' | 'R' | 'A';
}

/** What leads to a state in the sight of one half: `me` sends, of `opening` and then from sequence number 101 on. */
function aloneRoutes(me: 'c' | 's'): Readonly<Record<string, Route>> {
  const [first, later, open] = me === 'c' ? ['NEW', 'EST', 'U'] : ['REP', 'REP', 'R'];
  const halves = me === 'c' ? 'H:original' : 'H:reply';
  const opening =
    me === 'c' ? 'c S 100 -> NEW SYN_SENT 120 U H:original' : 's S. 100:1 -> REP SYN_RECV 60 R H:reply';
  const established = `${opening}\n${me} . 101:1 -> ${later} ESTABLISHED 432000 A ${halves}`;
  const finWait = `${established}\n${me} F. 101:1 -> ${later} FIN_WAIT 120 A`;
  const synRecv = me === 'c' ? `${opening}\nc S. 100:1 -> ${first} SYN_RECV 60 ${open}` : opening;
  return {
    ...(me === 'c' ? { SYN_SENT: { script: opening, timerS: 120, flags: 'U' as const } } : {}),
    SYN_RECV: { script: synRecv, timerS: 60, flags: me === 'c' ? 'U' : 'R' },
    ESTABLISHED: { script: established, timerS: 432000, flags: 'A' },
    FIN_WAIT: { script: finWait, timerS: 120, flags: 'A' },
    TIME_WAIT: { script: `${finWait}\n${me} . 102:2 -> ${later} TIME_WAIT 120 A`, timerS: 120, flags: 'A' },
    CLOSE: { script: `${established}\n${me} R 101 -> ${later} CLOSE 10 A`, timerS: 10, flags: 'A' },
  };
}

const TIMEOUTS: Readonly<Record<string, number>> = {
  SYN_SENT: 120,
  SYN_RECV: 60,
  ESTABLISHED: 432000,
  FIN_WAIT: 120,
  TIME_WAIT: 120,
  CLOSE: 10,
};

/** One step after the route, a second later. Opening packets have another sequence number than the first. */
function walk(me: 'c' | 's', state: string, route: Route, cls: Class): Sequence {
  const block = me === 'c' ? 'ORIGINAL_ALONE' : 'REPLY_ALONE';
  const cell = EXPECTED[block][cls].split(' ')[STATES.indexOf(state)];
  const next = state === 'FIN_WAIT' || state === 'TIME_WAIT' ? 102 : 101;
  const packet = {
    syn: `${me} S 9000`,
    synack: `${me} S. 9000:1`,
    fin: `${me} F. ${next}:1`,
    ack: `${me} . ${next}:1`,
    rst: `${me} R ${next}`,
  }[cls];
  const left = route.timerS - 1;
  const proves =
    (state === 'SYN_SENT' || state === 'SYN_RECV') && (cell === 'ESTABLISHED' || cell === 'FIN_WAIT');
  const flags = proves ? 'A' : route.flags;
  const verdict = me === 's' ? 'REP' : flags === 'U' ? 'NEW' : 'EST';
  let expected = `${verdict} ${cell} ${TIMEOUTS[cell]} ${flags}`;
  if (cell === 'IGNORE') expected = `${verdict} ign ${state} ${left} ${flags}`;
  else if (cell === 'REOPEN')
    expected =
      cls === 'syn' ? 'NEW REOPEN SYN_SENT 120 U 1/0 H:original' : 'REP REOPEN SYN_RECV 60 R 0/1 H:reply';
  else if (cell === 'SYN_SENT') expected = `NEW ign SYN_SENT ${left} U`;
  return sequence(`${block}: ${cls} in ${state}: ${cell}`, `${route.script}\n${packet} +1s -> ${expected}`, {
    oneWay: true,
  });
}

testSequences(
  'every cell of one half, walked',
  (['c', 's'] as const).flatMap((me) =>
    Object.entries(aloneRoutes(me)).flatMap(([state, route]) =>
      CLASSES.map((cls) => walk(me, state, route, cls)),
    ),
  ),
);
