/** SCTP: associations, heartbeats of second paths, collisions, and what no association may bear. */

import { sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

/** The client's packets bear tag 200, the server's 100. */
const OPENING = `
  c sctp 0 init:100                -> NEW CLOSED 10 U 1/0
  s sctp 100 init-ack:200          -> REP COOKIE_WAIT 3 R 1/1
  c sctp 200 cookie-echo           -> EST COOKIE_ECHOED 3 R 2/1
  s sctp 100 cookie-ack            -> REP ESTABLISHED 210 A 2/2`;
const opened = (rest: string): string => `${OPENING}\n${rest}`;

testSequences('SCTP', [
  sequence(
    '100: an association',
    opened(`c sctp 200 data +5s              -> EST ESTABLISHED 210 A 3/2
            s sctp 100 sack,data +5s         -> REP ESTABLISHED 210 A 3/3
            s sctp 100 shutdown              -> REP SHUTDOWN_RECD 3 A
            c sctp 200 shutdown-ack          -> EST SHUTDOWN_ACK_SENT 3 A
            s sctp 100 shutdown-complete     -> REP CLOSED 10 A 4/5`),
  ),
  sequence(
    '100: closed by the client',
    opened(`c sctp 200 shutdown              -> EST SHUTDOWN_SENT 3 A
            s sctp 100 shutdown-ack          -> REP SHUTDOWN_ACK_SENT 3 A
            c sctp 200 shutdown-complete     -> EST CLOSED 10 A`),
  ),
  sequence(
    '101: a repeated INIT does not keep the entry alive',
    `c sctp 0 init:100                -> NEW CLOSED 10 U 1/0
     c sctp 0 init:100 +2s            -> NEW ign CLOSED 8 U 1/0
     c sctp 0 init:101 +2s            -> NEW ign CLOSED 6 U 1/0 END_REPLY=101`,
  ),
  ...['data', 'abort', 'abort/1', 'shutdown-complete', 'cookie-ack', 'sack', '#64', 'heartbeat,data'].map(
    (chunks) => sequence(`102: ${chunks} opens nothing`, `c sctp 7 ${chunks} -> INV sctp-not-opening -`),
  ),
  ...['cookie-echo', 'init-ack:5', 'shutdown', 'error', 'init:100'].map((chunks) =>
    sequence(`102: nor does ${chunks} with a tag`, `c sctp 7 ${chunks} -> INV sctp-tag -`),
  ),
  ...[
    'init:5,init:5',
    'init:5,data',
    'sack,init:5',
    'init-ack:5,sack',
    'sack,shutdown-complete',
    'shutdown-complete,sack',
  ].map((chunks) =>
    sequence(`102: ${chunks} may not stand together`, `c sctp 0 ${chunks} -> INV sctp-chunks -`),
  ),
  ...['-', '- len 3', 'heartbeat=0', 'heartbeat,heartbeat=0', 'sack,cookie-echo', 'sack,cookie-ack'].map(
    (chunks) => sequence(`102: refused for its chunks: ${chunks}`, `c sctp 0 ${chunks} -> INV sctp-chunks -`),
  ),
  sequence(
    '102: a length beyond the packet ends the walk',
    'c sctp 0 heartbeat=400 -> NEW HEARTBEAT_SENT 30 U',
  ),
  sequence(
    '102: a length below four counts as four',
    'c sctp 0 heartbeat=1,heartbeat=3 -> NEW HEARTBEAT_SENT 30 U',
  ),
  sequence('102: bytes that are no chunk', 'c sctp 0 heartbeat len 3 -> NEW HEARTBEAT_SENT 30 U'),
  sequence('102: an INIT without its body', 'c sctp 0 init -> INV sctp-init-short -'),
  sequence('102: a wrong checksum', 'c sctp 0 init:100 badsum -> INV sctp-checksum -'),
  sequence('102: the checksum is not judged', 'c sctp 0 init:100 badsum -> NEW CLOSED 10 U', {
    set: ['checksum=0'],
  }),
  sequence(
    "103: ABORT with a wrong tag, with the other side's, and with its own",
    opened(`c sctp 201 abort                 -> INV sctp-tag ESTABLISHED 210 A
            c sctp 100 abort                 -> INV sctp-tag ESTABLISHED 210 A
            c sctp 200 abort/1               -> INV sctp-tag ESTABLISHED 210 A
            c sctp 200 abort                 -> EST CLOSED 10 A 3/2`),
  ),
  sequence('103: ABORT that reflects the tag', opened('c sctp 100 abort/1 -> EST CLOSED 10 A')),
  sequence(
    '103: SHUTDOWN COMPLETE by either tag',
    opened(`s sctp 100 shutdown              -> REP SHUTDOWN_RECD 3 A
            c sctp 200 shutdown-ack          -> EST SHUTDOWN_ACK_SENT 3 A
            s sctp 200 shutdown-complete     -> INV sctp-tag SHUTDOWN_ACK_SENT 3 A
            s sctp 200 shutdown-complete/1   -> REP CLOSED 10 A`),
  ),
  sequence(
    '103: data with a wrong tag',
    opened(`c sctp 100 data                  -> INV sctp-tag ESTABLISHED 210 A
            c sctp 0 init:7                  -> EST ESTABLISHED 210 A
            s sctp 100 data                  -> INV sctp-tag ESTABLISHED 210 A
            s sctp 7 data                    -> REP ESTABLISHED 210 A`),
  ),
  sequence(
    '104: a second path',
    `c sctp 200 heartbeat             -> NEW HEARTBEAT_SENT 30 U
     c sctp 200 heartbeat +1s         -> NEW HEARTBEAT_SENT 30 U 2/0
     s sctp 100 heartbeat-ack         -> REP ESTABLISHED 210 A
     c sctp 200 data                  -> EST ESTABLISHED 210 A
     s sctp 100 sack                  -> REP ESTABLISHED 210 A
     s sctp 101 sack                  -> INV sctp-tag ESTABLISHED 210 A`,
  ),
  sequence(
    '104: a second path of which the answer is seen first',
    `s sctp 100 heartbeat-ack         -> NEW CLOSED 10 U
     c sctp 200 heartbeat             -> REP CLOSED 10 R`,
  ),
  sequence(
    '104: nothing but heartbeats answers a heartbeat',
    `c sctp 200 heartbeat             -> NEW HEARTBEAT_SENT 30 U
     s sctp 0 sack                    -> REP HEARTBEAT_SENT 30 R
     s sctp 0 shutdown                -> INV sctp-state HEARTBEAT_SENT 30 R
     s sctp 0 init:7                  -> INV sctp-state HEARTBEAT_SENT 30 R`,
  ),
  sequence(
    '104: the tags have changed: HEARTBEAT is let through, its ACK sets them',
    opened(`c sctp 55 heartbeat +1s          -> EST ign ESTABLISHED 209 A 2/2
            c sctp 66 heartbeat-ack          -> INV sctp-heartbeat ESTABLISHED 209 A
            s sctp 66 heartbeat-ack          -> REP ESTABLISHED 210 A 2/3
            c sctp 55 data                   -> INV sctp-tag ESTABLISHED 210 A
            c sctp 55 heartbeat              -> EST ESTABLISHED 210 A
            c sctp 55 data                   -> EST ESTABLISHED 210 A
            s sctp 66 data                   -> REP ESTABLISHED 210 A`),
  ),
  sequence(
    '104: heartbeats that do not fit',
    opened(`s sctp 66 heartbeat-ack          -> INV sctp-heartbeat ESTABLISHED 210 A
            c sctp 55 heartbeat,data         -> INV sctp-heartbeat ESTABLISHED 210 A
            c sctp 55 heartbeat,heartbeat    -> INV sctp-heartbeat ESTABLISHED 210 A
            s sctp 66 data,heartbeat-ack     -> INV sctp-heartbeat ESTABLISHED 210 A
            c sctp 55 heartbeat              -> EST ign ESTABLISHED 210 A
            c sctp 200 heartbeat             -> EST ESTABLISHED 210 A
            s sctp 66 heartbeat-ack          -> INV sctp-heartbeat ESTABLISHED 210 A`),
  ),
  sequence(
    '105: INITs that cross',
    `c sctp 0 init:100                -> NEW CLOSED 10 U 1/0
     s sctp 0 init:200                -> REP ign CLOSED 10 R 1/0
     c sctp 200 init-ack:100          -> EST CLOSED 10 R
     s sctp 100 cookie-echo           -> REP CLOSED 10 R
     c sctp 200 cookie-ack            -> EST CLOSED 10 R
     s sctp 100 init-ack:201          -> INV sctp-initiate-tag CLOSED 10 R`,
  ),
  sequence(
    '105: an INIT ACK with another tag than that of the INIT',
    `c sctp 0 init:100                -> NEW CLOSED 10 U
     s sctp 0 init:200                -> REP ign CLOSED 10 R
     s sctp 100 init-ack:201          -> INV sctp-initiate-tag CLOSED 10 R
     s sctp 100 init-ack:200          -> REP COOKIE_WAIT 3 R`,
  ),
  sequence(
    'an INIT whose tag is known does not let another answer in',
    opened(`c sctp 0 init:100                -> EST ESTABLISHED 210 A
            s sctp 100 init-ack:201          -> INV sctp-initiate-tag ESTABLISHED 210 A
            c sctp 0 init:101                -> EST ESTABLISHED 210 A
            s sctp 101 init-ack:201          -> REP ESTABLISHED 210 A`),
  ),
  sequence(
    'the INIT that opens counts whatever its tag',
    `c sctp 0 init:0                  -> NEW CLOSED 10 U
     s sctp 0 init-ack:200            -> REP COOKIE_WAIT 3 R
     s sctp 0 init-ack:201            -> REP COOKIE_WAIT 3 R`,
  ),
  sequence(
    'a stale cookie',
    `c sctp 0 init:100                -> NEW CLOSED 10 U
     s sctp 100 init-ack:200          -> REP COOKIE_WAIT 3 R
     c sctp 200 cookie-echo           -> EST COOKIE_ECHOED 3 R
     s sctp 100 error                 -> REP CLOSED 10 R`,
  ),
  sequence(
    'a packet goes through several states',
    opened(`c sctp 200 shutdown,shutdown-ack,abort -> EST CLOSED 10 A`),
  ),
  sequence(
    'what goes before the refused chunk stays, and the next event tells of it',
    opened(`c sctp 201 shutdown,abort        -> INV sctp-tag SHUTDOWN_SENT 210 A 2/2
            s sctp 101 data                  -> INV sctp-tag SHUTDOWN_SENT 210 A
            s sctp 100 data                  -> REP SHUTDOWN_SENT 3 A [PROTOINFO]
            s sctp 100 data                  -> REP SHUTDOWN_SENT 3 A`),
  ),
  sequence(
    'the next event may be that of an error',
    opened(`c sctp 201 shutdown,abort        -> INV sctp-tag SHUTDOWN_SENT 210 A
            s error 3/1 c sctp 200 data      -> RELR SHUTDOWN_SENT 210 A [PROTOINFO]
            s error 3/1 c sctp 200 data      -> RELR SHUTDOWN_SENT 210 A`),
    { families: ['IPv4'] },
  ),
  sequence(
    'established and gone in one packet, and INVALID besides',
    `c sctp 0 init:100                -> NEW CLOSED 10 U
     s sctp 100 init-ack:200          -> REP COOKIE_WAIT 3 R
     c sctp 200 cookie-echo           -> EST COOKIE_ECHOED 3 R
     s sctp 101 cookie-ack,abort      -> INV sctp-tag ESTABLISHED 3 A
     c sctp 200 abort                 -> EST CLOSED 10 A`,
  ),
  sequence(
    'what is refused takes nothing from the association of the packet before',
    `c sctp 0 init:300 port 7         -> NEW CLOSED 10 U
     c sctp 0 init:100                -> NEW CLOSED 10 U
     s sctp 100 init-ack:200          -> REP COOKIE_WAIT 3 R
     c sctp 200 cookie-echo           -> EST COOKIE_ECHOED 3 R
     s sctp 100 cookie-ack            -> REP ESTABLISHED 210 A
     c sctp 301 data port 7           -> INV sctp-tag CLOSED 10 U`,
  ),
  sequence(
    'an INIT in an association that is closing',
    opened(`c sctp 200 shutdown              -> EST SHUTDOWN_SENT 3 A
            c sctp 0 init:111                -> EST CLOSED 10 A
            s sctp 111 init-ack:222          -> REP COOKIE_WAIT 3 A
            c sctp 222 cookie-echo           -> EST COOKIE_ECHOED 3 A
            s sctp 111 cookie-ack            -> REP ESTABLISHED 210 A`),
  ),
]);
