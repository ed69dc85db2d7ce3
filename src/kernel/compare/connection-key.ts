/**
 * Names of connections that are the same for both directions, for a packet as for a line of output:
 * protocol and the two endpoints in order. ICMP has the id as its port; protocols without ports
 * (and GRE, whose keys differ by direction) have 0.
 */
import { addressOfText } from './addresses.ts';

export interface Endpoints {
  readonly protocol: number;
  /** Hexadecimal. */
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export function connectionKey(e: Endpoints): string {
  const a = `${e.source}:${e.sourcePort}`;
  const b = `${e.destination}:${e.destinationPort}`;
  return a < b ? `${e.protocol} ${a} ${b}` : `${e.protocol} ${b} ${a}`;
}

/** The name of everything between two hosts with one protocol. */
export function hostsKey(e: Endpoints): string {
  return connectionKey({ ...e, sourcePort: 0, destinationPort: 0 });
}

/** Protocol name and number, then, somewhere, the original tuple. */
const TUPLE =
  /(?:^|\s)(?!ipv[46]\s)[a-z]\w*\s+(\d+) .*?src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+)| type=\d+ code=\d+ id=(\d+))?/;

/** Of a line of events or of the table: its first tuple. */
export function endpointsOfLine(line: string): Endpoints {
  const match = TUPLE.exec(line);
  if (match === null) throw new Error(`no tuple in: ${line}`);
  const [, protocol, source, destination, sport, dport, id] = match;
  return {
    protocol: Number(protocol),
    source: addressOfText(source),
    destination: addressOfText(destination),
    sourcePort: Number(sport ?? id ?? 0),
    destinationPort: Number(dport ?? id ?? 0),
  };
}
