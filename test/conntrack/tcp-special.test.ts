/** The rules around the table: reopening, resynchronising, RSTs, ASSURED, FINs and RSTs out of sync. */

import { sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

testSequences('reopening', [
  sequence(
    'a FIN was seen: a SYN reopens whoever sent the RST',
    `HS
     c F. 1001:5001       -> EST FIN_WAIT 120 A
     s R 5001             -> REP CLOSE 10 A
     c S 80000            -> NEW REOPEN SYN_SENT 120 U`,
  ),
  sequence(
    'the FIN of the server counts too',
    `HS
     s F. 5001:1001       -> REP FIN_WAIT 120 A
     s R 5002             -> REP CLOSE 10 A
     c S 80000            -> NEW REOPEN SYN_SENT 120 U`,
  ),
  sequence(
    'no FIN, and a packet since the RST of the client: let through',
    `HS
     c R 1001             -> EST CLOSE 10 A
     s . 5001:1001        -> REP CLOSE 10 A
     c S 80000 +1s        -> EST ign CLOSE 9 A`,
  ),
  sequence(
    'FIN_WAIT, CLOSE_WAIT and LAST_ACK are not reopened',
    `HS
     c F. 1001:5001       -> EST FIN_WAIT 120 A
     c S 80000            -> EST ign FIN_WAIT 120 A
     s . 5001:1002        -> REP CLOSE_WAIT 60 A
     c S 80000            -> EST ign CLOSE_WAIT 60 A
     s F. 5001:1002       -> REP LAST_ACK 30 A
     c S 80000            -> EST ign LAST_ACK 30 A`,
  ),
  sequence(
    'a SYN/ACK in TIME_WAIT is let through',
    `FULL
     s S. 5000:1001 +1s   -> REP ign TIME_WAIT 119 A`,
  ),
]);

testSequences('resynchronising', [
  sequence(
    'not when the SYN/ACK acknowledges something else',
    `HS
     c S 300000           -> EST ign ESTABLISHED 432000 A LAST_SEQ=300000 LAST_END=300001
     s S. 700000:300002   -> REP ign ESTABLISHED 432000 A`,
  ),
  sequence(
    'not when something came in between',
    `HS
     c S 300000           -> EST ign ESTABLISHED 432000 A
     c . 1001:5001        -> EST ESTABLISHED 432000 A
     s S. 700000:300001   -> REP ign ESTABLISHED 432000 A`,
  ),
  sequence(
    'not when a wrong SYN/ACK came in between',
    `HS
     c S 300000           -> EST ign ESTABLISHED 432000 A
     s S. 600000:7        -> REP ign ESTABLISHED 432000 A
     s S. 700000:300001   -> REP ign ESTABLISHED 432000 A`,
  ),
  sequence(
    'takes windows, scales and flags from the SYN that was let through',
    `HS sackok
     c S 300000 win 0 ws 3              -> EST ign ESTABLISHED 432000 A
     s S. 700000:300001 win 500 ws 2    -> REP SYN_RECV 60 A MAXWIN_ORIG=1 MAXWIN_REPLY=500
     c . 300001:700001 win 10           -> EST ESTABLISHED 432000 A MAXWIN_ORIG=80 MAXEND_REPLY=700081
     s . 700001:300001 win 1000         -> REP ESTABLISHED 432000 A MAXWIN_REPLY=4000 MAXEND_ORIG=304001`,
  ),
  sequence(
    'stays done when the SYN/ACK then proves INVALID',
    `HS
     c S 300000 sackok                            -> EST ign ESTABLISHED 432000 A
     s S. 700000:300001 sack 300001-300005        -> INV tcp-ack-over ESTABLISHED 432000 A END_ORIG=300001 END_REPLY=700001`,
  ),
  sequence(
    'of a connection that was picked up: the server side stays liberal, the client side does not',
    `c . 1000:5000            -> NEW ESTABLISHED 300 U
     s . 5000:1000            -> REP ESTABLISHED 300 R
     c . 1000:5000            -> EST ESTABLISHED 432000 A
     c S 300000               -> EST ign ESTABLISHED 432000 A
     s S. 700000:300001       -> REP SYN_RECV 60 A
     c . 300001:700001        -> EST ESTABLISHED 432000 A
     c . 5000000:700001       -> INV tcp-seq-over ESTABLISHED 432000 A
     s . 5000000:300001       -> REP ESTABLISHED 432000 A`,
  ),
]);

testSequences('challenge ACKs', [
  sequence(
    'only the first one is let through',
    `HS
     c F. 1001:5001       -> EST FIN_WAIT 120 A
     s F. 5001:1002       -> REP LAST_ACK 30 A
     c S 300000           -> EST ign LAST_ACK 30 A
     s . 5002:1002 +1s    -> REP ign LAST_ACK 29 A
     s . 5002:1002        -> REP TIME_WAIT 120 A`,
  ),
  sequence(
    'not from the side that sent the SYN',
    `HS
     c F. 1001:5001       -> EST FIN_WAIT 120 A
     s F. 5001:1002       -> REP LAST_ACK 30 A
     c S 300000           -> EST ign LAST_ACK 30 A
     c . 1002:5002        -> EST TIME_WAIT 120 A`,
  ),
  sequence(
    'the client whose SYN met one resets with the number that it asked for',
    `c S 1000             -> NEW SYN_SENT 120 U
     s . 7000:900000000   -> REP ign SYN_SENT 120 R
     c R 900000000        -> EST CLOSE 10 R`,
  ),
  sequence(
    'but not with another number',
    `c S 1000             -> NEW SYN_SENT 120 U
     s . 7000:900000000   -> REP ign SYN_SENT 120 R
     c R 900000001        -> INV tcp-seq-over SYN_SENT 120 R`,
  ),
  sequence(
    'nor the server',
    `c S 1000             -> NEW SYN_SENT 120 U
     s . 7000:900000000   -> REP ign SYN_SENT 120 R
     s R 900000000        -> REP CLOSE 10 R`,
  ),
  sequence(
    'a RST that acknowledges the ACK which was let through',
    `c S 1000             -> NEW SYN_SENT 120 U
     s . 7000:555         -> REP ign SYN_SENT 120 R LAST_END=7000
     c R. 99999999:7000   -> EST CLOSE 10 R`,
  ),
]);

testSequences('RSTs', [
  sequence(
    'a SYN that was let through is answered by a RST of the other side only',
    `HS
     c S 300000             -> EST ign ESTABLISHED 432000 A
     c R. 900000000:300001  -> INV tcp-seq-over ESTABLISHED 432000 A`,
  ),
  sequence(
    'in SYN_RECV any number from the highest acknowledgement on, in window',
    `c S 1000             -> NEW SYN_SENT 120 U
     s S. 5000:1001       -> REP SYN_RECV 60 R
     c R 1500             -> EST CLOSE 10 R`,
  ),
  sequence(
    'in SYN_RECV below it',
    `c S 1000             -> NEW SYN_SENT 120 U
     s S. 5000:1001       -> REP SYN_RECV 60 R
     c R 1000             -> INV tcp-rst-seq SYN_RECV 60 R`,
  ),
  sequence(
    'picked up and not yet assured: no challenge is waited for',
    `c P. 1000:5000 len 10    -> NEW ESTABLISHED 300 U
     s P. 5000:1010 len 20    -> REP ESTABLISHED 300 R
     s R 5030                 -> REP CLOSE 10 R`,
  ),
  sequence(
    'picked up: what the client acknowledged first is not known, so any RST is believed',
    `c P. 1000:5000 len 10    -> NEW ESTABLISHED 300 U
     s P. 5000:1010 len 20    -> REP ESTABLISHED 300 R
     s R 4999                 -> REP CLOSE 10 R`,
  ),
  sequence(
    'picked up: below the highest acknowledgement, though windows are not judged',
    `c P. 1000:5000 len 10    -> NEW ESTABLISHED 300 U
     s P. 5000:1010 len 20    -> REP ESTABLISHED 300 R
     c . 1010:5020            -> EST ESTABLISHED 432000 A
     s R 5019                 -> INV tcp-rst-seq ESTABLISHED 432000 A`,
  ),
  sequence(
    'picked up: the answer is a RST',
    `c P. 1000:5000 len 10    -> NEW ESTABLISHED 300 U
     s R 5000 +1s             -> REP RESET CLOSE 299 U 1/1`,
  ),
  sequence(
    'behind the last segment, unless the other side sent something since',
    `HS
     s P. 5001:1001 len 100   -> REP ESTABLISHED 300 A
     c P. 1001:5001 len 10    -> EST ESTABLISHED 300 A
     s R 5101                 -> REP ESTABLISHED 10 A`,
  ),
  sequence(
    'with tcp_ignore_invalid_rst one that is too low waits for the challenge, too',
    'HS\n s R 4000 -> REP ESTABLISHED 10 A',
    { set: ['tcp_ignore_invalid_rst=1'] },
  ),
  sequence(
    'sequence number 0 is nothing special once assured',
    'HS\n s R. 0:1001 -> INV tcp-rst-seq ESTABLISHED 432000 A',
  ),
]);

testSequences('ASSURED', [
  sequence(
    'needs the state ESTABLISHED twice, or after SYN_RECV, with a reply',
    `c . 1000:5000        -> NEW ESTABLISHED 300 U
     c . 1000:5000        -> NEW ESTABLISHED 300 U
     s . 5000:1000        -> REP ESTABLISHED 300 R
     s . 5000:1000        -> REP ESTABLISHED 432000 A`,
  ),
  sequence(
    'is kept through everything',
    `FULL
     c . 1002:5002 +119s  -> EST TIME_WAIT 120 A
     s R 1                -> REP CLOSE 10 A`,
  ),
]);

const SECOND_FIN = 's F. 505001:1001';
testSequences('FINs and RSTs out of sync', [
  sequence(
    'both from the same side: nothing',
    `HS
     c F. 501001:5001     -> INV tcp-seq-over ESTABLISHED 432000 A
     c F. 501001:5001     -> INV tcp-seq-over ESTABLISHED 432000 A
     ${SECOND_FIN} +1s    -> INV tcp-seq-over ESTABLISHED 300 A`,
  ),
  sequence(
    'a FIN and a RST',
    `HS
     s R 205001           -> INV tcp-seq-over ESTABLISHED 432000 A
     c F. 501001:5001     -> INV tcp-seq-over ESTABLISHED 300 A`,
  ),
  sequence(
    'something accepted in between: nothing',
    `HS
     c F. 501001:5001     -> INV tcp-seq-over ESTABLISHED 432000 A
     c . 1001:5001        -> EST ESTABLISHED 432000 A
     ${SECOND_FIN}        -> INV tcp-seq-over ESTABLISHED 432000 A`,
  ),
  sequence(
    'a RST refused for its number does not count',
    `HS
     s R 4000             -> INV tcp-rst-seq ESTABLISHED 432000 A
     c F. 501001:5001     -> INV tcp-seq-over ESTABLISHED 432000 A`,
  ),
  sequence(
    'data out of sync does not count',
    `HS
     c P. 501001:5001 len 10   -> INV tcp-seq-over ESTABLISHED 432000 A
     ${SECOND_FIN}             -> INV tcp-seq-over ESTABLISHED 432000 A`,
  ),
  sequence(
    'not assured: nothing',
    `c S 1000             -> NEW SYN_SENT 120 U
     s S. 5000:1001       -> REP SYN_RECV 60 R
     c F. 501001:5001     -> INV tcp-seq-over SYN_RECV 60 R
     ${SECOND_FIN}        -> INV tcp-seq-over SYN_RECV 60 R`,
  ),
  sequence(
    'never prolongs',
    `c S 1000             -> NEW SYN_SENT 120 U
     s S. 5000:1001       -> REP SYN_RECV 60 R
     c . 1001:5001        -> EST ESTABLISHED 200 A
     c F. 501001:5001     -> INV tcp-seq-over ESTABLISHED 200 A
     ${SECOND_FIN}        -> INV tcp-seq-over ESTABLISHED 200 A`,
    { set: ['tcp_timeout_established=200'] },
  ),
  ...[
    { name: 'two minutes are left', after: 10, left: 60 },
    { name: 'less than two minutes are left', after: 11, left: 119 },
  ].map(({ name, after, left }) =>
    sequence(
      `${name}`,
      `c S 1000             -> NEW SYN_SENT 120 U
       s S. 5000:1001       -> REP SYN_RECV 60 R
       c . 1001:5001        -> EST ESTABLISHED 130 A
       c F. 501001:5001     -> INV tcp-seq-over ESTABLISHED 130 A
       ${SECOND_FIN} +${after}s -> INV tcp-seq-over ESTABLISHED ${left} A`,
      { set: ['tcp_timeout_established=130', 'tcp_timeout_unacknowledged=60'] },
    ),
  ),
]);
