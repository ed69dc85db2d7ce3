/** The same ports used again, and the challenge ACKs that go with it. */

import { sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

testSequences('TCP reuse and challenge ACK', [
  sequence('40: SYN in TIME_WAIT', 'FULL\n c S 900000 -> NEW REOPEN SYN_SENT 120 U 1/0'),
  sequence(
    '41: SYN of the server in TIME_WAIT: the other way round',
    `FULL
     s S 900000           -> NEW REOPEN SYN_SENT 120 U 1/0
     c S. 70000:900001    -> REP SYN_RECV 60 R 1/1
     s . 900001:70001     -> EST ESTABLISHED 432000 A 2/1`,
  ),
  sequence(
    '42: SYN on an established connection, answered by a challenge ACK',
    `HS
     c S 300000           -> EST ign ESTABLISHED 432000 A
     s . 5001:1001        -> REP ESTABLISHED 432000 A
     c R 1001             -> EST CLOSE 10 A
     c S 300000           -> NEW REOPEN SYN_SENT 120 U
     s S. 700000:300001   -> REP SYN_RECV 60 R`,
  ),
  sequence(
    '43a: SYN on an established connection, refused',
    `HS
     c S 300000           -> EST ign ESTABLISHED 432000 A
     s R. 0:300001        -> REP CLOSE 10 A`,
  ),
  sequence(
    '43b: the same with a wrong acknowledgement',
    `HS
     c S 300000           -> EST ign ESTABLISHED 432000 A
     s R. 0:300002        -> INV tcp-ack-over ESTABLISHED 432000 A`,
  ),
  sequence(
    '44: SYN on an established connection, accepted',
    `HS
     c S 300000           -> EST ign ESTABLISHED 432000 A
     s S. 700000:300001   -> REP SYN_RECV 60 A
     c . 300001:700001    -> EST ESTABLISHED 432000 A`,
  ),
  sequence(
    '45: half-open server answers the SYN with a challenge',
    `c S 1000             -> NEW SYN_SENT 120 U
     s . 7000:555         -> REP ign SYN_SENT 120 R
     c R 555              -> EST CLOSE 10 R
     c S 2000             -> NEW REOPEN SYN_SENT 120 U
     s S. 5000:2001       -> REP SYN_RECV 60 R
     c . 2001:5001        -> EST ESTABLISHED 432000 A`,
  ),
  sequence(
    '46: SYN in LAST_ACK: the challenge ACK is not the last ACK',
    `HS
     c F. 1001:5001       -> EST FIN_WAIT 120 A
     s F. 5001:1002       -> REP LAST_ACK 30 A
     c S 300000           -> EST ign LAST_ACK 30 A
     s . 5002:1002        -> REP ign LAST_ACK 30 A
     c . 1002:5002        -> EST TIME_WAIT 120 A`,
  ),
  sequence(
    '47: any ACK ends LAST_ACK',
    `HS
     c F. 1001:5001       -> EST FIN_WAIT 120 A
     s F. 5001:1002       -> REP LAST_ACK 30 A
     s . 5002:1002        -> REP TIME_WAIT 120 A`,
  ),
  sequence(
    '48: SYN of the server, SYN/ACK of the client',
    `HS
     s S 7000             -> INV tcp-state ESTABLISHED 432000 A
     c S. 7000:5001       -> INV tcp-state ESTABLISHED 432000 A`,
  ),
]);
