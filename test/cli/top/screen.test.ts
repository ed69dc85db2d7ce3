/** Pictures of `flowshard top` as lines: they fit, and losses are in them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectionForm } from '../../../src/api/forms.ts';
import { keysOf, press } from '../../../src/cli/top/keys.ts';
import { duration, short } from '../../../src/cli/top/numbers.ts';
import { fit } from '../../../src/cli/top/rows.ts';
import type { Picture } from '../../../src/cli/top/sample.ts';
import { type Mode, plainText, screenOf } from '../../../src/cli/top/screen.ts';
import fc from '../../support/fast-check.ts';

const connection = (i: number): ConnectionForm => ({
  record: 'connection',
  id: i,
  family: i % 3 === 0 ? 'ipv6' : 'ipv4',
  protocol: 6,
  protocolName: 'tcp',
  original:
    i % 3 === 0
      ? {
          src: '2001:db8:1:2:3:4:5:6',
          dst: '2001:db8::53',
          sport: 40000 + i,
          dport: 443,
          packets: 5,
          bytes: 1e6,
        }
      : { src: `10.0.0.${i}`, dst: '192.0.2.80', sport: 40000 + i, dport: 443, packets: 5, bytes: 1e9 },
  reply: { src: '192.0.2.80', dst: `10.0.0.${i}`, sport: 443, dport: 40000 + i, packets: 5, bytes: 1e3 },
  state: 'ESTABLISHED',
  status: 0xe,
  statusNames: [],
  helper: null,
  master: null,
  halves: 'both',
  zone: 0,
  mark: 0,
  timeoutS: 100,
  startNs: 1e18,
  lastNs: 1e18 + 90e9,
  end: null,
});

const PICTURE: Picture = {
  version: '1.2.3',
  uptimeS: 100_000,
  packetsPerS: 1_234_567,
  bitsPerS: 9.87e9,
  createdPerS: 12_345,
  endedPerS: 12_001,
  entries: 900_000,
  entriesMax: 1_048_576,
  drops: [
    ['kernel', 1000, 50],
    ['table-full', 3, 0],
    ['ring-full', 0, 0],
  ],
  refusals: [['invalid', 7, 1]],
  owners: [],
  table: {
    atMs: 0,
    matching: 40,
    states: { 'tcp ESTABLISHED': 30, 'udp UNREPLIED': 10 },
    busiest: Array.from({ length: 60 }, (_, i) => ({
      connection: connection(i),
      bytesPerS: i === 0 ? null : i * 1e5,
    })),
  },
};
const MODE: Mode = {
  sort: 'bytes',
  filter: '',
  isPaused: false,
  typed: null,
  trouble: null,
  target: '/run/flowshard.sock',
  intervalS: 2,
};
const screen = (
  width: number,
  height: number,
  mode: Partial<Mode> = {},
  picture: Partial<Picture> = {},
): string[] => plainText(screenOf({ ...PICTURE, ...picture }, { ...MODE, ...mode }, width, height));

describe('a screen', () => {
  it('fits into any terminal', () => {
    const mode = fc.record({
      typed: fc.option(fc.string({ maxLength: 200 })),
      trouble: fc.option(fc.string({ unit: 'grapheme', maxLength: 200 })),
      filter: fc.string({ unit: 'grapheme', maxLength: 100 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 300 }),
        fc.integer({ min: 2, max: 100 }),
        mode,
        (width, height, m) => {
          const lines = screenOf(PICTURE, { ...MODE, ...m }, width, height);
          assert.equal(lines.length, height);
          for (const line of plainText(lines)) {
            assert.ok(line.length <= width, `${line.length} > ${width}: ${line}`);
            assert.match(line, /^[\x20-\x7e]*$/, 'nothing that a terminal takes for an order');
          }
        },
      ),
    );
  });

  it('has rates, occupancy, losses and rows, at 80 by 24', () => {
    const lines = screen(80, 24);
    assert.match(lines[0], /^flowshard top {2}\/run\/flowshard\.sock +v1\.2\.3 {2}up 1d03h {2}every 2s$/);
    assert.equal(lines[1], 'traffic      packets 1.23M/s  bits 9.87G/s  new 12.3k/s  ended 12.0k/s');
    assert.match(lines[2], /^connections {2}900k of 1\.05M \(86%\) \[#+-+\]$/);
    assert.equal(lines[3], 'drops        kernel 50/s (1.00k)  table-full 0/s (3)');
    assert.match(lines[4], /^states +tcp ESTABLISHED 30 {2}udp UNREPLIED 10$/);
    assert.match(lines[8], /^PROTO +STATE +SOURCE +DESTINATION +PACKETS +BYTES +BIT\/S +TIME$/);
    assert.match(
      lines[10],
      /^tcp +ESTABLISHED 10\.0\.0\.1:40001 +192\.0\.2\.80:443 +10 +1\.00G +800k +1m30s$/,
    );
    assert.match(lines[23], /^q quit/);
  });

  it('never passes over losses, however narrow or low it is', () => {
    for (const [width, height] of [
      [40, 12],
      [20, 10],
      [200, 50],
    ]) {
      const text = screen(width, height).join('\n');
      assert.match(text, /kernel|\+\d/, `${width}x${height}\n${text}`);
    }
    assert.match(screen(80, 24, {}, { drops: [['kernel', 0, 0]] })[3], /^drops +none$/);
    assert.match(screen(30, 24)[3], /\+1$/, 'what does not fit is counted');
  });

  it('leaves columns out where it is narrow, and keeps the ends', () => {
    assert.match(screen(40, 24)[8], /^PROTO +SOURCE +DESTINATION +BYTES/);
    assert.match(screen(200, 24)[9], /\[2001:db8:1:2:3:4:5:6\]:40000 +\[2001:db8::53\]:443/);
    assert.equal(fit('192.168.100.200:40000', 15), '192.168~0:40000');
  });

  it('says what is typed, and what is wrong', () => {
    assert.equal(screen(80, 24, { typed: 'dport 4' }).at(-1), 'filter: dport 4_');
    assert.equal(screen(80, 24, { trouble: 'no such key' }).at(-1), 'no such key');
    assert.match(screen(80, 24, { filter: 'tcp' })[7], /^busiest of 40 with tcp$/);
    assert.match(screen(80, 24, { isPaused: true })[0], /PAUSED/);
  });
});

describe('numbers in few characters', () => {
  it('amounts', () => {
    for (const [value, text] of [
      [0, '0'],
      [999, '999'],
      [1000, '1.00k'],
      [12_340, '12.3k'],
      [99_960, '100k'],
      [999_600, '1.00M'],
      [1.5e12, '1.50T'],
    ] as const)
      assert.equal(short(value), text);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 9e17, noNaN: true }), (value) => short(value).length <= 5),
    );
  });
  it('times', () => {
    for (const [value, text] of [
      [0, '0s'],
      [59.9, '59s'],
      [60, '1m00s'],
      [3600, '1h00m'],
      [90_000, '1d01h'],
    ] as const)
      assert.equal(duration(value), text);
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 99 * 86_400, noNaN: true }),
        (value) => duration(value).length <= 6,
      ),
    );
  });
});

describe('keys', () => {
  const after = (keys: string): Mode => keysOf(keys).reduce((mode, key) => press(mode, key).mode, MODE);
  it('sort, pause, quit', () => {
    assert.equal(after('p').sort, 'packets');
    assert.equal(after('pa').sort, 'age');
    assert.equal(after(' ').isPaused, true);
    assert.equal(press(MODE, 'q').order, 'quit');
    assert.equal(press(MODE, '\x03').order, 'quit');
    assert.equal(press(MODE, 'b').isAnew, false, 'it is sorted so already');
  });
  it('type a filter', () => {
    assert.equal(after('/tcp').typed, 'tcp');
    assert.equal(after('/tcp\r').filter, 'tcp');
    assert.equal(after('/tcpx\x7f dport 80\r').filter, 'tcp dport 80');
    assert.equal(after('/tcp\r/\x15udp\r').filter, 'udp');
    assert.equal(after('/tcp port 1\x17\x17\r').filter, 'tcp');
    assert.equal(after('/tcp\x1b').filter, '');
    assert.equal(after('/\x1b[A\x1bOBq\r').filter, 'q', 'arrow keys type nothing, q quits nothing');
    assert.equal(press(after('/q'), '\x03').order, 'quit');
  });
});
