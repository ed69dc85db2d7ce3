/** TCP data, windows, closing, and connections picked up in mid-stream. */

import { sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

const beyondWindow = (name: string, last: string) => sequence(name, `HS win 1000\n${last}`);
const refusedFlags = (flags: string) =>
  sequence(`67: flags ${flags}`, `c ${flags} 1000:0 -> INV tcp-flags -`);
const noOpening = (flags: string) =>
  sequence(`72: ${flags} opens nothing`, `c ${flags} 1000:5000 -> INV tcp-not-opening -`);

testSequences('TCP data, windows, closing', [
  sequence(
    '50: data and its acknowledgement',
    `HS
     c P. 1001:5001 len 100     -> EST ESTABLISHED 300 A 3/1
     s . 5001:1101              -> REP ESTABLISHED 432000 A 3/2`,
  ),
  sequence(
    '51: data repeated',
    `HS
     c P. 1001:5001 len 100       -> EST ESTABLISHED 300 A
     c P. 1001:5001 len 100 +1s   -> EST ESTABLISHED 300 A
     c P. 1001:5001 len 100 +2s   -> EST ESTABLISHED 300 A
     c P. 1001:5001 len 100 +4s   -> EST ESTABLISHED 300 A 6/1
     s . 5001:1101                -> REP ESTABLISHED 432000 A 6/2`,
  ),
  sequence(
    '52: the same ACK again and again',
    `HS
     s . 5001:1001    -> REP ESTABLISHED 432000 A
     s . 5001:1001    -> REP ESTABLISHED 432000 A
     s . 5001:1001    -> REP ESTABLISHED 432000 A
     s . 5001:1001    -> REP ESTABLISHED 300 A
     s . 5001:1001    -> REP ESTABLISHED 300 A
     c . 1001:5001    -> EST ESTABLISHED 432000 A`,
  ),
  sequence('53: a closed window', 'HS\n s . 5001:1001 win 0 -> REP ESTABLISHED 300 A'),
  sequence(
    '54: keepalives',
    `HS
     c . 1000:5001          -> EST ESTABLISHED 432000 A
     s . 5001:1001 +1s      -> REP ESTABLISHED 432000 A
     c . 1000:5001 len 1    -> EST ESTABLISHED 432000 A
     s . 5001:1001          -> REP ESTABLISHED 432000 A 4/3`,
  ),
  sequence('55: an ACK of data never seen', 'HS\n s . 5001:1002 -> INV tcp-ack-over ESTABLISHED 432000 A'),
  beyondWindow('56: data from the right edge on', 'c P. 1001:5001 len 1 win 1000 -> EST ESTABLISHED 300 A'),
  beyondWindow('56: data at the right edge', 'c P. 2001:5001 len 100 -> EST ESTABLISHED 300 A'),
  beyondWindow(
    '57: data one beyond the right edge is let through, and may be acknowledged',
    `c P. 2002:5001 len 100   -> EST ign ESTABLISHED 432000 A
     s . 5001:2102            -> REP ESTABLISHED 432000 A`,
  ),
  beyondWindow('58a: as far beyond as may be', 'c P. 2002:5001 len 998 -> EST ign ESTABLISHED 432000 A'),
  beyondWindow('58b: one further', 'c P. 2002:5001 len 999 -> INV tcp-seq-over ESTABLISHED 432000 A'),
  beyondWindow(
    '59: an old segment',
    `c P. 1001:5001 len 1000 win 1000      -> EST ESTABLISHED 300 A
     s . 5001:2001 win 1000                -> REP ESTABLISHED 432000 A
     c P. 2001:5001 len 1000 win 1000      -> EST ESTABLISHED 300 A
     s . 5001:3001 win 1000                -> REP ESTABLISHED 432000 A
     c P. 3001:5001 len 1000 win 1000      -> EST ESTABLISHED 300 A
     s . 5001:4001 win 1000                -> REP ESTABLISHED 432000 A
     c P. 1001:5001 len 1000 win 1000 +7s  -> EST ign ESTABLISHED 431993 A`,
  ),
  sequence(
    '60: an old acknowledgement',
    `HS
     c P. 1001:5001 len 1460    -> EST ESTABLISHED 300 A
     s . 5001:2461              -> REP ESTABLISHED 432000 A
     s . 5001:-63540            -> REP ign ESTABLISHED 432000 A
     s . 5001:-63539            -> REP ESTABLISHED 432000 A`,
  ),
  sequence(
    '61: selective acknowledgements',
    `HS sackok
     c P. 1001:5001 len 100             -> EST ESTABLISHED 300 A
     c P. 1101:5001 len 100             -> EST ESTABLISHED 300 A
     s . 5001:1001 sack 1101-1201       -> REP ESTABLISHED 300 A
     s . 5001:1001 sack 1101-1202       -> INV tcp-ack-over ESTABLISHED 300 A`,
  ),
  sequence(
    '62: tcp_be_liberal',
    `HS
     c P. 900000:5001 len 10    -> EST ESTABLISHED 432000 A END_ORIG=1001
     s . 5001:900010            -> REP ESTABLISHED 432000 A END_ORIG=1001`,
    { set: ['tcp_be_liberal=1'] },
  ),
  sequence(
    '63: a repeated FIN counts as the second',
    `HS
     c F. 1001:5001         -> EST FIN_WAIT 120 A
     c F. 1001:5001 +1s     -> EST LAST_ACK 30 A
     s . 5001:1002          -> REP TIME_WAIT 120 A`,
  ),
  sequence(
    '64: data against a FIN',
    `HS
     c F. 1001:5001             -> EST FIN_WAIT 120 A
     s P. 5001:1001 len 100     -> REP CLOSE_WAIT 60 A
     c . 1002:5101              -> EST CLOSE_WAIT 60 A`,
  ),
  sequence(
    '65: half close',
    `HS
     c F. 1001:5001             -> EST FIN_WAIT 120 A
     s . 5001:1002              -> REP CLOSE_WAIT 60 A
     s P. 5001:1002 len 1000    -> REP CLOSE_WAIT 60 A
     c . 1002:6001              -> EST CLOSE_WAIT 60 A
     s F. 6001:1002             -> REP LAST_ACK 30 A
     c . 1002:6002              -> EST TIME_WAIT 120 A 5/4`,
  ),
  sequence(
    '66: simultaneous close',
    `HS
     c F. 1001:5001     -> EST FIN_WAIT 120 A
     s F. 5001:1001     -> REP LAST_ACK 30 A
     c . 1002:5002      -> EST TIME_WAIT 120 A
     s . 5002:1002      -> REP TIME_WAIT 120 A`,
  ),
  ...['-', 'F', 'FPU', 'SF', 'SR', 'RU', 'S.U'].map(refusedFlags),
  sequence(
    '68a: a wrong checksum',
    `HS
     c P. 1001:5001 len 10 badsum   -> INV tcp-checksum ESTABLISHED 432000 A`,
  ),
  sequence(
    '68b: a wrong checksum that nobody looks at',
    `HS
     c P. 1001:5001 len 10 badsum   -> EST ESTABLISHED 300 A`,
    { set: ['checksum=0'] },
  ),
]);

testSequences('TCP pick-up', [
  sequence(
    '70: three data packets',
    `c P. 1000:5000 len 10 win 500    -> NEW ESTABLISHED 300 U 1/0
     s P. 5000:1010 len 20 win 500    -> REP ESTABLISHED 300 R 1/1
     c . 1010:5020 win 500            -> EST ESTABLISHED 432000 A 2/1`,
  ),
  sequence('71: not without tcp_loose', 'c . 1000:5000 -> INV tcp-not-loose -', { set: ['tcp_loose=0'] }),
  ...['S.', 'F.', 'R'].map(noOpening),
  sequence(
    '73: closed before it was assured',
    `s P. 5000:1000 len 10 win 500    -> NEW ESTABLISHED 300 U
     c . 1000:5010 win 500            -> REP ESTABLISHED 300 R
     s F. 5010:1000 win 500           -> EST FIN_WAIT 120 R
     c F. 1000:5011 win 500           -> REP LAST_ACK 30 R
     s . 5011:1001 win 500            -> EST TIME_WAIT 120 R 3/2`,
  ),
  sequence(
    '74: windows are not judged',
    `c . 1000:5000 win 10             -> NEW ESTABLISHED 300 U
     s P. 5000:1000 len 1000          -> REP ESTABLISHED 300 R
     s P. 90000:1000 len 1000         -> REP ESTABLISHED 432000 A`,
  ),
]);
