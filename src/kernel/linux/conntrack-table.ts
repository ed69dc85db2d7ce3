/**
 * The kernel's table of a namespace, worked through ctnetlink as fast as it goes: to measure the kernel
 * without the printing of any program.
 */

import {
  COUNT_ENTRIES,
  countRequest,
  createRequest,
  deleteRequest,
  flushRequest,
  listRequest,
  type TcpConnection,
} from './conntrack-request.ts';
import { attributesOf, ControlType, HEADER_BYTES, hostU16, hostU32, numberOf } from './netlink.ts';
import type { NetlinkSocket } from './netlink-socket.ts';
import { FAMILY_HEADER_BYTES } from './nfnetlink.ts';

/** In the header of a message. */
const TYPE_AT = 4;
/** Messages that go to the kernel in one call. */
const BATCH = 1000;

/** What is asked for many times with other tuples: a message whose tuples are written over. */
function createTemplate(timeoutS: number) {
  const marks: TcpConnection = { src: 0x7b01_c2d3, dst: 0x7b02_c4d5, sport: 0xb6a7, dport: 0xb8a9 };
  const first = createRequest(marks, timeoutS, false);
  const last = createRequest(marks, timeoutS, true);
  const view = new DataView(first.buffer, first.byteOffset, first.length);
  const places = (value: number, size: 2 | 4): number[] => {
    const found: number[] = [];
    for (let at = HEADER_BYTES; at + size <= first.length; at += 4)
      if ((size === 4 ? view.getInt32(at) : view.getUint16(at)) === value) found.push(at);
    return found;
  };
  const at = {
    src: places(marks.src, 4),
    dst: places(marks.dst, 4),
    sport: places(marks.sport, 2),
    dport: places(marks.dport, 2),
  };
  const length = first.length;
  const batch = new Uint8Array(length * BATCH);
  const out = new DataView(batch.buffer);
  return {
    length,
    /** Starts a batch of `count`; the last one is acknowledged. */
    fill(count: number): void {
      for (let i = 0; i < count - 1; i++) batch.set(first, i * length);
      batch.set(last, (count - 1) * length);
    },
    put(i: number, c: TcpConnection): void {
      const from = i * length;
      for (const place of at.src) out.setInt32(from + place, c.src);
      for (const place of at.dst) out.setInt32(from + place, c.dst);
      for (const place of at.sport) out.setUint16(from + place, c.sport);
      for (const place of at.dport) out.setUint16(from + place, c.dport);
    },
    bytes: (count: number): Uint8Array => batch.subarray(0, count * length),
  };
}

export interface ConntrackTable {
  /** Makes `count` connections; `at(i, c)` says which. Errors: KernelError, when one is refused */
  insert(count: number, at: (i: number, c: TcpConnection) => void, timeoutS: number): void;
  count(): number;
  /** Reads them all, and counts them: connections and bytes. */
  list(source: number | null): { readonly connections: number; readonly bytes: number };
  /** Lists those of a source, and deletes them one by one, as the interface has it. Returns how many. */
  deleteOf(source: number): number;
  flush(): void;
}

/** Shapes: `socket` is one of NETFILTER, in the namespace that is meant */
export function openConntrackTable(socket: NetlinkSocket): ConntrackTable {
  return {
    insert(count, at, timeoutS) {
      const template = createTemplate(timeoutS);
      const c: TcpConnection = { src: 0, dst: 0, sport: 0, dport: 0 };
      template.fill(Math.min(BATCH, count));
      for (let from = 0; from < count; from += BATCH) {
        const size = Math.min(BATCH, count - from);
        if (size < BATCH) template.fill(size);
        for (let i = 0; i < size; i++) {
          at(from + i, c);
          template.put(i, c);
        }
        socket.request(`making ${count} connections`, template.bytes(size), 1);
      }
    },
    count() {
      const [answer] = socket.get('counting connections', countRequest());
      return numberOf(attributesOf(answer.payload, FAMILY_HEADER_BYTES), COUNT_ENTRIES) ?? 0;
    },
    list(source) {
      let connections = 0;
      let bytes = 0;
      socket.read('listing connections', listRequest(source), (buffer, length) => {
        bytes += length;
        for (let at = 0; at < length; at += (hostU32(buffer, at) + 3) & ~3) {
          const type = hostU16(buffer, at + TYPE_AT);
          if (type === ControlType.DONE || type === ControlType.ERROR) return false;
          connections++;
        }
        return true;
      });
      return { connections, bytes };
    },
    deleteOf(source) {
      const found = socket.dump('listing connections', listRequest(source));
      const messages = found.map((message) => deleteRequest(message.payload));
      for (let from = 0; from < messages.length; from += BATCH) {
        const batch = messages.slice(from, from + BATCH);
        socket.request('deleting connections', Buffer.concat(batch), batch.length);
      }
      return found.length;
    },
    flush() {
      socket.request('flushing the table', flushRequest(), 1);
    },
  };
}
