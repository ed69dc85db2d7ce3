/** GRE keys: where they come from, in packets and in quotes. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Reason } from '../../src/common/reasons.ts';
import type { SourceKeys } from '../../src/packet/gre.ts';
import { LinkType } from '../../src/packet/link.ts';
import { Meta, Task } from '../../src/shm/bits.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import { icmpPacket, ipPacket } from '../support/frames.ts';
import { decoded, decoderOf, tupleText } from './decoded.ts';

const THERE = { src: '192.0.2.10', dst: '198.51.100.5' };
const BACK = { src: THERE.dst, dst: THERE.src };
const THERE6 = { src: '2001:db8::1', dst: '2001:db8::2' };
const pptp = (callId: number, protocol = 0x880b): number[] => [
  ...[0x30, 1, protocol >>> 8, protocol & 0xff, 0, 0],
  ...[callId >>> 8, callId & 0xff],
];

/** The client's call 11 is the server's call 22. */
const KEYS: SourceKeys = {
  sourceKey4(source, destination, key) {
    const hosts = `${source >>> 0} ${destination >>> 0}`;
    if (key === 22 && hosts === `${0xc000020a} ${0xc6336405}`) return 11;
    return key === 11 && hosts === `${0xc6336405} ${0xc000020a}` ? 22 : 0;
  },
};
const decode = (frame: Uint8Array) => decoded([...frame], LinkType.RAW, decoderOf({ greKeys: KEYS }));
const tupleOf = (frame: Uint8Array): string => tupleText(decode(frame)).split(',').slice(0, 5).join();

it('the key map makes one connection of both directions', () => {
  const there = decode(ipPacket(THERE, 47, pptp(22)));
  assert.equal(there.task, Task.GRE);
  assert.equal(tupleOf(ipPacket(THERE, 47, pptp(22))), tupleOf(ipPacket(BACK, 47, pptp(11))));
  assert.notEqual(tupleOf(ipPacket(THERE, 47, pptp(22))), tupleOf(ipPacket(BACK, 47, pptp(22))));
  // The lower endpoint's key is in the upper half.
  const isFromHi = (there.meta & Meta.FROM_HI) !== 0;
  assert.equal(there.words[Desc.L4], isFromHi ? (22 << 16) | 11 : (11 << 16) | 22);
});

it('of IPv6 no calls are known, as in the kernel', () => {
  assert.equal(decode(ipPacket(THERE6, 47, pptp(22))).words[Desc.L4], 22);
});

it('an error finds the call that it quotes', () => {
  const call = ipPacket(THERE, 47, pptp(22));
  const error = decode(icmpPacket(BACK, { type: 3, code: 2, body: call }));
  assert.equal(error.task, Task.ICMP_ERROR);
  assert.equal(tupleText(error).split(',').slice(0, 5).join(), tupleOf(call));
  const odd = decode(icmpPacket(BACK, { type: 3, code: 2, body: ipPacket(THERE, 47, pptp(22, 0x0800)) }));
  assert.equal(odd.reason, Reason.ICMP_QUOTE);
});

it('without a map the source key is 0', () => {
  const d = decoded([...ipPacket(THERE6, 47, pptp(22))]);
  assert.equal(d.words[Desc.L4], 22);
});

it('what a capture cut off is not guessed', () => {
  const frame = [...ipPacket(THERE, 47, [...pptp(22), 0, 0, 0, 0])];
  const cut = (bytes: number) => decoded(frame, LinkType.RAW, decoderOf(), 20 + bytes).returned;
  for (const bytes of [0, 3, 4, 7]) assert.equal(cut(bytes), Reason.SNAP_LENGTH, `${bytes}`);
  assert.equal(cut(8), Reason.NONE);
  const plain = [...ipPacket(THERE, 47, [0, 0, 8, 0, 1, 2, 3, 4])];
  assert.equal(decoded(plain, LinkType.RAW, decoderOf(), 24).returned, Reason.NONE);
});
