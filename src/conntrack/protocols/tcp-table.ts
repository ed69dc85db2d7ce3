/**
 * The TCP machine as data: next state by direction, present state and class of packet. tcp.ts
 * interprets it; docs/tcp-states.md and the tests are made from it.
 *
 * Source: what nf_conntrack answers, asked case by case (the conformance tests hold it to that)
 */

/** Protocol states, numbered as the kernel and `CTA_PROTOINFO_TCP_STATE` do. */
export enum TcpState {
  NONE = 0,
  SYN_SENT = 1,
  SYN_RECV = 2,
  ESTABLISHED = 3,
  FIN_WAIT = 4,
  CLOSE_WAIT = 5,
  LAST_ACK = 6,
  TIME_WAIT = 7,
  CLOSE = 8,
  /** Both sides sent a SYN. */
  SYN_SENT2 = 9,
  /** Table cell: let the packet through without effect. */
  IGNORE = 10,
  /** Table cell: INVALID. */
  INVALID = 11,
}

/** Columns of a row, in the order of TcpClass: syn, synack, fin, ack, rst, none. */
type Row = readonly [string, string, string, string, string, string];

/** Two-letter names of the states that a cell may hold. */
export const TCP_STATE_CELLS: Readonly<Record<string, TcpState>> = {
  SS: TcpState.SYN_SENT,
  SR: TcpState.SYN_RECV,
  ES: TcpState.ESTABLISHED,
  FW: TcpState.FIN_WAIT,
  CW: TcpState.CLOSE_WAIT,
  LA: TcpState.LAST_ACK,
  TW: TcpState.TIME_WAIT,
  CL: TcpState.CLOSE,
  S2: TcpState.SYN_SENT2,
};
const CELLS: Readonly<Record<string, TcpState>> = {
  ...TCP_STATE_CELLS,
  ig: TcpState.IGNORE,
  iv: TcpState.INVALID,
};

/** Rows by present state: NONE, SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE, SYN_SENT2. */
const ORIGINAL: readonly Row[] = [
  //syn  s/a   fin   ack   rst   none
  ['SS', 'iv', 'iv', 'ES', 'iv', 'iv'], // NONE: a SYN opens, an ACK is picked up in mid-stream
  ['SS', 'iv', 'iv', 'iv', 'CL', 'iv'], // SYN_SENT: a repeated SYN; nothing else before the answer
  ['ig', 'SR', 'FW', 'ES', 'CL', 'iv'], // SYN_RECV: the ACK completes the handshake
  ['ig', 'iv', 'FW', 'ES', 'CL', 'iv'], // ESTABLISHED: a new SYN waits for what the other side says
  ['ig', 'iv', 'LA', 'CW', 'CL', 'iv'], // FIN_WAIT
  ['ig', 'iv', 'LA', 'CW', 'CL', 'iv'], // CLOSE_WAIT
  ['ig', 'iv', 'LA', 'TW', 'CL', 'iv'], // LAST_ACK
  ['SS', 'iv', 'TW', 'TW', 'CL', 'iv'], // TIME_WAIT: a SYN reopens
  ['SS', 'iv', 'CL', 'CL', 'CL', 'iv'], // CLOSE: a SYN may reopen
  ['S2', 'SR', 'iv', 'iv', 'CL', 'iv'], // SYN_SENT2
];

const REPLY: readonly Row[] = [
  //syn  s/a   fin   ack   rst   none
  ['iv', 'iv', 'iv', 'iv', 'iv', 'iv'], // NONE: cannot happen
  ['S2', 'SR', 'iv', 'ig', 'CL', 'iv'], // SYN_SENT: simultaneous open; an ACK may be a challenge
  ['iv', 'ig', 'FW', 'SR', 'CL', 'iv'], // SYN_RECV: the client's ACK may have been lost
  ['iv', 'ig', 'FW', 'ES', 'CL', 'iv'], // ESTABLISHED
  ['iv', 'ig', 'LA', 'CW', 'CL', 'iv'], // FIN_WAIT
  ['iv', 'ig', 'LA', 'CW', 'CL', 'iv'], // CLOSE_WAIT
  ['iv', 'ig', 'LA', 'TW', 'CL', 'iv'], // LAST_ACK
  ['SS', 'ig', 'TW', 'TW', 'CL', 'iv'], // TIME_WAIT: the server may reopen the other way round
  ['iv', 'ig', 'CL', 'CL', 'CL', 'iv'], // CLOSE
  ['S2', 'SR', 'iv', 'ig', 'CL', 'iv'], // SYN_SENT2
];

export const TCP_STATES = ORIGINAL.length;
export const TCP_CLASSES = 6;

/** Log2 of the cells kept for one state, so that an index is made of shifts. */
export const TCP_STATE_SHIFT = 3;
/** Added to the index for the reply direction. */
export const TCP_REPLY_CELLS = 1 << 7;

/**
 * Next states, one per byte, at `dir * TCP_REPLY_CELLS + (state << TCP_STATE_SHIFT) + class`.
 * Cells that no packet can reach hold INVALID.
 */
export function tcpTransitions(): Uint8Array {
  const cells = new Uint8Array(2 * TCP_REPLY_CELLS).fill(TcpState.INVALID);
  [ORIGINAL, REPLY].forEach((rows, dir) => {
    rows.forEach((row, state) => {
      row.forEach((name, column) => {
        const next = CELLS[name];
        if (next === undefined) throw new Error(`tcp-table: no such cell ${name}`);
        cells[dir * TCP_REPLY_CELLS + (state << TCP_STATE_SHIFT) + column] = next;
      });
    });
  });
  return cells;
}
