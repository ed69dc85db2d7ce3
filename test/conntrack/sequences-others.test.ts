/** UDP, UDP-Lite, ICMP, ICMPv6 and protocols without ports. */

import { sequence } from '../support/script.ts';
import { testSequences } from '../support/sequence-runner.ts';

const ipv4 = { families: ['IPv4'] as const };
const ipv6 = { families: ['IPv6'] as const };

testSequences('UDP', [
  sequence(
    '80: a stream is older than two seconds',
    `c udp len 10            -> NEW 30 U 1/0
     s udp len 20 +10ms      -> REP 30 R 1/1
     c udp len 10 +990ms     -> EST 30 R 2/1
     s udp +900ms            -> REP 30 R 2/2
     c udp +200ms            -> EST 120 A 3/2`,
  ),
  sequence(
    '81: the first answer never makes a stream',
    `c udp           -> NEW 30 U
     s udp +5s       -> REP 30 R
     s udp +100ms    -> REP 120 A 1/2`,
  ),
  sequence(
    '80: exactly two seconds are not more than two seconds',
    `c udp           -> NEW 30 U
     s udp           -> REP 30 R
     c udp +2s       -> EST 30 R
     c udp +1ms      -> EST 120 A`,
  ),
  sequence(
    '82: one side only',
    `c udp           -> NEW 30 U 1/0
     c udp +10s      -> NEW 30 U 2/0
     c udp +10s      -> NEW 30 U 3/0`,
  ),
  sequence(
    '83: port unreachable changes nothing',
    `c udp                   -> NEW 30 U
     s error 3/3 c udp +1s   -> RELR 29 U 1/0`,
    ipv4,
  ),
  sequence(
    '83: port unreachable changes nothing',
    `c udp                   -> NEW 30 U
     s error 1/4 c udp +1s   -> RELR 29 U 1/0`,
    ipv6,
  ),
  sequence(
    '84: port unreachable to another host',
    `c udp                   -> NEW 30 U
     c error 3/3 c udp       -> INV icmp-quote-destination 30 U`,
    ipv4,
  ),
  sequence(
    '84: port unreachable to another host',
    `c udp                   -> NEW 30 U
     c error 1/4 c udp       -> INV icmp-quote-destination 30 U`,
    ipv6,
  ),
  sequence('85: no checksum', 'c udp len 3 nosum -> NEW 30 U'),
  sequence('86a: length under 8', 'c udp len 3 length 7 -> INV udp-length -'),
  sequence('86b: length beyond the packet', 'c udp len 3 length 12 -> INV udp-length -'),
  sequence(
    '86c: a length below the payload is allowed without a checksum',
    'c udp len 9 length 12 nosum -> NEW 30 U',
  ),
  sequence('86d: a wrong checksum', 'c udp len 9 badsum -> INV udp-checksum -'),
  sequence(
    'UDP-Lite becomes a stream at once',
    `c udplite len 10          -> NEW 30 U
     s udplite len 10          -> REP 30 R
     c udplite len 10          -> EST 120 A`,
  ),
  sequence(
    'UDP-Lite: the coverage',
    `c udplite len 10 length 8    -> NEW 30 U
     c udplite len 10 length 18   -> NEW 30 U
     c udplite len 10 length 7    -> INV udplite-coverage 30 U
     c udplite len 10 length 1    -> INV udplite-coverage 30 U
     c udplite len 10 length 19   -> INV udplite-coverage 30 U
     c udplite len 10 nosum       -> INV udplite-checksum-zero 30 U
     c udplite len 10 badsum      -> INV udplite-checksum 30 U 2/0`,
  ),
]);

testSequences('ICMP and ICMPv6', [
  sequence(
    '87: echo',
    `c echo 7 len 8           -> NEW 30 U 1/0
     s echoreply 7 len 8 +1s  -> REP 30 R 1/1
     c echo 7 len 8 +1s       -> EST 30 R 2/1
     s echoreply 7 +1s        -> REP 30 R 2/2`,
  ),
  sequence('88a: an echo reply that nobody asked for', 's echoreply 7 -> INV icmp-unsolicited -'),
  sequence('88b: a timestamp reply that nobody asked for', 's icmp 14/0 7 -> INV icmp-unsolicited -', ipv4),
  sequence(
    '88c: another code',
    `c echo 7          -> NEW 30 U
     s icmp 0/1 7      -> INV icmp-unsolicited -
     s icmp 0/0 7      -> REP 30 R`,
    ipv4,
  ),
  sequence(
    '88c: another code',
    `c echo 7          -> NEW 30 U
     s icmp 129/1 7    -> INV icmp-unsolicited -
     s icmp 129/0 7    -> REP 30 R`,
    ipv6,
  ),
  sequence(
    '88d: another id',
    `c echo 7          -> NEW 30 U
     s echoreply 8     -> INV icmp-unsolicited -`,
  ),
  sequence(
    '89: both ping each other with the same id',
    `c echo 7          -> NEW 30 U
     s echo 7          -> NEW 30 U
     c echoreply 7     -> REP 30 R
     s echoreply 7     -> REP 30 R`,
  ),
  ...[1, 2, 6, 7, 9, 10].map((type) =>
    sequence(`90: type ${type} is no query`, `c icmp ${type}/0 7 -> INV icmp-not-a-query -`, ipv4),
  ),
  ...[13, 15, 17].map((type) =>
    sequence(
      `90: query ${type} and its answer`,
      `c icmp ${type}/0 7 -> NEW 30 U\n s icmp ${type + 1}/0 7 -> REP 30 R`,
      ipv4,
    ),
  ),
  ...[19, 40, 255].map((type) =>
    sequence(`90: there is no type ${type}`, `c icmp ${type}/0 7 -> INV icmp-type -`, ipv4),
  ),
  sequence(
    '90: node information',
    `c icmp 139/0 7    -> NEW 30 U
     s icmp 140/0 7    -> REP 30 R`,
    ipv6,
  ),
  ...[130, 131, 132, 133, 134, 135, 136, 143, 151, 152].map((type) =>
    sequence(`91: type ${type} is left alone`, `c icmp ${type}/0 0 -> UNT icmpv6-control -`, ipv6),
  ),
  ...[138, 141, 142, 144, 150, 153, 200, 255].map((type) =>
    sequence(`92: type ${type} is no query`, `c icmp ${type}/0 0 -> INV icmp-not-a-query -`, ipv6),
  ),
  sequence(
    '92: unknown types below 128 are errors',
    `c icmp 100/0 0          -> INV icmp-quote -
     c udp                   -> NEW 30 U
     s error 100/0 c udp     -> RELR 30 U`,
    ipv6,
  ),
  sequence('92: a wrong checksum', 'c echo 7 badsum -> INV icmp-checksum -'),
  sequence(
    '93: fragmentation needed, for a packet of either side',
    `HS
     s error 3/4 c P. 1001:5001 len 10      -> RELR ESTABLISHED 432000 A 2/1
     c error 3/4 s P. 5001:1001 len 10      -> REL ESTABLISHED 432000 A 2/1`,
    ipv4,
  ),
  sequence(
    '93: packet too big, for a packet of either side',
    `HS
     s error 2/0 c P. 1001:5001 len 10      -> RELR ESTABLISHED 432000 A 2/1
     c error 2/0 s P. 5001:1001 len 10      -> REL ESTABLISHED 432000 A 2/1`,
    ipv6,
  ),
  sequence(
    '93: from a third host, for it only looks at where the error goes',
    `HS
     x error 11/0 c P. 1001:5001 len 10      -> RELR ESTABLISHED 432000 A`,
    ipv4,
  ),
  sequence(
    '94: eight bytes of the quoted segment, or four, suffice',
    `HS
     s error 3/1 cut 8 c P. 1001:5001 len 10   -> RELR ESTABLISHED 432000 A
     s error 3/1 cut 4 c P. 1001:5001 len 10   -> RELR ESTABLISHED 432000 A
     s error 3/1 cut 3 c P. 1001:5001 len 10   -> INV icmp-quote -`,
    ipv4,
  ),
  sequence(
    '94: eight bytes of the quoted segment, or four, suffice',
    `HS
     s error 1/0 cut 8 c P. 1001:5001 len 10   -> RELR ESTABLISHED 432000 A
     s error 1/0 cut 4 c P. 1001:5001 len 10   -> RELR ESTABLISHED 432000 A
     s error 1/0 cut 3 c P. 1001:5001 len 10   -> INV icmp-quote -`,
    ipv6,
  ),
  sequence(
    '94: an error about an echo request',
    `c echo 7                            -> NEW 30 U
     s error 3/1 c echo 7 +1s            -> RELR 29 U
     s error 3/1 c echo 8                -> INV icmp-quote-unknown -
     s error 3/1 s error 3/1 c echo 7    -> INV icmp-quote -`,
    ipv4,
  ),
]);

testSequences('Protocols without ports', [
  sequence(
    '96: ESP is one connection',
    `c proto 50 len 40        -> NEW 600 U 1/0
     s proto 50 len 44 +10s   -> REP 600 R 1/1
     c proto 50 len 48 +10s   -> EST 600 R 2/1
     s proto 50 len 48 +1s    -> REP 600 R 2/2`,
  ),
  sequence(
    '97: DCCP is a generic protocol',
    `c proto 33 len 16        -> NEW 600 U
     s proto 33 len 16        -> REP 600 R`,
  ),
  sequence('97: so is one without payload', 'c proto 253 -> NEW 600 U'),
  sequence(
    '98: TCP behind extension headers',
    `c S 1000 behind 0,60             -> NEW SYN_SENT 120 U 1/0
     s S. 5000:1001 behind 60         -> REP SYN_RECV 60 R 1/1
     c . 1001:5001                    -> EST ESTABLISHED 432000 A 2/1`,
    ipv6,
  ),
  sequence('98: No Next Header', 'c proto 59 len 20 -> INV ipv6-no-next-header -', ipv6),
  sequence('98: ICMP in IPv6', 'c proto 1 len 8 -> INV icmp-family -', ipv6),
  sequence('98: ICMPv6 in IPv4', 'c proto 58 len 8 -> INV icmp-family -', ipv4),
]);

testSequences('Events of sequences', [
  sequence(
    '124: refused: NEW, then DESTROY',
    `c S 1000        -> NEW SYN_SENT 120 U [NEW PROTOINFO]
     s R. 0:1001     -> REP RESET CLOSE 120 U 1/1 []`,
  ),
  sequence(
    '125: data makes no events',
    `HS
     c P. 1001:5001 len 10     -> EST ESTABLISHED 300 A []
     s P. 5001:1011 len 10     -> REP ESTABLISHED 300 A []
     c . 1011:5011             -> EST ESTABLISHED 432000 A []`,
  ),
]);
