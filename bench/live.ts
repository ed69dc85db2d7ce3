/**
 * node dist/bench/live.js: what `flowshard track -i` loses and what it costs (root). A veth pair in a network namespace of
 * this process; frames are sent from this process, the command reads at the other end. Wire drops are frames for which the
 * queue of the other end had no room: nobody has seen them.
 *
 *   full speed   as fast as one core sends: sent, read, dropped by the kernel, dropped by us
 *   at a rate    200,000 packets per second: processor time of all threads of the command together
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { monotonicMs } from '../src/common/clock.ts';
import { openFrameSender, takeRedirected } from '../src/kernel/linux/frame-sender.ts';
import { loadLibc } from '../src/kernel/linux/libc.ts';
import { ethernet, udpPacket } from '../test/support/frames.ts';
import { addPair, enterOwnNetwork, ip } from '../test/support/own-network.ts';

const { values: flags } = parseArgs({
  options: {
    packets: { type: 'string', default: '5000000' },
    connections: { type: 'string', default: '20000' },
    rate: { type: 'string', default: '200000' },
    seconds: { type: 'string', default: '5' },
    options: { type: 'string', default: '--shards 1' },
  },
});
/** Units of /proc/PID/stat. */
const TICKS_PER_S = 100;
const PACE_MS = 2;

const missing = enterOwnNetwork();
if (missing !== false) {
  process.stderr.write(`bench/live: ${missing}\n`);
  process.exit(1);
}

/** Both directions of each connection, all of them once before any comes again. */
function framesOf(connections: number): Uint8Array[] {
  return [0, 1].flatMap((direction) =>
    Array.from({ length: connections }, (_, i) => {
      const [a, b] = [`10.0.${(i >> 8) & 255}.${i & 255}`, '192.0.2.1'];
      const [src, dst, sport, dport] =
        direction === 0 ? [a, b, 1024 + (i >> 16), 53] : [b, a, 53, 1024 + (i >> 16)];
      return ethernet(udpPacket({ src, dst }, { sport, dport, payload: 18 }));
    }),
  );
}

/** From here on `out0` sends all of them in turn. */
function openSender(): { send(count: number): void; close(): void } {
  const libc = loadLibc();
  takeRedirected(libc, 'in0');
  const frames = framesOf(Number(flags.connections));
  const [{ length: frameBytes }] = frames;
  const device = libc.if_nametoindex('out0');
  const sender = openFrameSender(libc, { device, frameBytes, frames: frames.length });
  frames.forEach((frame, i) => {
    sender.frames.set(frame, i * sender.strideBytes);
  });
  return { send: (count) => sender.send(count, 0, frames.length), close: sender.close };
}

/** Frames that a device received. */
function receivedBy(device: string): number {
  const line = readFileSync('/proc/thread-self/net/dev', 'utf8')
    .split('\n')
    .find((each) => each.trim().startsWith(`${device}:`));
  return Number(line?.split(':')[1].trim().split(/\s+/)[1] ?? 0);
}

/** Processor time of all threads, ms. */
function cpuMsOf(pid: number): number {
  const ticks = readdirSync(`/proc/${pid}/task`).map((task) => {
    const fields = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8').split(') ')[1].split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return (ticks.reduce((a, b) => a + b, 0) * 1000) / TICKS_PER_S;
}

interface Figures {
  readonly sent: number;
  /** Frames that the wire could not take: the queue of the other end was full. */
  readonly onWire: number;
  readonly seconds: number;
  readonly packets: number;
  readonly tracked: number;
  readonly kernelDrops: number;
  readonly ringFull: number;
  readonly cpuMs: number;
}

/** `rate` 0: as fast as possible. */
async function measure(packets: number, rate: number): Promise<Figures> {
  addPair('out0', 'in0');
  const args = ['dist/cli.js', 'track', '-i', 'in0', '--print', 'none', '--stats', '--json', '--no-api'];
  const child = spawn(process.execPath, [...args, ...flags.options.split(' ')]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  while (!stderr.includes('tracking')) await sleep(5);
  const { pid = 0 } = child;
  const sender = openSender();
  const beforeMs = cpuMsOf(pid);
  const startMs = monotonicMs();
  for (let sent = 0; sent < packets; ) {
    const due =
      rate === 0 ? packets : Math.min(packets, Math.floor(((monotonicMs() - startMs) * rate) / 1000));
    if (due > sent) sender.send(due - sent);
    sent = due;
    if (sent < packets) await sleep(PACE_MS);
  }
  const seconds = (monotonicMs() - startMs) / 1000;
  await sleep(100);
  const cpuMs = cpuMsOf(pid) - beforeMs;
  const onWire = receivedBy('in0');
  sender.close();
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('close', resolve));
  ip('link del out0');
  const stats = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
  return {
    sent: packets,
    onWire,
    seconds,
    packets: stats.packets,
    tracked: stats.tracked,
    kernelDrops: stats.live.kernelDrops,
    ringFull: stats.dropped['ring-full'] ?? 0,
    cpuMs,
  };
}

const rate = Number(flags.rate);
const runs = [
  ['full speed', Number(flags.packets), 0],
  [`${rate} per second`, rate * Number(flags.seconds), rate],
] as const;
console.log(
  '                     sent       Mpps    read   wire drops  kernel drops  ring-full  unaccounted  cores  ns/packet',
);
for (const [name, packets, at] of runs) {
  const f = await measure(packets, at);
  const cells = [
    String(f.sent).padStart(9),
    (f.sent / f.seconds / 1e6).toFixed(3).padStart(10),
    String(f.packets).padStart(9),
    String(f.sent - f.onWire).padStart(9),
    String(f.kernelDrops).padStart(9),
    String(f.ringFull).padStart(9),
    String(f.onWire - f.packets - f.kernelDrops).padStart(9),
    (f.cpuMs / 1000 / f.seconds).toFixed(2).padStart(9),
    String(Math.round((f.cpuMs * 1e6) / f.packets)).padStart(9),
  ];
  console.log(name.padEnd(18), ...cells);
}
