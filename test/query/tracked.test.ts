/** Filters over the memory of a tracker that has tracked: real entries, as shards keep them. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Connection } from '../../src/export/connection.ts';
import { connectionOf } from '../../src/export/entry-view.ts';
import { programOf } from '../../src/query/compile.ts';
import { parseFilterText } from '../../src/query/filter.ts';
import { FILTER_KEYS } from '../../src/query/keys.ts';
import { matchesConnection } from '../../src/query/match-connection.ts';
import { createMatcher } from '../../src/query/matcher.ts';
import { Cold, Hot } from '../../src/shm/offsets.generated.ts';
import type { Segment } from '../../src/shm/segment.ts';
import { createLab } from '../support/lab.ts';
import { type Random, SEED, withSeed } from '../support/random.ts';
import { randomTraffic } from '../support/traffic.ts';

const PACKETS = 3000;
const FILTERS = 600;
const START_S = 1_790_000_000;

/** A test that this connection passes, of any key that says something of it. */
function describing(random: Random, c: Connection, nowMs: number): string {
  const { original: o, reply: r } = c;
  // A start within the millisecond of now lies ahead of it: ticks are no finer.
  const age = Math.max(0, Number((BigInt(nowMs) * 1_000_000n - c.startNs) / 1_000_000_000n));
  const values: Record<string, string | number | null | undefined> = {
    family: c.family,
    protocol: c.protocol,
    src: random.chance(0.5) ? o.src : `${o.src}/${random.below(33)}`,
    dst: o.dst,
    host: random.pick([o.src, o.dst]),
    'reply-src': r.src,
    'reply-dst': r.dst,
    sport: o.sport,
    dport: o.dport,
    port: random.pick([o.sport, o.dport]),
    'reply-sport': r.sport,
    'reply-dport': r.dport,
    'icmp-type': o.type,
    'icmp-code': o.code,
    'icmp-id': o.id,
    'src-key': o.srckey,
    'dst-key': o.dstkey,
    state: c.state,
    status: (c.status & 4) !== 0 ? 'ASSURED' : (c.status & 2) !== 0 ? 'SEEN_REPLY' : 'UNREPLIED',
    zone: c.zone,
    mark: c.mark,
    helper: c.helper ?? 'none',
    master: c.master ?? 'none',
    age: random.chance(0.5) ? `${age}` : `>=${age}`,
    timeout: random.chance(0.5) ? `${c.timeoutS}` : `<=${c.timeoutS}`,
    bytes: (o.bytes ?? 0) + (r.bytes ?? 0),
    packets: `>=${(o.packets ?? 0) + (r.packets ?? 0)}`,
    'orig-bytes': o.bytes,
    'orig-packets': o.packets,
    'reply-bytes': r.bytes,
    'reply-packets': r.packets,
    id: c.id,
  };
  for (;;) {
    const { name } = random.pick(FILTER_KEYS);
    const value = values[name];
    if (value !== undefined && value !== null) return `${name} ${value}`;
  }
}

it('finds every connection by what it is, and no other one', () => {
  withSeed(SEED, (random) => {
    const lab = createLab({ set: ['nf_conntrack_acct=1'], shards: 2, startS: START_S, helpers: 'none' });
    const traffic = [...randomTraffic(random, PACKETS)];
    const endMs = traffic[traffic.length - 1].ms;
    for (const { frame, ms, linkType } of traffic) lab.send(frame, ms, linkType);
    // The last pause may have ended all of them: the first ones come once more.
    for (const { frame, linkType } of traffic.slice(0, 100)) lab.send(frame, endMs, linkType);
    const tick = lab.tick();
    // A tick is ms since 1970 modulo 2^32; the traffic takes less than that.
    const startMs = START_S * 1000;
    const nowMs = startMs + ((tick - (startMs | 0)) >>> 0);
    const entries: { segment: Segment; h: number; c: number; connection: Connection }[] = [];
    const empty: { segment: Segment; h: number; c: number }[] = [];
    for (const segment of lab.segments) {
      for (let entry = 1; entry <= segment.maxEntries; entry++) {
        const h = entry * Hot.WORDS;
        const c = entry * Cold.WORDS;
        if (segment.hot[h + Hot.KIND] === 0) empty.push({ segment, h, c });
        else {
          const words = { hot: segment.hot, h, cold: segment.cold, c };
          entries.push({ segment, h, c, connection: connectionOf(words, tick, null) });
        }
      }
    }
    assert.ok(entries.length > 3, `${entries.length} connections`);
    assert.ok(empty.length > 0);
    const matcher = createMatcher();
    for (let run = 0; run < FILTERS; run++) {
      const of = random.pick(entries);
      const tests = Array.from({ length: 1 + random.below(3) }, () =>
        describing(random, of.connection, nowMs),
      );
      const text = tests.join(' ');
      const filter = parseFilterText(text);
      matcher.load(programOf(filter));
      const isFound = ({ segment: { hot, hotF64, cold }, h, c }: (typeof empty)[number]): boolean =>
        matcher.matches(hot, hotF64, h, cold, c, tick, Math.floor(nowMs / 1000));
      assert.ok(isFound(of), text);
      for (const entry of entries) {
        const expected = matchesConnection(filter, entry.connection, BigInt(nowMs) * 1_000_000n);
        assert.equal(isFound(entry), expected, text);
      }
      assert.equal(isFound(random.pick(empty)), false, text);
    }
  });
});
