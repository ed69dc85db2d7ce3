/**
 * The connections of `flowshard contrast throughput` as frames: first those that open them, then those of the established
 * ones. The same bytes for whoever gets them.
 */
import { ESTABLISHED, HANDSHAKE, PACKET_BYTES, putPacket } from '../crowd/capture.ts';
import { createPopulation } from '../crowd/population.ts';
import type { TcpConnection } from '../linux/conntrack-request.ts';

const ETHERNET_BYTES = 14;
const MAC_BYTES = 6;
const TYPE_IPV4 = 0x0800;
export const FRAME_BYTES = ETHERNET_BYTES + PACKET_BYTES;

/** Addresses of the router's device and of whoever sends to it, made up (locally administered). */
export const ROUTER_ADDRESS = Uint8Array.of(2, 0, 0, 0, 0, 1);
const SENDER_ADDRESS = Uint8Array.of(2, 0, 0, 0, 0, 2);

/** Frames from `begin` to before `end`. */
export interface Part {
  readonly begin: number;
  readonly end: number;
}
export const PARTS = ['opening', 'established'] as const;
export type PartName = (typeof PARTS)[number];

export interface Traffic extends Readonly<Record<PartName, Part>> {
  readonly frames: number;
  /** Writes frame number i. */
  put(i: number, view: DataView, at: number): void;
}

/** What lies between two connections whose packets come one after the other. Not as they were opened: nobody shall profit from that. */
const STRIDES: readonly [number, number] = [104_729, 104_743];

/**
 * Connections that open at the same time, at least. The kernel takes packets through conntrack in batches, and the first of a connection
 * enters the table only behind the batch: an answer in the same batch would belong to nothing. What is left over is in the last group.
 */
const AT_A_TIME = 1024;

/**
 * Opening: SYN of some connections, then their SYN/ACKs, then their ACKs, and so on for the next ones. Established: an ACK of each
 * connection in one direction, then one of each in the other.
 */
export function createTraffic(connections: number): Traffic {
  const opening = connections * HANDSHAKE.length;
  const population = createPopulation(connections);
  const stride = connections % STRIDES[0] === 0 ? STRIDES[1] : STRIDES[0];
  const c: TcpConnection = { src: 0, dst: 0, sport: 0, dport: 0 };
  return {
    opening: { begin: 0, end: opening },
    established: { begin: opening, end: opening + connections * ESTABLISHED.length },
    frames: opening + connections * ESTABLISHED.length,
    put(i, view, at) {
      for (let byte = 0; byte < MAC_BYTES; byte++) {
        view.setUint8(at + byte, ROUTER_ADDRESS[byte]);
        view.setUint8(at + MAC_BYTES + byte, SENDER_ADDRESS[byte]);
      }
      view.setUint16(at + 2 * MAC_BYTES, TYPE_IPV4);
      const n = i - opening;
      if (n >= 0) {
        population(((n % connections) * stride) % connections, c);
        putPacket(view, at + ETHERNET_BYTES, ESTABLISHED[Math.floor(n / connections)], c);
        return;
      }
      const groups = Math.max(1, Math.floor(connections / AT_A_TIME));
      const number = Math.min(groups - 1, Math.floor(i / (AT_A_TIME * HANDSHAKE.length)));
      const group = number * AT_A_TIME;
      const size = number === groups - 1 ? connections - group : AT_A_TIME;
      const within = i - group * HANDSHAKE.length;
      population(group + (within % size), c);
      putPacket(view, at + ETHERNET_BYTES, HANDSHAKE[Math.floor(within / size)], c);
    },
  };
}
