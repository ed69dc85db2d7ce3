/**
 * Every layout in shared memory. After a change run `npm run generate`; a test fails until you do.
 */
import { defineLayout, field } from './layout.ts';

/**
 * The part of a connection that every packet touches: two cache lines of 64 bytes.
 * Owner: the shard's thread. Others may read it only when the shard has stopped or through a copy.
 */
export const ENTRY_HOT = defineLayout('Hot', 32, [
  field('LO0', 'u32', 'address', 'IPv4 address, or first word of the IPv6 address, of the lower endpoint'),
  field('HI0', 'u32', 'address', 'the same of the higher endpoint'),
  field(
    'L4',
    'bits',
    '',
    'lower port << 16 | higher port; ICMP: id << 16 | type << 8 | code, seen from the lower endpoint',
  ),
  field('KIND', 'bits', '', 'zone << 16 | IPv6 bit << 8 | protocol; 0 when the entry is free'),
  field('STATUS', 'bits', '', 'kernel status bits, orientation and protocol state; see Status'),
  field('DEADLINE', 'i32', 'ms tick', 'when the connection expires'),
  field('FILED', 'i32', 'ms tick', 'the deadline under which the wheel holds it; never later than DEADLINE'),
  field('LAST_SEC', 'u32', 's', 'time of the last packet, seconds since 1970'),
  field('LAST_NSEC', 'u32', 'ns', 'and nanoseconds'),
  field(
    'CREATED',
    'u32',
    'packet',
    'number of the packet that created it; tells one life of an entry from the next',
  ),
  field('PACKETS_ORIG', 'f64', 'packets', 'counted in the original direction'),
  field('BYTES_ORIG', 'f64', 'bytes', 'layer 3 bytes, original direction'),
  field('PACKETS_REPLY', 'f64', 'packets', 'counted in the reply direction'),
  field('BYTES_REPLY', 'f64', 'bytes', 'layer 3 bytes, reply direction'),
  field(
    'END_ORIG',
    'u32',
    'sequence',
    'TCP: highest sequence number sent, plus one. UDP: tick after which it may be a stream. SCTP: verification tag that this direction must bear. GRE: timeout in ms until it is answered',
  ),
  field('MAXEND_ORIG', 'u32', 'sequence', 'TCP: right edge that the peer offered'),
  field('MAXWIN_ORIG', 'u32', 'bytes', 'TCP: largest window that this side offered'),
  field('MAXACK_ORIG', 'u32', 'sequence', 'TCP: highest acknowledgement that this side sent'),
  field(
    'END_REPLY',
    'u32',
    'sequence',
    'the same four of the reply direction. GRE: timeout in ms once it is answered',
  ),
  field('MAXEND_REPLY', 'u32', 'sequence', ''),
  field('MAXWIN_REPLY', 'u32', 'bytes', ''),
  field('MAXACK_REPLY', 'u32', 'sequence', ''),
  field(
    'SIDES',
    'bits',
    '',
    'TCP: flags and window scale of both sides and of the ignored packet; see Sides. SCTP: see SctpFlags',
  ),
  field('LAST', 'bits', '', 'TCP: the last packet in short; see Last'),
  field('LAST_SEQ', 'u32', 'sequence', 'TCP: sequence number of the last packet remembered'),
  field('LAST_ACK', 'u32', 'sequence', 'TCP: its acknowledgement'),
  field('LAST_END', 'u32', 'sequence', 'TCP: its end'),
  field('MARK', 'u32', '', 'connection mark'),
]);

/** The part that is touched when a connection is born, moved in the wheel, or ends; and by IPv6. */
export const ENTRY_COLD = defineLayout('Cold', 12, [
  field('LO1', 'u32', 'address', 'second to fourth word of the IPv6 address of the lower endpoint'),
  field('LO2', 'u32', 'address', ''),
  field('LO3', 'u32', 'address', ''),
  field('HI1', 'u32', 'address', 'the same of the higher endpoint'),
  field('HI2', 'u32', 'address', ''),
  field('HI3', 'u32', 'address', ''),
  field('START_SEC', 'u32', 's', 'time of the first packet, seconds since 1970'),
  field('START_NSEC', 'u32', 'ns', 'and nanoseconds'),
  field('NEXT', 'i32', 'entry', 'next in the wheel slot, or in the free list; 0 ends it'),
  field('PREV', 'i32', 'entry', 'previous in the wheel slot; -1 - slot for the first'),
  field('MASTER', 'u32', 'id', 'connection that foretold this one (see identity.ts); 0 for none'),
  field('MASTER_CREATED', 'u32', 'packet', 'CREATED of the master'),
]);

/** What ingest writes about a packet for its shard. IPv4 touches only the first 14 words. */
export const DESCRIPTOR = defineLayout('Desc', 20, [
  field('LO0', 'u32', 'address', 'as in the entry; for KIND_CLOCK unused'),
  field('HI0', 'u32', 'address', ''),
  field('L4', 'bits', '', 'as in the entry'),
  field('KIND', 'bits', '', 'as in the entry'),
  field('HASH', 'i32', '', 'keyed hash of the canonical tuple, never 0'),
  field('META', 'bits', '', 'task, direction, TCP flags, options, reason; see Meta'),
  field('BYTES', 'u32', 'bytes', 'layer 3 length'),
  field('SEC', 'u32', 's', 'packet time'),
  field('NSEC', 'u32', 'ns', ''),
  field('NUMBER', 'u32', 'packet', 'number of the packet, from 1'),
  field('SEQ', 'u32', 'sequence', 'TCP. SCTP: verification tag'),
  field('ACK', 'u32', 'sequence', 'TCP. SCTP: initiate tag of an INIT or INIT ACK'),
  field(
    'WINDOW',
    'bits',
    '',
    'TCP: window << 16 | payload bytes. SCTP: the first eight chunks; see SctpChunk',
  ),
  field(
    'SACK',
    'u32',
    'sequence',
    'TCP: highest right edge of the SACK blocks beyond ACK, else ACK. SCTP: more chunks',
  ),
  field('LO1', 'u32', 'address', 'IPv6 only'),
  field('LO2', 'u32', 'address', ''),
  field('LO3', 'u32', 'address', ''),
  field('HI1', 'u32', 'address', ''),
  field('HI2', 'u32', 'address', ''),
  field('HI3', 'u32', 'address', ''),
]);

/** Written before the descriptor of a packet that an expectation foretold, into the same ring (Task.FORETOLD). */
export const FORETOLD = defineLayout('Foretold', 20, [
  field(
    'SLOT',
    'i32',
    'expectation',
    'where the claims on the expectation are settled; 0: it is permanent, no claim',
  ),
  field('CLAIM', 'u32', '', 'claims are settled in this order'),
  field('MASTER', 'u32', 'id', 'the connection that foretold it'),
  field('MASTER_CREATED', 'u32', 'packet', ''),
  field('RESERVED', 'bits', '', 'the hash of a descriptor: 0'),
  field('META', 'bits', '', 'as in the descriptor: the task'),
  field('MARK', 'u32', '', 'mark of the master, which the connection inherits'),
  field('SEC', 'u32', 's', 'as in the descriptor'),
  field('NSEC', 'u32', 'ns', ''),
  field('NUMBER', 'u32', 'packet', ''),
  field('ASSIGN', 'u32', '', 'helper of the connection; 0 for none'),
  field('UNUSED', 'bits', '', '', 9),
]);

/** An expectation: a connection that a helper foretold. Owner: the ingest thread. */
export const EXPECTATION = defineLayout('Expect', 32, [
  field('SRC0', 'u32', 'address', 'source, IPv4 or first word of IPv6; counts where MASK has bits'),
  field('SRC1', 'u32', 'address', ''),
  field('SRC2', 'u32', 'address', ''),
  field('SRC3', 'u32', 'address', ''),
  field('DST0', 'u32', 'address', 'destination'),
  field('DST1', 'u32', 'address', ''),
  field('DST2', 'u32', 'address', ''),
  field('DST3', 'u32', 'address', ''),
  field('MASK0', 'bits', '', 'mask of the source address'),
  field('MASK1', 'bits', '', ''),
  field('MASK2', 'bits', '', ''),
  field('MASK3', 'bits', '', ''),
  field('PORTS', 'bits', '', 'source port or key << 16 | destination port or key'),
  field('PORT_MASK', 'bits', '', '0xffff: the source port must agree; 0: any'),
  field('KIND', 'bits', '', 'as in the entry; 0 when the slot is free'),
  field('FLAGS', 'bits', '', 'as the kernel numbers them; see ExpectFlag'),
  field('CLASS', 'u32', '', 'row of the policy of its helper'),
  field('HELPER', 'u32', '', 'helper that foretold it'),
  field('ASSIGN', 'u32', '', 'helper of the new connection; 0 for none'),
  field('DEADLINE', 'i32', 'ms tick', 'when it expires'),
  field('MASTER', 'i32', 'entry', 'the connection that foretold it, among the masters'),
  field('MASTER_CREATED', 'u32', 'packet', 'CREATED of that connection'),
  field('NUMBER', 'u32', 'packet', 'packet that made it'),
  field('ORDER', 'u32', '', 'grows with each expectation'),
  field('NEXT', 'i32', 'expectation', 'next in its chain, or in the free list'),
  field('SIBLING', 'i32', 'expectation', 'next (older) of the same master'),
  field('CLAIMS', 'u32', '', 'claims that were given out'),
  field('PARTNER', 'i32', 'expectation', 'goes when this one is taken; 0 for none'),
  field('UNUSED', 'bits', '', '', 4),
]);

/** A request to the owner of connections, and its answer; entries go into a page beside it (mailbox.ts). */
export const ASK = defineLayout('Ask', 552, [
  field('STATE', 'bits', '', 'whose turn it is; see LaneState'),
  field('OPERATION', 'bits', '', 'see Operation'),
  field('FROM', 'u32', 'entry', 'where to begin; in the answer, where to go on, 0 at the end'),
  field('LIMIT', 'u32', 'entries', 'most that are wanted'),
  field('MARK', 'u32', '', 'new mark = (mark & ~MARK_MASK) ^ MARK'),
  field('MARK_MASK', 'bits', '', 'with CHANGES; all bits for a mark as it is given'),
  field('TIMEOUT_MS', 'i32', 'ms', 'new timeout, from now'),
  field('STATUS', 'bits', '', 'status bits to set'),
  field('PROTOCOL_STATE', 'u32', '', 'of a connection to be made'),
  field('CHANGES', 'bits', '', 'which of these are meant; see ChangeBit'),
  field('RESULT', 'bits', '', 'answer: see Result'),
  field('COUNT', 'u32', 'entries', 'answer: how many are in the page, or were ended'),
  field('TICK', 'i32', 'ms tick', "answer: the owner's clock"),
  field('SEC', 'u32', 's', 'answer: the same in seconds since 1970'),
  field('PROGRAM_LENGTH', 'u32', 'words', 'filter; 0 for all'),
  field('ANSWERED', 'bits', '', '1 once the owner has answered; a lane may be closed before'),
  field(
    'TUPLE',
    'bits',
    '',
    'a descriptor: the tuple of FIND and CREATE, or of the master of an expectation',
    20,
  ),
  field('EXPECT', 'bits', '', 'the words of an expectation to be made (Expect)', 32),
  field('UNUSED', 'bits', '', '', 36),
  field('PROGRAM', 'bits', '', 'filter program, or pairs of slot and order', 448),
]);

/** What a shard (or ingest) reports to the main thread: a verdict, an event, the end of a connection, or progress. */
export const REPORT = defineLayout('Report', 52, [
  field('TYPE', 'bits', '', 'see ReportType'),
  field('NUMBER', 'u32', 'packet', 'packet that caused it; 0 for an expiry'),
  field('SEC', 'u32', 's', 'time of the packet, or the deadline of an expiry'),
  field('NSEC', 'u32', 'ns', ''),
  field('EVENTS', 'bits', '', 'event bits as the kernel numbers them; 0 for none'),
  field('VERDICT', 'bits', '', 'verdict << 8 | reason'),
  field('END', 'i32', '', 'why the connection ended; see EndCode'),
  field('TICK', 'i32', 'ms tick', 'the clock at that time, to compute the remaining timeout'),
  field('HOT', 'bits', '', 'copy of the entry', 32),
  field('COLD', 'bits', '', 'copy of the entry', 12),
]);
