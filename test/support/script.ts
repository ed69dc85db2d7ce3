/**
 * Sequences of packets with what is expected of each, as text:
 *
 *   c S 1000 ws 7                  -> NEW SYN_SENT 120 U 1/0
 *   s S. 5000:1001 +1s             -> REP SYN_RECV 60 R
 *
 * Left, the packet. `c`, `s` and `x` are the client, the server and a third host, who sends to the
 * client. For TCP the flags (S SYN, . ACK, F FIN, R RST, P PSH, U URG; - for none), `seq:ack` modulo
 * 2^32, and any of `len n`, `win n` (65535, for a RST 0), `ws n`, `sackok`, `sack l-r`, `ts`,
 * `raw hex` (option bytes), `badsum`, `offset n` (words). Others: `udp`, `udplite` (`len`, `length`,
 * `badsum`, `nosum`), `echo id`, `echoreply id`, `icmp type/code id`, `proto n`, `gre [id]` (PPTP),
 * `sctp tag chunk,chunk,...` (`init:77` with its initiate tag, `abort/1` with flags, `data=3` with another
 * length, `#64` by type, `-` for none), and
 * `error type/code [cut n] PACKET` for an ICMP error that quotes a packet. Anywhere: `+3s` since the
 * packet before, `behind n,n` (IPv6 extension headers), `port n` (of the client).
 *
 * Right, the verdict: NEW, EST, REP, REL, RELR, INV, UNT, NULL. Then in any order: `ign` (accepted
 * without effect), EXPIRED / REOPEN / RESET (how a connection ended with this packet), a reason, the
 * protocol state, the remaining seconds, U / R / A (unreplied, replied, assured), counted packets
 * `orig/reply`, the events in brackets if they are not those that follow from the rest, and words of
 * the entry as `MAXEND_REPLY=17801`, the halves that were seen as `H:reply`. `-` says that the packet has no connection.
 */
import { SCTP_STATE_NAMES, TCP_STATE_NAMES } from '../../src/export/names.ts';
import { FAMILIES, type Family, type Host, packetBuilder, Words } from './packet-text.ts';

export { FAMILIES, type Family, HOSTS } from './packet-text.ts';

export interface Expectation {
  readonly verdict: string;
  readonly ignored: boolean;
  readonly marker: 'EXPIRED' | 'REOPEN' | 'RESET' | null;
  readonly reason: string | null;
  readonly none: boolean;
  readonly state: string | null;
  readonly timerS: number | null;
  readonly flags: 'U' | 'R' | 'A' | null;
  readonly packets: readonly [number, number] | null;
  readonly events: readonly string[] | null;
  readonly words: readonly (readonly [name: string, value: number])[];
  readonly halves: string | null;
}

export interface Step {
  readonly text: string;
  readonly from: Host;
  readonly afterMs: number;
  readonly frame: (family: Family) => Uint8Array;
  readonly expect: Expectation;
}

export interface Sequence {
  readonly name: string;
  /** As `--set` takes them. */
  readonly set: readonly string[];
  readonly oneWay: boolean;
  readonly families: readonly Family[];
  readonly steps: readonly Step[];
  /** What is missing for this sequence to hold; null when nothing is. */
  readonly todo: string | null;
}

const STATE_NAMES: ReadonlySet<string> = new Set([...TCP_STATE_NAMES, ...SCTP_STATE_NAMES]);

const VERDICTS: Readonly<Record<string, string>> = {
  NEW: 'NEW',
  EST: 'ESTABLISHED',
  REP: 'ESTABLISHED_REPLY',
  REL: 'RELATED',
  RELR: 'RELATED_REPLY',
  INV: 'INVALID',
  UNT: 'UNTRACKED',
  NULL: 'NULL',
};

/** The same sequence with the standard handshake, and with the standard close. */
const HANDSHAKE = (opening: string, rest: string): string[] => [
  `c S 1000 ${opening} ${rest} -> NEW SYN_SENT 120 U 1/0`,
  `s S. 5000:1001 ${opening} ${rest} -> REP SYN_RECV 60 R 1/1`,
  `c . 1001:5001 ${rest} -> EST ESTABLISHED 432000 A 2/1`,
];
const CLOSE = [
  'c F. 1001:5001 -> EST FIN_WAIT 120 A',
  's F. 5001:1002 -> REP LAST_ACK 30 A',
  'c . 1002:5002 -> EST TIME_WAIT 120 A',
];

export function parseExpectation(text: string): Expectation {
  const events = /\[(.*)\]/.exec(text);
  const words = text
    .replace(/\[.*\]/, '')
    .trim()
    .split(/\s+/);
  const verdict = VERDICTS[words[0]];
  if (verdict === undefined) throw new Error(`script: no such verdict ${words[0]}`);
  let expectation: Expectation = {
    verdict,
    ignored: false,
    marker: null,
    reason: null,
    none: false,
    state: null,
    timerS: null,
    flags: null,
    packets: null,
    events: events === null ? null : events[1].split(/\s+/).filter((name) => name !== ''),
    words: [],
    halves: null,
  };
  for (const word of words.slice(1)) {
    const assignment = /^([A-Z_]+)=(\d+)$/.exec(word);
    if (word === 'ign') expectation = { ...expectation, ignored: true };
    else if (word === '-') expectation = { ...expectation, none: true };
    else if (word === 'EXPIRED' || word === 'REOPEN' || word === 'RESET')
      expectation = { ...expectation, marker: word };
    else if (word.startsWith('H:')) expectation = { ...expectation, halves: word.slice(2) };
    else if (word === 'U' || word === 'R' || word === 'A') expectation = { ...expectation, flags: word };
    else if (/^\d+\/\d+$/.test(word)) {
      const [orig, reply] = word.split('/').map(Number);
      expectation = { ...expectation, packets: [orig, reply] };
    } else if (/^[\d.]+$/.test(word)) expectation = { ...expectation, timerS: Number(word) };
    else if (assignment !== null)
      expectation = {
        ...expectation,
        words: [...expectation.words, [assignment[1], Number(assignment[2])]],
      };
    else if (STATE_NAMES.has(word)) expectation = { ...expectation, state: word };
    else if (/^[a-z0-9-]+$/.test(word)) expectation = { ...expectation, reason: word };
    else throw new Error(`script: ${word} says nothing in "${text}"`);
  }
  return expectation;
}

function parseStep(line: string): Step {
  const [packet, expected] = line.split('->');
  if (expected === undefined) throw new Error(`script: no "->" in "${line}"`);
  const { from, build, options } = packetBuilder(new Words(packet.trim().split(/\s+/)));
  return {
    text: line,
    from,
    afterMs: options.afterMs,
    frame: build,
    expect: parseExpectation(expected.trim()),
  };
}

/** HS [win n] [ws n] [sackok] is the handshake; FULL the handshake and the close by FINs. */
function expand(line: string): string[] {
  const [macro, ...rest] = line.split(/\s+/);
  if (macro === 'FULL') return [...HANDSHAKE('', ''), ...CLOSE];
  if (macro !== 'HS') return [line];
  const window = rest.indexOf('win');
  const everywhere = window < 0 ? '' : rest.slice(window, window + 2).join(' ');
  const opening = window < 0 ? rest : [...rest.slice(0, window), ...rest.slice(window + 2)];
  return HANDSHAKE(opening.join(' '), everywhere);
}

export interface SequenceOptions {
  readonly set?: readonly string[];
  readonly oneWay?: boolean;
  readonly families?: readonly Family[];
  readonly todo?: string;
}

/** Reads a script. Lines that begin with # are comments. */
export function sequence(name: string, script: string, options: SequenceOptions = {}): Sequence {
  const steps = script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap(expand)
    .map(parseStep);
  return {
    name,
    set: options.set ?? [],
    oneWay: options.oneWay ?? false,
    families: options.families ?? FAMILIES,
    steps,
    todo: options.todo ?? null,
  };
}
