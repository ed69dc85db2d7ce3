/** `flowshard top` on a pseudo terminal that `script` of util-linux makes, seen through a small terminal of our own. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer, type TestServer } from '../../support/api-server.ts';
import { until } from '../../support/until.ts';
import { CLI, flowshard, linesOf, tempFile } from '../cli.ts';

const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux');
const skip = hasScript ? false : 'script of util-linux is not installed: no pseudo terminal';

/** As much of a terminal as top uses. */
function createScreen() {
  const rows = new Map<number, string>();
  let row = 1;
  let isOther = false;
  let isCursorShown = true;
  const feed = (text: string): void => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: orders to a terminal begin so
    for (const [part, order, letter] of text.matchAll(/\x1b\[([?\d;]*)([A-Za-z])|[^\x1b]+/g)) {
      if (letter === undefined) rows.set(row, (rows.get(row) ?? '') + part);
      else if (letter === 'H') {
        row = Number(order.split(';')[0]);
        rows.set(row, '');
      } else if (letter === 'J') rows.clear();
      else if (order === '?1049') isOther = letter === 'h';
      else if (order === '?25') isCursorShown = letter === 'h';
      else
        assert.ok(letter === 'm' || letter === 'K', `an order that is not expected: ${JSON.stringify(part)}`);
    }
  };
  return {
    feed,
    line: (n: number): string => rows.get(n) ?? '',
    text: (): string =>
      [...rows]
        .sort(([a], [b]) => a - b)
        .map(([, line]) => line)
        .join('\n'),
    lines: (): number => rows.size,
    isOther: () => isOther,
    isCursorShown: () => isCursorShown,
  };
}

interface Session {
  readonly child: ChildProcess;
  readonly screen: ReturnType<typeof createScreen>;
  readonly bytes: () => number;
  readonly ended: Promise<number | null>;
  press(keys: string): void;
}

describe('on a terminal', { skip }, () => {
  let server: TestServer;
  const sessions: ChildProcess[] = [];
  before(async () => {
    server = await startServer();
    for (let i = 1; i <= 40; i++)
      server.control.add({
        family: 'ipv4',
        protocol: i % 2 === 0 ? 6 : 17,
        src: `10.0.0.${i}`,
        dst: '192.0.2.80',
        sport: 40000 + i,
        dport: 80,
        timeoutS: 100,
        ...(i % 2 === 0 ? { state: 'ESTABLISHED' } : {}),
        bytes: [1000 * i, 0],
        packets: [100 - i, 0],
      });
  });
  after(async () => {
    for (const child of sessions) child.kill('SIGKILL');
    await server.close();
  });

  const socket = (): string => join(server.folder, 'api.sock');
  const ttyFile = tempFile('tty', '');

  function open(args: string, size = 'rows 24 cols 80'): Session {
    const command = `stty ${size}; tty > '${ttyFile}'; exec '${process.execPath}' '${CLI}' top -i 0.2 ${args} --socket '${socket()}'`;
    const child = spawn('script', ['-qefc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    sessions.push(child);
    const screen = createScreen();
    let bytes = 0;
    child.stdout.on('data', (data: Buffer) => {
      bytes += data.length;
      screen.feed(data.toString('latin1'));
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    return { child, screen, bytes: () => bytes, ended, press: (keys) => child.stdin.write(keys) };
  }

  it('shows, sorts, filters, tells what is wrong, and gives the terminal back', async () => {
    const { screen, press, ended, bytes } = open('');
    await until(() => screen.lines() === 24 && /^q quit/.test(screen.line(24)), 'the first picture');
    assert.ok(screen.isOther() && !screen.isCursorShown());
    assert.match(screen.line(1), /^flowshard top/);
    assert.match(screen.line(10), /^tcp +ESTABLISHED 10\.0\.0\.40:40040/);
    const before = bytes();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.ok(
      bytes() - before < 1500,
      `a picture in which nothing changes costs ${bytes() - before} bytes in a second`,
    );
    press('p');
    await until(() => /^udp +UNREPLIED +10\.0\.0\.1:40001/.test(screen.line(10)), 'the order by packets');
    press('/tcp src 10.0.0.8');
    await until(() => screen.line(24) === 'filter: tcp src 10.0.0.8_', 'what is typed');
    press('\r');
    await until(() => /^busiest of 1 with tcp src 10\.0\.0\.8/.test(screen.line(8)), 'the filter');
    assert.match(screen.line(10), /^tcp +ESTABLISHED 10\.0\.0\.8:40008/);
    press('/ nonsense\r');
    await until(() => /nonsense/.test(screen.line(24)), 'what is wrong');
    assert.match(screen.line(8), /with tcp src 10\.0\.0\.8$/);
    press(' ');
    await until(() => /PAUSED/.test(screen.line(1)), 'the pause');
    press('q');
    assert.equal(await ended, 0);
    assert.ok(!screen.isOther() && screen.isCursorShown(), 'the screen is as it was');
  });

  it('follows the size of the terminal, and leaves on Ctrl-C', async () => {
    const { screen, press, ended } = open('', 'rows 40 cols 120');
    await until(() => screen.lines() === 40, 'the first picture');
    const tty = readFileSync(ttyFile, 'utf8').trim();
    assert.ok(existsSync(tty), tty);
    assert.equal(spawnSync('stty', ['-F', tty, 'rows', '12', 'cols', '40']).status, 0);
    // stty sets one after the other: in between it is low and wide.
    const isNarrow = (): boolean =>
      Array.from({ length: 12 }, (_, i) => screen.line(i + 1)).every((line) => line.length <= 40);
    await until(() => screen.lines() === 12 && isNarrow(), 'the smaller one');
    await until(() => /drops +none/.test(screen.text()), 'the losses');
    press('\x03');
    assert.equal(await ended, 0);
    assert.ok(!screen.isOther() && screen.isCursorShown());
  });

  it('--iterations ends it; a signal as well', async () => {
    const counted = open('-n 1');
    assert.equal(await counted.ended, 0);
    assert.ok(!counted.screen.isOther() && counted.screen.isCursorShown());
  });

  it('says that the tracker has gone, and waits for it', async () => {
    const gone = await startServer();
    const path = join(gone.folder, 'api.sock');
    const command = `stty rows 24 cols 120; exec '${process.execPath}' '${CLI}' top -i 0.2 --socket '${path}'`;
    const child = spawn('script', ['-qefc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    sessions.push(child);
    const screen = createScreen();
    child.stdout.on('data', (data: Buffer) => screen.feed(data.toString('latin1')));
    await until(() => /^q quit/.test(screen.line(24)), 'the first picture');
    await gone.close();
    await until(() => /no such socket|nobody listens/.test(screen.line(24)), 'the trouble');
    child.stdin.write('q');
    const status = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(status, 0);
  });

  it('without a terminal: refused, but --once and --json', async () => {
    const refused = await flowshard(['top', '--socket', socket()]);
    assert.deepEqual([refused.status, refused.stdout], [2, '']);
    assert.match(refused.stderr, /^flowshard: top: .*--once.*--json.*\n$/);
    const once = await flowshard(['top', '--once', '-i', '0.2', 'udp', '--socket', socket()]);
    assert.equal(once.status, 0, once.stderr);
    assert.equal(once.stdout.includes('\x1b'), false);
    assert.match(once.stdout, /^PROTO +STATE/m);
    assert.match(once.stdout, /^udp +UNREPLIED +10\.0\.0\.39:40039/m);
    const json = await flowshard(['top', '--json', '-i', '0.2', '-n', '2', '--socket', socket()]);
    const records = linesOf(json.stdout).map((line) => JSON.parse(line));
    assert.equal(records.length, 2);
    assert.equal(records[0].table.matching, 40);
    assert.equal((await flowshard(['top', '-i', '0', '--socket', socket()])).status, 2);
    assert.equal((await flowshard(['top', '--once', '--socket', '/nonexistent'])).status, 1);
  });
});
