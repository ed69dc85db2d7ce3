/** Interfaces that go and come back, and what is said about those that cannot be read. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OptionError } from '../../src/common/errors.ts';
import { findInterface, interfaceNames } from '../../src/live/interface.ts';
import { InterfaceState, watchInterface } from '../../src/live/interface-watch.ts';
import { Errno } from '../../src/live/libc.ts';
import { LiveError } from '../../src/live/live-error.ts';
import { createWaiter, openWaker, wake } from '../../src/live/waiter.ts';
import { ethernet, udpPacket } from '../support/frames.ts';
import { addPair, enterOwnNetwork, ip, openSender, openTun } from '../support/own-network.ts';
import { libc, openRing, openRings, settle, type TestRing } from './rings.ts';

const skip = enterOwnNetwork();
const ADDRESSES = { src: '10.0.0.1', dst: '10.0.0.2' };
const frame = (port: number): Uint8Array =>
  ethernet(udpPacket(ADDRESSES, { sport: port, dport: 53, payload: 4 }));

/** Ports of the packets that come in when these are sent, of which a filter may let in fewer. */
function ports(test: TestRing, sent: readonly number[], expected = sent.length): number[] {
  const sender = openSender('out0');
  for (const port of sent) sender.send(frame(port));
  sender.close();
  return test.read(expected).map(({ bytes }) => (bytes[34] << 8) | bytes[35]);
}

/** The error of a ring's socket, waiting for it. */
function errorOf(test: TestRing): number {
  const waker = openWaker(libc);
  const waiter = createWaiter(libc, waker, [test.ring.socket.fd]);
  waiter.wait(5000);
  const errno = waiter.errorOf(0);
  assert.equal(waiter.errorOf(0), 0, 'asking clears it');
  libc.close(waker);
  return errno;
}

describe('an interface that is read', { skip }, () => {
  it('may go down and up again', () => {
    addPair('out0', 'in0');
    const test = openRing('in0');
    const watch = watchInterface(libc, test.ring.socket);
    assert.deepEqual(ports(test, [1, 2]), [1, 2]);
    assert.equal(watch.look(), InterfaceState.UP);
    ip('link set in0 down');
    assert.equal(errorOf(test), Errno.ENETDOWN);
    assert.equal(watch.look(), InterfaceState.DOWN);
    ip('link set in0 up');
    assert.equal(watch.look(), InterfaceState.UP);
    assert.deepEqual(ports(test, [3, 4]), [3, 4]);
    test.close();
    ip('link del out0');
  });

  it('may be removed and come back, down first, with its filter and snap length still in force', () => {
    addPair('out0', 'in0');
    const test = openRing('in0', { filter: 'udp src portrange 1-50', snaplen: 50 });
    const watch = watchInterface(libc, test.ring.socket);
    assert.deepEqual(ports(test, [1]), [1]);
    for (let round = 0; round < 3; round++) {
      ip('link del out0');
      assert.equal(errorOf(test), Errno.ENETDOWN);
      assert.equal(watch.look(), InterfaceState.GONE);
      assert.equal(watch.look(), InterfaceState.GONE);
      addPair('out0', 'in0');
      ip('link set in0 down');
      assert.equal(watch.look(), InterfaceState.DOWN);
      ip('link set in0 up');
      assert.equal(watch.look(), InterfaceState.UP);
      assert.deepEqual(ports(test, [5, 60, 6], 2), [5, 6]);
      const sender = openSender('out0');
      sender.send(ethernet(udpPacket(ADDRESSES, { sport: 7, dport: 53, payload: 40 })));
      sender.close();
      assert.equal(test.read(1)[0].bytes.length, 50);
    }
    test.close();
    ip('link del out0');
  });

  it('may be down when it is opened', () => {
    addPair('out0', 'in0');
    ip('link set in0 down');
    const test = openRing('in0');
    assert.equal(errorOf(test), Errno.ENETDOWN);
    ip('link set in0 up');
    assert.equal(watchInterface(libc, test.ring.socket).look(), InterfaceState.UP);
    assert.deepEqual(ports(test, [8]), [8]);
    test.close();
    ip('link del out0');
  });

  it('with sockets that share goes down and up', () => {
    addPair('out0', 'in0');
    const rings = openRings('in0', { members: 2 });
    const watch = watchInterface(libc, rings[0].ring.socket);
    ip('link set in0 down');
    ip('link set in0 up');
    assert.equal(watch.look(), InterfaceState.UP);
    const sender = openSender('out0');
    for (let port = 1; port <= 40; port++) sender.send(frame(port));
    sender.close();
    settle(
      rings.map(({ ring }) => ring),
      rings.map(({ counters }) => counters),
      40,
    );
    const seen = rings.map((test) => test.rest(0).length);
    assert.equal(seen[0] + seen[1], 40);
    ip('link del out0');
    for (const test of rings) test.close();
  });

  it('is not the same when its link layer has changed', () => {
    addPair('out0', 'in0');
    const test = openRing('in0');
    ip('link del out0');
    const tun = openTun('in0');
    assert.throws(() => watchInterface(libc, test.ring.socket).look(), /in0: .*another link layer/);
    tun.close();
    test.close();
  });

  it('wakes its reader when packets come, and so does whoever writes to the waker', () => {
    addPair('out0', 'in0');
    const test = openRing('in0');
    const waker = openWaker(libc);
    const waiter = createWaiter(libc, waker, [test.ring.socket.fd]);
    const timed = (ms: number): number => {
      const before = performance.now();
      waiter.wait(ms);
      return performance.now() - before;
    };
    assert.ok(timed(30) >= 29, 'nothing there: it sleeps');
    wake(waker);
    wake(waker);
    assert.ok(timed(20_000) < 10_000);
    assert.ok(timed(30) >= 29, 'woken once');
    const sender = openSender('out0');
    sender.send(frame(1));
    assert.ok(timed(20_000) < 10_000);
    assert.equal(test.read(1).length, 1);
    sender.close();
    test.close();
    libc.close(waker);
    ip('link del out0');
  });
});

describe('an interface that cannot be read', { skip }, () => {
  it('has no such name', () => {
    for (const name of ['nothere', 'a-name-that-is-too-long-for-one', ''])
      assert.throws(
        () => openRing(name),
        (error) =>
          error instanceof OptionError && /allowed: an interface of this host: lo/.test(error.message),
      );
  });

  it('has a link layer that is not read', () => {
    const IEEE80211_RADIOTAP = 803;
    const tun = openTun('mon0', IEEE80211_RADIOTAP);
    assert.throws(
      () => openRing('mon0'),
      (error) => error instanceof LiveError && /mon0: its link layer .*803/.test(error.message),
    );
    tun.close();
  });

  it('has too large a ring', () => {
    const before = interfaceNames();
    assert.throws(() => openRing('lo', { ringMb: 1_000_000 }), /lo: a ring of 1000000 MB: /);
    assert.deepEqual(interfaceNames(), before);
  });

  it('has a filter that is none', () => {
    assert.throws(
      () => openRing('lo', { filter: 'tcp prt 80' }),
      (error) =>
        error instanceof OptionError &&
        /^--filter: "tcp prt 80" is not allowed; .*syntax error/.test(error.message),
    );
  });

  it('needs a right', () => {
    // Another effective user has no capabilities, until it is root again.
    process.seteuid?.(65_534);
    try {
      assert.throws(
        () => openRing('lo'),
        (error) =>
          error instanceof LiveError && /lo: .*needs root or CAP_NET_RAW; run it with/.test(error.message),
      );
    } finally {
      process.seteuid?.(0);
    }
  });
});

it('interfaces have a number, a state and a link layer', { skip }, () => {
  const lo = findInterface(libc, 'lo');
  assert.deepEqual([lo?.isUp, lo?.linkType, lo?.hardware], [true, 1, 772]);
  assert.equal(findInterface(libc, 'nothere'), null);
});
