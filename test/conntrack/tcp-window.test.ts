/** The window check step by step, the options that it depends on, and the count of repetitions. */

import { sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

testSequences('window check', [
  sequence(
    'the first packet of a side that joins in mid-stream sets its window',
    `c . 1000:5000 win 300        -> NEW ESTABLISHED 300 U END_ORIG=1000 MAXEND_ORIG=1300 MAXWIN_ORIG=300
     s P. 5000:1000 len 10 win 0  -> REP ESTABLISHED 300 R END_REPLY=5010 MAXWIN_REPLY=1 MAXEND_REPLY=5011`,
  ),
  sequence(
    'an answer to a keepalive that carried one byte',
    `c . 1000:5000                -> NEW ESTABLISHED 300 U
     s . 5000:1001                -> REP ESTABLISHED 300 R END_ORIG=1001`,
  ),
  sequence(
    'but no more than one byte',
    `c . 1000:5000                -> NEW ESTABLISHED 300 U
     s . 5000:1002                -> REP ESTABLISHED 300 R END_ORIG=1000`,
  ),
  sequence(
    'a large window widens the range of old acknowledgements',
    `HS ws 7
     c P. 1001:5001 len 1460      -> EST ESTABLISHED 300 A
     s . 5001:2461                -> REP ESTABLISHED 432000 A MAXWIN_REPLY=8388480
     s . 5001:-8386020            -> REP ign ESTABLISHED 432000 A
     s . 5001:-8386019            -> REP ESTABLISHED 432000 A`,
  ),
  sequence(
    'what is acknowledged selectively counts as offered window',
    `HS sackok
     c P. 1001:5001 len 200                 -> EST ESTABLISHED 300 A
     s . 5001:1001 sack 1101-1201           -> REP ESTABLISHED 300 A MAXWIN_REPLY=65735 MAXEND_ORIG=66736`,
  ),
  sequence(
    'data may extend beyond the right edge when it starts before it',
    `HS win 1000
     c P. 1501:5001 len 1000      -> EST ESTABLISHED 300 A END_ORIG=2501 MAXWIN_REPLY=1500`,
  ),
  sequence(
    'a closed window leaves room for a probe',
    `HS win 1000
     c P. 1001:5001 len 1000      -> EST ESTABLISHED 300 A MAXEND_ORIG=2001
     s . 5001:2001 win 0          -> REP ESTABLISHED 300 A MAXEND_ORIG=2002
     c . 2001:5001 len 1          -> EST ESTABLISHED 300 A`,
  ),
  sequence(
    'only an acknowledgement of everything ends the short timer',
    `HS
     c P. 1001:5001 len 100       -> EST ESTABLISHED 300 A
     s . 5001:1050                -> REP ESTABLISHED 300 A MAXACK_REPLY=1050
     s . 5001:1101                -> REP ESTABLISHED 432000 A MAXACK_REPLY=1101
     s . 5001:1050                -> REP ESTABLISHED 432000 A MAXACK_REPLY=1101`,
  ),
  sequence(
    'windows in SYNs are never scaled',
    `c S 1000 win 10 ws 5         -> NEW SYN_SENT 120 U MAXWIN_ORIG=10
     s S. 5000:1001 win 20 ws 6   -> REP SYN_RECV 60 R MAXWIN_REPLY=20 MAXEND_ORIG=1021
     c . 1001:5001 win 10         -> EST ESTABLISHED 432000 A MAXWIN_ORIG=320 MAXEND_REPLY=5321
     s . 5001:1001 win 20         -> REP ESTABLISHED 432000 A MAXWIN_REPLY=1280 MAXEND_ORIG=2281`,
  ),
  sequence('a window of 0 in a SYN counts as 1', 'c S 1000 win 0 -> NEW SYN_SENT 120 U MAXWIN_ORIG=1'),
  sequence(
    'URG and PSH, ECE and CWR change nothing',
    `c SEW 1000                   -> NEW SYN_SENT 120 U
     s S.E 5000:1001              -> REP SYN_RECV 60 R
     c .U 1001:5001               -> EST ESTABLISHED 432000 A
     c P.U 1001:5001 len 5        -> EST ESTABLISHED 300 A
     s F.U 5001:1006              -> REP FIN_WAIT 120 A`,
  ),
  sequence(
    'a header that is too short or too long',
    `HS
     c . 1001:5001 offset 4       -> INV tcp-header-length ESTABLISHED 432000 A
     c . 1001:5001 offset 6       -> INV tcp-header-length ESTABLISHED 432000 A`,
  ),
]);

const WS = 1;
const SACK_PERM = 2;
const side = (flags: number, scale: number): number => flags + scale * 0x10000;
const syn = (name: string, raw: string, sides: number) =>
  sequence(`SYN with ${name}`, `c S 1000 raw ${raw} -> NEW SYN_SENT 120 U SIDES=${sides}`);

testSequences('options of a SYN', [
  syn('a window scale', '030307', side(WS, 7)),
  syn('the greatest window scale', '03030e', side(WS, 14)),
  syn('a window scale over 14', '03030f', side(WS, 14)),
  syn('a window scale far over 14', '0303ff', side(WS, 14)),
  syn('SACK permitted', '0402', SACK_PERM),
  syn('what Linux sends', '020405b40402080a0000000100000000' + '01030307', side(WS | SACK_PERM, 7)),
  syn('NOPs before', '01010402', SACK_PERM),
  syn('the end of the list before', '00030307', 0),
  syn('a kind without its length', '01010103', 0),
  syn('a length of 0', '0300040203030700', 0),
  syn('a length of 1', '0301040203030700', 0),
  syn('a length beyond the header', '04020304', SACK_PERM),
  syn('a window scale of the wrong length', '030407ff0402', SACK_PERM),
  syn('SACK permitted of the wrong length', '0403ff030305', side(WS, 5)),
  syn('an unknown option before', 'fd0401020402', SACK_PERM),
  syn('two window scales: the last one counts', '0303070303050402', side(WS | SACK_PERM, 5)),
  syn('the aligned timestamp alone', '0101080a0000000100000000', 0),
  sequence(
    'a higher SYN without options keeps the old ones',
    `c S 1000 ws 7             -> NEW SYN_SENT 120 U SIDES=${side(WS, 7)}
     c S 2000000               -> NEW ign SYN_SENT 120 U SIDES=${side(WS, 7)} END_ORIG=2000001`,
  ),
  sequence(
    'a higher SYN with options replaces them',
    `c S 1000 ws 7             -> NEW SYN_SENT 120 U SIDES=${side(WS, 7)}
     c S 2000000 sackok        -> NEW ign SYN_SENT 120 U SIDES=${SACK_PERM}`,
  ),
  sequence(
    'one side without a window scale: neither scales',
    `c S 1000 ws 7             -> NEW SYN_SENT 120 U
     s S. 5000:1001 sackok     -> REP SYN_RECV 60 R SIDES=${WS + ((SACK_PERM | 0x20) << 8)}`,
  ),
]);

const edge = (value: number): string => value.toString(16).padStart(8, '0');
/** A SACK option with these edges, behind NOPs. */
const sack = (...edges: [number, number][]): string =>
  `010105${(2 + 8 * edges.length).toString(16).padStart(2, '0')}${edges.map(([l, r]) => edge(l) + edge(r)).join('')}`;
const OVER = 'INV tcp-ack-over ESTABLISHED 300 A';
const WITHIN = 'REP ESTABLISHED 300 A';
const sacked = (name: string, options: string, expected: string, opening = 'HS sackok') =>
  sequence(
    name,
    `${opening}
     c P. 1001:5001 len 200 -> EST ESTABLISHED 300 A
     s . 5001:1001 raw ${options} -> ${expected}`,
  );

testSequences('selective acknowledgements', [
  sacked('of data that was never sent', sack([1101, 1202]), OVER),
  sacked('without permission they are not looked at', sack([1101, 9999]), WITHIN, 'HS'),
  sacked('the highest block counts', sack([1101, 1201], [1150, 1202], [1101, 1150]), OVER),
  sacked('four blocks', sack([1101, 1110], [1120, 1130], [1140, 1150], [1160, 1201]), WITHIN),
  sacked('four blocks, the last one too high', sack([1, 2], [3, 4], [1140, 1150], [1160, 1202]), OVER),
  sacked('a block below the acknowledgement', sack([1, 2]), WITHIN),
  sacked('only the first option counts', `${sack([1101, 1150])}${sack([1101, 9999])}`, WITHIN),
  sacked('a block that is not whole', `010105090000000000270f00`, WITHIN),
  sacked('behind a timestamp', `0101080a0000000100000002${sack([1101, 1202])}`, OVER),
  sacked('behind the end of the list', `00010101${sack([1101, 1202])}`, WITHIN),
  sacked('in a segment with a length that runs over', `0101051a${edge(1101)}${edge(1202)}`, WITHIN),
]);

const repeated = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i + 1)).join('\n');

testSequences('repetitions', [
  sequence(
    'are counted in eight bits',
    `HS
     ${repeated(259, (i) => `s . 5001:1001 -> REP ESTABLISHED ${(i - 1) % 256 >= 3 ? 300 : 432000} A`)}`,
    { families: ['IPv4'] },
  ),
  sequence(
    'of data, too',
    `HS
     c P. 1001:5001 len 10    -> EST ESTABLISHED 300 A
     s . 5001:1011            -> REP ESTABLISHED 432000 A
     s . 5001:1011            -> REP ESTABLISHED 432000 A
     s . 5001:1011            -> REP ESTABLISHED 300 A
     s . 5001:1011 win 65534  -> REP ESTABLISHED 432000 A`,
    { set: ['tcp_max_retrans=2'] },
  ),
  sequence(
    'a limit of 0 is always reached',
    `c S 1000                 -> NEW SYN_SENT 120 U
     s S. 5000:1001           -> REP SYN_RECV 60 R
     c . 1001:5001            -> EST ESTABLISHED 300 A`,
    { set: ['tcp_max_retrans=0'] },
  ),
  sequence(
    'sides alternating are no repetition',
    `HS
     ${repeated(6, (i) => (i % 2 === 1 ? 's . 5001:1001 -> REP ESTABLISHED 432000 A' : 'c . 1001:5001 -> EST ESTABLISHED 432000 A'))}`,
  ),
]);
