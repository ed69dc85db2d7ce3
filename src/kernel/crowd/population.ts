/**
 * The connections with which both trackers are filled for `flowshard contrast control`: which tuples, and in
 * which order they come. The same on both sides, whatever their number.
 */
import type { TcpConnection } from '../linux/conntrack-request.ts';

/** Connections of one source address. */
export const PER_SOURCE = 256;

/** 10.0.0.1 and on. */
const FIRST_SOURCE = 0x0a00_0001;
const SOURCE_PORT = 40_000;
/** 198.51.100.1 and on (RFC 5737), so many of them. */
const FIRST_DESTINATION = 0xc633_6401 | 0;
const DESTINATIONS = 250;
const DESTINATION_PORT = 443;

/** What lies between two that come one after the other: neighbours in time are no neighbours in address. */
const STRIDES: readonly [number, number] = [7919, 7927];

export const sourceOf = (group: number): number => FIRST_SOURCE + group;
export const sourceText = (group: number): string => {
  const source = sourceOf(group);
  return [source >>> 24, (source >>> 16) & 0xff, (source >>> 8) & 0xff, source & 0xff].join('.');
};

/**
 * Which connection comes as number i, of `count`.
 *
 * Cost:    no allocation: `c` is written over
 */
export function createPopulation(count: number): (i: number, c: TcpConnection) => void {
  const stride = count % STRIDES[0] === 0 ? STRIDES[1] : STRIDES[0];
  return (i, c) => {
    const place = (i * stride) % count;
    const group = Math.floor(place / PER_SOURCE);
    c.src = sourceOf(group);
    c.sport = SOURCE_PORT + (place % PER_SOURCE);
    c.dst = FIRST_DESTINATION + (group % DESTINATIONS);
    c.dport = DESTINATION_PORT;
  };
}
