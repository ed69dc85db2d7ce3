/**
 * The cases that the kernel's own self-tests for TCP conntrack cover, written from what they are
 * about: a firewall in the middle must not become a black hole when an old connection, a reset or a
 * loss puts it out of step with the two hosts.
 */

import { sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

testSequences("the kernel's self-tests", [
  sequence(
    'SYN/ACK of an old connection: refused, and the right one is still taken after a repeated SYN',
    `c S 1000 win 65535 ws 7                     -> NEW SYN_SENT 120 U
     s S. 145824453:643160523 win 240 ws 8       -> INV tcp-ack-over SYN_SENT 120 U 1/0
     c R 643160523                               -> INV tcp-seq-over SYN_SENT 120 U 1/0
     c S 1000 win 65535 ws 7 +1s                 -> NEW ign SYN_SENT 119 U 1/0
     s S. 145758918:1001 win 240 ws 8            -> REP SYN_RECV 60 R 1/1
     c . 1001:145758919 win 64240                -> EST ESTABLISHED 432000 A 2/1`,
  ),
  sequence(
    'SYN/ACK on reuse: the SYN of the next connection is let through, and its answer starts anew',
    `HS ws 7
     c P. 1001:5001 len 100                      -> EST ESTABLISHED 300 A
     s . 5001:1101                               -> REP ESTABLISHED 432000 A
     c S 8000000 ws 7                            -> EST ign ESTABLISHED 432000 A 3/2
     s S. 90000000:8000001 ws 7                  -> REP SYN_RECV 60 A MAXACK_REPLY=8000001 END_REPLY=90000001
     c . 8000001:90000001                        -> EST ESTABLISHED 432000 A
     c P. 8000001:90000001 len 10                -> EST ESTABLISHED 300 A
     s . 90000001:8000011                        -> REP ESTABLISHED 432000 A`,
  ),
  sequence(
    'challenge ACK to a SYN: let through, and the RST that it provokes closes',
    `c . 1000:5000 win 64240                     -> NEW ESTABLISHED 300 U
     s . 5000:1000 win 64240                     -> REP ESTABLISHED 300 R
     c S 700000 win 64240                        -> EST ign ESTABLISHED 300 R
     s . 5000:1000 win 64240                     -> REP ESTABLISHED 432000 A
     c R 1000                                    -> EST CLOSE 10 A
     c S 700000 win 64240 +1s                    -> NEW REOPEN SYN_SENT 120 U
     s S. 9000000:700001                         -> REP SYN_RECV 60 R
     c . 700001:9000001                          -> EST ESTABLISHED 432000 A`,
  ),
  sequence(
    'challenge ACK to the SYN of a client that lost its state',
    `c S 1000                                    -> NEW SYN_SENT 120 U
     s . 145824453:643160523                     -> REP ign SYN_SENT 120 R
     c R 643160523                               -> EST CLOSE 10 R
     c S 1000 +1s                                -> NEW REOPEN SYN_SENT 120 U
     s S. 5000:1001                              -> REP SYN_RECV 60 R`,
  ),
  sequence(
    'inexact RST: the state waits for the challenge, but not for days',
    `HS
     s P. 5001:1001 len 1000                     -> REP ESTABLISHED 300 A
     c . 1001:6001                               -> EST ESTABLISHED 432000 A
     s R 6011                                    -> REP ESTABLISHED 10 A
     c . 1001:6001                               -> EST ESTABLISHED 300 A
     s R 6001                                    -> REP CLOSE 10 A`,
  ),
  sequence(
    'inexact RST of a host that never learns of the challenge',
    `HS
     s R 5002                                    -> REP ESTABLISHED 10 A
     c . 1001:5001 +9.9s                         -> EST ESTABLISHED 300 A
     s R 5003 +1s                                -> REP ESTABLISHED 10 A`,
  ),
  sequence(
    'RST of an invalid sequence: refused, data goes on',
    `HS
     s P. 5001:1001 len 1000                     -> REP ESTABLISHED 300 A
     c . 1001:6001                               -> EST ESTABLISHED 432000 A
     s R 5001                                    -> INV tcp-rst-seq ESTABLISHED 432000 A
     s R 1                                       -> INV tcp-rst-seq ESTABLISHED 432000 A
     s P. 6001:1001 len 1000                     -> REP ESTABLISHED 300 A
     c . 1001:7001                               -> EST ESTABLISHED 432000 A`,
  ),
  sequence(
    'stall by lost ACKs: what is beyond the known window is not INVALID, nor is its acknowledgement',
    `HS win 1000
     s P. 5001:1001 len 1000 win 1000            -> REP ESTABLISHED 300 A
     # The client's ACKs go another way, or are lost after it moved its window on.
     s P. 6002:1001 len 900 win 1000             -> REP ign ESTABLISHED 300 A END_REPLY=6902
     c . 1001:6902 win 1000                      -> EST ESTABLISHED 432000 A MAXEND_REPLY=7902
     s P. 6902:1001 len 1000 win 1000            -> REP ESTABLISHED 300 A
     s P. 8903:1001 len 1000 win 1000            -> INV tcp-seq-over ESTABLISHED 300 A
     c . 1001:7902 win 1000                      -> EST ESTABLISHED 432000 A`,
  ),
]);
