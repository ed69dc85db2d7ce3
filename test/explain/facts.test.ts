/** What is read of frames without a tracker: never wrong by length, checksums as they ought to be. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readFrame } from '../../src/explain/frame-facts.ts';
import { flagsText } from '../../src/explain/tcp-facts.ts';
import { SAMPLES } from '../packet/corpus.ts';
import { LINK_RAW, option, TCP_FLAGS, tcpPacket, udpPacket } from '../support/frames.ts';
import { SEED, withSeed } from '../support/random.ts';

const V4 = { src: '192.0.2.1', dst: '198.51.100.1' };
const V6 = { src: '2001:db8::1', dst: '2001:db8::2' };

function factsOf(bytes: Uint8Array, linkType = LINK_RAW, captureLength = bytes.length) {
  // At an odd place, and nothing behind it.
  const memory = new Uint8Array(captureLength + 3);
  memory.set(bytes.subarray(0, captureLength), 3);
  return readFrame({
    view: new DataView(memory.buffer),
    offset: 3,
    captureLength,
    wireLength: bytes.length,
    linkType,
  });
}

const row = (bytes: Uint8Array, name: string): string =>
  factsOf(bytes).rows.find(([each]) => each === name)?.[1] ?? '';

describe('facts of a frame', () => {
  for (const ip of [V4, V6]) {
    it(`TCP with options, ${ip.src}`, () => {
      const options = [...option.mss(1460), ...option.sackPermitted, ...option.windowScale(7)];
      const flags = TCP_FLAGS.S | TCP_FLAGS.E | TCP_FLAGS.W;
      const syn = tcpPacket(ip, { sport: 1234, dport: 80, seq: 7, flags, window: 512, options });
      assert.equal(
        row(syn, 'TCP'),
        'ports 1234 → 80, SYN ECE CWR, seq 7, ack 0, window 512, header 32, 0 bytes of data',
      );
      assert.equal(row(syn, 'TCP options'), 'MSS 1460, SACK permitted, window scale 7');
      assert.match(row(syn, 'TCP checksum'), /^0x[0-9a-f]{4} \(right\)$/);
    });

    it(`checksums that are wrong, and what is right, ${ip.src}`, () => {
      const fields = { sport: 1234, dport: 80, seq: 7, flags: TCP_FLAGS['.'], payload: 5 };
      const right = row(tcpPacket(ip, fields), 'TCP checksum').slice(0, 6);
      const wrong = row(tcpPacket(ip, { ...fields, badChecksum: true }), 'TCP checksum');
      assert.ok(wrong.endsWith(`, but ${right} is right`), wrong);
      const udp = udpPacket(ip, { sport: 1, dport: 2, payload: 3 });
      assert.match(row(udp, 'UDP checksum'), /\(right\)$/);
      assert.equal(row(udpPacket(ip, { sport: 1, dport: 2, checksum: 'zero' }), 'UDP checksum'), 'none');
    });
  }

  it('flags in words', () => {
    assert.equal(flagsText(0x12), 'SYN ACK');
    assert.equal(flagsText(0x18), 'PSH ACK');
    assert.equal(flagsText(0), 'no flags');
    assert.equal(flagsText(0xff), 'SYN FIN RST PSH URG ECE CWR ACK');
  });

  it('SACK blocks are numbers, other options are words', () => {
    const options = [
      ...option.alignedTimestamp,
      ...option.nop,
      ...option.nop,
      ...option.sack([100, 200], [300, 400]),
    ];
    const { tcp } = factsOf(tcpPacket(V4, { sport: 1, dport: 2, seq: 1, flags: 0x10, options }));
    assert.deepEqual(tcp?.sack, [
      [100, 200],
      [300, 400],
    ]);
    assert.deepEqual(tcp?.options, ['timestamp 1 echo 2']);
  });
});

describe('no frame is too short', () => {
  it('every sample, cut at every length', () => {
    for (const { frame, linkType } of SAMPLES) {
      const bytes = Uint8Array.from(frame);
      for (let length = 0; length <= bytes.length; length++) {
        const { rows } = factsOf(bytes, linkType, length);
        assert.ok(rows.length > 0);
        const whole = factsOf(bytes.slice(0, length), linkType);
        assert.ok(
          whole.rows.every(([name, text]) => name !== '' && text !== '' && !/NaN|undefined/.test(text)),
        );
      }
    }
  });

  it('samples with random bytes in them', () => {
    withSeed(SEED, ({ below, pick }) => {
      for (let i = 0; i < 20_000; i++) {
        const { frame, linkType } = pick(SAMPLES);
        const bytes = Uint8Array.from(frame);
        for (let k = 0; k < 4; k++) bytes[below(bytes.length)] = below(256);
        assert.ok(factsOf(bytes, linkType).rows.length > 0);
      }
    });
  });
});
