/** `track -i`: the built command at the end of a veth pair, in a network of this test's own. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findUser } from '../../src/live/privileges.ts';
import { pcapFile } from '../ingest/capture-files.ts';
import { openFlood } from '../support/flood.ts';
import { ethernet, tcpPacket, udpPacket } from '../support/frames.ts';
import { framesOf } from '../support/frames-of.ts';
import { addPair, enterOwnNetwork, ip, openSender, type Sender } from '../support/own-network.ts';
import { IS_SOAK } from '../support/random.ts';
import { listenAt } from '../support/unix-datagrams.ts';
import { until } from '../support/until.ts';
import {
  assertNothingLeft,
  type Ended,
  linesOf,
  MIXED,
  type Running,
  start,
  sum,
  tempFile,
  track,
} from './cli.ts';

const skip = enterOwnNetwork();
const page = readFileSync('docs/live.md', 'utf8');
const ADDRESSES = { src: '10.0.0.1', dst: '10.0.0.2' };
const datagram = (port: number): Uint8Array =>
  ethernet(udpPacket(ADDRESSES, { sport: port, dport: 53, payload: 4 }));

interface Live extends Running {
  /** Ends it as an operator would. */
  end(signal?: NodeJS.Signals): Promise<Ended>;
  stderr(): string;
  stdout(): string;
}

/** Where the service manager listens; the command inherits it. */
process.env.NOTIFY_SOCKET = '';

const running = new Set<Live>();
const senders: Sender[] = [];

/** A service manager that the next command finds. */
function startManager(name: string) {
  const path = tempFile(name, '');
  rmSync(path);
  process.env.NOTIFY_SOCKET = path;
  return { ...listenAt(path), path };
}

/** Sockets that receive; the kernel lists them for each network. */
const packetSockets = (): number => linesOf(readFileSync('/proc/self/net/packet', 'utf8')).length - 1;

/** Starts it and waits until its sockets are open: from then on no packet is lost. */
async function live(...args: readonly string[]): Promise<Live> {
  const run = start(['track', ...(args.includes('--socket') ? args : [...args, '--no-api'])]);
  let stderr = '';
  let stdout = '';
  run.child.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
  run.child.stdout.on('data', (chunk: Buffer) => (stdout += chunk));
  const started: Live = {
    ...run,
    stderr: () => stderr,
    stdout: () => stdout,
    async end(signal = 'SIGTERM') {
      // A packet may take long from one end of the wire to the other when this machine is busy.
      await sleep(200);
      run.child.kill(signal);
      running.delete(started);
      const ended = await run.ended;
      assertNothingLeft(run.child);
      return ended;
    },
  };
  running.add(started);
  await until(() => /: tracking /.test(stderr) || run.child.exitCode !== null, 'its first words');
  return started;
}

function sender(name = 'out0'): Sender {
  const made = openSender(name);
  senders.push(made);
  return made;
}

afterEach(async () => {
  for (const left of running) await left.end('SIGKILL');
  for (const made of senders.splice(0)) made.close();
  try {
    ip('link del out0');
  } catch {
    // The test has done that.
  }
});

const statsIn = (ended: Ended) => JSON.parse(linesOf(ended.stdout).at(-1) ?? '{}');
const COUNT = ['--print', 'none', '--stats', '--json'];

describe('track -i', { skip }, () => {
  it('tracks what is on the wire, as from a capture, and ends in order with 0', async () => {
    const frames = await framesOf(MIXED);
    const capture = pcapFile(
      frames.map((data, i) => ({
        data,
        wireLength: data.length,
        sec: 1_700_000_000,
        nsec: i * 1000,
      })),
    );
    const expected = JSON.parse((await track('-r', tempFile('same.pcap', capture), ...COUNT)).stdout);
    for (const [signal, shards] of [
      ['SIGTERM', '1'],
      ['SIGINT', '2'],
    ] as const) {
      addPair('out0', 'in0');
      const run = await live('-i', 'in0', '--shards', shards, ...COUNT);
      const wire = sender();
      for (const frame of frames) wire.send(frame);
      const ended = await run.end(signal);
      assert.equal(ended.status, 0, ended.stderr);
      const stats = statsIn(ended);
      for (const key of ['packets', 'bytes', 'tracked', 'invalid', 'untracked', 'skipped', 'verdicts'])
        assert.deepEqual(stats[key], expected[key], key);
      assert.equal(stats.connections.created, expected.connections.created);
      assert.deepEqual(stats.dropped, {});
      assert.equal(stats.live.kernelPackets, frames.length);
      assert.equal(stats.live.kernelDrops, 0);
      assert.match(ended.stderr, /kernel +0 of [\d,]+ packets dropped/);
      ip('link del out0');
    }
  });

  it('lets time go on when packets pause', async () => {
    addPair('out0', 'in0');
    const run = await live('-i', 'in0', '--print', 'events', '--set', 'udp_timeout=1');
    sender().send(datagram(1));
    await until(() => /DESTROY.*sport=1 /.test(run.stdout()), 'the end of the connection');
    assert.match(run.stdout(), /\[NEW\].*sport=1 dport=53/);
    assert.equal((await run.end()).status, 0);
  });

  it('loses nothing in silence: received and dropped are all that were sent', async () => {
    const frames = Array.from({ length: 5000 }, (_, i) => datagram(1 + i));
    const sent = IS_SOAK ? 5_000_000 : 300_000;
    // With room for all moments of others on this machine, and with hardly any.
    for (const ringMb of ['64', '1']) {
      addPair('out0', 'in0');
      const run = await live('-i', 'in0', '--ring-mb', ringMb, '--shards', '1', ...COUNT);
      const flood = openFlood('out0', frames);
      flood.send(sent);
      flood.close();
      const stats = statsIn(await run.end());
      assert.equal(stats.live.kernelPackets, sent);
      for (const counter of Object.keys(stats.live)) assert.ok(page.includes(`live.${counter}`), counter);
      assert.equal(stats.packets + stats.live.kernelDrops + stats.live.ownTransmissions, sent);
      assert.equal(stats.tracked + sum(stats.dropped), stats.packets);
      ip('link del out0');
    }
  });

  it('tells the service manager, and reads its settings again on SIGHUP', async () => {
    addPair('out0', 'in0');
    const manager = startManager('notify');
    const settings = tempFile('settings', 'udp_timeout = 100\n');
    const run = await live('-i', 'in0', '--settings', settings, '--socket', `${manager.path}.api`);
    process.env.NOTIFY_SOCKET = '';
    await until(() => manager.heard().includes('READY=1\nSTATUS=Tracking in0'), 'READY');
    writeFileSync(settings, 'udp_timeout = 50\n');
    run.child.kill('SIGHUP');
    const said: string[] = [];
    await until(() => said.push(...manager.heard()) >= 2, 'RELOADING and READY');
    assert.match(said[0], /^RELOADING=1\nMONOTONIC_USEC=\d+$/);
    assert.match(said[1], /^READY=1\n/);
    sender().send(datagram(1));
    const ended = await run.end();
    assert.match(ended.stdout, /^udp +17 (?:50|49) .*sport=1 /m);
    assert.deepEqual(manager.heard(), ['STOPPING=1\nSTATUS=Stopping']);
    manager.close();
  });

  it('takes a SIGHUP that comes as soon as it says READY', async () => {
    addPair('out0', 'in0');
    const manager = startManager('notify-early');
    const { child, ended } = start(['track', '-i', 'in0', '--socket', `${manager.path}.api`]);
    process.env.NOTIFY_SOCKET = '';
    const said: string[] = [];
    // Without a pause: the signal comes within microseconds.
    for (const endMs = performance.now() + 20_000; said.length === 0 && performance.now() < endMs; )
      said.push(...manager.heard());
    child.kill('SIGHUP');
    try {
      await until(
        () => said.push(...manager.heard()) >= 3 || child.signalCode !== null,
        'RELOADING and READY',
      );
    } finally {
      child.kill('SIGTERM');
    }
    assert.equal((await ended).status, 0);
    assert.deepEqual(
      said.slice(0, 3).map((words) => words.split('=')[0]),
      ['READY', 'RELOADING', 'READY'],
    );
    manager.close();
  });

  it('shares the packets among several ingest threads', async () => {
    addPair('out0', 'in0');
    const run = await live('-i', 'in0', '--ingest', '2', '--helpers', 'none', '--shards', '2', ...COUNT);
    const wire = sender();
    const count = 300;
    for (let i = 1; i <= count; i++) {
      wire.send(ethernet(tcpPacket(ADDRESSES, { sport: i, dport: 80, seq: 1, flags: 2 })));
      const back = { src: ADDRESSES.dst, dst: ADDRESSES.src };
      wire.send(ethernet(tcpPacket(back, { sport: 80, dport: i, seq: 7, ack: 2, flags: 0x12 })));
    }
    const stats = statsIn(await run.end());
    assert.equal(stats.packets, 2 * count);
    assert.deepEqual(stats.verdicts, {
      NEW: count,
      ESTABLISHED: 0,
      'ESTABLISHED/reply': count,
      RELATED: 0,
      'RELATED/reply': 0,
    });
  });

  it('takes only what the filter lets in, and zones from VLAN tags', async () => {
    addPair('out0', 'in0');
    const run = await live('-i', 'in0', '--filter', 'vlan 7', '--zone-from', 'vlan', '-o', 'id');
    const wire = sender();
    wire.send(datagram(1));
    wire.send(ethernet(udpPacket(ADDRESSES, { sport: 2, dport: 53, payload: 4 }), 7));
    const { stdout, status } = await run.end();
    assert.equal(status, 0);
    assert.equal(linesOf(stdout).length, 1);
    assert.match(stdout, /sport=2 dport=53 .*zone=7/);
  });

  it('reads several interfaces', async () => {
    addPair('out0', 'in0');
    addPair('out1', 'in1');
    const run = await live('-i', 'in0,in1', ...COUNT);
    const [there, back] = [sender('out0'), sender('out1')];
    for (let i = 1; i <= 100; i++) {
      there.send(datagram(i));
      back.send(
        ethernet(udpPacket({ src: ADDRESSES.dst, dst: ADDRESSES.src }, { sport: 53, dport: i, payload: 4 })),
      );
    }
    const stats = statsIn(await run.end());
    assert.deepEqual([stats.verdicts.NEW, stats.verdicts['ESTABLISHED/reply']], [100, 100]);
    ip('link del out1');
  });

  it('gives up its rights, in all threads, and still goes on when the interface has come back', async () => {
    addPair('out0', 'in0');
    const socket = tempFile('api.sock', '');
    rmSync(socket);
    const run = await live('-i', 'in0', '--user', 'nobody', '--socket', socket, ...COUNT);
    const { uid } = findUser('nobody');
    assert.equal(statSync(socket).uid, uid);
    const task = `/proc/${run.child.pid}/task`;
    const status = (): string[] =>
      readdirSync(task).map((id) => readFileSync(`${task}/${id}/status`, 'utf8'));
    await until(() => status().length > 6, 'its threads');
    for (const text of status()) {
      assert.match(text, new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'));
      assert.match(text, /^CapEff:\t0+$/m);
    }
    const first = sender();
    first.send(datagram(1));
    ip('link del out0');
    await until(() => /in0: the interface is gone; /.test(run.stderr()), 'the words about it');
    addPair('out0', 'in0');
    await until(() => /in0: the interface is up: /.test(run.stderr()), 'its return');
    sender().send(datagram(2));
    const ended = await run.end();
    assert.equal(ended.status, 0, ended.stderr);
    assert.equal(statsIn(ended).packets, 2);
    assert.equal(statsIn(ended).live.interfaceLost, 1);
  });

  it('ends when the interface goes down, where that is wanted', async () => {
    for (const [command, words] of [
      ['link set in0 down', /in0: the interface is down; ended, as --on-down exit says/],
      ['link del out0', /in0: the interface is (?:down|gone); ended, as --on-down exit says/],
    ] as const) {
      addPair('out0', 'in0');
      const run = await live('-i', 'in0', '--on-down', 'exit', ...COUNT);
      sender().send(datagram(1));
      ip(command);
      const ended = await run.ended;
      running.clear();
      assert.equal(ended.status, 1);
      assert.match(ended.stderr, words);
      assert.equal(statsIn(ended).packets, 1);
      if (command !== 'link del out0') ip('link del out0');
    }
  });

  it('leaves nothing behind when it is killed', async () => {
    addPair('out0', 'in0');
    const promiscuity = (): string => readFileSync('/proc/self/net/dev_mcast', 'utf8');
    const before = [packetSockets(), promiscuity()];
    const run = await live('-i', 'in0', ...COUNT);
    assert.equal(packetSockets(), 1);
    const ended = await run.end('SIGKILL');
    assert.equal(ended.signal, 'SIGKILL');
    await until(() => packetSockets() === 0, 'the socket to be gone');
    assert.deepEqual([packetSockets(), promiscuity()], before);
  });
});
