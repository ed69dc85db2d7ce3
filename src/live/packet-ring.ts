/**
 * The ring that the kernel fills with packets, read in place. It is cut into blocks: the kernel fills one, hands
 * it over when it is full or its time is up, and gets it back when its last packet was read. While the
 * next block is still ours the kernel drops, and counts.
 *
 * The status word of a block says whose it is. It is the only word that both sides write.
 */

import { Rec } from '../ingest/reader.ts';
import type { Pointer } from '../linux/ffi.ts';
import { LinkType } from '../packet/link.ts';
import { Counter } from '../shm/counters.ts';
import { attachFilter, dropAll } from './filter.ts';
import { errnoText, isMapFailed, type Libc, Mapping, PROT_READ_WRITE, SOL_PACKET, words } from './libc.ts';
import { LiveError } from './live-error.ts';
import {
  Block,
  HEAD_MAC_U16,
  HEAD_PKTTYPE_BYTE,
  HEAD_VLAN_TPID_U16,
  Head,
  KERNEL_OWNS,
  PacketOption,
  PKTTYPE_OUTGOING,
  Status,
} from './packet-numbers.ts';
import type { PacketSocket } from './packet-socket.ts';

/** Two MAC addresses, and the tag that goes behind them. */
const MAC_BYTES = 12;
const TAG_BYTES = 4;
const TAG_TYPE_USUAL = 0x8100;

/** Words of the place in the ring. In an array, as src/ingest/place.ts says. */
enum At {
  /** Number of the block that is read, or will be. */
  BLOCK = 0,
  /** Whether it is ours. */
  HELD = 1,
  /** Packets of it that were not yet read, and where the next one is. */
  LEFT = 2,
  PACKET = 3,
  WORDS = 4,
}

/** Kernel's numbers: packets counts the dropped ones, too. */
enum Kernel {
  PACKETS = 0,
  DROPS = 1,
  FREEZES = 2,
  WORDS = 3,
}

export interface PacketRing {
  readonly socket: PacketSocket;
  /** The whole ring. */
  readonly view: DataView;
  /** The packet that `next` found: words as in `Rec`. Its bytes stay until the following call of `next`. */
  readonly record: Int32Array;
  /** Whether there is a packet. Gives back each block after its last packet. Cost: no call, no allocation. */
  next(): boolean;
  /** The sender left the checksums of this packet to the card, so that they are not there yet. */
  checksumsOpen(): boolean;
  /** Adds what the kernel counted since the last call. Cost: a system call. */
  readStatistics(): void;
  /** The kernel has filled half of the ring since `next` gave a packet of where it is: it may drop soon. Cost: one load. */
  isHalfFull(): boolean;
  /** Packets that the kernel has put into the ring and `next` has not given. */
  waiting(): number;
  /** From now on nothing more gets in; `next` still gives what is there, the last of it after the block's timeout. */
  shut(): void;
  /** Gives the memory back. `view` reads as zeros then. */
  close(): void;
}

/**
 * Maps the ring of a socket. Whoever maps it is its only reader, and closes the socket.
 *
 * Thread:   the one that reads it
 * Counters: KERNEL_PACKETS, KERNEL_DROPS, KERNEL_FREEZES, OWN_TRANSMISSIONS, CUT_SHORT, CHECKSUMS_OPEN are added to
 * Errors:   LiveError, here only
 */
export function mapPacketRing(libc: Libc, socket: PacketSocket, counters: Float64Array): PacketRing {
  const { fd, blocks, blockBytes } = socket;
  const ringBytes = blocks * blockBytes;
  const memory = map(libc, socket, ringBytes);
  const buffer = libc.ffi.view(memory, ringBytes);
  const status = new Int32Array(buffer);
  const halves = new Uint16Array(buffer);
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  const record = new Int32Array(Rec.WORDS);
  const isEthernet = socket.linkType === LinkType.ETHERNET;
  record[Rec.LINK_TYPE] = socket.linkType;
  const at = new Int32Array(At.WORDS);
  const packetStatus = new Int32Array(1);
  const statistics = new Uint8Array(Kernel.WORDS * 4);
  const kernel = new Uint32Array(statistics.buffer);
  /** Packets in the ring by the kernel's count less those that were taken out. */
  const inside = new Float64Array(1);

  const statusWord = (): number => ((at[At.BLOCK] * blockBytes) >>> 2) + Block.STATUS;

  function handBack(): void {
    Atomics.store(status, statusWord(), KERNEL_OWNS);
    at[At.HELD] = 0;
    at[At.BLOCK] = at[At.BLOCK] + 1 === blocks ? 0 : at[At.BLOCK] + 1;
  }

  /** Moves on to the next block with packets, if the kernel has handed one over. */
  function takeBlock(): boolean {
    while (at[At.LEFT] === 0) {
      if (at[At.HELD] !== 0) handBack();
      if ((Atomics.load(status, statusWord()) & Status.USER) === 0) return false;
      const base = at[At.BLOCK] * blockBytes;
      at[At.HELD] = 1;
      at[At.LEFT] = status[(base >>> 2) + Block.PACKETS];
      at[At.PACKET] = base + status[(base >>> 2) + Block.FIRST_OFFSET];
      inside[0] -= at[At.LEFT];
    }
    return true;
  }

  function next(): boolean {
    while (at[At.LEFT] !== 0 || takeBlock()) {
      const head = at[At.PACKET];
      const h = head >>> 2;
      at[At.LEFT]--;
      at[At.PACKET] = head + status[h + Head.NEXT];
      if (bytes[head + HEAD_PKTTYPE_BYTE] === PKTTYPE_OUTGOING) {
        counters[Counter.OWN_TRANSMISSIONS]++;
        continue;
      }
      const flags = status[h + Head.STATUS];
      const captureLength = status[h + Head.CAPTURE_LENGTH];
      const wireLength = status[h + Head.WIRE_LENGTH];
      packetStatus[0] = flags;
      record[Rec.OFFSET] = head + halves[(head >>> 1) + HEAD_MAC_U16];
      record[Rec.CAPTURE_LENGTH] = captureLength;
      record[Rec.WIRE_LENGTH] = wireLength;
      record[Rec.SEC] = status[h + Head.SEC];
      record[Rec.NSEC] = status[h + Head.NSEC];
      if (captureLength < wireLength) counters[Counter.CUT_SHORT]++;
      if ((flags & Status.CHECKSUM_OPEN) !== 0) counters[Counter.CHECKSUMS_OPEN]++;
      if ((flags & Status.VLAN_VALID) !== 0 && isEthernet && captureLength >= MAC_BYTES) putTagBack(head);
      return true;
    }
    return false;
  }

  /** The kernel took the outermost tag out of the frame: the addresses move into the room before it. */
  function putTagBack(head: number): void {
    const from = record[Rec.OFFSET];
    const to = from - TAG_BYTES;
    for (let i = 0; i < MAC_BYTES; i++) bytes[to + i] = bytes[from + i];
    const hasType = (packetStatus[0] & Status.VLAN_TPID_VALID) !== 0;
    view.setUint16(to + MAC_BYTES, hasType ? halves[(head >>> 1) + HEAD_VLAN_TPID_U16] : TAG_TYPE_USUAL);
    view.setUint16(to + MAC_BYTES + 2, status[(head >>> 2) + Head.VLAN_TCI]);
    record[Rec.OFFSET] = to;
    record[Rec.CAPTURE_LENGTH] += TAG_BYTES;
    record[Rec.WIRE_LENGTH] += TAG_BYTES;
  }

  function readStatistics(): void {
    // It starts again from 0 with each reading.
    if (libc.getsockopt(fd, SOL_PACKET, PacketOption.STATISTICS, statistics, words(statistics.length)) < 0)
      return;
    counters[Counter.KERNEL_PACKETS] += kernel[Kernel.PACKETS];
    counters[Counter.KERNEL_DROPS] += kernel[Kernel.DROPS];
    counters[Counter.KERNEL_FREEZES] += kernel[Kernel.FREEZES];
    inside[0] += kernel[Kernel.PACKETS] - kernel[Kernel.DROPS];
  }

  return {
    socket,
    view,
    record,
    next,
    checksumsOpen: () => (packetStatus[0] & Status.CHECKSUM_OPEN) !== 0,
    readStatistics,
    isHalfFull() {
      const block = (at[At.BLOCK] + (blocks >>> 1)) % blocks;
      return (Atomics.load(status, ((block * blockBytes) >>> 2) + Block.STATUS) & Status.USER) !== 0;
    },
    waiting: () => inside[0] + at[At.LEFT],
    shut: () => attachFilter(libc, fd, dropAll(), socket.interfaceName),
    close() {
      libc.close(fd);
      // Zeros in its place, not a hole: whoever still has the view shall not crash. It also ends the socket.
      const flags = Mapping.PRIVATE | Mapping.FIXED | Mapping.ANONYMOUS | Mapping.NORESERVE;
      libc.mmap(memory, ringBytes, PROT_READ_WRITE, flags, -1, 0);
      at.fill(0);
    },
  };
}

function map(libc: Libc, socket: PacketSocket, bytes: number): Pointer {
  const memory = libc.mmap(null, bytes, PROT_READ_WRITE, Mapping.SHARED, socket.fd, 0);
  if (!isMapFailed(memory)) return memory;
  throw new LiveError(
    socket.interfaceName,
    `mapping a ring of ${bytes >> 20} MB: ${errnoText(libc.errno())}`,
    'a smaller --ring-mb may do; see mmap(2)',
  );
}
