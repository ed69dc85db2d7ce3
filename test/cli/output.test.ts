/** Every kind of output in every form, read back; standard output is data, standard error is people. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linesOf, MIXED, MIXED_PACKETS, statsOf, sum, track, tracked } from './cli.ts';
import { countElements } from './xml.ts';

const counts = statsOf('-r', MIXED);

/** Lines, or elements, that a kind of output has. */
async function expected(print: string): Promise<number> {
  const { connections } = await counts;
  if (print === 'table') return connections.alive;
  return print === 'flows' ? connections.created : MIXED_PACKETS;
}

const LINE: Readonly<Record<string, RegExp>> = {
  table: /^(tcp {6}6|udp {6}17|icmp {5}1) \d+ ([A-Z_]+ )?src=\S+ dst=\S+ .* mark=0 use=1$/,
  flows:
    / start=\d+\.\d{9} last=\d+\.\d{9} end=\d+\.\d{9} duration=\d+\.\d{9} reason=(timeout|end-of-capture) halves=(original|both)$/,
  events: /^( {4}\[NEW\]| \[UPDATE\]|\[DESTROY\]) (tcp|udp|icmp) +\d+ /,
};

describe('text', () => {
  for (const print of ['table', 'flows', 'events']) {
    it(`--print ${print}`, async () => {
      const lines = linesOf(await tracked('-r', MIXED, '--print', print));
      for (const line of lines) assert.match(line, LINE[print]);
      if (print !== 'events') assert.equal(lines.length, await expected(print));
    });

    it(`--print ${print} -o extended,id`, async () => {
      const plain = await tracked('-r', MIXED, '--print', print);
      const lines = linesOf(await tracked('-r', MIXED, '--print', print, '-o', 'extended', '-o', 'id'));
      const stripped = lines.map((line) => {
        assert.match(line, /ipv[46] {5}(2|10) .* id=\d+/);
        return line
          .replace(/ipv[46] +\d+ /, '')
          .replace(/ id=\d+$/, '')
          .replace(/ id=\d+ start=/, ' start=');
      });
      assert.deepEqual(stripped, linesOf(plain));
    });
  }

  it('events with -o timestamp are in the order of time', async () => {
    const lines = linesOf(await tracked('-r', MIXED, '--print', 'events', '-o', 'timestamp'));
    const times = lines.map((line) => Number(/^\[(\d+\.\d{6})\]\t/.exec(line)?.[1]));
    assert.ok(times.every((time, i) => i === 0 || time >= times[i - 1]));
  });
});

describe('JSON', () => {
  for (const [print, record] of [
    ['table', 'connection'],
    ['flows', 'flow'],
    ['events', 'event'],
  ]) {
    it(`--print ${print}: one object to a line`, async () => {
      const lines = linesOf(await tracked('-r', MIXED, '--print', print, '-o', 'json'));
      for (const line of lines) assert.equal(JSON.parse(line).record, record);
      if (print !== 'events') assert.equal(lines.length, await expected(print));
    });
  }

  it('--print trace: one object to a packet, whatever -o says', async () => {
    for (const form of ['text', 'json']) {
      const lines = linesOf(await tracked('-r', MIXED, '--print', 'trace', '-o', form));
      const packets = lines.map((line) => JSON.parse(line)).filter((p) => 'n' in p);
      assert.deepEqual(
        packets.map((p) => p.n),
        Array.from({ length: MIXED_PACKETS }, (_, i) => i + 1),
      );
      const { verdicts, skipped } = await counts;
      const count = (ct: string): number => packets.filter((p) => p.ct === ct).length;
      assert.equal(count('SKIP'), sum(skipped));
      for (const [verdict, packetsOfIt] of Object.entries(verdicts))
        assert.equal(count(verdict), packetsOfIt);
    }
  });
});

describe('XML', () => {
  for (const print of ['table', 'flows', 'events']) {
    it(`--print ${print}: one document`, async () => {
      const elements = countElements(await tracked('-r', MIXED, '--print', print, '-o', 'xml,timestamp'));
      assert.equal(elements.get('conntrack'), 1);
      const flows = elements.get('flow') ?? 0;
      if (print === 'events') assert.equal(elements.get('when'), flows);
      else assert.equal(flows, await expected(print));
    });
  }
});

describe('none, and the words for people', () => {
  it('--print none prints nothing but the summary', async () => {
    const { stdout, stderr } = await track('-r', MIXED, '--print', 'none');
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^4,709 packets, 2\.9 MB in \d+\.\d{3} s: [\d,]+ packets\/s, \d+ shards?\n {2}connections /,
    );
  });

  it('the summary is on standard error, with the closing words of conntrack', async () => {
    const { stdout, stderr } = await track('-r', MIXED);
    const { connections } = await counts;
    assert.ok(linesOf(stdout).every((line) => LINE.table.test(line)));
    assert.match(
      stderr,
      new RegExp(`^flowshard v\\S+: ${connections.alive} flow entries have been shown\\.\n`),
    );
    const ended = sum(connections.ended);
    assert.ok(
      stderr.includes(`\n  connections ${connections.created} created, ${ended} ended (timeout ${ended}), `),
    );
  });

  it('--quiet leaves standard error empty', async () => {
    assert.equal((await track('-q', '-r', MIXED)).stderr, '');
  });

  it('no progress bar on a pipe', async () => {
    const { stderr } = await track('-r', MIXED);
    assert.equal(stderr.includes('\x1b'), false);
    assert.equal(stderr.includes('\r'), false);
  });
});

describe('--stats', () => {
  it('--json is the last line of standard output, behind the data', async () => {
    const lines = linesOf(await tracked('-r', MIXED, '--stats', '--json'));
    const last = JSON.parse(lines.at(-1) ?? '');
    assert.equal(last.packets, MIXED_PACKETS);
    assert.equal(lines.length - 1, last.connections.alive);
  });

  it('adds up, in total and over the shards', async () => {
    const stats = await statsOf('-r', MIXED, '--shards', '3');
    const { invalid, untracked, skipped, dropped } = stats;
    assert.equal(stats.packets, MIXED_PACKETS);
    const reasons = sum(invalid) + sum(untracked) + sum(skipped) + sum(dropped);
    assert.equal(stats.packets, stats.tracked + reasons);
    assert.equal(stats.tracked, sum(stats.verdicts));
    const { created, ended, alive } = stats.connections;
    assert.equal(created, sum(ended) + alive);
    assert.deepEqual(
      stats.shards.map((s) => s.shard),
      [0, 1, 2],
    );
    const over = (of: (s: (typeof stats.shards)[number]) => number): number =>
      stats.shards.reduce((total, s) => total + of(s), 0);
    assert.equal(
      over((s) => s.tracked),
      stats.tracked,
    );
    assert.equal(
      over((s) => s.connections.created),
      created,
    );
    assert.equal(
      over((s) => s.connections.alive),
      alive,
    );
    assert.equal(
      over((s) => sum(s.connections.ended)),
      sum(ended),
    );
    assert.equal(
      over((s) => sum(s.invalid)),
      sum(invalid),
    );
  });

  it('without --json: every counter on standard error, one to a line', async () => {
    const { stdout, stderr } = await track('-r', MIXED, '--print', 'none', '--stats', '-q');
    assert.equal(stdout, '');
    const lines = linesOf(stderr);
    for (const line of lines) assert.match(line, /^[\w.\-/]+=\d+$/);
    assert.ok(lines.includes(`packets=${MIXED_PACKETS}`));
    assert.ok(lines.some((line) => line.startsWith('shards.0.connections.created=')));
  });
});
