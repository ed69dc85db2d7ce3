/**
 * A router between two network namespaces, all three of the calling thread: it sends from one, looks at what arrives in the
 * other, and turns the router's conntrack on and off. Times are taken around the sending and nothing else.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { monotonicMs } from '../../common/clock.ts';
import { readHostConntrack } from '../host-conntrack.ts';
import { openConntrackTable } from '../linux/conntrack-table.ts';
import { type FrameSender, openFrameSender, takeRedirected } from '../linux/frame-sender.ts';
import { KernelError } from '../linux/kernel-error.ts';
import { type Libc, loadLibc } from '../linux/libc.ts';
import { leaveForOwnNamespace, moveToNamespace, openOwnNamespace, setSysctl } from '../linux/namespace.ts';
import { NetlinkFamily, openNetlink } from '../linux/netlink-socket.ts';
import { startTracking, stopTracking } from '../linux/nftables.ts';
import { addCable, addDefaultRoute, linkUpWithoutArp } from '../linux/rtnetlink.ts';
import { onFirstProcessor, onOtherProcessors } from './affinity.ts';
import { createTraffic, FRAME_BYTES, type PartName, ROUTER_ADDRESS, type Traffic } from './frames.ts';
import type { RouterAnswer, RouterQuestion, Sent, Table } from './questions.ts';

/** Device of the sender, the two of the router, and that of the sink. */
export const DEVICES = { sender: 's0', in: 'r0', out: 'r1', sink: 'k0' } as const;
/** Behind the router, as far as it knows (RFC 5737). */
const GATEWAY = Uint8Array.of(192, 0, 2, 2);
const SINK_ADDRESS = Uint8Array.of(2, 0, 0, 0, 0, 3);
/** Kept of what a program says, in characters. */
const SAID_MAX = 4000;

export interface Router {
  answer(question: RouterQuestion): Promise<RouterAnswer>;
}

interface Namespaces {
  readonly sender: number;
  readonly router: number;
  readonly sink: number;
}

/** Without IPv6, which would say something by itself; a kernel without it needs nothing. */
function quiet(): void {
  for (const device of ['all', 'default'])
    try {
      setSysctl(`net.ipv6.conf.${device}.disable_ipv6`, '1');
    } catch {
      return;
    }
}

function newNamespace(libc: Libc): number {
  leaveForOwnNamespace(libc);
  quiet();
  return openOwnNamespace();
}

/** The calling thread is in the router's namespace afterwards. Errors: KernelError */
function makeRouter(libc: Libc): Namespaces {
  const sink = newNamespace(libc);
  const router = newNamespace(libc);
  for (const device of ['all', 'default']) setSysctl(`net.ipv4.conf.${device}.rp_filter`, '0');
  setSysctl('net.ipv4.ip_forward', '1');
  // As we do: every connection has packets and bytes.
  setSysctl('net.netfilter.nf_conntrack_acct', '1');
  const sender = newNamespace(libc);
  const up = (...names: readonly string[]): void => {
    const socket = openNetlink(libc, NetlinkFamily.ROUTE);
    for (const name of names) linkUpWithoutArp(socket, libc.if_nametoindex(name));
    socket.close();
  };
  const cable = (name: string, peer: string, peerNamespace: number, peerAddress: Uint8Array): void => {
    const socket = openNetlink(libc, NetlinkFamily.ROUTE);
    addCable(socket, { name, peer, peerNamespace, peerAddress });
    socket.close();
  };
  cable(DEVICES.sender, DEVICES.in, router, ROUTER_ADDRESS);
  up(DEVICES.sender);
  moveToNamespace(libc, router);
  cable(DEVICES.out, DEVICES.sink, sink, SINK_ADDRESS);
  // A namespace without any local address takes no gateway.
  up('lo', DEVICES.in, DEVICES.out);
  takeRedirected(libc, DEVICES.in);
  const route = openNetlink(libc, NetlinkFamily.ROUTE);
  addDefaultRoute(route, GATEWAY, libc.if_nametoindex(DEVICES.out));
  route.close();
  moveToNamespace(libc, sink);
  up(DEVICES.sink);
  moveToNamespace(libc, router);
  return { sender, router, sink };
}

const CLOCK_THREAD_CPU = 3;

/** Processor time of the calling thread. It does in its own time what becomes of a frame up to its end. */
function threadCpuMs(libc: Libc): number {
  const time = new BigInt64Array(2);
  libc.clock_gettime(CLOCK_THREAD_CPU, time);
  return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
}

/** Frames that a device of the thread's namespace received. */
function receivedBy(device: string): number {
  const lines = readFileSync('/proc/thread-self/net/dev', 'utf8').split('\n');
  const line = lines.find((each) => each.trim().startsWith(`${device}:`)) ?? '';
  return Number(line.split(':')[1]?.trim().split(/\s+/)[1] ?? 0);
}

/** A program in the namespace of the thread, beside the processor that sends. */
function createProgram(libc: Libc) {
  let child: ChildProcess | null = null;
  return {
    async start([command, ...args]: readonly string[]): Promise<number> {
      const started = onOtherProcessors(libc, () =>
        spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] }),
      );
      let said = '';
      started.stderr.on('data', (chunk: Buffer) => {
        said = (said + chunk).slice(-SAID_MAX);
      });
      started.on('exit', () => {
        if (child === started) child = null;
      });
      started.on('error', (error) => {
        said = error.message;
      });
      child = started;
      // A wrong command is known at once.
      await Promise.race([once(started, 'spawn'), once(started, 'error')]);
      if (started.pid === undefined)
        throw new KernelError(`starting ${command}: ${said}`, 'see what it says');
      return started.pid;
    },
    async stop(): Promise<void> {
      if (child === null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/**
 * Thread:  one that has no other use: it goes from one namespace to another from here on
 * Errors:  KernelError, with what is missing
 */
export function openRouter(): Router {
  const libc = loadLibc();
  const namespaces = makeRouter(libc);
  const netfilter = openNetlink(libc, NetlinkFamily.NETFILTER);
  const table = openConntrackTable(netfilter);
  const program = createProgram(libc);
  let sender: FrameSender | null = null;
  let traffic: Traffic | null = null;
  let isTracking = false;

  function inside<Result>(namespace: number, work: () => Result): Result {
    moveToNamespace(libc, namespace);
    try {
      return work();
    } finally {
      moveToNamespace(libc, namespaces.router);
    }
  }

  function prepare(connections: number): void {
    sender?.close();
    sender = null;
    const made = createTraffic(connections);
    const opened = inside(namespaces.sender, () =>
      openFrameSender(libc, {
        device: libc.if_nametoindex(DEVICES.sender),
        frameBytes: FRAME_BYTES,
        frames: made.frames,
      }),
    );
    const view = new DataView(opened.frames.buffer, opened.frames.byteOffset, opened.frames.length);
    for (let i = 0; i < made.frames; i++) made.put(i, view, i * opened.strideBytes);
    sender = opened;
    traffic = made;
  }

  const counts = (): { received: number; forwarded: number } => ({
    received: receivedBy(DEVICES.in),
    forwarded: inside(namespaces.sink, () => receivedBy(DEVICES.sink)),
  });

  function send(part: PartName, packets: number): Sent {
    if (sender === null || traffic === null) throw new Error('nothing to send');
    const { begin, end } = traffic[part];
    const { send: sendFrames } = sender;
    const before = counts();
    const times = inside(namespaces.sender, () =>
      onFirstProcessor(libc, () => {
        const startMs = monotonicMs();
        const startCpuMs = threadCpuMs(libc);
        sendFrames(packets, begin, end);
        return { ms: monotonicMs() - startMs, cpuMs: threadCpuMs(libc) - startCpuMs };
      }),
    );
    const after = counts();
    return {
      ...times,
      received: after.received - before.received,
      forwarded: after.forwarded - before.forwarded,
    };
  }

  function readTable(): Table {
    const counted = readHostConntrack();
    if (!counted.loaded) throw new KernelError(counted.why, 'modprobe nf_conntrack');
    const { invalid, drop, insertFailed, earlyDrop } = counted.counters;
    return { connections: table.count(), invalid, refused: drop + insertFailed + earlyDrop };
  }

  return {
    async answer(question) {
      switch (question.ask) {
        case 'prepare':
          prepare(question.connections);
          return null;
        case 'track':
          if (question.on !== isTracking) (question.on ? startTracking : stopTracking)(netfilter);
          isTracking = question.on;
          return null;
        case 'send':
          return send(question.part, question.packets);
        case 'table':
          return readTable();
        case 'flush':
          table.flush();
          return null;
        case 'start':
          return program.start(question.command);
        case 'stop':
          await program.stop();
          return null;
      }
    },
  };
}
