/**
 * The counters of a thread: f64 words, written by their owner with plain stores, readable by anyone
 * at any time. Packets and bytes stay exact up to 2^53.
 */
import { Reason } from '../common/reasons.ts';

/** Words of a counter block; the same for ingest and for shards, each fills what it knows. */
export enum Counter {
  /** Packets and wire bytes read from the source (ingest). */
  PACKETS = 0,
  BYTES = 1,
  /** Packets attached to a connection, with or without effect. */
  TRACKED = 2,
  /** Of these: accepted without effect on a known connection (an ignored TCP packet). */
  IGNORED = 3,
  /** Of these: ICMP errors that belong to a known connection. */
  RELATED_ERRORS = 4,
  CREATED = 5,
  ENDED_TIMEOUT = 6,
  ENDED_RESET = 7,
  ENDED_REOPENED = 8,
  ENDED_EVICTED = 9,
  ALIVE = 10,
  ALIVE_MAX = 11,
  /** Of the evicted: by the sweep that follows a refusal, not by the packet path. */
  EVICTED_SWEEP = 12,
  PROBE_MAX = 13,
  /** Verdicts, six words: ESTABLISHED, RELATED, NEW and the two of the reply direction by ctinfo number. */
  VERDICT = 14,
  /** Bytes of the file or pipe as stored (ingest). */
  SOURCE_BYTES = 20,
  /** Size of all files together; 0 when it is not known. */
  SOURCE_TOTAL = 21,
  /** Packets whose time lay before their predecessor's; they were given that one's time. */
  TIME_BACKWARD = 22,
  /** How often a thread slept because a ring was full. */
  RING_WAITS = 23,
  REPORTS = 24,
  /** Time of the newest packet. */
  NOW_SEC = 25,
  NOW_NSEC = 26,
  ENDED_KILLED = 27,
  EXPECT_CREATED = 28,
  /** Connections that began as an expectation said. */
  EXPECT_MATCHED = 29,
  /** Datagrams put together from fragments (ingest). */
  DATAGRAMS = 30,
  /** Most bytes that fragments took up at a time, as the limits count them (ingest). */
  FRAGMENT_BYTES_MAX = 31,
  /** Packets whose payload a helper was to read and did not, to bound the cost. */
  HELPER_GIVEN_UP = 32,
  /** Expectations that had no room or were in each other's way. */
  EXPECT_REFUSED = 33,
  /** Connections that were ended, or made, because somebody asked for it. */
  ENDED_DELETED = 34,
  CREATED_ASKED = 35,
  /** Requests that were answered. */
  ANSWERS = 36,
  /** Slots of the index that are in use or free, as it has grown. */
  INDEX_SLOTS = 37,
  /** How far the wheel is behind the clock, ms, and how many entries it is to come to (as of the last question). */
  WHEEL_LAG_MS = 38,
  WHEEL_BACKLOG = 39,
  /** Tunnel headers that were taken off, by TunnelKind, six words (ingest). */
  PEELED = 40,
  /** Of these: their VNI, key or TEID is larger than a zone, which got its low 16 bits (ingest). */
  ZONE_CUT = 46,
  /** What the kernel counted at a live interface: packets (with those it dropped), drops, and how often the ring was full (ingest). */
  KERNEL_PACKETS = 47,
  KERNEL_DROPS = 48,
  KERNEL_FREEZES = 49,
  /** Packets that this host sent itself, which are left away (ingest, live). */
  OWN_TRANSMISSIONS = 50,
  /** Packets of which fewer bytes were captured than were on the wire (ingest, live). */
  CUT_SHORT = 51,
  /** Packets whose checksums the sender left to the card, so that they were not verified (ingest, live). */
  CHECKSUMS_OPEN = 52,
  /** How often an interface went down or away (ingest, live). */
  INTERFACE_LOST = 53,
  /** Sockets that are read; 0 where captures are (ingest). */
  LIVE_SOCKETS = 54,
  /**
   * The file of events, written by the main thread into the block of the first ingest thread: events that became lines, those
   * that it came too late for, rotations, failures to write, and whether there is one.
   */
  EVENTS_WRITTEN = 56,
  EVENTS_MISSED = 57,
  EVENT_ROTATIONS = 58,
  EVENT_FAILURES = 59,
  EVENT_FILES = 60,
  /** Packets by Reason. */
  REASON = 64,
  WORDS = REASON + Reason.COUNT,
}
