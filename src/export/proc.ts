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

/** What the kernel prints where other protocols have a state. */
export interface GreTimeouts {
  readonly timeoutS: number;
  readonly streamTimeoutS: number;
}

/** The kernel's defaults: nf_conntrack_gre_timeout and nf_conntrack_gre_timeout_stream. */
const GRE_DEFAULTS: GreTimeouts = { timeoutS: 30, streamTimeoutS: 180 };

const GRE = 47;

/**
 * A line of /proc/net/nf_conntrack, without line feed: IPv6 addresses in full, zone also when it is 0.
 *
 * Units:   whole seconds
 * Errors:  none
 */
export function procLine(c: Connection, gre: GreTimeouts = GRE_DEFAULTS): string {
  const head = `${familyFields(c)}${protocolFields(c)}${c.timeoutS} ${stateFields(c, gre)}`;
  const there = directionFields(c.original) + unrepliedField(c);
  const back = directionFields(c.reply) + assuredField(c);
  // An idle entry is held by the table and by the reader, a master also by the connections that it foretold.
  return `${head}${there}${back}mark=${c.mark} zone=${c.zone} use=${2 + c.expected}`;
}

function stateFields(c: Connection, gre: GreTimeouts): string {
  if (c.state !== null) return `${c.state} `;
  if (c.protocol !== GRE) return '';
  return `timeout=${gre.timeoutS}, stream_timeout=${gre.streamTimeoutS} `;
}

function directionFields(direction: Direction): string {
  return tupleFields(direction, fullText(direction.src), fullText(direction.dst)) + counterFields(direction);
}
