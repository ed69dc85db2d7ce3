/** Pieces of a line that the text forms have in common. Each ends in a space, or is empty. */
import { type Connection, type Direction, StatusBit, type Tuple } from './connection.ts';
import { FAMILY_NUMBERS } from './names.ts';

/** `ipv4     2 ` */
export function familyFields(c: Pick<Connection, 'family'>): string {
  return `${c.family.padEnd(8)} ${FAMILY_NUMBERS[c.family]} `;
}

/** `tcp      6 ` */
export function protocolFields(c: Pick<Connection, 'protocol' | 'protocolName'>): string {
  return `${c.protocolName.padEnd(8)} ${c.protocol} `;
}

/** The addresses, given apart from the tuple since /proc writes them in another form, and the rest of it. */
export function tupleFields(tuple: Tuple, src: string, dst: string): string {
  return `src=${src} dst=${dst} ${transportFields(tuple)}`;
}

function transportFields(tuple: Tuple): string {
  if (tuple.sport !== undefined) return `sport=${tuple.sport} dport=${tuple.dport} `;
  if (tuple.type !== undefined) return `type=${tuple.type} code=${tuple.code} id=${tuple.id} `;
  if (tuple.srckey === undefined) return '';
  return `srckey=${keyText(tuple.srckey)} dstkey=${keyText(tuple.dstkey)} `;
}

/** A GRE key. */
export function keyText(key = 0): string {
  return `0x${key.toString(16)}`;
}

/** `packets=1 bytes=60 `, or nothing without accounting. */
export function counterFields(direction: Direction): string {
  if (direction.packets === undefined) return '';
  return `packets=${direction.packets} bytes=${direction.bytes ?? 0} `;
}

export function unrepliedField(c: Connection): string {
  return (c.status & StatusBit.SEEN_REPLY) === 0 ? '[UNREPLIED] ' : '';
}

export function assuredField(c: Connection): string {
  return (c.status & StatusBit.ASSURED) !== 0 ? '[ASSURED] ' : '';
}

/** Nanoseconds as `seconds.fraction`, cut (not rounded) to a number of digits. */
export function secondsText(ns: bigint, fractionDigits: number): string {
  const digits = ns.toString().padStart(10, '0');
  const point = digits.length - 9;
  return `${digits.slice(0, point)}.${digits.slice(point, point + fractionDigits)}`;
}
