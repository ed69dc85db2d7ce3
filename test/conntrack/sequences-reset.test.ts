/** TCP refused and reset: which RSTs are believed, and what remains of the connection. */

import { sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

const refused = (name: string, rst: string) =>
  sequence(name, `c S 1000 -> NEW SYN_SENT 120 U\n${rst} +1s -> REP RESET CLOSE 119 U 1/1`);

const answered = (name: string, rst: string) =>
  sequence(name, `c S 1000 -> NEW SYN_SENT 120 U\ns S. 5000:1001 -> REP SYN_RECV 60 R\n${rst}`);

testSequences('TCP refused and reset', [
  refused('20: RST/ACK to the SYN', 's R. 0:1001'),
  refused('21a: acknowledges 0', 's R. 0:0'),
  refused('21b: acknowledges one less', 's R. 0:1000'),
  refused('21c: without ACK', 's R 0'),
  refused('21d: with a sequence number', 's R. 777:1001'),
  refused('21e: acknowledges one more', 's R. 0:1002'),
  sequence(
    '22: acknowledges two more',
    `c S 1000 -> NEW SYN_SENT 120 U
     s R. 0:1003 -> INV tcp-ack-over SYN_SENT 120 U 1/0`,
  ),
  sequence(
    '23: the client itself gives up',
    `c S 1000 -> NEW SYN_SENT 120 U
     c R 1001 +1s -> NEW RESET CLOSE 119 U 2/0`,
  ),
  answered('24a: client RST after the SYN/ACK', 'c R 1001 -> EST CLOSE 10 R 2/1'),
  answered('24b: server RST after the SYN/ACK', 's R 5001 -> REP CLOSE 10 R 1/2'),
  answered('24c: server RST/ACK of sequence 0 after the SYN/ACK', 's R. 0:1001 -> REP CLOSE 10 R 1/2'),
  sequence('25a: RST of sequence 0', 'HS\n s R 0 -> INV tcp-rst-seq ESTABLISHED 432000 A'),
  sequence('25b: RST one too low', 'HS\n s R 5000 -> INV tcp-rst-seq ESTABLISHED 432000 A'),
  sequence('25c: RST far too high', 'HS\n s R 205001 -> INV tcp-seq-over ESTABLISHED 432000 A'),
  sequence('26: RST beyond the window', 'HS\n s R 75001 -> REP ign ESTABLISHED 432000 A 2/1'),
  sequence(
    '27: RST in the window but not exact waits for the challenge',
    `HS
     s R 5010          -> REP ESTABLISHED 10 A 2/2
     c . 1001:5001     -> EST ESTABLISHED 300 A 3/2
     s R 5001          -> REP CLOSE 10 A 3/3`,
  ),
  sequence(
    '28: RST directly behind the last segment',
    `HS
     s P. 5001:1001 len 100   -> REP ESTABLISHED 300 A
     s R. 5101:1001           -> REP CLOSE 10 A`,
  ),
  sequence(
    '29a: RST below what was acknowledged',
    `HS
     s P. 5001:1001 len 1000  -> REP ESTABLISHED 300 A
     c . 1001:6001            -> EST ESTABLISHED 432000 A
     s R 5001                 -> INV tcp-rst-seq ESTABLISHED 432000 A`,
  ),
  sequence(
    '29b: the same with tcp_ignore_invalid_rst',
    `HS
     s P. 5001:1001 len 1000  -> REP ESTABLISHED 300 A
     c . 1001:6001            -> EST ESTABLISHED 432000 A
     s R 5001                 -> REP ESTABLISHED 10 A`,
    { set: ['tcp_ignore_invalid_rst=1'] },
  ),
  sequence(
    '30: any RST closes a closing connection',
    `HS
     c F. 1001:5001    -> EST FIN_WAIT 120 A
     s R 1             -> REP CLOSE 10 A
     s R 4000000 +1s   -> REP CLOSE 10 A
     c R 7 +1s         -> EST CLOSE 10 A 4/3`,
  ),
  sequence(
    '31: tcp_be_liberal does not help a RST',
    'HS\n s R 4000 -> INV tcp-rst-seq ESTABLISHED 432000 A',
    {
      set: ['tcp_be_liberal=1'],
    },
  ),
  sequence(
    '32: reset by the server, reopened by the client: the same connection',
    `HS
     s R 5001           -> REP CLOSE 10 A
     c S 80000          -> EST ign CLOSE 10 A
     s S. 90000:80001   -> REP SYN_RECV 60 A
     c . 80001:90001    -> EST ESTABLISHED 432000 A`,
  ),
  sequence(
    '33: reset by the client, reopened by the client: a new connection',
    `HS
     c R 1001           -> EST CLOSE 10 A
     c S 80000          -> NEW REOPEN SYN_SENT 120 U 1/0`,
  ),
  sequence(
    '34: packets after the RST',
    `HS
     s R 5001           -> REP CLOSE 10 A
     c . 1001:5001 +1s  -> EST CLOSE 10 A
     s S 7000           -> INV tcp-state CLOSE 10 A`,
  ),
  sequence(
    '35: FINs out of sync from both sides shorten the timer',
    `HS
     c F. 501001:5001   -> INV tcp-seq-over ESTABLISHED 432000 A
     s F. 505001:1001   -> INV tcp-seq-over ESTABLISHED 300 A`,
  ),
]);
