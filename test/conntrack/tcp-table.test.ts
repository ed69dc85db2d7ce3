/**
 * The transition table: typed in here once more, from what the kernel answers, and compared cell by
 * cell with the one in the code; then every cell that packets can reach is walked with real packets.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  TCP_CLASSES,
  TCP_REPLY_CELLS,
  TCP_STATE_SHIFT,
  TCP_STATES,
  TcpState,
  tcpTransitions,
} from '../../src/conntrack/protocols/tcp-table.ts';
import { TCP_FLAG_BITS } from '../../src/packet/tcp-header.ts';
import { Meta, TcpClass } from '../../src/shm/bits.ts';
import { tcpPacket } from '../support/frames.ts';
import { createLab } from '../support/lab.ts';
import { HOSTS, type Sequence, sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

const STATES = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
] as const;
type State = (typeof STATES)[number];
const CLASSES = ['syn', 'synack', 'fin', 'ack', 'rst', 'none'] as const;
type Class = (typeof CLASSES)[number];

/** Next state, IGNORE or INVALID by class (rows) and present state (columns, in the order of STATES). */
const EXPECTED: Record<'original' | 'reply', Record<Class, string>> = {
  original: {
    syn: 'SYN_SENT SYN_SENT IGNORE IGNORE IGNORE IGNORE IGNORE SYN_SENT SYN_SENT SYN_SENT2',
    synack: 'INVALID INVALID SYN_RECV INVALID INVALID INVALID INVALID INVALID INVALID SYN_RECV',
    fin: 'INVALID INVALID FIN_WAIT FIN_WAIT LAST_ACK LAST_ACK LAST_ACK TIME_WAIT CLOSE INVALID',
    ack: 'ESTABLISHED INVALID ESTABLISHED ESTABLISHED CLOSE_WAIT CLOSE_WAIT TIME_WAIT TIME_WAIT CLOSE INVALID',
    rst: 'INVALID CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE',
    none: 'INVALID INVALID INVALID INVALID INVALID INVALID INVALID INVALID INVALID INVALID',
  },
  reply: {
    syn: 'INVALID SYN_SENT2 INVALID INVALID INVALID INVALID INVALID SYN_SENT INVALID SYN_SENT2',
    synack: 'INVALID SYN_RECV IGNORE IGNORE IGNORE IGNORE IGNORE IGNORE IGNORE SYN_RECV',
    fin: 'INVALID INVALID FIN_WAIT FIN_WAIT LAST_ACK LAST_ACK LAST_ACK TIME_WAIT CLOSE INVALID',
    ack: 'INVALID IGNORE SYN_RECV ESTABLISHED CLOSE_WAIT CLOSE_WAIT TIME_WAIT TIME_WAIT CLOSE IGNORE',
    rst: 'INVALID CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE',
    none: 'INVALID INVALID INVALID INVALID INVALID INVALID INVALID INVALID INVALID INVALID',
  },
};
const DIRECTIONS = ['original', 'reply'] as const;

const expectedCell = (direction: (typeof DIRECTIONS)[number], state: State, cls: Class): string =>
  EXPECTED[direction][cls].split(' ')[STATES.indexOf(state)];

describe('the table of TCP', () => {
  const cells = tcpTransitions();

  it('has a cell for every direction, state and class, and nothing else', () => {
    assert.equal(TCP_STATES, STATES.length);
    assert.equal(TCP_CLASSES, CLASSES.length);
    assert.ok(TCP_CLASSES <= 1 << TCP_STATE_SHIFT);
    assert.ok(TCP_STATES << TCP_STATE_SHIFT <= TCP_REPLY_CELLS);
    assert.equal(cells.length, 2 * TCP_REPLY_CELLS);
    cells.forEach((cell, at) => {
      assert.ok(TcpState[cell] !== undefined && cell !== TcpState.NONE, `cell ${at} holds ${cell}`);
      const state = (at % TCP_REPLY_CELLS) >> TCP_STATE_SHIFT;
      const column = at & ((1 << TCP_STATE_SHIFT) - 1);
      if (state >= TCP_STATES || column >= TCP_CLASSES)
        assert.equal(cell, TcpState.INVALID, `cell ${at} is beyond the table`);
    });
  });

  DIRECTIONS.forEach((direction, dir) => {
    for (const state of STATES) {
      it(`${direction}, ${state}`, () => {
        CLASSES.forEach((cls, column) => {
          const at = dir * TCP_REPLY_CELLS + (STATES.indexOf(state) << TCP_STATE_SHIFT) + column;
          assert.equal(TcpState[cells[at]], expectedCell(direction, state, cls), cls);
        });
      });
    }
  });
});

// ---- Flags ----

describe('TCP flags', () => {
  const FIN = 1;
  const SYN = 2;
  const RST = 4;
  const ACK = 16;
  const URG = 32;
  const VALID = new Map<number, TcpClass>([
    [SYN, TcpClass.SYN],
    [SYN | URG, TcpClass.SYN],
    [SYN | ACK, TcpClass.SYNACK],
    [RST, TcpClass.RST],
    [RST | ACK, TcpClass.RST],
    [FIN | ACK, TcpClass.FIN],
    [FIN | ACK | URG, TcpClass.FIN],
    [ACK, TcpClass.ACK],
    [ACK | URG, TcpClass.ACK],
  ]);
  const combinations = Array.from(
    { length: 32 },
    (_, i) => (i & 7) | ((i & 8) !== 0 ? ACK : 0) | ((i & 16) !== 0 ? URG : 0),
  );

  for (const flags of combinations) {
    it(`flags 0x${flags.toString(16)}, with and without PSH, ECE and CWR`, () => {
      for (const unjudged of [0, 0x08, 0x40, 0x80, 0xc8]) {
        const lab = createLab({ maxEntries: 4 });
        const ip = { src: HOSTS.IPv4.c, dst: HOSTS.IPv4.s };
        const fields = { sport: 1, dport: 2, seq: 1000, ack: 5000, flags: flags | unjudged };
        const seen = lab.send(tcpPacket(ip, fields), 0);
        const cls = VALID.get(flags);
        const opens = cls === TcpClass.SYN || cls === TcpClass.ACK;
        assert.equal(seen.reason, cls === undefined ? 'tcp-flags' : opens ? 'none' : 'tcp-not-opening');
        if (cls !== undefined) assert.equal((TCP_FLAG_BITS[flags | unjudged] >>> Meta.CLASS_SHIFT) & 7, cls);
      }
    });
  }

  it('class: RST before SYN before FIN before ACK', () => {
    for (let flags = 0; flags < 256; flags++) {
      let expected = TcpClass.NONE;
      if ((flags & ACK) !== 0) expected = TcpClass.ACK;
      if ((flags & FIN) !== 0) expected = TcpClass.FIN;
      if ((flags & SYN) !== 0) expected = (flags & ACK) !== 0 ? TcpClass.SYNACK : TcpClass.SYN;
      if ((flags & RST) !== 0) expected = TcpClass.RST;
      assert.equal((TCP_FLAG_BITS[flags] >>> Meta.CLASS_SHIFT) & 7, expected, `flags ${flags}`);
    }
  });
});

// ---- Every cell that packets can reach ----

/** Packets that lead to a state, and the numbers that either side sends next. */
interface Route {
  readonly script: string;
  readonly timerS: number;
  readonly flags: 'U' | 'R' | 'A';
  readonly next: Readonly<Record<'c' | 's', string>>;
}

const FIRST_FIN = 'c F. 1001:5001 -> EST FIN_WAIT 120 A';
const SECOND_FIN = 's F. 5001:1002 -> REP LAST_ACK 30 A';
const ROUTES: Readonly<Record<Exclude<State, 'NONE'>, Route>> = {
  SYN_SENT: {
    script: 'c S 1000 -> NEW SYN_SENT 120 U',
    timerS: 120,
    flags: 'U',
    next: { c: '1001:5001', s: '5000:1001' },
  },
  SYN_RECV: {
    script: 'c S 1000 -> NEW SYN_SENT 120 U\n s S. 5000:1001 -> REP SYN_RECV 60 R',
    timerS: 60,
    flags: 'R',
    next: { c: '1001:5001', s: '5001:1001' },
  },
  ESTABLISHED: { script: 'HS', timerS: 432000, flags: 'A', next: { c: '1001:5001', s: '5001:1001' } },
  FIN_WAIT: {
    script: `HS\n${FIRST_FIN}`,
    timerS: 120,
    flags: 'A',
    next: { c: '1002:5001', s: '5001:1002' },
  },
  CLOSE_WAIT: {
    script: `HS\n${FIRST_FIN}\n s . 5001:1002 -> REP CLOSE_WAIT 60 A`,
    timerS: 60,
    flags: 'A',
    next: { c: '1002:5001', s: '5001:1002' },
  },
  LAST_ACK: {
    script: `HS\n${FIRST_FIN}\n${SECOND_FIN}`,
    timerS: 30,
    flags: 'A',
    next: { c: '1002:5002', s: '5002:1002' },
  },
  TIME_WAIT: { script: 'FULL', timerS: 120, flags: 'A', next: { c: '1002:5002', s: '5002:1002' } },
  CLOSE: {
    script: `HS\n${FIRST_FIN}\n s R 5001 -> REP CLOSE 10 A`,
    timerS: 10,
    flags: 'A',
    next: { c: '1002:5001', s: '5001:1002' },
  },
  SYN_SENT2: {
    script: 'c S 1000 -> NEW SYN_SENT 120 U\n s S 5000 -> REP ign SYN_SENT2 120 R',
    timerS: 120,
    flags: 'R',
    next: { c: '1001:5001', s: '5001:1001' },
  },
};
const TIMEOUTS: Readonly<Record<string, number>> = {
  SYN_SENT: 120,
  SYN_RECV: 60,
  ESTABLISHED: 432000,
  FIN_WAIT: 120,
  CLOSE_WAIT: 60,
  LAST_ACK: 30,
  TIME_WAIT: 120,
  CLOSE: 10,
  SYN_SENT2: 120,
};
const FLAGS: Readonly<Record<Class, string>> = {
  syn: 'S',
  synack: 'S.',
  fin: 'F.',
  ack: '.',
  rst: 'R',
  none: 'P',
};

/** The packet of a class that is in window in a state. A SYN (and its answer) repeats the first numbers. */
function probe(from: 'c' | 's', state: Exclude<State, 'NONE'>, cls: Class): string {
  const { next } = ROUTES[state];
  if (cls === 'syn') return `${from} S ${from === 'c' ? 1000 : 5000}`;
  if (cls === 'synack') return from === 'c' ? 'c S. 1000:5001' : 's S. 5000:1001';
  // A RST without ACK has no acknowledgement that could be wrong.
  return `${from} ${FLAGS[cls]} ${next[from]}`;
}

/** One step after the route, a second later, so that a refresh shows. */
function walk(direction: 'original' | 'reply', state: Exclude<State, 'NONE'>, cls: Class): Sequence {
  const route = ROUTES[state];
  const from = direction === 'original' ? 'c' : 's';
  const cell = expectedCell(direction, state, cls);
  const unanswered = route.flags === 'U';
  const accepted = from === 's' ? 'REP' : unanswered ? 'NEW' : 'EST';
  const replied = from === 's' && unanswered ? 'R' : route.flags;
  const left = route.timerS - 1;
  let expected = `${accepted} ${cell} ${TIMEOUTS[cell]} ${replied}`;
  if (cls === 'none') expected = `INV tcp-flags ${state} ${left} ${route.flags}`;
  else if (cell === 'INVALID') expected = `INV tcp-state ${state} ${left} ${route.flags}`;
  else if (cell === 'IGNORE') expected = `${accepted} ign ${state} ${left} ${replied}`;
  else if (cell === 'CLOSE' && cls === 'rst' && unanswered) expected = `${accepted} RESET CLOSE ${left} U`;
  else if (cell === 'SYN_SENT' && state === 'SYN_SENT') expected = `NEW ign SYN_SENT ${left} U`;
  else if (cell === 'SYN_SENT2' && unanswered) expected = `REP ign SYN_SENT2 ${left} R`;
  else if (cell === 'SYN_SENT') expected = 'NEW REOPEN SYN_SENT 120 U 1/0';
  else if (cell === 'ESTABLISHED') expected = `${accepted} ESTABLISHED 432000 A`;
  return sequence(
    `${direction}: ${cls} in ${state}: ${cell}`,
    `${route.script}\n${probe(from, state, cls)} +1s -> ${expected}`,
  );
}

const WALKABLE = STATES.filter((state): state is Exclude<State, 'NONE'> => state !== 'NONE');
testSequences(
  'every cell, walked',
  DIRECTIONS.flatMap((direction) =>
    WALKABLE.flatMap((state) => CLASSES.map((cls) => walk(direction, state, cls))),
  ),
);
testSequences(
  'every cell of NONE, walked',
  CLASSES.map((cls) => {
    const cell = expectedCell('original', 'NONE', cls);
    const isNew = cell !== 'INVALID';
    const timer = cell === 'ESTABLISHED' ? 300 : 120;
    const expected = isNew
      ? `NEW ${cell} ${timer} U 1/0`
      : `INV ${cls === 'none' ? 'tcp-flags' : 'tcp-not-opening'} -`;
    return sequence(`original: ${cls} in NONE: ${cell}`, `c ${FLAGS[cls]} 1000:5000 -> ${expected}`);
  }),
);
