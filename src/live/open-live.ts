/** Opens everything that a live run needs a right for, so that the right can be given up before threads start. */
import { loadLibc } from './libc.ts';
import type { LiveOptions, LiveRequest } from './options.ts';
import { openPacketSockets, type PacketSocket } from './packet-socket.ts';
import { openWaker, wake } from './waiter.ts';

/** A block is handed over when it is full, or after this time: how late a packet may be. */
const BLOCK_TIMEOUT_MS = 10;

export interface OpenLive {
  /** For each ingest thread. */
  readonly threads: readonly Omit<LiveOptions, 'notices'>[];
  /** Wakes all of them. */
  wake(): void;
  /** After the threads have ended, which close their sockets. */
  close(): void;
}

/**
 * Thread: main
 * Errors: OptionError for a name or filter that is wrong; LiveError for what the system refuses
 */
export function openLive(request: LiveRequest): OpenLive {
  const libc = loadLibc();
  const opened: PacketSocket[][] = [];
  try {
    for (const interfaceName of request.interfaces)
      opened.push(
        openPacketSockets(libc, {
          ...request,
          interfaceName,
          blockTimeoutMs: BLOCK_TIMEOUT_MS,
          members: request.ingests,
        }),
      );
  } catch (error) {
    for (const { fd } of opened.flat()) libc.close(fd);
    throw error;
  }
  const threads = Array.from({ length: request.ingests }, (_, ingest) => ({
    sockets: opened.map((members) => members[ingest]),
    waker: openWaker(libc),
    onDown: request.onDown,
  }));
  let isOpen = true;
  return {
    threads,
    wake() {
      // A number that was given back may be another file's by now.
      if (isOpen) for (const { waker } of threads) wake(waker);
    },
    close() {
      if (isOpen) for (const { waker } of threads) libc.close(waker);
      isOpen = false;
    },
  };
}
