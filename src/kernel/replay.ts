/**
 * What the thread that asks the kernel and the one that gives it packets say to each other. Packets go in
 * batches; what comes back are the verdicts, the times, and the kernel's own event messages, which
 * whoever gets them decodes: the asking thread does nothing but ask.
 */
import type { Connection, ConnectionEvent } from '../export/connection.ts';
import { eventOfMessage } from './linux/conntrack-message.ts';
import { KernelError, type KernelErrorFields } from './linux/kernel-error.ts';
import { type KernelTracker, type KernelTrackerOptions, openKernelTracker } from './linux/kernel-tracker.ts';
import { messagesOf } from './linux/netlink.ts';

/** IP packets, one after another. */
export interface PacketBatch {
  readonly bytes: Uint8Array;
  /** Where each ends in `bytes`; an empty packet is one that is no IP. */
  readonly ends: Uint32Array;
}

export interface BatchResult {
  /** By packet; see `verdictText`. */
  readonly verdicts: Uint8Array;
  /** By packet: nanoseconds since 1970. */
  readonly times: BigInt64Array;
  /** Messages of ctnetlink in their order: the bytes of all, where each ends, and at which packet of the batch it came. */
  readonly events: Uint8Array;
  readonly eventEnds: Uint32Array;
  readonly eventPackets: Uint32Array;
  /** Packets during which the kernel's clock may have ticked. */
  readonly uncertain: number;
}

export type ReplayRequest = { readonly batch: PacketBatch } | { readonly end: true };

export type ReplayAnswer =
  | { readonly ready: true }
  | { readonly result: BatchResult }
  | { readonly table: readonly Connection[] }
  | { readonly failure: KernelErrorFields };

export interface ReplayedEvent {
  /** Index within the batch. */
  readonly packet: number;
  readonly event: ConnectionEvent;
}

/** Decodes the events of a batch. */
export function* eventsOf(result: BatchResult): Generator<ReplayedEvent> {
  let from = 0;
  for (const [i, to] of result.eventEnds.entries()) {
    for (const message of messagesOf(result.events.subarray(from, to))) {
      const event = eventOfMessage(message);
      if (event !== null) yield { packet: result.eventPackets[i], event };
    }
    from = to;
  }
}

/** Messages that came, gathered for the batch in hand. */
function createGatherer() {
  let bytes = new Uint8Array(1 << 16);
  let length = 0;
  let ends: number[] = [];
  let packets: number[] = [];
  let packet = 0;
  return {
    at(index: number): void {
      packet = index;
    },
    add(source: Uint8Array, from: number, to: number): void {
      if (length + to - from > bytes.length) {
        const grown = new Uint8Array(Math.max(bytes.length * 2, length + to - from));
        grown.set(bytes);
        bytes = grown;
      }
      bytes.set(source.subarray(from, to), length);
      length += to - from;
      ends.push(length);
      packets.push(packet);
    },
    take(): Pick<BatchResult, 'events' | 'eventEnds' | 'eventPackets'> {
      const taken = {
        events: bytes.slice(0, length),
        eventEnds: Uint32Array.from(ends),
        eventPackets: Uint32Array.from(packets),
      };
      length = 0;
      ends = [];
      packets = [];
      return taken;
    },
  };
}

export interface Replayer {
  batch(batch: PacketBatch): BatchResult;
  /** The table after the last packet. */
  end(): readonly Connection[];
  close(): void;
}

/**
 * Thread:  one that has no other use; see `openKernelTracker`
 * Errors:  KernelError
 */
export function createReplayer(options: KernelTrackerOptions): Replayer {
  const gatherer = createGatherer();
  const kernel: KernelTracker = openKernelTracker(options, gatherer.add);

  return {
    batch({ bytes, ends }) {
      const verdicts = new Uint8Array(ends.length);
      const times = new BigInt64Array(ends.length);
      let uncertain = 0;
      let from = 0;
      for (let i = 0; i < ends.length; i++) {
        gatherer.at(i);
        verdicts[i] = kernel.packet(bytes.subarray(from, ends[i]));
        times[i] = kernel.timeNs();
        if (kernel.hasTicked()) uncertain++;
        from = ends[i];
      }
      return { verdicts, times, uncertain, ...gatherer.take() };
    },
    end: () => kernel.connections(),
    close: () => kernel.close(),
  };
}

/** A KernelError as it travels between threads; null for any other error. */
export function kernelErrorFields(error: unknown): KernelErrorFields | null {
  if (!(error instanceof KernelError)) return null;
  return { problem: error.problem, advice: error.advice };
}
