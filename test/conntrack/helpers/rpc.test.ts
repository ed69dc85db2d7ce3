/** Port mapper: programs that clients ask for. Nothing to hold it against: the kernel has no such helper. */
import { HelperNumber } from '../../../src/common/helpers.ts';
import { createDialogues, type DialogueBuilder } from '../../support/dialogue.ts';
import { testDialogues } from '../../support/dialogue-runner.ts';
import { fuzzHelper } from '../../support/helper-fuzz.ts';

const list = createDialogues(0x1b00, 111, ['IPv4', 'IPv6']);
const TCP = 6;
const UDP = 17;
const MOUNT = 100_005;

const words = (...values: readonly number[]): Uint8Array =>
  Uint8Array.from(values.flatMap((value) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255)));
const NO_AUTH = [0, 0];
/** AUTH_SYS of 20 bytes. */
const SYS_AUTH = [1, 20, 1, 2, 3, 4, 5];

interface Call {
  readonly xid?: number;
  readonly type?: number;
  readonly rpcVersion?: number;
  readonly program?: number;
  readonly version?: number;
  readonly procedure?: number;
  readonly credentials?: readonly number[];
  readonly protocol?: number;
}

function call(c: Call = {}): Uint8Array {
  const head = [c.xid ?? 77, c.type ?? 0, c.rpcVersion ?? 2, c.program ?? 100_000, c.version ?? 2];
  const auth = [...(c.credentials ?? NO_AUTH), ...NO_AUTH];
  return words(...head, c.procedure ?? 3, ...auth, MOUNT, 3, c.protocol ?? TCP, 0);
}
const reply = (port: number, xid = 77, status = 0, verifier: readonly number[] = NO_AUTH, accepted = 0) =>
  words(xid, 1, status, ...verifier, accepted, port);

const ask = (d: DialogueBuilder, c?: Call) => d.udp('c', 's', 900, 111, call(c));
const tell = (d: DialogueBuilder, payload: Uint8Array) =>
  d.udp('s', 'c', 111, 900, payload).is('ESTABLISHED_REPLY');

for (const [name, protocol] of [
  ['tcp', TCP],
  ['udp', UDP],
] as const)
  list.add(`a program over ${name}`, (d) => {
    ask(d, { protocol }).expects();
    tell(d, reply(2049)).expects(`${name} c:* -> s:2049 60s`);
    if (protocol === TCP) d.tcp('c', 's', 901, 2049, 'S').is('RELATED').expects();
    else d.udp('c', 's', 901, 2049, 'x').is('RELATED').expects();
    tell(d, reply(2049)).expects();
  });
list.add('over TCP, with record marks', (d) => {
  d.open();
  const marked = (bytes: Uint8Array): Uint8Array => Uint8Array.from([0x80, 0, 0, bytes.length, ...bytes]);
  d.c(marked(call()));
  d.s(marked(reply(2049))).expects('tcp c:* -> s:2049 60s');
  d.c(call({ xid: 78 }));
  d.s(marked(reply(2050, 78))).expects('tcp c:* -> s:2049 60s');
});
list.add('credentials and a verifier', (d) => {
  ask(d, { credentials: SYS_AUTH }).expects();
  tell(d, reply(2049, 77, 0, SYS_AUTH)).expects('tcp c:* -> s:2049 60s');
});
list.add('a credential that ends within a word', (d) => {
  ask(d, { credentials: [1, 17, 1, 2, 3, 4, 5] }).expects();
  tell(d, reply(2049)).expects('tcp c:* -> s:2049 60s');
});
for (const [name, given] of [
  ['a reply', { type: 1 }],
  ['another version of RPC', { rpcVersion: 3 }],
  ['another program', { program: 100_003 }],
  ['another version of the port mapper', { version: 3 }],
  ['another procedure', { procedure: 4 }],
  ['another protocol', { protocol: 132 }],
  ['a credential of 404 bytes', { credentials: [1, 404, ...new Array<number>(101).fill(0)] }],
  ['a credential without end', { credentials: [1, 400] }],
  ['a credential of negative length', { credentials: [1, 0xffff_fff0] }],
] as const)
  list.add(`no question: ${name}`, (d) => {
    ask(d, given).expects();
    tell(d, reply(2049)).expects();
  });
for (const [name, answer] of [
  ['of another number', reply(2049, 78)],
  ['that denies', reply(2049, 77, 1)],
  ['without success', reply(2049, 77, 0, NO_AUTH, 1)],
  ['with port 0', reply(0)],
  ['with a port beyond 16 bits', reply(65_536)],
  ['with a negative port', reply(-1)],
  ['that is cut', reply(2049).subarray(0, 27)],
  ['that is a call', call()],
  ['that is empty', new Uint8Array(0)],
] as const)
  list.add(`an answer ${name}`, (d) => {
    ask(d).expects();
    tell(d, answer).expects();
  });
list.add('a call once more', (d) => {
  ask(d).expects();
  ask(d).expects();
  tell(d, reply(2049)).expects('tcp c:* -> s:2049 60s');
  tell(d, reply(2050)).expects('tcp c:* -> s:2049 60s');
});
list.add('four calls are remembered', (d) => {
  for (let xid = 1; xid <= 5; xid++) d.udp('c', 's', 900, 111, call({ xid })).is('NEW').expects();
  const known: string[] = [];
  for (const xid of [1, 5, 3, 4, 2]) {
    if (xid !== 1) known.push(`tcp c:* -> s:${xid} 60s`);
    tell(d, reply(xid, xid)).expects(...known);
  }
});
list.add('eight are expected, then the oldest gives way', (d) => {
  const known: string[] = [];
  for (let port = 1; port <= 10; port++) {
    ask(d).is(port === 1 ? 'NEW' : 'ESTABLISHED');
    known.push(`tcp c:* -> s:${port} 60s`);
    tell(d, reply(port)).expects(...known.slice(-8));
  }
});

testDialogues('port mapper', 'rpc', list.dialogues);
fuzzHelper('port mapper', HelperNumber.RPC, list.dialogues, 0.005);
