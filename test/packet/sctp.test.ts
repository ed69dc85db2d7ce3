/** SCTP packets: what of their chunks reaches the shard, and that what is left out cannot matter. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Reason } from '../../src/common/reasons.ts';
import {
  SCTP_REPLY_CELLS,
  SCTP_STATE_SHIFT,
  SCTP_STATES,
  SctpState,
  sctpTransitions,
} from '../../src/conntrack/protocols/sctp-table.ts';
import { LinkType } from '../../src/packet/link.ts';
import { mayMatter, withSeen } from '../../src/packet/sctp.ts';
import { SctpChunk, SctpMeta, Task } from '../../src/shm/bits.ts';
import { Desc } from '../../src/shm/offsets.generated.ts';
import { chunksOf, sctpPacket } from '../support/sctp-frames.ts';
import { decoded, decoderOf, tupleText } from './decoded.ts';

const IP = { src: '192.0.2.10', dst: '198.51.100.5' };
const make = (tag: number, chunks: string, badChecksum = false): number[] => [
  ...sctpPacket(IP, { sport: 1000, dport: 2000, tag, chunks: chunksOf(chunks), badChecksum }),
];

/** Names of the chunks in a descriptor. */
function listed(words: Int32Array): string[] {
  const names: string[] = [];
  for (let i = 0; i < 16; i++) {
    const code = (words[i < 8 ? Desc.WINDOW : Desc.SACK] >>> ((i & 7) * 4)) & 15;
    if (code === 0) break;
    names.push(SctpChunk[code]);
  }
  return names;
}

describe('the descriptor of an SCTP packet', () => {
  const CASES: readonly (readonly [chunks: string, names: string, meta: number])[] = [
    ['data', '', SctpMeta.DATA | SctpMeta.CANNOT_OPEN],
    ['sack', '', SctpMeta.CANNOT_OPEN],
    ['#255', '', SctpMeta.CANNOT_OPEN],
    ['init:7', 'INIT', SctpMeta.OWN_TAG_RULE],
    ['init-ack:7', 'INIT_ACK', 0],
    ['abort', 'ABORT', SctpMeta.OWN_TAG_RULE | SctpMeta.CANNOT_OPEN],
    ['abort/3', 'ABORT_T', SctpMeta.OWN_TAG_RULE | SctpMeta.CANNOT_OPEN],
    ['abort/2', 'ABORT', SctpMeta.OWN_TAG_RULE | SctpMeta.CANNOT_OPEN],
    ['shutdown', 'SHUTDOWN', 0],
    ['shutdown-ack', 'SHUTDOWN_ACK', SctpMeta.OWN_TAG_RULE],
    ['error/1', 'ERROR', 0],
    ['cookie-echo,data', 'COOKIE_ECHO', SctpMeta.OWN_TAG_RULE | SctpMeta.DATA | SctpMeta.CANNOT_OPEN],
    ['cookie-ack,sack', 'COOKIE_ACK', SctpMeta.CANNOT_OPEN],
    ['shutdown-complete', 'SHUTDOWN_COMPLETE', SctpMeta.OWN_TAG_RULE | SctpMeta.CANNOT_OPEN],
    ['shutdown-complete/1', 'SHUTDOWN_COMPLETE_T', SctpMeta.OWN_TAG_RULE | SctpMeta.CANNOT_OPEN],
    ['heartbeat', 'HEARTBEAT', SctpMeta.OWN_TAG_RULE],
    ['heartbeat-ack', 'HEARTBEAT_ACK', SctpMeta.OWN_TAG_RULE],
    ['error,error,shutdown,error', 'ERROR SHUTDOWN', 0],
    [
      'shutdown-ack,shutdown,shutdown-ack,shutdown-ack,shutdown',
      'SHUTDOWN_ACK SHUTDOWN SHUTDOWN_ACK',
      SctpMeta.OWN_TAG_RULE,
    ],
    ['heartbeat,heartbeat,heartbeat', 'HEARTBEAT HEARTBEAT', SctpMeta.OWN_TAG_RULE],
  ];
  for (const [chunks, names, meta] of CASES)
    it(chunks, () => {
      const d = decoded(make(0x89abcdef, chunks));
      assert.equal(Reason[d.reason], 'NONE');
      assert.equal(d.task, Task.SCTP);
      assert.equal(listed(d.words).join(' '), names);
      assert.equal(d.meta & (SctpMeta.DATA | SctpMeta.OWN_TAG_RULE | SctpMeta.CANNOT_OPEN), meta);
      assert.equal(d.words[Desc.SEQ] >>> 0, 0x89abcdef);
      if (/^init/.test(chunks)) assert.equal(d.words[Desc.ACK], 7);
    });

  it('has the same tuple in both directions', () => {
    const back = sctpPacket(
      { src: IP.dst, dst: IP.src },
      { sport: 2000, dport: 1000, tag: 1, chunks: chunksOf('sack') },
    );
    const tuple = (frame: readonly number[]): string =>
      tupleText(decoded(frame)).split(',').slice(0, 5).join();
    assert.equal(tuple([...back]), tuple(make(1, 'sack')));
  });
});

describe('what a capture cut off', () => {
  const frame = make(5, 'shutdown,error');
  const at = (bytes: number) => decoded(frame, LinkType.RAW, decoderOf(), 20 + bytes);

  it('is not held against the packet, and without a chunk there is nothing to say', () => {
    for (const bytes of [0, 3, 4, 11, 12, 15])
      assert.equal(at(bytes).returned, Reason.SNAP_LENGTH, `${bytes}`);
    assert.deepEqual(listed(at(16).words), ['SHUTDOWN']);
    assert.deepEqual(listed(at(19).words), ['SHUTDOWN']);
    assert.deepEqual(listed(at(20).words), ['SHUTDOWN', 'ERROR']);
  });

  it('an INIT needs its tag, an uncaptured checksum is right', () => {
    const init = make(0, 'init:77', true);
    const cut = (bytes: number) => decoded(init, LinkType.RAW, decoderOf(), 20 + bytes);
    assert.equal(cut(19).returned, Reason.SNAP_LENGTH);
    assert.equal(cut(20).words[Desc.ACK], 77);
    assert.equal(cut(20).reason, Reason.NONE);
    assert.equal(cut(32).reason, Reason.SCTP_CHECKSUM);
  });
});

// ---- What is left out ----

/** An association and a packet in what matters to a chunk: tags as compared with the packet's. */
interface Machine {
  readonly dir: 0 | 1;
  /** The packet's tag is 0. */
  readonly zeroTag: boolean;
  readonly hasData: boolean;
  readonly own: 'same' | 'none' | 'another';
  readonly other: 'same' | 'none' | 'another';
  readonly state: SctpState;
  readonly failed: boolean;
  readonly failedByThisSide: boolean;
  readonly ignored: boolean;
}

const cells = sctpTransitions();

/** One chunk of a bundle, by the rules and not by the code; null when it makes the packet INVALID. */
function step(m: Machine, code: SctpChunk): Machine | null {
  let now = m;
  let column = code;
  if (code === SctpChunk.ABORT || code === SctpChunk.COOKIE_ECHO) {
    if (m.own !== 'same') return null;
  } else if (code === SctpChunk.ABORT_T) {
    if (m.other !== 'same') return null;
    column = SctpChunk.ABORT;
  } else if (code === SctpChunk.HEARTBEAT || code === SctpChunk.HEARTBEAT_ACK) {
    if (m.own === 'none') now = { ...m, own: 'same' };
    else if (m.own === 'same') now = m.zeroTag ? m : { ...m, failed: false };
    else if (m.hasData || m.ignored) return null;
    else if (code === SctpChunk.HEARTBEAT)
      return { ...m, failed: true, failedByThisSide: true, ignored: true };
    else if (!m.failed || m.failedByThisSide) return null;
    else now = { ...m, failed: false, own: 'same', other: m.zeroTag ? 'same' : 'none' };
  }
  const next = cells[m.dir * SCTP_REPLY_CELLS + (m.state << SCTP_STATE_SHIFT) + column];
  return next === SctpState.INVALID ? null : { ...now, state: next };
}

function allMachines(): Machine[] {
  const both = [false, true];
  const machines: Machine[] = [];
  // With the tag 0 "none" and "same" are one.
  for (const dir of [0, 1] as const)
    for (const zeroTag of both)
      for (const hasData of both)
        for (const failed of both)
          for (const failedByThisSide of both)
            for (const own of zeroTag
              ? (['same', 'another'] as const)
              : (['same', 'none', 'another'] as const))
              for (const other of zeroTag
                ? (['same', 'another'] as const)
                : (['same', 'none', 'another'] as const))
                for (let state = SctpState.NONE; state < SCTP_STATES; state++)
                  machines.push({
                    dir,
                    zeroTag,
                    hasData,
                    own,
                    other,
                    state,
                    failed,
                    failedByThisSide,
                    ignored: false,
                  });
  return machines;
}

const ANYWHERE = [
  SctpChunk.ABORT,
  SctpChunk.ABORT_T,
  SctpChunk.SHUTDOWN,
  SctpChunk.SHUTDOWN_ACK,
  SctpChunk.ERROR,
  SctpChunk.HEARTBEAT,
  SctpChunk.HEARTBEAT_ACK,
];
const FIRST_ONLY = [SctpChunk.COOKIE_ECHO, SctpChunk.COOKIE_ACK];

describe('chunks that are left out', () => {
  it('change nothing, whatever the association and the packet are', () => {
    const known = new Set<string>();
    const waiting: { machine: Machine; seen: number }[] = [];
    const reach = (machine: Machine, seen: number): void => {
      const name = `${seen} ${Object.values(machine).join()}`;
      if (known.has(name)) return;
      known.add(name);
      waiting.push({ machine, seen });
    };
    for (const machine of allMachines()) reach(machine, 0);
    let leftOut = 0;
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (const code of at.seen === 0 ? [...ANYWHERE, ...FIRST_ONLY] : ANYWHERE) {
        const after = step(at.machine, code);
        if (mayMatter(at.seen, code)) {
          if (after !== null) reach(after, withSeen(at.seen, code));
        } else {
          leftOut++;
          assert.deepEqual(after, at.machine, `${SctpChunk[code]} after ${at.seen.toString(2)}`);
        }
      }
    }
    assert.ok(known.size > 10_000 && leftOut > 10_000, 'the search ended early');
  });

  it('leave at most 14, and there is room for 16', () => {
    const longest = new Map<number, number>();
    const longestFrom = (seen: number): number => {
      const found = longest.get(seen);
      if (found !== undefined) return found;
      let most = 0;
      for (const code of seen === 0 ? [...ANYWHERE, ...FIRST_ONLY] : ANYWHERE)
        if (mayMatter(seen, code)) most = Math.max(most, 1 + longestFrom(withSeen(seen, code)));
      longest.set(seen, most);
      return most;
    };
    assert.equal(longestFrom(0), 14);
  });
});
