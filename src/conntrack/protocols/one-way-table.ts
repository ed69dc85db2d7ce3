/**
 * The TCP machine of `--one-way` as data: next state by what was seen of the connection, direction,
 * present state and class of packet. one-way-tcp.ts interprets it; docs/one-way-states.md and the
 * tests are made from it.
 *
 * The kernel's table (tcp-table.ts) waits for what the other side says. Here a packet is taken at its
 * word: a side that sends data has finished its handshake, whatever was seen of that. So there is no
 * cell that says INVALID.
 */
import { TCP_STATE_CELLS, type TcpState } from './tcp-table.ts';

/** What a cell says, where it is not a TcpState. */
export enum OneWayCell {
  /** The packet is let through without effect. */
  IGNORE = 10,
  /** The connection is over: the packet opens a new one. */
  REOPEN = 12,
  /** The packet tells of a connection of which nothing is left to track. */
  UNTRACKED = 13,
  /** No packets lead here. */
  NEVER = 14,
}

/** Columns of a row, in the order of TcpClass without NONE: syn, synack, fin, ack, rst. */
type Row = readonly [string, string, string, string, string];

/** Two-letter names of the cells. */
const CELLS: Readonly<Record<string, TcpState | OneWayCell>> = {
  ...TCP_STATE_CELLS,
  ig: OneWayCell.IGNORE,
  RO: OneWayCell.REOPEN,
  un: OneWayCell.UNTRACKED,
  '--': OneWayCell.NEVER,
};

/** Rows by present state: NONE, SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE, SYN_SENT2. */
const ORIGINAL_ALONE: readonly Row[] = [
  //syn  s/a   fin   ack   rst
  ['SS', 'SR', 'FW', 'ES', 'un'], // NONE: a SYN/ACK comes here only from a host that talks to itself
  ['SS', 'SR', 'FW', 'ES', 'CL'], // SYN_SENT: whatever follows the SYN follows its answer; a SYN/ACK: both sides opened
  ['ig', 'SR', 'FW', 'ES', 'CL'], // SYN_RECV
  ['ig', 'RO', 'FW', 'ES', 'CL'], // ESTABLISHED: a SYN may be a stray one; a SYN/ACK says that the direction was guessed wrong
  ['RO', 'RO', 'FW', 'TW', 'CL'], // FIN_WAIT: an ACK behind the own FIN answers the other side's
  ['--', '--', '--', '--', '--'], // CLOSE_WAIT: takes both sides
  ['--', '--', '--', '--', '--'], // LAST_ACK: takes both sides
  ['RO', 'RO', 'TW', 'TW', 'CL'], // TIME_WAIT
  ['RO', 'RO', 'CL', 'CL', 'CL'], // CLOSE
  ['--', '--', '--', '--', '--'], // SYN_SENT2: takes both sides
];

const REPLY_ALONE: readonly Row[] = [
  //syn  s/a   fin   ack   rst
  ['--', 'SR', '--', '--', '--'], // NONE: a SYN/ACK is an answer; all others open in the original direction
  ['--', '--', '--', '--', '--'], // SYN_SENT
  ['RO', 'SR', 'FW', 'ES', 'CL'], // SYN_RECV: whatever follows the SYN/ACK follows the client's ACK
  ['ig', 'SR', 'FW', 'ES', 'CL'], // ESTABLISHED: a new SYN/ACK answers a new SYN
  ['RO', 'RO', 'FW', 'TW', 'CL'], // FIN_WAIT
  ['--', '--', '--', '--', '--'], // CLOSE_WAIT
  ['--', '--', '--', '--', '--'], // LAST_ACK
  ['RO', 'RO', 'TW', 'TW', 'CL'], // TIME_WAIT
  ['RO', 'RO', 'CL', 'CL', 'CL'], // CLOSE
  ['--', '--', '--', '--', '--'], // SYN_SENT2
];

/** Once both sides were seen: the kernel's table, but its INVALID cells believe the packet. */
const ORIGINAL_BOTH: readonly Row[] = [
  //syn  s/a   fin   ack   rst
  ['--', '--', '--', '--', '--'], // NONE
  ['SS', 'SR', 'FW', 'ES', 'CL'], // SYN_SENT: the answer that was seen meant something else
  ['ig', 'SR', 'FW', 'ES', 'CL'], // SYN_RECV
  ['ig', 'ig', 'FW', 'ES', 'CL'], // ESTABLISHED
  ['ig', 'ig', 'LA', 'CW', 'CL'], // FIN_WAIT
  ['ig', 'ig', 'LA', 'CW', 'CL'], // CLOSE_WAIT
  ['ig', 'ig', 'LA', 'TW', 'CL'], // LAST_ACK
  ['RO', 'RO', 'TW', 'TW', 'CL'], // TIME_WAIT
  ['RO', 'RO', 'CL', 'CL', 'CL'], // CLOSE
  ['S2', 'SR', 'FW', 'ES', 'CL'], // SYN_SENT2
];

const REPLY_BOTH: readonly Row[] = [
  //syn  s/a   fin   ack   rst
  ['--', '--', '--', '--', '--'], // NONE
  ['S2', 'SR', 'FW', 'ES', 'CL'], // SYN_SENT: data or FIN without the SYN/ACK, which was not seen
  ['ig', 'SR', 'FW', 'ES', 'CL'], // SYN_RECV: what follows the SYN/ACK follows the client's ACK
  ['ig', 'ig', 'FW', 'ES', 'CL'], // ESTABLISHED
  ['ig', 'ig', 'LA', 'CW', 'CL'], // FIN_WAIT
  ['ig', 'ig', 'LA', 'CW', 'CL'], // CLOSE_WAIT
  ['ig', 'ig', 'LA', 'TW', 'CL'], // LAST_ACK
  ['RO', 'ig', 'TW', 'TW', 'CL'], // TIME_WAIT
  ['RO', 'ig', 'CL', 'CL', 'CL'], // CLOSE
  ['S2', 'SR', 'FW', 'ES', 'CL'], // SYN_SENT2
];

export const ONE_WAY_STATES = ORIGINAL_ALONE.length;
/** Flags that make the class NONE never come so far. */
export const ONE_WAY_CLASSES = 5;

/** Log2 of the cells kept for one state, and of those for one block of states. */
export const ONE_WAY_STATE_SHIFT = 3;
export const ONE_WAY_BLOCK_SHIFT = 7;

/** The blocks of the table: bit 0 is the direction of the packet. */
export enum OneWayBlock {
  ORIGINAL_ALONE = 0,
  REPLY_ALONE = 1,
  ORIGINAL_BOTH = 2,
  REPLY_BOTH = 3,
}

/**
 * Cells, one per byte, at `(block << ONE_WAY_BLOCK_SHIFT) + (state << ONE_WAY_STATE_SHIFT) + class`.
 * Places beyond the table hold NEVER.
 */
export function oneWayTransitions(): Uint8Array {
  const blocks = [ORIGINAL_ALONE, REPLY_ALONE, ORIGINAL_BOTH, REPLY_BOTH];
  const cells = new Uint8Array(blocks.length << ONE_WAY_BLOCK_SHIFT).fill(OneWayCell.NEVER);
  blocks.forEach((rows, block) => {
    rows.forEach((row, state) => {
      row.forEach((name, column) => {
        const next = CELLS[name];
        if (next === undefined) throw new Error(`one-way-table: no such cell ${name}`);
        cells[(block << ONE_WAY_BLOCK_SHIFT) + (state << ONE_WAY_STATE_SHIFT) + column] = next;
      });
    });
  });
  return cells;
}
