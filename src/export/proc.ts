/** Connections as lines of /proc/net/nf_conntrack. */
import { fullText } from './addresses.ts';
import type { Connection, Direction } from './connection.ts';
import {
  assuredField,
  counterFields,
  familyFields,
  protocolFields,
  tupleFields,
  unrepliedField,
} from './fields.ts';

/**
 * A line of /proc/net/nf_conntrack, without line feed: IPv6 addresses in full, zone also when it is 0.
 *
 * Units:   whole seconds
 * Errors:  none
 */
export function procLine(c: Connection): string {
  const head = `${familyFields(c)}${protocolFields(c)}${c.timeoutS} ${stateFields(c)}`;
  const there = directionFields(c.original) + unrepliedField(c);
  const back = directionFields(c.reply) + assuredField(c);
  // An idle entry is held by the table and by the reader, a master also by the connections that it foretold.
  return `${head}${there}${back}mark=${c.mark} zone=${c.zone} use=${2 + c.expected}`;
}

/** GRE has its timeouts where other protocols have a state. */
function stateFields(c: Connection): string {
  if (c.state !== null) return `${c.state} `;
  const gre = c.greTimeouts;
  return gre === undefined ? '' : `timeout=${gre.timeoutS}, stream_timeout=${gre.streamTimeoutS} `;
}

function directionFields(direction: Direction): string {
  return tupleFields(direction, fullText(direction.src), fullText(direction.dst)) + counterFields(direction);
}
