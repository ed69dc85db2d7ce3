/** Microsoft Media Server: the stream over UDP. Nothing to hold it against: the kernel has no such helper. */
import { HelperNumber } from '../../../src/common/helpers.ts';
import { createDialogues, type DialogueBuilder } from '../../support/dialogue.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';

const list = createDialogues(0x1900, 1755, ['IPv4', 'IPv6']);
const EXPECTED = 'udp s:* -> c:1037 300s';

const little = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 255);

interface Fields {
  readonly session?: number;
  readonly seal?: number;
  readonly id?: number;
}

function message(name: string, { session = 0xb00bface, seal = 0x20534d4d, id = 0x0003_0002 }: Fields = {}) {
  const text = [...name].flatMap((letter) => [letter.charCodeAt(0) & 255, letter.charCodeAt(0) >> 8]);
  return Uint8Array.from([
    ...[1, 0, 0, 0],
    ...[session, 96, seal, 12, 0, 0, 0].flatMap(little),
    ...[10, id, 0, 0xffff_ffff, 0, 0x0098_9680, 2].flatMap(little),
    ...text,
  ]);
}
const nameOf = (d: DialogueBuilder, protocol = 'UDP', port: number | string = 1037): string =>
  `\\\\${d.hosts.c}\\${protocol}\\${port}`;

list.add('the stream', (d) => {
  d.open();
  d.c(message('NSPlayer/9.0', { id: 0x0003_0001 })).expects();
  d.c(message(nameOf(d))).expects(EXPECTED);
  d.udp('x', 'c', 1755, 1037, 'x').is('NEW');
  d.udp('s', 'c', 1755, 1037, 'x').is('RELATED').expects();
});
for (const end of ['\0', '\0\0', '\0rest'])
  list.add(`a name that ends with ${JSON.stringify(end)}`, (d) => {
    d.open();
    d.c(message(nameOf(d) + end)).expects(EXPECTED);
  });
list.add('letters of the other case', (d) => {
  d.open();
  d.c(message(nameOf(d, 'udp'))).expects(EXPECTED);
});
list.add('over TCP the stream comes along the same connection', (d) => {
  d.open();
  d.c(message(nameOf(d, 'TCP'))).expects();
});
list.add('names that are not believed', (d) => {
  d.open();
  const good = nameOf(d);
  const names = [
    good.replace(d.hosts.c, d.hosts.x),
    good.replace(d.hosts.c, d.hosts.s),
    good.replace(d.hosts.c, ''),
    good.slice(1),
    good.replace('UDP', 'UDPX'),
    good.replace('UDP\\', 'UDP'),
    nameOf(d, 'UDP', 0),
    nameOf(d, 'UDP', 65_536),
    nameOf(d, 'UDP', ''),
    nameOf(d, 'UDP', '1037x'),
    nameOf(d, 'UDP', 'x'),
    nameOf(d, 'UDP', '4294968333'),
    good.replace('U', '\u0155'),
    '',
    '\\\\',
    'x'.repeat(500),
  ];
  for (const name of names) d.c(message(name)).expects();
});
list.add('other messages', (d) => {
  d.open();
  for (const fields of [{ session: 1 }, { seal: 1 }, { id: 0x0003_0001 }, { id: 0x0002_0003 }])
    d.c(message(nameOf(d), fields)).expects();
  d.c(message(nameOf(d)).subarray(0, 60)).expects();
  d.c(message(nameOf(d)).subarray(1)).expects();
});
list.add('the server does not say it', (d) => {
  d.open();
  d.s(message(nameOf(d))).expects();
});
list.add('cut short', (d) => {
  d.open();
  const whole = message(nameOf(d));
  d.c(whole.subarray(0, whole.length - 1)).expects('udp s:* -> c:103 300s');
});

testDialogues('MMS', 'mms', list.dialogues);
fuzzHelper('MMS', HelperNumber.MMS, list.dialogues, 0.02);
