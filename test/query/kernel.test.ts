/**
 * The kernel's conntrack command as the model: connections that it puts into the table of a namespace of ours, and
 * the same options given to it and to the filter language.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Connection, StatusBit } from '../../src/export/connection.ts';
import { protocolName } from '../../src/export/names.ts';
import { parseFilter } from '../../src/query/filter.ts';
import { matchesConnection } from '../../src/query/match-connection.ts';
import { enterNamespaces, run } from '../support/namespaces.ts';
import { type Random, SEED, withSeed } from '../support/random.ts';

const skip = enterNamespaces(['conntrack']);

const CONNECTIONS = 60;
const QUESTIONS = 60;
/** Commands at one go: a list takes long while the kernel's table is huge, as another test may make it. */
const COMMANDS = 10;
const SOURCES = { ipv4: ['10.0.0.1', '10.0.0.2', '10.1.0.1'], ipv6: ['2001:db8::1', '2001:db8:1::1'] };
const TARGETS = { ipv4: ['192.0.2.1', '192.0.2.200'], ipv6: ['2001:db8:2::1', 'fd00::1'] };
const NETWORKS = {
  ipv4: ['10.0.0.0/8', '10.0.0.0/30', '10.0.0.1/24', '192.0.2.128/25', '10.0.0.2', '192.0.2.1', '0.0.0.0/1'],
  ipv6: ['2001:db8::/32', '2001:db8::/47', '2001:db8:1::1/48', 'fd00::/8', '2001:db8::1', 'fd00::1'],
};
const PORTS = [53, 80, 443, 8080];
const STATES = ['SYN_SENT', 'SYN_RECV', 'ESTABLISHED', 'FIN_WAIT', 'TIME_WAIT', 'CLOSE'];
const MARKS = [0, 1, 5, 0x15, 0xffffffff];

type Family = 'ipv4' | 'ipv6';

function randomConnection(random: Random, number: number): Connection {
  const family: Family = random.chance(0.5) ? 'ipv4' : 'ipv6';
  const protocol = random.pick([6, 6, 17, 17, family === 'ipv4' ? 1 : 58]);
  const src = random.pick(SOURCES[family]);
  const dst = random.pick(TARGETS[family]);
  const isIcmp = protocol === 1 || protocol === 58;
  const [ask, answer] = protocol === 1 ? [8, 0] : [128, 129];
  const sport = 1000 + number;
  const dport = random.pick(PORTS);
  const original = isIcmp ? { src, dst, type: ask, code: 0, id: number } : { src, dst, sport, dport };
  const reply = isIcmp
    ? { src: dst, dst: src, type: answer, code: 0, id: number }
    : { src: dst, dst: src, sport: dport, dport: sport };
  const bits = random.pick([0, StatusBit.SEEN_REPLY, StatusBit.SEEN_REPLY | StatusBit.ASSURED]);
  return {
    id: number,
    family,
    protocol,
    protocolName: protocolName(protocol),
    original,
    reply,
    state: protocol === 6 ? random.pick(STATES) : null,
    status: StatusBit.CONFIRMED | bits,
    helper: null,
    master: null,
    expected: 0,
    halves: 'both',
    zone: random.pick([0, 0, 5]),
    mark: random.pick(MARKS),
    timeoutS: 600,
    startNs: 0n,
    lastNs: 0n,
    end: null,
  };
}

/** Options of conntrack that make the connection. */
function creation({ protocolName: name, original, state, status, zone, mark }: Connection): string {
  const { src, dst, sport, dport, type, code, id } = original;
  const ports = type === undefined ? `--sport ${sport} --dport ${dport}` : icmpOptions(name, type, code, id);
  const bits = [
    ...((status & StatusBit.SEEN_REPLY) !== 0 ? ['SEEN_REPLY'] : []),
    ...((status & StatusBit.ASSURED) !== 0 ? ['ASSURED'] : []),
  ];
  return [
    `-p ${name} -s ${src} -d ${dst} ${ports} -t 600 -m ${mark} -w ${zone}`,
    ...(state === null ? [] : [`--state ${state}`]),
    ...(bits.length === 0 ? [] : [`-u ${bits.join(',')}`]),
  ].join(' ');
}

const icmpOptions = (name: string, type: number, code = 0, id = 0): string =>
  `--${name}-type ${type} --${name}-code ${code} --${name}-id ${id}`;

/** What tells a connection in a line of conntrack. */
const lineKey = ({ original: { src, dst, sport, dport, id } }: Connection): string =>
  sport === undefined ? `${src} ${dst} id=${id}` : `${src} ${dst} ${sport} ${dport}`;

function keyOfLine(line: string): string {
  const value = (name: string): string => new RegExp(`\\b${name}=(\\S+)`).exec(line)?.[1] ?? '';
  const ends = `${value('src')} ${value('dst')}`;
  return line.includes('sport=')
    ? `${ends} ${value('sport')} ${value('dport')}`
    : `${ends} id=${value('id')}`;
}

/** A question as options of conntrack and as parameters. */
function randomQuestion(random: Random): { options: string; params: Record<string, string> } {
  const family: Family = random.chance(0.5) ? 'ipv4' : 'ipv6';
  const params: Record<string, string> = { family };
  const options = [`-f ${family}`];
  const add = (option: string, key: string, value: string): void => {
    // conntrack 1.4.7 has one place for both values and mixes them up.
    const other = key === 'mark' ? 'status' : key === 'status' ? 'mark' : '';
    if (key in params || other in params) return;
    options.push(`${option} ${value}`);
    params[key] = value;
  };
  for (let tests = 1 + random.below(2); tests > 0; tests--) {
    switch (random.below(9)) {
      case 0:
        add('-s', 'src', random.pick(NETWORKS[family]));
        break;
      case 1:
        add('-d', 'dst', random.pick(NETWORKS[family]));
        break;
      case 2:
        add('-r', 'reply-src', random.pick(TARGETS[family]));
        break;
      case 3:
        add('-q', 'reply-dst', random.pick(SOURCES[family]));
        break;
      case 4:
        add(
          '-m',
          'mark',
          random.pick(['0', '1', '5', '1/1', '5/1', '5/0xf', '0/0x10', '0x15', '0xffffffff']),
        );
        break;
      case 5:
        add('-u', 'status', random.pick(['ASSURED', 'assured', 'SEEN_REPLY', 'UNREPLIED']));
        break;
      case 6:
        add('-w', 'zone', random.pick(['0', '5', '7']));
        break;
      case 7:
        add('-p', 'protocol', random.pick(['tcp', 'UDP', 'icmp', 'icmpv6', '17']));
        break;
      default:
        if ('protocol' in params) break;
        add('-p', 'protocol', 'tcp');
        if (random.chance(0.5)) add('--state', 'state', random.pick(STATES));
        else add('--dport', 'dport', String(random.pick(PORTS)));
    }
  }
  return { options: options.join(' '), params };
}

/** Lines of standard output of each of these commands. */
function conntrackLines(commands: readonly string[]): string[][] {
  const answers: string[][] = [];
  for (let from = 0; from < commands.length; from += COMMANDS) {
    const some = commands.slice(from, from + COMMANDS);
    const script = some.map((options) => `echo "#"\nconntrack ${options} 2>/dev/null || true\n`);
    for (const line of run('sh -s', script.join('')).split('\n')) {
      if (line === '#') answers.push([]);
      else if (line !== '') answers.at(-1)?.push(line);
    }
  }
  return answers;
}

it('a filter finds what conntrack finds with the same options', { skip }, () => {
  withSeed(SEED, (random) => {
    const wanted = Array.from({ length: CONNECTIONS }, (_, i) => randomConnection(random, i + 1));
    conntrackLines(wanted.map((connection) => `-I ${creation(connection)}`));
    const listed = conntrackLines(['-L -f ipv4', '-L -f ipv6']).flat();
    assert.deepEqual(listed.map(keyOfLine).sort(), wanted.map(lineKey).sort(), 'what was put in is there');
    const marks = new Map(listed.map((line) => [keyOfLine(line), Number(/ mark=(\d+)/.exec(line)?.[1])]));
    // With a status beside it conntrack 1.4.7 puts other marks in than it is told.
    const connections = wanted.map((c) => ({ ...c, mark: marks.get(lineKey(c)) ?? 0 }));
    const questions = Array.from({ length: QUESTIONS }, () => randomQuestion(random));
    const answers = conntrackLines(questions.map(({ options }) => `-L ${options}`));
    let found = 0;
    questions.forEach(({ options, params }, i) => {
      const filter = parseFilter(params);
      const ours = connections.filter((connection) => matchesConnection(filter, connection, 0n));
      assert.deepEqual(answers[i].map(keyOfLine).sort(), ours.map(lineKey).sort(), options);
      found += ours.length;
    });
    assert.ok(found > QUESTIONS, `only ${found} were found`);
  });
});
