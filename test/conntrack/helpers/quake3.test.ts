/** Quake 3: the servers of a list. Nothing to hold it against: the kernel has no such helper. */
import { HelperNumber } from '../../../src/common/helpers.ts';
import { bytesOf, createDialogues } from '../../support/dialogue.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { addressBytes } from '../../support/frames.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';

const list = createDialogues(0x1a00, 27_950, ['IPv4']);
const HEAD = '\xff\xff\xff\xffgetserversResponse';
const server = (address: string, port: number): string =>
  `\\${String.fromCharCode(...addressBytes(address), port >> 8, port & 255)}`;

/** A question, and answers with the ports of `x` that are expected after each. */
function answers(
  name: string,
  ...given: readonly (readonly [text: string, ports: readonly number[]])[]
): void {
  list.add(name, (d) => {
    d.udp('c', 's', 27_960, 27_950, '\xff\xff\xff\xffgetservers 68 full').expects();
    for (const [text, ports] of given)
      d.udp('s', 'c', 27_950, 27_960, bytesOf(text.replaceAll('X', server(d.hosts.x, 0).slice(1, 5))))
        .is('ESTABLISHED_REPLY')
        .expects(...ports.map((port) => `udp c:* -> x:${port} 60s`));
  });
}
const at = (port: number): string => `\\X${String.fromCharCode(port >> 8, port & 255)}`;

answers('two servers', [`${HEAD}${at(1)}${at(2)}\\EOT`, [1, 2]]);
answers('the end with zeroes', [`${HEAD}${at(1)}\\EOT\0\0\0`, [1]]);
answers('no end', [`${HEAD}${at(1)}`, [1]]);
answers('nothing behind the end', [`${HEAD}${at(1)}\\EOT\0\0\0${at(2)}`, [1]]);
answers('none', [HEAD, []], [`${HEAD}\\EOT`, []], ['', []]);
answers('a server that is cut off', [`${HEAD}${at(1)}${at(2).slice(0, 3)}`, [1]]);
answers('no backslash', [`${HEAD}${at(1)}${at(2).replace('\\', '/')}`, [1]]);
answers('port 0 ends it', [`${HEAD}${at(1)}${at(0)}${at(2)}`, [1]]);
answers('another answer', [`\xff\xff\xff\xffstatusResponse${at(1)}`, []], [`getserversResponse${at(1)}`, []]);
answers('two answers', [`${HEAD}${at(1)}${at(2)}`, [1, 2]], [`${HEAD}${at(2)}${at(3)}\\EOT`, [1, 2, 3]]);
answers('64 of a message', [
  HEAD + Array.from({ length: 100 }, (_, i) => at(i + 1)).join(''),
  Array.from({ length: 64 }, (_, i) => i + 1),
]);
list.add('the client goes there', (d) => {
  d.udp('c', 's', 27_960, 27_950, 'getservers').expects();
  d.udp('s', 'c', 27_950, 27_960, HEAD + server(d.hosts.x, 27_961))
    .is('ESTABLISHED_REPLY')
    .expects('udp c:* -> x:27961 60s');
  d.udp('s', 'x', 27_960, 27_961, 'getinfo').is('NEW');
  d.udp('c', 'x', 27_960, 27_961, 'getinfo').is('RELATED').expects();
});
list.add('the client does not say it', (d) => {
  d.udp('c', 's', 27_960, 27_950, HEAD + server(d.hosts.x, 1)).expects();
});

testDialogues('Quake 3', 'quake3', list.dialogues);
fuzzHelper('Quake 3', HelperNumber.QUAKE3, list.dialogues, 0.05);
