/** The fast sender: what the other end of a veth pair receives is what was put into its memory, in turn. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FRAME_BYTES_MAX, openFrameSender, takeRedirected } from '../../src/kernel/linux/frame-sender.ts';
import { loadLibc } from '../../src/kernel/linux/libc.ts';
import { openRing } from '../live/rings.ts';
import { ethernet, udpPacket } from '../support/frames.ts';
import { addPair, enterOwnNetwork, ip } from '../support/own-network.ts';
import { senderMissing } from './live.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('the fast sender', { skip: enterOwnNetwork() || (await senderMissing()) }, () => {
  const libc = loadLibc();

  /** What comes in of `send`, for frames of so many bytes. */
  function exchange(
    frames: readonly Uint8Array[],
    expected: number,
    send: (sender: ReturnType<typeof openFrameSender>) => void,
  ): string[] {
    addPair('out0', 'in0');
    takeRedirected(libc, 'in0');
    const device = libc.if_nametoindex('out0');
    const options = { device, frameBytes: frames[0].length, frames: frames.length };
    const test = openRing('in0');
    const sender = openFrameSender(libc, options);
    for (const [i, frame] of frames.entries()) sender.frames.set(frame, i * sender.strideBytes);
    send(sender);
    const seen = test.read(expected).map(({ bytes }) => hex(bytes));
    sender.close();
    test.close();
    ip('link del out0');
    return seen;
  }

  const framesOf = (count: number, payload: number): Uint8Array[] =>
    Array.from({ length: count }, (_, i) =>
      ethernet(udpPacket({ src: '10.0.0.1', dst: `192.0.2.${1 + i}` }, { sport: 1 + i, dport: 53, payload })),
    );

  it('sends frames of any length as they are', () => {
    for (const payload of [0, 1, 2, 5, 18, 700, FRAME_BYTES_MAX - 42]) {
      const frames = framesOf(3, payload);
      const seen = exchange(frames, 3, (sender) => sender.send(3, 0, 3));
      assert.deepEqual(seen, frames.map(hex), `${frames[0].length} bytes`);
    }
  });

  it('goes around, and on where it was left; another range begins with its first', () => {
    const frames = framesOf(7, 18);
    const wanted = [...[0, 1, 2, 3, 4], ...[5, 6, 0, 1], ...[2, 3, 2], ...[4]].map((i) => hex(frames[i]));
    const seen = exchange(frames, wanted.length, (sender) => {
      sender.send(5, 0, 7);
      sender.send(4, 0, 7);
      sender.send(3, 2, 4);
      sender.send(1, 4, 7);
    });
    assert.deepEqual(seen, wanted);
  });

  it('sends exactly as many as it was asked for', () => {
    const seen = exchange(framesOf(10, 18), 1000, (sender) => sender.send(1000, 0, 10));
    assert.equal(seen.length, 1000);
    assert.equal(new Set(seen.slice(0, 10)).size, 10);
    assert.deepEqual(seen.slice(10, 20), seen.slice(0, 10));
  });

  it('refuses frames and ranges that there are not', () => {
    addPair('out0', 'in0');
    const device = libc.if_nametoindex('out0');
    for (const frameBytes of [13, FRAME_BYTES_MAX + 1])
      assert.throws(() => openFrameSender(libc, { device, frameBytes, frames: 1 }), RangeError);
    const sender = openFrameSender(libc, { device, frameBytes: 60, frames: 4 });
    for (const [begin, end] of [
      [0, 5],
      [2, 2],
      [-1, 2],
    ])
      assert.throws(() => sender.send(1, begin, end), RangeError);
    sender.close();
    ip('link del out0');
  });
});
