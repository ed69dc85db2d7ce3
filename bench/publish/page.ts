/** docs/performance.md and what the README quotes of it, from figures alone. */
import { grouped } from '../../src/common/grouped.ts';
import { goalRows, mediansOf } from '../goals.ts';
import type { StoredFigure } from '../lib/figure.ts';
import { establishedName } from '../macro/established.ts';
import { FILE, FILE_MEMORY, PEERS, peerName } from '../macro/file.ts';
import { INTERFACE_CPU, KERNEL_ADDED } from '../macro/kernel.ts';
import { LADDER_SIZES, ladderName, TRAFFIC_KINDS } from '../macro/ladder.ts';
import type { FindFigure, Picture } from './charts.ts';

const MILLION = 1_000_000;

/** A table in columns as wide as what is in them, as the formatter wants it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[], fill = ' '): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i], fill)).join(' | ')} |`;
  return [
    line(head),
    line(
      head.map(() => ''),
      '-',
    ),
    ...rows.map((row) => line(row)),
  ].join('\n');
}

const number = (value: number): string => value.toLocaleString('en-US', { maximumSignificantDigits: 4 });

/** The machine, the program and the day, as all figures of a run have them. */
function factsOf({ machine, cores, node, commit, date, seed }: StoredFigure): string {
  return `${cores} x ${machine}, Node ${node}, commit ${commit}, ${date.slice(0, 10)}, seed ${seed}`;
}

const runOf = ({ scale }: StoredFigure): string =>
  `One run of \`npm run bench\`${scale === 'full' ? '' : `, a ${scale} one with less work`}`;

function goals(figures: readonly StoredFigure[]): string {
  return table(
    ['what', 'goal', 'measured', 'verdict'],
    goalRows(mediansOf(figures)).map(({ what, goal, measured, isMet }) => [
      what,
      goal,
      measured ?? 'not measured',
      isMet === null ? '' : isMet ? 'reached' : '**missed**',
    ]),
  );
}

function peers(find: FindFigure): string {
  const ours = find(FILE);
  if (ours === undefined) return 'Not measured.';
  const rows = ['flowshard', ...PEERS].flatMap((program) => {
    const figure = program === 'flowshard' ? ours : find(peerName(program));
    if (figure === undefined) return [[program, 'not installed', '', '', '']];
    const { min, median, p99 } = figure;
    return [[program, number(median), number(min), number(p99), (median / ours.median).toFixed(2)]];
  });
  return table(['program', 'median, s', 'least', 'p99', 'times the time of flowshard'], rows);
}

const KERNEL_PAGE = '[contrast-throughput.md](contrast-throughput.md)';

function kernel(find: FindFigure): string {
  const [added, ours] = [find(KERNEL_ADDED), find(INTERFACE_CPU)];
  if (added === undefined || ours === undefined)
    return `${KERNEL_PAGE} holds it against flowshard with live packets.`;
  return `With live packets its conntrack added ${number(added.median)} ns to
a forwarded packet at ${number(added.at?.connections ?? 0)} connections; flowshard at an interface took ${number(ours.median)} ns of all its threads for one
(${KERNEL_PAGE}).`;
}

function ladder(find: FindFigure): string {
  const cell = (figure: StoredFigure | undefined): string =>
    figure === undefined ? '' : `${number(figure.median)} (${number(figure.min)} to ${number(figure.p99)})`;
  return table(
    ['connections', ...TRAFFIC_KINDS.map((kind) => `${kind}, ns/packet`)],
    LADDER_SIZES.map((size) => [
      grouped(size),
      ...TRAFFIC_KINDS.map((kind) => cell(find(ladderName(kind, size)))),
    ]),
  );
}

const everything = (figures: readonly StoredFigure[]): string =>
  table(
    ['figure', 'n', 'min', 'median', 'p99', 'unit', 'checksum'],
    figures.map(({ name, n, min, median, p99, unit, checksum }) => [
      name,
      String(n),
      ...[min, median, p99].map(number),
      unit,
      String(checksum),
    ]),
  );

/** The whole page. `figures`: of one run. */
export function performancePage(figures: readonly StoredFigure[], pictures: readonly Picture[]): string {
  const find: FindFigure = (name) => figures.find((figure) => figure.name === name);
  const images = pictures.map(([name, svg]) => `![${/<title[^>]*>([^<]*)/.exec(svg)?.[1] ?? name}](${name})`);
  return `# Performance

<!-- Written by \`npm run bench -- --publish\` from bench/results/published.jsonl. Do not edit. -->

${factsOf(figures[0])}. ${runOf(figures[0])}; the machine is shared, so that absolute figures drift by a third: hold ratios of one
run against each other. Spread: least value, median, 99th percentile.

## What was to be reached

${goals(figures)}

## A capture from file to table

The same file of ${number(find(FILE)?.at?.packets ?? 0)} TCP packets of ${number(find(FILE)?.at?.connections ?? 0)} connections, each program in turn, start-up included. flowshard keeps what the
kernel would, verifies every checksum and prints nothing; argus and softflowd make flow records, nfpcapd writes them to a file; tcpdump only
copies the packets. The kernel takes no capture. ${kernel(find)}

${peers(find)}

## The size of the table

Median (least to p99). Established: TCP, at random over a full table, at 16,515,072 UDP. New: UDP connections that come and expire, nine tenths
of the table alive. Mixed: of a hundred packets 60 established TCP, 25 established UDP, 15 new; at 16,515,072 95 established UDP and 5 new.

${ladder(find)}

${images.join('\n\n')}

## How it is measured

- Through the threads: traffic is prepared in shared memory and read by a real ingest thread, through the real ring, into real shards; the
  counters of the shards are looked at every 50 ms. Connections come at random. Every packet has its own time, and right checksums.
- In C: \`bench/limit.c\` does the same to the same packets, in one thread, with prefetch instructions and huge pages.
- Commands are run with nothing but a path in their environment.
- Start-up: from starting the process to the first event on its standard output, seen from outside.
- Memory: what the process has more with a full table than with hardly a connection, index, wheel and all.
- Garbage: what V8 says it collected (\`--trace-gc\`), in all threads, by packets.
- Expiry and latency: ingest and tracker in one thread against the clock, a packet every microsecond, whether or not anybody is ready for it.
- A new connection by load: the tracker alone, in one table, whose index had grown to its full size before. Load is the share of the
  connections that a table holds; of the slots of its index 55 % are in use at most.
- The parts alone: tinybench, each in a process of its own, warm.

## Every figure

${everything(figures)}
`;
}

export const README_BEGIN =
  '<!-- From bench/results/published.jsonl, by npm run bench -- --publish. Do not edit. -->';
export const README_END = '<!-- End of the figures. -->';

/** What the README says, between its two marks. */
export function readmeWords(figures: readonly StoredFigure[]): string {
  const find: FindFigure = (name) => figures.find((figure) => figure.name === name);
  const file = find(FILE);
  const lines = [`${factsOf(figures[0])}. ${runOf(figures[0])}; medians:`, ''];
  if (file !== undefined) {
    const packets = file.at?.packets ?? 0;
    const times = PEERS.flatMap((peer) => {
      const figure = find(peerName(peer));
      return figure === undefined ? [] : [`${(figure.median / file.median).toFixed(2)} of ${peer}`];
    });
    lines.push(
      `- ${number(packets)} TCP packets of ${number(file.at?.connections ?? 0)} connections from file to table in ${number(file.median)} s, start-up and all checksums`,
      `  included: ${(packets / file.median / MILLION).toFixed(1)} million packets per second; ${number(find(FILE_MEMORY)?.median ?? 0)} MB of resident memory.`,
    );
    if (times.length > 0)
      lines.push(`- Its speed on the same file, in times of others: ${times.join(', ')} (\`-w /dev/null\`).`);
  }
  for (const connections of [10_000, MILLION]) {
    const figure = find(establishedName(connections));
    if (figure !== undefined)
      lines.push(
        `- Established TCP from memory, ${number(connections)} connections at random, one shard: ${(1000 / figure.median).toFixed(1)} million packets per second.`,
      );
  }
  lines.push('', 'Every goal and every figure, with its spread: [docs/performance.md](docs/performance.md).');
  return lines.join('\n');
}

/** The README with these words in it. Errors: when it has lost its marks. */
export function withWords(readme: string, words: string): string {
  const begin = readme.indexOf(README_BEGIN);
  const end = readme.indexOf(README_END);
  if (begin < 0 || end < begin) throw new Error('bench: README.md has no place for the figures');
  return `${readme.slice(0, begin + README_BEGIN.length)}\n\n${words}\n\n${readme.slice(end)}`;
}
