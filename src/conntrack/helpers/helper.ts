/**
 * What a helper is: a module that reads the messages of one protocol and says which connections they
 * foretell. It runs in the ingest thread, packet by packet and in order, on connections that its port
 * (or an expectation) assigned to it.
 */
import type { HelperNumber } from '../../common/helpers.ts';
import type { Verdict } from '../../shm/bits.ts';
import type { ExpectAnswer, Expectations, ExpectRequest } from '../expectations.ts';
import type { GreKeys } from '../gre-keys.ts';

/** A row of a helper's policy. */
export interface ExpectClass {
  /** As expectations are printed ("sip/audio"); empty for none. */
  readonly name: string;
  /** Greatest number of expectations of one master. */
  readonly max: number;
  readonly timeoutS: number;
}

/** One packet of a connection with a helper. One object per thread, filled anew for each. */
export interface Message {
  /** The payload is bytes[start] to bytes[end - 1]: what comes after the TCP or UDP header, as far as it was captured. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly protocol: number;
  readonly isIpv6: boolean;
  /** 0: original direction, 1: reply. */
  readonly dir: number;
  readonly verdict: Verdict;
  /** TCP: sequence number of the first payload byte, int32. */
  readonly seq: number;
  /** The connection, among the masters. */
  readonly entry: number;
  /** Words of this connection for the helper's own use, zero at first: state[s] to state[s + STATE_WORDS - 1]. */
  readonly state: Int32Array;
  readonly s: number;
  readonly nowMs: number;
  /** Packet number. */
  readonly number: number;
}

/** Words of state that a helper has for each connection. */
export const STATE_WORDS = 16;

/** What a helper may do for the connection of the message at hand. */
export interface HelperContext {
  /** Writes an address of the tuple of direction `dir`: four words, IPv4 in the first. */
  source(dir: number, out: Int32Array): void;
  destination(dir: number, out: Int32Array): void;
  sourcePort(dir: number): number;
  destinationPort(dir: number): number;
  /** Transport protocol of a master. */
  protocolOf(entry: number): number;
  /**
   * A new request of this connection's family and zone, for this helper and any source, with the limit and the
   * timeout of the class; destination and more are to be filled in before `expect`.
   */
  request(protocol: number, klass?: number): ExpectRequest;
  /** Adds what the request says. */
  expect(request: ExpectRequest): ExpectAnswer;
  readonly expectations: Expectations;
  /** The connection was foretold itself. */
  isExpected(): boolean;
  /** The connection lives so long from now. */
  refresh(timeoutS: number): void;
  /**
   * Ends the IPv4 connection with this tuple, wherever it is, once the message has been dealt with. Where there is
   * none the expectation `orElse` goes instead; 0 for none.
   */
  kill(
    protocol: number,
    source: number,
    destination: number,
    sourcePort: number,
    destinationPort: number,
    orElse: number,
  ): void;
  readonly greKeys: GreKeys;
  /** Words of Setting. */
  readonly settings: Int32Array;
}

/** What becomes of the packet. */
export enum HelperVerdict {
  ACCEPT = 0,
  /** Dropped: the beginning of a command, of which the rest cannot be read. */
  PARTIAL = 1,
  /** Dropped: not to be let through, or its expectation had no room. */
  REFUSE = 2,
}

/** A helper at work in a thread. */
export interface HelperReader {
  /** Thread: ingest. Cost: bounded by payloadMax. */
  message(m: Message): HelperVerdict;
  /** The connection is about to end; its expectations go by themselves. `m` has entry and state only. */
  ended?(m: Message): void;
}

export interface Helper {
  readonly number: HelperNumber;
  /** IP protocol numbers. */
  readonly protocols: readonly number[];
  readonly families: readonly ('ipv4' | 'ipv6')[];
  /** Where it is attached unless said otherwise; 0: by expectations only. */
  readonly port: number;
  /** On without being asked for. */
  readonly isDefault: boolean;
  /** The only protocol that is on without being asked for; absent: all. */
  readonly defaultProtocol?: number;
  readonly classes: readonly ExpectClass[];
  /** Payload beyond this is not read. */
  readonly payloadMax: number;
  create(context: HelperContext): HelperReader;
}
