/** Netlink as bytes: what is written, what is read, and messages that a kernel sent. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { connectionLine, eventLine, parseOutput } from '../../src/export/text.ts';
import { connectionOfMessage, eventOfMessage } from '../../src/kernel/linux/conntrack-message.ts';
import {
  attributesOf,
  createMessageWriter,
  errorOf,
  Flag,
  messagesOf,
  nestedOf,
  numberOf,
  textOf,
} from '../../src/kernel/linux/netlink.ts';
import { familyHeader } from '../../src/kernel/linux/nfnetlink.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const FAMILY_BYTES = 4;

it('a message has its length, type, flags and sequence number, and attributes are padded', () => {
  const w = createMessageWriter();
  w.begin(0x0a06, Flag.REQUEST | Flag.ACK, 7, familyHeader(1, 0x1234));
  w.text(1, 'ab');
  w.be32(2, 0x01020304);
  w.be16(3, 0x0506);
  w.u8(4, 9);
  w.end();
  // Written by hand after RFC 3549: header, nfgenmsg, then type 1 (7 bytes and one of padding), 2, 3, 4.
  const expected = [
    '34000000060a05000700000000000000',
    '01001234',
    '0700010061620000',
    '0800020001020304',
    '0600030005060000',
    '0500040009000000',
  ];
  assert.equal(hex(w.take()), expected.join(''));
  assert.equal(w.take().length, 0);
});

it('what was written is read again, nested and beyond the first buffer', () => {
  const w = createMessageWriter();
  const long = Uint8Array.from({ length: 9001 }, (_, i) => i & 0xff);
  for (const sequence of [1, 2]) {
    w.begin(5, Flag.REQUEST, sequence, familyHeader(2));
    w.nested(9, () => {
      w.be32(1, sequence);
      w.nested(2, () => w.text(3, 'inner'));
    });
    w.bytes(4, long);
    w.end();
  }
  const messages = [...messagesOf(w.take())];
  assert.deepEqual(
    messages.map(({ type, flags, sequence }) => [type, flags, sequence]),
    [
      [5, Flag.REQUEST, 1],
      [5, Flag.REQUEST, 2],
    ],
  );
  for (const { payload, sequence } of messages) {
    const attributes = attributesOf(payload, FAMILY_BYTES);
    const nested = nestedOf(attributes, 9);
    assert.equal(numberOf(nested, 1), sequence);
    assert.equal(textOf(nestedOf(nested, 2), 3), 'inner');
    assert.deepEqual(attributes.get(4), long);
    assert.equal(numberOf(attributes, 77), undefined);
    assert.equal(nestedOf(attributes, 77).size, 0);
  }
});

it('bytes that are cut off, or lie about their length, end the reading', () => {
  const w = createMessageWriter();
  w.begin(5, 0, 1, familyHeader(2));
  w.be32(1, 1);
  w.be32(2, 2);
  w.end();
  const bytes = w.take();
  for (let length = 0; length < bytes.length; length++)
    assert.deepEqual([...messagesOf(bytes.subarray(0, length))], []);
  const [{ payload }] = messagesOf(bytes);
  for (let length = 0; length <= payload.length; length++) {
    const known = attributesOf(payload.subarray(0, length), FAMILY_BYTES).size;
    assert.equal(known, Math.max(0, Math.floor((length - FAMILY_BYTES) / 8)));
  }
  assert.deepEqual([...messagesOf(new Uint8Array(64))], []);
});

it('an error has its number, an acknowledgement 0', () => {
  const error = (code: number): number => {
    const payload = new Uint8Array(20);
    new Int32Array(payload.buffer)[0] = -code;
    return errorOf({ type: 2, flags: 0, sequence: 0, payload });
  };
  assert.equal(error(0), 0);
  assert.equal(error(1), 1);
});

/** As Linux 6.18 sent them (little-endian), with the line of `conntrack -E -o id`. */
const SENT: readonly (readonly [hex: string, line: string])[] = [
  [
    'd0000000000100060000000000000000020000003400018014000180080001000a000001080002000a0000021c00028005000100060000000600020003e8000006000300001500003400028014000180080001000a000002080002000a0000011c000280050001000600000006000200001500000600030003e8000008000c005b60ebbd08000300000020080800070000000078300004802c000180050001000100000005000200000000000500030000000000060004000000000006000500000000000c0005800800010066747000',
    '    [NEW] tcp      6 120 SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=21 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=21 dport=1000 helper=ftp id=1533078461',
  ],
  [
    'd0000000000100000000000000000000020000003400018014000180080001000a000001080002000a0000021c00028005000100060000000600020003e8000006000300001500003400028014000180080001000a000002080002000a0000011c000280050001000600000006000200001500000600030003e8000008000c005b60ebbd080003000000200a080007000000003c300004802c000180050001000200000005000200000000000500030000000000060004000000000006000500200000000c0005800800010066747000',
    ' [UPDATE] tcp      6 60 SYN_RECV src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=21 src=10.0.0.2 dst=10.0.0.1 sport=21 dport=1000 helper=ftp id=1533078461',
  ],
  [
    'dc000000020100000000000000000000020000003400018014000180080001000a000001080002000a0000021c00028005000100060000000600020003e9000006000300005000003400028014000180080001000a000002080002000a0000011c000280050001000600000006000200005000000600030003e9000008000c00f83ce78f080003000000020808000700000000781c0009800c00010000000000000000010c00020000000000000000281c000a800c00010000000000000000010c0002000000000000000028100004800c0001800500010008000000',
    '[DESTROY] tcp      6 120 CLOSE src=10.0.0.1 dst=10.0.0.2 sport=1001 dport=80 packets=1 bytes=40 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1001 packets=1 bytes=40 id=4164741007',
  ],
  [
    'd40000000001000600000000000000000a000000540001802c0001801400030020010db80000000000000000000000011400040020010db800000000000000000000000224000280050001003a000000060007000007000005000800800000000500090000000000540002802c0001801400030020010db80000000000000000000000021400040020010db800000000000000000000000124000280050001003a00000006000700000700000500080081000000050009000000000008000c009c6848830800030000000008080007000000001e',
    '    [NEW] icmpv6   58 30 src=2001:db8::1 dst=2001:db8::2 type=128 code=0 id=7 [UNREPLIED] src=2001:db8::2 dst=2001:db8::1 type=129 code=0 id=7 id=2624080003',
  ],
];

it('events of a kernel become the lines of conntrack -E', () => {
  for (const [bytes, line] of SENT) {
    const [message] = messagesOf(Buffer.from(bytes, 'hex'));
    const event = eventOfMessage(message);
    assert.ok(event !== null);
    assert.equal(eventLine(event, parseOutput('id')), line);
  }
});

it('a message of another subsystem is no event', () => {
  const [message] = messagesOf(Buffer.from(SENT[0][0], 'hex'));
  assert.equal(eventOfMessage({ ...message, type: 0x0400 }), null);
});

it('a line of the table has the counters and how often the connection is held', () => {
  const [{ payload }] = messagesOf(Buffer.from(SENT[2][0], 'hex'));
  assert.equal(
    connectionLine(connectionOfMessage(payload), parseOutput('extended')),
    'ipv4     2 tcp      6 120 CLOSE src=10.0.0.1 dst=10.0.0.2 sport=1001 dport=80 packets=1 bytes=40 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1001 packets=1 bytes=40 mark=0 use=1',
  );
});
