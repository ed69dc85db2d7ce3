/** Floods of fragments: memory stays within the limit, and the work for one fragment does not grow with what is held. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Counter } from '../../../src/shm/counters.ts';
import { fragmentOf } from '../../support/fragments.ts';
import { ipPacket, isIpv6 } from '../../support/frames.ts';
import { operations } from '../../support/random.ts';
import { createReassembler, LINUX, type Reassembler } from './reassembler.ts';

const FAMILIES = {
  IPv4: { src: '10.0.0.1', dst: '10.0.0.2' },
  IPv6: { src: '2001:db8::1', dst: '2001:db8::2' },
};
const PACKETS = operations(60_000);
const LIMIT = LINUX.ipv4.bytesMax;
/** Of the last fragment that was let in. */
const BEYOND = 70_000;

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

function total(r: Reassembler): number {
  return Object.values(r.counts()).reduce((sum, packets) => sum + packets, 0);
}

for (const [name, ip] of Object.entries(FAMILIES)) {
  const idAt = isIpv6(ip.src) ? 44 : 4;
  const offsetAt = isIpv6(ip.src) ? 42 : 6;

  describe(`${name}: a flood`, () => {
    it('of first fragments, each of another datagram', () => {
      const r = createReassembler();
      const frame = fragmentOf(ipPacket(ip, 253, new Array(1400).fill(1)), 0, 1400, { more: true });
      for (let i = 0; i < PACKETS; i++) {
        put16(frame, idAt, i);
        put16(frame, 12, i >>> 16);
        r.take(frame, i >>> 2);
        if (i % 1024 === 0) assert.ok(r.reassembly.bytes() <= LIMIT + BEYOND);
      }
      r.reassembly.selfCheck();
      assert.ok(r.counter(Counter.FRAGMENT_BYTES_MAX) > LIMIT, 'the limit was never reached');
      assert.ok(r.counter(Counter.FRAGMENT_BYTES_MAX) <= LIMIT + BEYOND);
      assert.ok(r.counts()['fragment-memory'] > PACKETS / 2);
      r.reassembly.finish(PACKETS >>> 2);
      assert.equal(r.reassembly.bytes(), 0);
      assert.equal(r.counts().fragment, undefined, 'nothing is left that counts as held');
      assert.equal(total(r), PACKETS);
    });

    it('of the smallest fragments of few datagrams, from behind', () => {
      const r = createReassembler();
      const frame = fragmentOf(ipPacket(ip, 253, new Array(8).fill(1)), 0, 8, { more: true });
      const units = 8000;
      for (let i = 0; i < PACKETS; i++) {
        put16(frame, idAt, Math.floor(i / units));
        put16(
          frame,
          offsetAt,
          isIpv6(ip.src) ? ((units - (i % units)) << 3) | 1 : 0x2000 | (units - (i % units)),
        );
        r.take(frame, i);
      }
      r.reassembly.selfCheck();
      assert.equal(total(r), PACKETS);
      assert.ok(r.counter(Counter.FRAGMENT_BYTES_MAX) <= LIMIT + BEYOND);
    });
  });
}
