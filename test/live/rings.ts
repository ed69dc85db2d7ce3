/** Rings for tests: opened with usual options, and read until nothing more comes. */
import { Rec } from '../../src/ingest/reader.ts';
import { loadLibc } from '../../src/live/libc.ts';
import { mapPacketRing, type PacketRing } from '../../src/live/packet-ring.ts';
import { openPacketSockets, type PacketSocketOptions } from '../../src/live/packet-socket.ts';
import { createWaiter, openWaker } from '../../src/live/waiter.ts';
import { Counter } from '../../src/shm/counters.ts';

export const libc = loadLibc();

export interface Seen {
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  readonly ns: bigint;
  readonly linkType: number;
  readonly checksumsOpen: boolean;
}

export interface TestRing {
  readonly ring: PacketRing;
  readonly counters: Float64Array;
  /** As many packets; fewer when none comes for a long time. */
  read(count: number): Seen[];
  /** All packets that the kernel has, once there have been `count` since the ring was opened, dropped ones included. */
  rest(count: number): Seen[];
  close(): void;
}

export const USUAL: Omit<PacketSocketOptions, 'interfaceName'> = {
  ringMb: 8,
  snaplen: 262_144,
  promiscuous: true,
  filter: '',
  blockTimeoutMs: 5,
  members: 1,
};
const SILENCE_MS = 5000;

export function openRings(name: string, options: Partial<PacketSocketOptions> = {}): TestRing[] {
  return openPacketSockets(libc, { ...USUAL, interfaceName: name, ...options }).map((socket) => {
    const counters = new Float64Array(Counter.WORDS);
    const ring = mapPacketRing(libc, socket, counters);
    const waker = openWaker(libc);
    const waiter = createWaiter(libc, waker, [socket.fd]);
    function read(count: number): Seen[] {
      const seen: Seen[] = [];
      while (seen.length < count) {
        while (ring.next()) seen.push(seenOf(ring));
        if (seen.length >= count) break;
        const before = performance.now();
        waiter.wait(SILENCE_MS);
        waiter.errorOf(0);
        if (performance.now() - before >= SILENCE_MS * 0.9) break;
      }
      return seen;
    }
    return {
      ring,
      counters,
      read,
      rest(count) {
        settle([ring], [counters], count);
        const seen: Seen[] = [];
        for (;;) {
          ring.readStatistics();
          while (ring.next()) seen.push(seenOf(ring));
          if (ring.waiting() === 0) return seen;
          waiter.wait(SILENCE_MS);
        }
      },
      close() {
        ring.close();
        libc.close(waker);
      },
    };
  });
}

export function openRing(name: string, options: Partial<PacketSocketOptions> = {}): TestRing {
  return openRings(name, options)[0];
}

/** Waits until the kernel has counted so many: a packet may take long from one end to the other when others are busy. */
export function settle(rings: readonly PacketRing[], counters: readonly Float64Array[], count: number): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (const endMs = performance.now() + SILENCE_MS; performance.now() < endMs; ) {
    for (const ring of rings) ring.readStatistics();
    if (counters.reduce((sum, block) => sum + block[Counter.KERNEL_PACKETS], 0) >= count) return;
    Atomics.wait(sleeper, 0, 0, 2);
  }
}

function seenOf(ring: PacketRing): Seen {
  const { record, view } = ring;
  const offset = record[Rec.OFFSET];
  return {
    bytes: new Uint8Array(view.buffer, offset, record[Rec.CAPTURE_LENGTH]).slice(),
    wireLength: record[Rec.WIRE_LENGTH],
    ns: BigInt(record[Rec.SEC] >>> 0) * BigInt(1e9) + BigInt(record[Rec.NSEC]),
    linkType: record[Rec.LINK_TYPE],
    checksumsOpen: ring.checksumsOpen(),
  };
}
