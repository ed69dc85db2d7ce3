/** Talk: the connection of the one who is called. Nothing to hold it against: the kernel has no such helper. */
import { HelperNumber } from '../../../src/common/helpers.ts';
import { createDialogues, type DialogueBuilder, type Host } from '../../support/dialogue.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { addressBytes } from '../../support/frames.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';

type Bytes = readonly number[];
const zeroes = (length: number): Bytes => new Array<number>(length).fill(0x20);

const LOOK_UP = 1;
const ANNOUNCE = 3;

const socket = (d: DialogueBuilder, host: Host, port: number, family: Bytes = [0, 2]): Bytes => [
  ...family,
  ...[port >> 8, port & 255],
  ...addressBytes(d.hosts[host]),
  ...zeroes(8),
];

interface Format {
  readonly name: string;
  readonly port: number;
  readonly request: (type: number, address: Bytes) => Uint8Array;
  readonly answer: (type: number, code: number, address: Bytes) => Uint8Array;
}

const FORMATS: readonly Format[] = [
  {
    name: 'talk',
    port: 517,
    request: (type, address) =>
      Uint8Array.from([type, ...zeroes(19), ...zeroes(8), ...zeroes(16), ...address, ...zeroes(16)]),
    answer: (type, code, address) => Uint8Array.from([type, code, ...zeroes(6), ...address]),
  },
  {
    name: 'ntalk',
    port: 518,
    request: (type, address) =>
      Uint8Array.from([1, type, 0, 0, ...zeroes(4), ...address, ...zeroes(16), ...zeroes(44)]),
    answer: (type, code, address) => Uint8Array.from([1, type, code, 0, ...zeroes(4), ...address]),
  },
];
const NUMBERS = { talk: HelperNumber.TALK, ntalk: HelperNumber.NTALK };

for (const { name, port, request, answer } of FORMATS) {
  const list = createDialogues(port === 517 ? 0x1800 : 0x1880, port, ['IPv4']);
  const ask = (d: DialogueBuilder, payload: Uint8Array) => d.udp('c', 's', 2000, port, payload);
  const tell = (d: DialogueBuilder, payload: Uint8Array) =>
    d.udp('s', 'c', port, 2000, payload).is('ESTABLISHED_REPLY');

  list.add('the caller announces itself', (d) => {
    ask(d, request(LOOK_UP, socket(d, 'c', 0))).expects();
    tell(d, answer(LOOK_UP, 1, socket(d, 'c', 0))).expects();
    ask(d, request(ANNOUNCE, socket(d, 'c', 1025)))
      .is('ESTABLISHED')
      .expects('tcp s:* -> c:1025 60s');
    d.tcp('s', 'c', 3000, 1025, 'S').is('RELATED').expects();
  });
  list.add('the called one asks for the caller', (d) => {
    ask(d, request(LOOK_UP, socket(d, 'c', 0))).expects();
    tell(d, answer(LOOK_UP, 0, socket(d, 's', 1025))).expects('tcp c:* -> s:1025 60s');
    d.tcp('c', 's', 3000, 1025, 'S').is('RELATED').expects();
  });
  list.add('a family in the other order', (d) => {
    ask(d, request(ANNOUNCE, socket(d, 'c', 1025, [2, 0]))).expects('tcp s:* -> c:1025 60s');
  });
  list.add('once more, and another port', (d) => {
    ask(d, request(ANNOUNCE, socket(d, 'c', 1025))).expects('tcp s:* -> c:1025 60s');
    ask(d, request(ANNOUNCE, socket(d, 'c', 1025)))
      .after(30_000)
      .is('NEW')
      .expects('tcp s:* -> c:1025 60s');
    ask(d, request(ANNOUNCE, socket(d, 'c', 1026))).expects('tcp s:* -> c:1026 60s');
  });
  list.add('what is not believed', (d) => {
    ask(d, request(ANNOUNCE, socket(d, 'x', 1025))).expects();
    ask(d, request(ANNOUNCE, socket(d, 's', 1025))).expects();
    ask(d, request(ANNOUNCE, socket(d, 'c', 0))).expects();
    ask(d, request(ANNOUNCE, socket(d, 'c', 1025, [0, 10]))).expects();
    tell(d, answer(LOOK_UP, 0, socket(d, 'x', 1025))).expects();
    tell(d, answer(LOOK_UP, 0, socket(d, 'c', 1025))).expects();
  });
  list.add('other messages', (d) => {
    for (const type of [0, 2, 4, 255]) ask(d, request(type, socket(d, 'c', 1025))).expects();
    for (const code of [1, 2, 255])
      tell(d, answer(LOOK_UP, code, socket(d, 's', 1025)))
        .is('ESTABLISHED_REPLY')
        .expects();
    tell(d, answer(ANNOUNCE, 0, socket(d, 's', 1025))).expects();
  });
  list.add('too short', (d) => {
    const message = request(ANNOUNCE, socket(d, 'c', 1025));
    for (const length of [0, 1, 20, message.length - 1]) ask(d, message.subarray(0, length)).expects();
    const told = answer(LOOK_UP, 0, socket(d, 's', 1025));
    for (const length of [0, 1, 12, told.length - 1]) tell(d, told.subarray(0, length)).expects();
  });
  if (name === 'ntalk')
    list.add('another version', (d) => {
      const message = request(ANNOUNCE, socket(d, 'c', 1025));
      message[0] = 2;
      ask(d, message).expects();
    });
  testDialogues(name, name, list.dialogues);
  fuzzHelper(name, NUMBERS[name as keyof typeof NUMBERS], list.dialogues, 0.02);
}
