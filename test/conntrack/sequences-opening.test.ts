/** How TCP connections open, with all that can go wrong on the way. */

import { sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

testSequences('TCP opening', [
  sequence('1: the handshake', 'HS'),
  sequence(
    '2: a repeated SYN never prolongs',
    `c S 1000          -> NEW SYN_SENT 120 U 1/0
     c S 1000 +1s      -> NEW ign SYN_SENT 119 U 1/0
     c S 1000 +3s      -> NEW ign SYN_SENT 116 U 1/0
     c S 1000 +115s    -> NEW ign SYN_SENT 1 U 1/0
     c S 1000 +2s      -> NEW EXPIRED SYN_SENT 120 U 1/0`,
  ),
  sequence(
    '3: a second SYN with a higher sequence number replaces the first',
    `c S 1000             -> NEW SYN_SENT 120 U
     c S 1000000 +1s      -> NEW ign SYN_SENT 119 U
     s S. 5000:1000001    -> REP SYN_RECV 60 R 1/1
     c . 1000001:5001     -> EST ESTABLISHED 432000 A 2/1`,
  ),
  sequence(
    '4: a second SYN with a lower sequence number does not',
    `c S 1000000       -> NEW SYN_SENT 120 U
     c S 1000 +1s      -> NEW ign SYN_SENT 119 U
     s S. 5000:1001    -> REP ign SYN_SENT 119 R 1/0
     c . 1001:5001     -> INV tcp-state SYN_SENT 119 R 1/0`,
  ),
  sequence(
    '5: no ACK before the answer',
    `c S 1000          -> NEW SYN_SENT 120 U
     c . 1001:5001     -> INV tcp-state SYN_SENT 120 U 1/0`,
  ),
  sequence(
    '6: a SYN/ACK of another connection, then the right one',
    `c S 1000          -> NEW SYN_SENT 120 U
     s S. 9000:99999   -> INV tcp-ack-over SYN_SENT 120 U
     c S 1000 +1s      -> NEW ign SYN_SENT 119 U
     s S. 5000:1001    -> REP SYN_RECV 60 R
     c . 1001:5001     -> EST ESTABLISHED 432000 A`,
  ),
  sequence(
    '7a: the wrong SYN/ACK lies exactly a window higher',
    `c S 1000                -> NEW SYN_SENT 120 U
     s S. 145824453:99999    -> INV tcp-ack-over SYN_SENT 120 U
     c S 1000 +1s            -> NEW ign SYN_SENT 119 U
     s S. 145758918:1001     -> REP SYN_RECV 60 R
     c . 1001:145758919      -> EST ESTABLISHED 432000 A`,
  ),
  sequence(
    '7b: the wrong SYN/ACK lies one more than a window higher',
    `c S 1000                -> NEW SYN_SENT 120 U
     s S. 145824453:99999    -> INV tcp-ack-over SYN_SENT 120 U
     c S 1000 +1s            -> NEW ign SYN_SENT 119 U
     s S. 145758917:1001     -> REP ign SYN_SENT 119 R`,
  ),
  sequence(
    '8: repeated SYN/ACKs refresh only when the SYN was repeated too',
    `c S 1000             -> NEW SYN_SENT 120 U
     s S. 5000:1001       -> REP SYN_RECV 60 R
     s S. 5000:1001 +3s   -> REP ign SYN_RECV 57 R
     c S 1000 +1s         -> EST ign SYN_RECV 56 R
     s S. 5000:1001 +1s   -> REP SYN_RECV 60 R [PROTOINFO]
     s . 5001:1001 +1s    -> REP SYN_RECV 60 R
     c . 1001:5001        -> EST ESTABLISHED 432000 A 2/3`,
  ),
  sequence(
    '9: a second SYN/ACK with another sequence number',
    `c S 1000          -> NEW SYN_SENT 120 U
     s S. 5000:1001    -> REP SYN_RECV 60 R
     s S. 9000:1001    -> REP ign SYN_RECV 60 R
     c . 1001:9001     -> INV tcp-ack-over SYN_RECV 60 R`,
  ),
  sequence(
    '10: simultaneous open, the client answers first',
    `c S 1000            -> NEW SYN_SENT 120 U
     s S 5000 +1s        -> REP ign SYN_SENT2 119 R 1/0
     c S. 1000:5001      -> EST SYN_RECV 60 R 2/0
     s S. 5000:1001      -> REP ign SYN_RECV 60 R 2/0
     c . 1001:5001       -> EST ESTABLISHED 432000 A 3/0`,
  ),
  sequence(
    '11: simultaneous open, both answer',
    `c S 1000            -> NEW SYN_SENT 120 U
     s S 5000            -> REP ign SYN_SENT2 120 R
     s S. 5000:1001      -> REP SYN_RECV 60 R
     c S. 1000:5001      -> EST SYN_RECV 60 R
     s . 5001:1001       -> REP ESTABLISHED 432000 A`,
  ),
  sequence(
    '12: split handshake',
    `c S 1000            -> NEW SYN_SENT 120 U
     s . 5000:1001       -> REP ign SYN_SENT 120 R
     s S 5000 +1s        -> REP SYN_SENT2 120 R
     c S. 1000:5001      -> EST SYN_RECV 60 R
     s . 5001:1001       -> REP ESTABLISHED 432000 A`,
  ),
  sequence(
    '13: fast open, data acknowledged',
    `c S 1000 len 50     -> NEW SYN_SENT 120 U
     s S. 5000:1051      -> REP SYN_RECV 60 R
     c . 1051:5001       -> EST ESTABLISHED 432000 A`,
  ),
  sequence(
    '14: fast open, data not acknowledged',
    `c S 1000 len 50           -> NEW SYN_SENT 120 U
     s S. 5000:1001            -> REP SYN_RECV 60 R
     c P. 1001:5001 len 50     -> EST ESTABLISHED 432000 A
     s . 5001:1051             -> REP ESTABLISHED 432000 A`,
  ),
  sequence(
    '15: a FIN instead of the ACK',
    `c S 1000            -> NEW SYN_SENT 120 U
     s S. 5000:1001      -> REP SYN_RECV 60 R
     c F. 1001:5001      -> EST FIN_WAIT 120 R
     s . 5001:1002       -> REP CLOSE_WAIT 60 R`,
  ),
  sequence(
    '16: window scale of both sides',
    `c S 1000 win 1000 ws 7         -> NEW SYN_SENT 120 U
     s S. 5000:1001 win 1000 ws 3   -> REP SYN_RECV 60 R
     c . 1001:5001 win 100          -> EST ESTABLISHED 432000 A MAXEND_REPLY=17801 MAXWIN_ORIG=12800
     s P. 17802:1001 len 10         -> REP ign ESTABLISHED 432000 A END_REPLY=17812
     s P. 17801:1001 len 10         -> REP ESTABLISHED 300 A`,
  ),
  sequence(
    '17: window scale only in the SYN',
    `c S 1000 win 1000 ws 7         -> NEW SYN_SENT 120 U
     s S. 5000:1001 win 1000        -> REP SYN_RECV 60 R
     c . 1001:5001 win 100          -> EST ESTABLISHED 432000 A MAXEND_REPLY=5101
     c . 1001:5002 win 100          -> INV tcp-ack-over ESTABLISHED 432000 A MAXEND_REPLY=5101`,
  ),
  sequence(
    '18: sequence numbers wrap',
    `c S 4294967294                     -> NEW SYN_SENT 120 U
     s S. 4294967295:4294967295         -> REP SYN_RECV 60 R
     c . 4294967295:0                   -> EST ESTABLISHED 432000 A
     c P. 4294967295:0 len 10           -> EST ESTABLISHED 300 A
     s . 0:9                            -> REP ESTABLISHED 432000 A`,
  ),
]);
