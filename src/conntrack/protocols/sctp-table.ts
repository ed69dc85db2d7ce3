/**
 * The SCTP machine as data: next state by direction, present state and chunk. sctp.ts interprets it;
 * docs/sctp-states.md and the tests are made from it.
 *
 * Source: what nf_conntrack answers, asked case by case (the conformance tests hold it to that)
 */

/** Protocol states, numbered as the kernel and `CTA_PROTOINFO_SCTP_STATE` do. */
export enum SctpState {
  NONE = 0,
  CLOSED = 1,
  COOKIE_WAIT = 2,
  COOKIE_ECHOED = 3,
  ESTABLISHED = 4,
  SHUTDOWN_SENT = 5,
  SHUTDOWN_RECD = 6,
  SHUTDOWN_ACK_SENT = 7,
  HEARTBEAT_SENT = 8,
  /** Table cell: INVALID. */
  INVALID = 9,
}

/** Columns of a row, in the order of SctpChunk from INIT to HEARTBEAT_ACK. */
type Row = readonly [
  init: string,
  initAck: string,
  abort: string,
  shutdown: string,
  shutdownAck: string,
  error: string,
  cookieEcho: string,
  cookieAck: string,
  shutdownComplete: string,
  heartbeat: string,
  heartbeatAck: string,
];

/** Two-letter names of the cells. */
const CELLS: Readonly<Record<string, SctpState>> = {
  CL: SctpState.CLOSED,
  CW: SctpState.COOKIE_WAIT,
  CE: SctpState.COOKIE_ECHOED,
  ES: SctpState.ESTABLISHED,
  SS: SctpState.SHUTDOWN_SENT,
  SR: SctpState.SHUTDOWN_RECD,
  SA: SctpState.SHUTDOWN_ACK_SENT,
  HS: SctpState.HEARTBEAT_SENT,
  iv: SctpState.INVALID,
};

/** Rows by present state: NONE, CLOSED, COOKIE_WAIT, COOKIE_ECHOED, ESTABLISHED, SHUTDOWN_SENT, SHUTDOWN_RECD, SHUTDOWN_ACK_SENT, HEARTBEAT_SENT. */
const ORIGINAL: readonly Row[] = [
  //init  i/a   abort shut  s/ack error echo  c/ack compl beat  b/ack
  ['CL', 'CL', 'CL', 'CL', 'SA', 'CL', 'CL', 'CL', 'CL', 'HS', 'CL'], // NONE: the first packet
  ['CL', 'CL', 'CL', 'CL', 'CL', 'CL', 'CL', 'CL', 'CL', 'CL', 'CL'], // CLOSED: waits for the INIT ACK
  ['CW', 'CW', 'CL', 'CW', 'CW', 'CW', 'CE', 'CW', 'CW', 'CW', 'CW'], // COOKIE_WAIT: waits for the cookie
  ['CE', 'CE', 'CL', 'CE', 'CE', 'CE', 'CE', 'ES', 'CE', 'CE', 'CE'], // COOKIE_ECHOED: waits for its ACK
  ['ES', 'ES', 'CL', 'SS', 'ES', 'ES', 'ES', 'ES', 'ES', 'ES', 'ES'], // ESTABLISHED
  ['CL', 'SS', 'CL', 'SS', 'SA', 'SS', 'SS', 'SS', 'SS', 'SS', 'SS'], // SHUTDOWN_SENT: an INIT starts again
  ['CL', 'SR', 'CL', 'SR', 'SA', 'SR', 'SR', 'SR', 'SR', 'SR', 'SR'], // SHUTDOWN_RECD
  ['SA', 'SA', 'CL', 'SA', 'SA', 'SA', 'SA', 'SA', 'CL', 'SA', 'SA'], // SHUTDOWN_ACK_SENT
  ['CW', 'CL', 'CL', 'CL', 'SA', 'CL', 'CL', 'CL', 'CL', 'HS', 'HS'], // HEARTBEAT_SENT: a second path
];

const REPLY: readonly Row[] = [
  //init  i/a   abort shut  s/ack error echo  c/ack compl beat  b/ack
  ['iv', 'iv', 'iv', 'iv', 'iv', 'iv', 'iv', 'iv', 'iv', 'iv', 'iv'], // NONE: cannot happen
  ['CL', 'CW', 'CL', 'CL', 'CL', 'CL', 'CL', 'CL', 'CL', 'CL', 'CL'], // CLOSED
  ['CW', 'CW', 'CL', 'CW', 'CW', 'CW', 'CE', 'CW', 'CW', 'CW', 'CW'], // COOKIE_WAIT
  ['CE', 'CE', 'CL', 'CE', 'CE', 'CL', 'CE', 'ES', 'CE', 'CE', 'CE'], // COOKIE_ECHOED: a stale cookie is an ERROR
  ['ES', 'ES', 'CL', 'SR', 'ES', 'ES', 'ES', 'ES', 'ES', 'ES', 'ES'], // ESTABLISHED
  ['SS', 'SS', 'CL', 'SS', 'SA', 'SS', 'SS', 'SS', 'SS', 'SS', 'SS'], // SHUTDOWN_SENT
  ['SR', 'SR', 'CL', 'SR', 'SA', 'SR', 'SR', 'SR', 'SR', 'SR', 'SR'], // SHUTDOWN_RECD
  ['SA', 'SA', 'CL', 'SA', 'SA', 'SA', 'SA', 'SA', 'CL', 'SA', 'SA'], // SHUTDOWN_ACK_SENT
  ['iv', 'iv', 'iv', 'iv', 'iv', 'iv', 'iv', 'iv', 'iv', 'HS', 'ES'], // HEARTBEAT_SENT: answered
];

export const SCTP_STATES = ORIGINAL.length;
/** Chunks with a column, numbered from 1 as SctpChunk does. */
export const SCTP_CHUNKS = ORIGINAL[0].length;

/** Log2 of the cells kept for one state, so that an index is made of shifts. */
export const SCTP_STATE_SHIFT = 4;
/** Added to the index for the reply direction. */
export const SCTP_REPLY_CELLS = 1 << 8;

/**
 * Next states, one per byte, at `dir * SCTP_REPLY_CELLS + (state << SCTP_STATE_SHIFT) + chunk`.
 * Cells that no packet can reach hold INVALID.
 */
export function sctpTransitions(): Uint8Array {
  const cells = new Uint8Array(2 * SCTP_REPLY_CELLS).fill(SctpState.INVALID);
  [ORIGINAL, REPLY].forEach((rows, dir) => {
    rows.forEach((row, state) => {
      row.forEach((name, column) => {
        const next = CELLS[name];
        if (next === undefined) throw new Error(`sctp-table: no such cell ${name}`);
        cells[dir * SCTP_REPLY_CELLS + (state << SCTP_STATE_SHIFT) + column + 1] = next;
      });
    });
  });
  return cells;
}
