/** What is left of a tracker that was killed, and what becomes of one whose interface goes away. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  addCable,
  addNamespace,
  closeNamespaces,
  enterNamespaces,
  HERE,
  type Namespace,
  run,
} from '../support/namespaces.ts';
import { until } from '../support/until.ts';
import { startTracker, type TrackerProcess } from './tracker-process.ts';

const skip = enterNamespaces(['ping']);
const CLIENTS = resolve('test/support/programs/clients.mjs');
const HERE_ADDRESS = '10.72.0.1';
const THERE_ADDRESS = '10.72.0.2';

/** How often somebody wants all packets of the device. */
const promiscuity = (ns: Namespace): number =>
  Number(/promiscuity (\d+)/.exec(ns.run('ip -details link show dev tap0'))?.[1]);
/** Packet sockets of the namespace, without the line of titles. */
const packetSockets = (ns: Namespace): number => ns.run('cat /proc/net/packet').trim().split('\n').length - 1;

const countOf = async (tracker: TrackerProcess): Promise<number> =>
  JSON.parse(await tracker.get('/v1/connections/count')).count;

describe('a tracker on an interface', { skip }, () => {
  let ns: Namespace;
  let tracker: TrackerProcess | null = null;

  function connect(): void {
    addCable('cable0', ns, 'tap0');
    run(`ip address add ${HERE_ADDRESS}/24 dev cable0`);
    ns.run(`ip address add ${THERE_ADDRESS}/24 dev tap0`);
  }
  const ping = (): void => {
    const { status, output } = HERE.attempt(`ping -c 2 -i 0.05 -W 2 ${THERE_ADDRESS}`);
    assert.equal(status, 0, output);
  };

  beforeEach(() => {
    ns = addNamespace('fs-tap');
    connect();
  });
  afterEach(async () => {
    await closeNamespaces();
    tracker?.close();
    tracker = null;
  });
  after(closeNamespaces);

  it('killed, it leaves the interface as it was, no socket and no process; the next one starts', async () => {
    assert.equal(promiscuity(ns), 0);
    tracker = await startTracker(ns, 'tap0');
    assert.equal(promiscuity(ns), 1);
    assert.ok(packetSockets(ns) >= 1);
    ping();
    await until(async () => tracker !== null && (await countOf(tracker)) === 1, 'it is seen');
    const { child, socket } = tracker;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await until(() => promiscuity(ns) === 0 && packetSockets(ns) === 0, 'the interface is as it was');
    assert.equal(run('ip netns pids fs-tap').trim(), '');
    assert.ok(existsSync(socket), 'nobody could clean that up');

    tracker = await startTracker(ns, 'tap0', [], socket);
    ping();
    await until(async () => tracker !== null && (await countOf(tracker)) >= 1, 'it is seen again');
  });

  it('waits for an interface that is not there yet', async () => {
    ns.run('ip link del tap0');
    const starting = startTracker(ns, 'tap0');
    await sleep(700);
    connect();
    tracker = await starting;
    assert.match(tracker.said(), /tap0: there is no such interface yet; waiting for it/);
    ping();
    await until(async () => tracker !== null && (await countOf(tracker)) === 1, 'it is seen');
  });

  it('told to end, it leaves the interface as it was', async () => {
    tracker = await startTracker(ns, 'tap0');
    const { child, socket } = tracker;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    assert.equal(await ended, 0, tracker.said());
    assert.equal(promiscuity(ns), 0);
    assert.equal(packetSockets(ns), 0);
    assert.ok(!existsSync(socket));
  });

  it('clients that are killed in the midst of an answer leave nothing behind in it', async () => {
    tracker = await startTracker(ns, 'tap0');
    const { child, socket } = tracker;
    const openFiles = (): number => readdirSync(`/proc/${child.pid}/fd`).length;
    // Whoever asked whether it is ready is gone by then.
    await sleep(300);
    const before = openFiles();
    for (const path of ['/v1/events', '/v1/events?format=ndjson', '/v1/connections?format=text']) {
      const clients = HERE.start([process.execPath, CLIENTS, socket, path, '20'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      clients.stdout?.on('data', (chunk) => {
        said += chunk;
      });
      await until(() => said === 'waiting\n', 'all have begun');
      assert.ok(openFiles() >= before + 20, `${path}: ${openFiles()} after ${before}`);
      ping();
      clients.kill('SIGKILL');
      await until(() => openFiles() <= before, 'nothing of them is left');
    }
    assert.ok((await countOf(tracker)) >= 1);
    assert.equal(tracker.said().trim().split('\n').length, 1, tracker.said());
  });

  it('with --on-down wait, the interface may go and come back: it goes on, and keeps what it had', async () => {
    tracker = await startTracker(ns, 'tap0', ['--on-down', 'wait']);
    ping();
    await until(async () => tracker !== null && (await countOf(tracker)) === 1, 'it is seen');
    run('ip link del cable0');
    await sleep(300);
    assert.equal(tracker.child.exitCode, null, tracker.said());
    assert.equal(await countOf(tracker), 1);
    connect();
    await until(() => promiscuity(ns) === 1, 'it listens again');
    ping();
    await until(async () => tracker !== null && (await countOf(tracker)) === 2, 'it sees more');
  });

  it('with --on-down exit, it ends with a word when the interface goes', async () => {
    tracker = await startTracker(ns, 'tap0', ['--on-down', 'exit']);
    const { child } = tracker;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    run('ip link del cable0');
    assert.equal(await ended, 1);
    assert.match(tracker.said(), /tap0/);
  });
});
