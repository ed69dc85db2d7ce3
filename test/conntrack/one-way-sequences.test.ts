/**
 * `--one-way`: what either half of a TCP connection shows when the other one is out of sight, and
 * what happens when it comes into sight after all.
 */
import { type Sequence, type SequenceOptions, sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

const oneWay = (name: string, script: string, options: SequenceOptions = {}): Sequence =>
  sequence(name, script, { ...options, oneWay: true });

/** A handshake as either half shows it. */
const CLIENT = `c S 1000 -> NEW SYN_SENT 120 U 1/0 H:original
  c . 1001:5001 -> EST ESTABLISHED 432000 A 2/0 H:original`;
const SERVER = `s S. 5000:1001 -> REP SYN_RECV 60 R 0/1 H:reply
  s . 5001:1101 -> REP ESTABLISHED 432000 A 0/2 H:reply`;
/** And both. */
const BOTH = `c S 1000 -> NEW SYN_SENT 120 U 1/0 H:original
  s S. 5000:1001 -> REP SYN_RECV 60 R 1/1 H:both
  c . 1001:5001 -> EST ESTABLISHED 432000 A 2/1 H:both`;

testSequences('one way, the client half', [
  oneWay(
    'handshake, data, close by the client, reuse',
    `${CLIENT}
     c P. 1001:5001 len 100 -> EST ESTABLISHED 432000 A
     c . 1101:9000 +100s -> EST ESTABLISHED 432000 A
     c F. 1101:9000 -> EST FIN_WAIT 120 A
     c . 1102:9001 +1s -> EST TIME_WAIT 120 A
     c . 1102:9001 +1s -> EST TIME_WAIT 120 A
     c S 70000 +1s -> NEW REOPEN SYN_SENT 120 U 1/0 H:original
     c . 70001:1 -> EST ESTABLISHED 432000 A 2/0`,
  ),
  oneWay(
    'close by the server: the own FIN is the last word',
    `${CLIENT}
     c . 1001:6001 -> EST ESTABLISHED 432000 A
     c F. 1001:6002 -> EST FIN_WAIT 120 A
     c F. 1001:6002 +1s -> EST FIN_WAIT 120 A
     c S 90000 +1s -> NEW REOPEN SYN_SENT 120 U 1/0`,
  ),
  oneWay(
    'data repeated after the FIN is no answer to the FIN of the other side',
    `${CLIENT}
     c F. 1001:5001 len 10 -> EST FIN_WAIT 120 A
     c . 1001:5001 len 10 +1s -> EST FIN_WAIT 120 A
     c . 1012:5002 -> EST TIME_WAIT 120 A`,
  ),
  oneWay(
    'the ACK of the handshake was not captured: data or a FIN says the same',
    `c S 1000 -> NEW SYN_SENT 120 U
     c P. 1001:5001 len 5 -> EST ESTABLISHED 432000 A 2/0`,
  ),
  oneWay(
    'a FIN right behind the SYN',
    `c S 1000 -> NEW SYN_SENT 120 U
     c F. 1001:5001 -> EST FIN_WAIT 120 A 2/0`,
  ),
  oneWay(
    'an unanswered SYN: repetitions do not keep it alive, nor does another sequence number',
    `c S 1000 -> NEW SYN_SENT 120 U 1/0
     c S 1000 +1s -> NEW ign SYN_SENT 119 U 1/0
     c S 2000 +1s -> NEW ign SYN_SENT 118 U 1/0
     c . 1001:1 -> NEW ign SYN_SENT 118 U 1/0
     c . 2001:1 -> EST ESTABLISHED 432000 A 2/0`,
  ),
  oneWay(
    'a packet that cannot follow the SYN is not its handshake',
    `c S 1000 -> NEW SYN_SENT 120 U 1/0
     c . 900:5001 +1s -> NEW ign SYN_SENT 119 U 1/0
     c F. 1073742900:5001 +1s -> NEW ign SYN_SENT 118 U 1/0
     c R 77 +1s -> NEW ign SYN_SENT 117 U 1/0`,
  ),
  oneWay(
    'SYN and RST, as a scan leaves them',
    `c S 1000 -> NEW SYN_SENT 120 U 1/0
     c R 1001 +1s -> NEW CLOSE 10 U 2/0
     c S 1000 +1s -> NEW REOPEN SYN_SENT 120 U 1/0`,
  ),
  oneWay(
    'data in the SYN, accepted by the server or not',
    `c S 1000 len 50 -> NEW SYN_SENT 120 U END_ORIG=1051
     c . 1001:5001 -> EST ESTABLISHED 432000 A END_ORIG=1051
     c . 1001:5001 len 50 -> EST ESTABLISHED 432000 A END_ORIG=1051
     c R 1051 -> EST CLOSE 10 A`,
  ),
  oneWay(
    'RST: only the next byte closes at once; any other makes the connection show that it lives',
    `${CLIENT}
     c R 900 +1s -> EST ESTABLISHED 10 A
     c . 1001:5001 +1s -> EST ESTABLISHED 432000 A
     c R. 1001:5001 +1s -> EST CLOSE 10 A
     c R 1 +1s -> EST CLOSE 10 A
     c . 1001:5001 +1s -> EST CLOSE 10 A`,
  ),
  oneWay(
    'both opened: a SYN and a SYN/ACK of the same side',
    `c S 1000 -> NEW SYN_SENT 120 U
     c S. 1000:5001 -> NEW SYN_RECV 60 U 2/0
     c S. 1000:5001 +1s -> NEW ign SYN_RECV 59 U 2/0
     c . 1001:5001 -> EST ESTABLISHED 432000 A 3/0
     c S. 1000:5001 -> EST ign ESTABLISHED 432000 A 3/0`,
  ),
  oneWay(
    'wrap-around',
    `c S 4294967290 -> NEW SYN_SENT 120 U
     c . 4294967291:4294967295 -> EST ESTABLISHED 432000 A
     c P. 4294967291:4294967295 len 100 -> EST ESTABLISHED 432000 A END_ORIG=95
     c . 4294967291:10 len 100 -> EST ESTABLISHED 432000 A END_ORIG=95 MAXACK_ORIG=10
     c F. 95:10 -> EST FIN_WAIT 120 A END_ORIG=96
     c . 96:11 -> EST TIME_WAIT 120 A`,
  ),
  oneWay(
    'more was missed than half of all sequence numbers',
    `${CLIENT}
     c . 3000001001:5001 -> EST ESTABLISHED 432000 A END_ORIG=3000001001
     c . 3000000001:5001 -> EST ESTABLISHED 432000 A END_ORIG=3000001001
     c R 3000001001 -> EST CLOSE 10 A`,
  ),
  oneWay(
    'windows are not judged, repetitions and closed windows do not shorten the timeout',
    `${CLIENT}
     c . 500000000:5001 win 0 -> EST ESTABLISHED 432000 A
     c . 1001:4000000000 win 0 -> EST ESTABLISHED 432000 A
     c P. 2000:5001 len 10 +1s -> EST ESTABLISHED 432000 A
     c P. 2000:5001 len 10 +1s -> EST ESTABLISHED 432000 A
     c P. 2000:5001 len 10 +1s -> EST ESTABLISHED 432000 A
     c P. 2000:5001 len 10 +1s -> EST ESTABLISHED 432000 A
     c P. 2000:5001 len 10 +1s -> EST ESTABLISHED 432000 A 9/0`,
  ),
  oneWay(
    'keepalives hours apart keep it',
    `${CLIENT}
     c . 1000:5001 +7200s -> EST ESTABLISHED 432000 A
     c . 1000:5001 +7200s -> EST ESTABLISHED 432000 A
     c . 1000:5001 +7200s -> EST ESTABLISHED 432000 A
     c . 1000:5001 +7200s -> EST ESTABLISHED 432000 A
     c . 1000:5001 +7200s -> EST ESTABLISHED 432000 A 7/0`,
  ),
]);

testSequences('one way, a SYN while established', [
  oneWay(
    'answered: the connection starts again, in the same entry',
    `${CLIENT}
     c S 50000 +1s -> EST ign ESTABLISHED 431999 A 2/0
     c . 50001:9 +1s -> EST ESTABLISHED 432000 A 3/0 [PROTOINFO] END_ORIG=50001
     c . 50001:9 +1s -> EST ESTABLISHED 432000 A 4/0`,
  ),
  oneWay(
    'stray: challenged out of sight, and the answer to that is a RST for the old connection',
    `${CLIENT}
     c S 50000 +1s -> EST ign ESTABLISHED 431999 A
     c R 1001 +1s -> EST CLOSE 10 A
     c S 50000 +1s -> NEW REOPEN SYN_SENT 120 U 1/0`,
  ),
  oneWay(
    'stray: the old connection goes on',
    `${CLIENT}
     c S 50000 +1s -> EST ign ESTABLISHED 431999 A
     c . 1001:5001 +1s -> EST ESTABLISHED 432000 A END_ORIG=1001
     c . 50001:9 +1s -> EST ESTABLISHED 432000 A []`,
  ),
  oneWay(
    'a late copy of the first SYN is nothing',
    `${CLIENT}
     c S 1000 +1s -> EST ign ESTABLISHED 431999 A
     c . 1001:5001 +1s -> EST ESTABLISHED 432000 A []`,
  ),
]);

testSequences('one way, the server half', [
  oneWay(
    'handshake, data, close by the server, reuse',
    `${SERVER}
     s P. 5001:1101 len 1000 -> REP ESTABLISHED 432000 A 0/3
     s F. 6001:1101 -> REP FIN_WAIT 120 A
     s . 6002:1102 +1s -> REP TIME_WAIT 120 A
     s S. 20000:3001 +1s -> REP REOPEN SYN_RECV 60 R 0/1 H:reply
     s . 20001:3101 -> REP ESTABLISHED 432000 A 0/2`,
  ),
  oneWay(
    'close by the client: the own FIN is the last word',
    `${SERVER}
     s . 5001:1102 -> REP ESTABLISHED 432000 A
     s F. 5001:1102 -> REP FIN_WAIT 120 A
     s S. 9:77 +1s -> REP REOPEN SYN_RECV 60 R 0/1 H:reply`,
  ),
  oneWay(
    'a repeated SYN/ACK does not keep it alive; one with another number answers another SYN',
    `s S. 5000:1001 -> REP SYN_RECV 60 R 0/1 H:reply
     s S. 5000:1001 +10s -> REP ign SYN_RECV 50 R 0/1 H:reply
     s S. 8000:1001 +10s -> REP SYN_RECV 60 R 0/2
     s . 5001:1001 +1s -> REP ign SYN_RECV 59 R
     s . 8001:1001 +1s -> REP ESTABLISHED 432000 A`,
  ),
  oneWay(
    'refused after the handshake, and a RST that is not believed',
    `${SERVER}
     s R 4000 -> REP ESTABLISHED 10 A
     s R. 5001:1101 +1s -> REP CLOSE 10 A
     s S. 5:6 +1s -> REP REOPEN SYN_RECV 60 R 0/1 H:reply`,
  ),
  oneWay(
    'a new SYN/ACK while established answers a new SYN; a late copy of the first one nothing',
    `${SERVER}
     s S. 5000:1001 +1s -> REP ign ESTABLISHED 431999 A 0/2
     s S. 99000:7001 +1s -> REP SYN_RECV 60 A 0/3
     s . 99001:7001 +1s -> REP ESTABLISHED 432000 A 0/4`,
  ),
  oneWay(
    'a FIN instead of data',
    `s S. 5000:1001 -> REP SYN_RECV 60 R H:reply
     s F. 5001:1001 -> REP FIN_WAIT 120 A 0/2`,
  ),
  oneWay(
    'reset in the handshake',
    `s S. 5000:1001 -> REP SYN_RECV 60 R H:reply
     s R 5001 +1s -> REP CLOSE 10 R 0/2`,
  ),
  oneWay(
    'wrap-around',
    `s S. 4294967295:1001 -> REP SYN_RECV 60 R H:reply
     s . 0:1001 -> REP ESTABLISHED 432000 A END_REPLY=0
     s P. 0:1001 len 5 -> REP ESTABLISHED 432000 A END_REPLY=5
     s R 5 -> REP CLOSE 10 A`,
  ),
  oneWay(
    'the server opens to the client: its SYN says that it is the client now',
    `s S. 5000:1001 -> REP SYN_RECV 60 R 0/1 H:reply
     s S 7000 -> NEW REOPEN SYN_SENT 120 U 1/0 H:original`,
  ),
]);

testSequences('one way, picked up', [
  oneWay(
    'in mid-stream: assured when it goes on, by sequence or by acknowledgement number',
    `s . 5001:1001 len 100 -> NEW ESTABLISHED 300 U 1/0 H:original
     s . 5001:1001 len 100 +1s -> NEW ESTABLISHED 300 U 2/0
     s . 5100:1001 +1s -> NEW ESTABLISHED 300 U 3/0
     s . 5101:1002 +1s -> EST ESTABLISHED 432000 A 4/0`,
  ),
  oneWay(
    'its sender counts as the client until a SYN/ACK says otherwise',
    `s . 5001:1001 -> NEW ESTABLISHED 300 U 1/0 H:original
     s S. 9000:1 +1s -> REP REOPEN SYN_RECV 60 R 0/1 H:reply`,
  ),
  oneWay(
    'at its end',
    `s F. 5001:1001 -> NEW FIN_WAIT 120 U 1/0
     s . 5002:1002 -> NEW TIME_WAIT 120 U 2/0`,
  ),
  oneWay(
    'what is over is over: a RST of an unknown connection is left alone',
    `s R 5001 -> UNT one-way-reset -
     s R. 0:1001 -> UNT one-way-reset -`,
  ),
  oneWay(
    'tcp_loose=0: mid-stream is not taken up, both opening packets are',
    `c . 1001:5001 -> INV tcp-not-loose -
     c F. 1001:5001 -> INV tcp-not-loose -
     s S. 5000:1001 -> REP SYN_RECV 60 R 0/1 H:reply`,
    { set: ['tcp_loose=0'] },
  ),
  oneWay(
    'timeouts are those that are set; that of the unproven is cut to tcp_timeout_unacknowledged',
    `c . 1001:5001 -> NEW ESTABLISHED 7 U
     c . 1002:5001 +1s -> EST ESTABLISHED 50 A
     c R 1 -> EST ESTABLISHED 3 A
     c . 2:2 +3s -> NEW EXPIRED ESTABLISHED 7 U 1/0`,
    { set: ['tcp_timeout_unacknowledged=7', 'tcp_timeout_established=50', 'tcp_timeout_close=3'] },
  ),
]);

testSequences('one way, both halves after all', [
  oneWay(
    'the whole life, as without the option',
    `${BOTH}
     c F. 1001:5001 -> EST FIN_WAIT 120 A
     s . 5001:1002 -> REP CLOSE_WAIT 60 A
     s F. 5001:1002 -> REP LAST_ACK 30 A
     c . 1002:5002 -> EST TIME_WAIT 120 A
     c S 3000 -> NEW REOPEN SYN_SENT 120 U 1/0 H:original`,
  ),
  oneWay(
    'refused',
    `c S 1000 -> NEW SYN_SENT 120 U
     s R. 0:900 +1s -> REP ign SYN_SENT 119 R
     c S 1000 +1s -> EST ign SYN_SENT 118 R`,
  ),
  oneWay(
    'refused at once',
    `c S 1000 -> NEW SYN_SENT 120 U\n s R. 0:1001 +1s -> REP RESET CLOSE 119 U H:both`,
  ),
  oneWay(
    'the reply comes late, as from a second tap',
    `${CLIENT}
     s S. 5000:1001 +1s -> REP ign ESTABLISHED 431999 A 2/0 H:both
     s . 5001:1001 +1s -> REP ESTABLISHED 432000 A 2/1
     c . 1001:5001 +1s -> EST ESTABLISHED 432000 A 3/1`,
  ),
  oneWay(
    'the request comes late',
    `${SERVER}
     c S 1000 +1s -> EST ign ESTABLISHED 431999 A 0/2 H:both
     c . 1001:5001 +1s -> EST ESTABLISHED 432000 A 1/2 []`,
  ),
  oneWay(
    'the SYN/ACK was missed: what follows it is believed if it acknowledges the SYN',
    `c S 1000 -> NEW SYN_SENT 120 U
     s . 5001:500 +1s -> REP ign SYN_SENT 119 R H:both
     s . 5001:1001 +1s -> REP ESTABLISHED 432000 A 1/1`,
  ),
  oneWay(
    'the ACK was missed: the data of the server proves it',
    `c S 1000 -> NEW SYN_SENT 120 U
     s S. 5000:1001 -> REP SYN_RECV 60 R
     s S. 5000:1001 +1s -> REP ign SYN_RECV 59 R
     s P. 5001:1001 len 9 -> REP ESTABLISHED 432000 A 1/2`,
  ),
  oneWay(
    'one half goes out of sight: nothing is INVALID',
    `${BOTH}
     c . 1001:900000 +1s -> EST ESTABLISHED 432000 A
     c P. 800000:1800000 len 100 +1s -> EST ESTABLISHED 432000 A
     s . 3000000:2800000 +1s -> REP ESTABLISHED 432000 A
     c F. 2800000:3000000 +1s -> EST FIN_WAIT 120 A
     c . 2800001:3000001 +1s -> EST CLOSE_WAIT 60 A`,
  ),
  oneWay(
    'picked up from both sides: assured by the third packet, as in the kernel',
    `s . 5001:1001 -> NEW ESTABLISHED 300 U 1/0 H:original
     c . 1001:5001 -> REP ESTABLISHED 300 R 1/1 H:both
     s . 5001:1001 -> EST ESTABLISHED 432000 A 2/1`,
  ),
  oneWay(
    'both send a SYN',
    `c S 1000 -> NEW SYN_SENT 120 U
     s S 5000 -> REP SYN_SENT2 120 R 1/1
     c S. 1000:5001 -> EST SYN_RECV 60 R 2/1
     s S. 5000:1001 -> REP ign SYN_RECV 60 R 2/1
     c . 1001:5001 -> EST ESTABLISHED 432000 A 3/1`,
  ),
  oneWay(
    'an old connection is replaced: SYN, SYN/ACK, ACK',
    `${BOTH}
     c S 50000 +1s -> EST ign ESTABLISHED 431999 A 2/1
     s S. 90000:50001 +1s -> REP SYN_RECV 60 A 2/2
     c . 50001:90001 +1s -> EST ESTABLISHED 432000 A 3/2`,
  ),
  oneWay(
    'a SYN/ACK that answers nothing is nothing',
    `${BOTH}
     s S. 90000:50001 +1s -> REP ign ESTABLISHED 431999 A 2/1
     c S. 90000:50001 +1s -> EST ign ESTABLISHED 431998 A 2/1`,
  ),
  oneWay(
    'RST of the other side: the next byte is what the side that is known has acknowledged',
    `${CLIENT}
     s R 4000 +1s -> REP ESTABLISHED 10 A 2/1 H:both
     s R 5001 +1s -> REP CLOSE 10 A 2/2`,
  ),
]);

testSequences('one way, what stays INVALID', [
  oneWay(
    'malformed packets',
    `c - 1000 -> INV tcp-flags -
     c SF 1000 -> INV tcp-flags -
     c S 1000 badsum -> INV tcp-checksum -
     c S 1000 offset 4 -> INV tcp-header-length -
     ${CLIENT}
     c U 1001 -> INV tcp-flags ESTABLISHED 432000 A
     c . 1001:5001 badsum -> INV tcp-checksum ESTABLISHED 432000 A
     s udp badsum -> INV udp-checksum -
     c echo 1 badsum -> INV icmp-checksum -`,
  ),
]);

testSequences('one way, UDP, UDP-Lite and others', [
  oneWay(
    'UDP: a stream when it still sends after two seconds, never assured by one side',
    `s udp len 5 -> NEW 30 U 1/0 H:original
     s udp len 5 +2s -> NEW 30 U 2/0
     s udp len 5 +1ms -> NEW 120 U 3/0
     s udp len 5 +100s -> NEW 120 U 4/0`,
  ),
  oneWay(
    'UDP: answered, as without the option',
    `c udp -> NEW 30 U 1/0
     s udp +1s -> REP 30 R 1/1 H:both
     c udp +1s -> EST 30 R
     c udp +1ms -> EST 120 A`,
  ),
  oneWay(
    'UDP-Lite: the same, and a stream as soon as it was answered',
    `c udplite -> NEW 30 U 1/0
     c udplite +1s -> NEW 30 U
     c udplite +1001ms -> NEW 120 U
     s udplite -> REP 120 R
     s udplite -> REP 120 A`,
  ),
  oneWay(
    'other timeouts',
    `c udp -> NEW 30 U 1/0
     c udp +3s -> NEW 30 U 2/0
     c proto 50 len 8 -> NEW 600 U 1/0
     c proto 50 len 8 +3s -> NEW 600 U 2/0`,
    { set: ['udp_timeout_stream=20'] },
  ),
]);

testSequences('one way, ICMP', [
  oneWay(
    'an answer whose question was not seen',
    `s echoreply 7 -> REP 30 R 0/1 H:reply
     s echoreply 7 +10s -> REP 30 R 0/2 H:reply
     c echo 7 +1s -> EST 30 R 1/2 H:both
     s echoreply 7 +31s -> REP EXPIRED 30 R 0/1 H:reply`,
  ),
  oneWay('a question without answer', 'c echo 7 -> NEW 30 U 1/0 H:original\n c echo 7 +1s -> NEW 30 U 2/0'),
  oneWay(
    'all kinds of answers',
    's icmp 14/0 1 -> REP 30 R 0/1 H:reply\n s icmp 18/0 1 -> REP 30 R 0/1 H:reply\n s icmp 9/0 1 -> INV icmp-not-a-query -',
    { families: ['IPv4'] },
  ),
  oneWay(
    'an error about the half that is seen',
    `${CLIENT}
     s error 3/1 c . 1001:5001 -> RELR ESTABLISHED 432000 A 2/0`,
    { families: ['IPv4'] },
  ),
  oneWay(
    'an error about the half that is not seen',
    `${CLIENT}
     c error 3/1 s . 5001:1001 -> REL ESTABLISHED 432000 A 2/0`,
    { families: ['IPv4'] },
  ),
  oneWay(
    'an error about a connection of which nothing is seen is left alone',
    `s error 3/3 c udp len 8 -> UNT one-way-error -
     c error 3/3 s udp len 8 -> UNT one-way-error -
     s error 11/0 c S 1000 -> UNT one-way-error -`,
    { families: ['IPv4'] },
  ),
  oneWay('the same in IPv6', 's error 1/4 c udp len 8 -> UNT one-way-error -', { families: ['IPv6'] }),
  oneWay(
    'an error to another host than the one it concerns stays INVALID',
    'x error 3/3 s udp len 8 -> INV icmp-quote-destination -',
    { families: ['IPv4'] },
  ),
]);

testSequences('one way: SCTP', [
  oneWay(
    'what the client sends',
    `c sctp 0 init:1                -> NEW CLOSED 10 U
     c sctp 0 init:1 +1s            -> NEW ign CLOSED 9 U
     c sctp 2 cookie-echo,data +1s  -> NEW COOKIE_ECHOED 3 U
     c sctp 2 data +1s              -> EST ESTABLISHED 210 A [ASSURED PROTOINFO]
     c sctp 3 abort                 -> EST ign ESTABLISHED 210 A
     c sctp 2 shutdown              -> EST SHUTDOWN_SENT 3 A
     c sctp 2 shutdown-complete     -> EST CLOSED 10 A`,
  ),
  oneWay(
    'what the server sends',
    `s sctp 1 init-ack:2            -> REP COOKIE_WAIT 3 R H:reply
     s sctp 1 cookie-ack            -> REP ESTABLISHED 210 A
     s sctp 1 sack                  -> REP ESTABLISHED 210 A
     s sctp 1 shutdown              -> REP SHUTDOWN_RECD 3 A
     s sctp 1 shutdown-complete     -> REP CLOSED 10 A`,
  ),
  oneWay(
    'picked up in mid-stream',
    `c sctp 7 data                  -> NEW ESTABLISHED 210 U
     c sctp 7 sack                  -> EST ESTABLISHED 210 A
     s sctp 9 shutdown              -> REP SHUTDOWN_RECD 3 A
     c sctp 9 shutdown-ack,abort/1  -> EST CLOSED 10 A`,
  ),
  oneWay(
    'heartbeats of a second path',
    `c sctp 7 heartbeat             -> NEW HEARTBEAT_SENT 30 U
     c sctp 7 heartbeat             -> NEW HEARTBEAT_SENT 30 U
     c sctp 7 data                  -> EST ESTABLISHED 210 A [ASSURED PROTOINFO]`,
  ),
  oneWay('chunks that may not stand together stay INVALID', 'c sctp 0 init:1,init:1 -> INV sctp-chunks -'),
]);
