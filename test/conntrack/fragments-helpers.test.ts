/** Fragments with payload that a helper reads. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Counter } from '../../src/shm/counters.ts';
import { ACK, ipv4, PSH, SYN, tcp, text } from '../packet/build.ts';
import { splitAt } from '../support/fragments.ts';
import { createLab, type Seen } from '../support/lab.ts';

const outcomes = (seen: readonly Seen[]): string[] =>
  seen.map(({ verdict, reason }) => `${verdict} ${reason}`);
const HELD = 'NULL fragment';

describe('fragments and helpers', () => {
  const CLIENT = 0xc000020a | 0;
  const SERVER = 0xc6336405 | 0;
  const sides = { c: { next: 1000, from: CLIENT, to: SERVER }, s: { next: 5000, from: SERVER, to: CLIENT } };

  /** A segment of the control connection. */
  function segment(from: 'c' | 's', flags: number, payload = ''): Uint8Array {
    const [own, other] = from === 'c' ? [sides.c, sides.s] : [sides.s, sides.c];
    const ports =
      from === 'c'
        ? { sourcePort: 40_000, destinationPort: 21 }
        : { sourcePort: 21, destinationPort: 40_000 };
    const sent = tcp({ ...ports, seq: own.next, ack: other.next, flags, payload: text(payload) });
    own.next += payload.length + ((flags & SYN) !== 0 ? 1 : 0);
    return Uint8Array.from(ipv4(sent, { source: own.from, destination: own.to, fragment: 0 }));
  }

  for (const shards of [1, 4]) {
    it(`a helper reads the datagram, not its pieces (shards: ${shards})`, () => {
      sides.c.next = 1000;
      sides.s.next = 5000;
      const lab = createLab({ shards, selfCheck: true });
      const packets = [
        segment('c', SYN),
        segment('s', SYN | ACK),
        segment('c', ACK),
        ...(['s 220 x', 'c USER u', 's 331 x', 'c PASV', 's 227 ok (198,51,100,5,4,1)'] as const).map(
          (line) => segment(line[0] as 'c' | 's', PSH | ACK, `${line.slice(2)}\r\n`),
        ),
      ];
      packets.forEach((packet, id) => {
        for (const piece of splitAt(
          packet,
          [8, 24].filter((cut) => cut < packet.length - 20),
          { id },
        ))
          lab.send(piece, id);
      });
      assert.equal(lab.counter(Counter.EXPECT_CREATED), 1);
      const data = tcp({ sourcePort: 41_000, destinationPort: 1025, seq: 1, ack: 0, flags: SYN });
      const opening = Uint8Array.from(ipv4(data, { source: CLIENT, destination: SERVER, fragment: 0 }));
      const seen = splitAt(opening, [8], { id: 99 }).map((piece) => lab.send(piece, 100));
      assert.deepEqual(outcomes(seen), [HELD, 'RELATED none']);
    });
  }
});
