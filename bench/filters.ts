/**
 * What a filter costs where it runs: in the thread that owns the connections, over a table of that many. Each figure is
 * the least of the rounds; the ratio is against reading the same table without any test.
 *
 *   node dist/bench/filters.js --entries 1000000 --rounds 5
 */
import { parseArgs } from 'node:util';
import { monotonicMs } from '../src/common/clock.ts';
import { createRandom } from '../src/common/random.ts';
import { programOf } from '../src/query/compile.ts';
import { parseFilterText } from '../src/query/filter.ts';
import { createMatcher } from '../src/query/matcher.ts';
import { Kind, Status } from '../src/shm/bits.ts';
import { Cold, Hot } from '../src/shm/offsets.generated.ts';
import { createSegment, type Segment } from '../src/shm/segment.ts';

const NOW_SEC = 1_790_000_000;
const NOW_TICK = (NOW_SEC * 1000) | 0;
/** Connections of one source: as many as one asks for when one host misbehaves. */
const PER_SOURCE = 256;

const FILTERS = [
  '',
  'src 10.0.0.3',
  'host 10.0.0.3',
  'src 10.0.0.0/16',
  'udp',
  'state ESTABLISHED not assured',
  'dport 80,443,8000-8100',
  'bytes >1M',
  'age >1h',
  'mark 1/1',
  'id 12345',
  'tcp dport 80,443 src 10.0.0.0/8 state ESTABLISHED not assured bytes>1M age>1h',
];

const { values: flags } = parseArgs({
  options: {
    entries: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
  },
});
const entries = Number(flags.entries);
const segment = createSegment(0, { maxEntries: entries, reportSlots: 64 });
fill(segment, Number(flags.seed));

const matcher = createMatcher();
console.log(`${entries} connections, ${PER_SOURCE} of each source, seed ${flags.seed}\n`);
console.log('      ms  ns/entry   ratio    found  filter');
let readingMs = 0;
for (const text of FILTERS) {
  matcher.load(programOf(parseFilterText(text)));
  let bestMs = Number.POSITIVE_INFINITY;
  let found = 0;
  for (let round = 0; round < Number(flags.rounds); round++) {
    const startMs = monotonicMs();
    found = matching(segment);
    bestMs = Math.min(bestMs, monotonicMs() - startMs);
  }
  if (text === '') readingMs = bestMs;
  const cells = [bestMs.toFixed(2), ((bestMs * 1e6) / entries).toFixed(1), (bestMs / readingMs).toFixed(2)];
  console.log(`${cells.map((cell) => cell.padStart(8)).join(' ')} ${String(found).padStart(9)}  ${text}`);
}

function matching({ hot, hotF64, cold }: Segment): number {
  let found = 0;
  for (let entry = 1; entry <= entries; entry++) {
    const h = entry * Hot.WORDS;
    if (matcher.matches(hot, hotF64, h, cold, entry * Cold.WORDS, NOW_TICK, NOW_SEC)) found++;
  }
  return found;
}

/** Connections of IPv4, as a busy site has them: most of TCP, most established, sources in no order. */
function fill({ hot, hotF64, cold }: Segment, seed: number): void {
  const random = createRandom(seed);
  for (let entry = 1; entry <= entries; entry++) {
    const h = entry * Hot.WORDS;
    const c = entry * Cold.WORDS;
    const isUdp = random.chance(0.2);
    const port = random.pick([80, 443, 443, 443, 53, 8080, 5000]);
    hot[h + Hot.LO0] = 0x0a000000 + random.below(Math.ceil(entries / PER_SOURCE));
    hot[h + Hot.HI0] = 0x2d000000 + random.below(1 << 20);
    hot[h + Hot.L4] = ((1024 + random.below(60_000)) << 16) | port;
    hot[h + Hot.KIND] = Kind.USED | (isUdp ? 17 : 6);
    const state = isUdp ? 0 : random.pick([3, 3, 3, 7]);
    const bits =
      Status.CONFIRMED | Status.SEEN_REPLY | Status.COUNTED | (random.chance(0.9) ? Status.ASSURED : 0);
    hot[h + Hot.STATUS] = bits | (state << Status.STATE_SHIFT);
    hot[h + Hot.DEADLINE] = NOW_TICK + random.below(400_000_000);
    hot[h + Hot.LAST_SEC] = NOW_SEC - random.below(300);
    hot[h + Hot.MARK] = random.below(4);
    hotF64[(h + Hot.BYTES_ORIG) >>> 1] = random.below(1_000_000);
    hotF64[(h + Hot.BYTES_REPLY) >>> 1] = random.below(1_000_000);
    cold[c + Cold.START_SEC] = NOW_SEC - random.below(7200);
  }
}
