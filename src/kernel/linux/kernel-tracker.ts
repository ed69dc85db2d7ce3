/**
 * The running kernel's nf_conntrack, packet by packet. Writing to the TUN device handles the packet
 * within the call, up to the end: what conntrack says of it lies in the netlink socket when the call
 * returns. One socket gets the log of verdicts and the events, so one queue has all of it in order.
 *
 * Thread:  its own, which has no other use: it lives in a network namespace from here on
 * Cost:    about 20 microseconds per packet on the project's machines, most of them the kernel's
 */
import { constants, setPriority } from 'node:os';
import type { Connection } from '../../export/connection.ts';
import { CONNECTIONS_REQUEST, connectionOfMessage, Group } from './conntrack-message.ts';
import { loadLibc } from './libc.ts';
import { createMemberships } from './multicast.ts';
import { enterNamespace, setSysctl } from './namespace.ts';
import { createMessageWriter, Flag, HEADER_BYTES } from './netlink.ts';
import { NetlinkFamily, openNetlink } from './netlink-socket.ts';
import { bindLogGroup, LOG_PACKET } from './nflog.ts';
import { Family, familyHeader } from './nfnetlink.ts';
import { addRules, type Helper, VERDICT_GROUPS } from './nftables.ts';
import { createTickClock } from './tick-clock.ts';

/** What became of a packet: a number of VERDICT_GROUPS, or one of these. */
export enum KernelVerdict {
  /** It never came out of conntrack: a fragment that waits, a packet that the IP layer refused. */
  NONE = 0,
  /** It was not given to the kernel. */
  SKIP = 8,
}

const VERDICT_TEXTS: readonly (string | null)[] = [null, ...VERDICT_GROUPS.map(({ ct }) => ct), 'SKIP'];

/** As traces have it. */
export const verdictText = (verdict: number): string | null => VERDICT_TEXTS[verdict];

export interface KernelTrackerOptions {
  /** Names of sysctls and their values. */
  readonly sysctls: readonly (readonly [name: string, value: string])[];
  readonly helpers: readonly Helper[];
}

export interface KernelTracker {
  /** Gives the kernel one IP packet. An empty one is SKIP. Returns the verdict. */
  packet(bytes: Uint8Array): number;
  /** Of the last packet: nanoseconds since 1970, of the kernel's last tick. */
  timeNs(): bigint;
  /** A tick passed while the last packet was handled: it may have got the time of either. */
  hasTicked(): boolean;
  /** Takes the events that came with no packet. */
  idle(): void;
  /** The table, as of now. */
  connections(): Connection[];
  close(): void;
}

/** Of the calling thread only. Who is put aside in the middle of a packet cannot tell at which tick it was handled. */
function hurry(): void {
  try {
    setPriority(0, constants.priority.PRIORITY_HIGHEST);
  } catch {
    // Without the right to it more ticks are uncertain; nothing else is.
  }
}

/**
 * Enters a namespace and sets everything up.
 *
 * Shapes:  `onEvent` gets a netlink message of ctnetlink, in a buffer that is used again
 * Errors:  KernelError, with what is missing
 */
export function openKernelTracker(
  options: KernelTrackerOptions,
  onEvent: (bytes: Uint8Array, from: number, to: number) => void,
): KernelTracker {
  const libc = loadLibc();
  const namespace = enterNamespace(libc);
  for (const [name, value] of options.sysctls) setSysctl(name, value);
  const rules = openNetlink(libc, NetlinkFamily.NETFILTER);
  const socket = openNetlink(libc, NetlinkFamily.NETFILTER);
  addRules(rules, options.helpers);
  for (const { group } of VERDICT_GROUPS) bindLogGroup(socket, group);
  for (const group of [Group.NEW, Group.UPDATE, Group.DESTROY]) socket.joinGroup(group);
  const memberships = createMemberships(libc, namespace.tunIndex);
  hurry();
  const clock = createTickClock(libc);
  const { buffer } = socket;
  const view = new DataView(buffer.buffer);
  const types = new Uint16Array(buffer.buffer);
  const TYPE_AT = 2;
  const GROUP_AT = HEADER_BYTES + 2;
  let timeNs = 0n;
  let hasTicked = false;

  /** Reads all that waits; returns the verdict among it. */
  function drain(): number {
    let verdict: number = KernelVerdict.NONE;
    for (let length = socket.receive(); length >= 0; length = socket.receive()) {
      if (types[TYPE_AT] === LOG_PACKET) verdict = view.getUint16(GROUP_AT);
      else onEvent(buffer, 0, length);
    }
    return verdict;
  }

  return {
    packet(bytes) {
      if (bytes.length === 0) {
        timeNs = clock.now();
        hasTicked = false;
        return KernelVerdict.SKIP;
      }
      memberships.join(bytes);
      timeNs = clock.now();
      libc.write(namespace.tun, bytes, bytes.length);
      hasTicked = clock.hasTicked();
      return drain();
    },
    timeNs: () => timeNs,
    hasTicked: () => hasTicked,
    idle: () => {
      drain();
    },
    connections() {
      const writer = createMessageWriter();
      writer.begin(CONNECTIONS_REQUEST, Flag.REQUEST | Flag.DUMP, 1, familyHeader(Family.UNSPEC));
      writer.end();
      const messages = rules.dump('reading the table (ctnetlink)', writer.take());
      return messages.map(({ payload }) => connectionOfMessage(payload));
    },
    close() {
      clock.close();
      memberships.close();
      rules.close();
      socket.close();
      namespace.close();
    },
  };
}
