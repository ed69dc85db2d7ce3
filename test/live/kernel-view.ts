/** What the kernel of the calling thread's namespace holds and tells: its table, its expectations and its events, as lines. */
import type { ConnectionEvent } from '../../src/export/connection.ts';
import { connectionLine, eventLine, parseOutput } from '../../src/export/text.ts';
import {
  CONNECTIONS_REQUEST,
  connectionOfMessage,
  eventOfMessage,
  Group,
} from '../../src/kernel/linux/conntrack-message.ts';
import { loadLibc } from '../../src/kernel/linux/libc.ts';
import { createMessageWriter, Flag, messagesOf } from '../../src/kernel/linux/netlink.ts';
import { NetlinkFamily, openNetlink } from '../../src/kernel/linux/netlink-socket.ts';
import { Family, familyHeader } from '../../src/kernel/linux/nfnetlink.ts';

const FORM = parseOutput('text');

export interface KernelView {
  /** As conntrack -L. */
  table(): string[];
  /** As conntrack -E, since the last call. */
  events(): string[];
  close(): void;
}

export function openKernelView(): KernelView {
  const libc = loadLibc();
  const asking = openNetlink(libc, NetlinkFamily.NETFILTER);
  const listening = openNetlink(libc, NetlinkFamily.NETFILTER);
  for (const group of [Group.NEW, Group.UPDATE, Group.DESTROY]) listening.joinGroup(group);
  return {
    table() {
      const writer = createMessageWriter();
      writer.begin(CONNECTIONS_REQUEST, Flag.REQUEST | Flag.DUMP, 1, familyHeader(Family.UNSPEC));
      writer.end();
      const messages = asking.dump('reading the table', writer.take());
      return messages.map(({ payload }) => connectionLine(connectionOfMessage(payload), FORM));
    },
    events() {
      const found: ConnectionEvent[] = [];
      for (let length = listening.receive(); length >= 0; length = listening.receive())
        for (const message of messagesOf(listening.buffer.slice(0, length))) {
          const event = eventOfMessage(message);
          if (event !== null) found.push(event);
        }
      return found.map((event) => eventLine(event, FORM).trim());
    },
    close() {
      asking.close();
      listening.close();
    },
  };
}

/** A line apart from the seconds that it has left. */
export interface Timed {
  readonly rest: string;
  readonly seconds: number | null;
}

/** `[NEW] tcp      6 120 SYN_SENT src=...`, with or without the type of an event in front. */
export function timedOf(line: string): Timed {
  const found = /^((?:\[\w+\] +)?\S+ +\d+) (\d+) (.*)$/.exec(line.trim());
  if (found === null) return { rest: line.trim(), seconds: null };
  return { rest: `${found[1]} ${found[3]}`, seconds: Number(found[2]) };
}
