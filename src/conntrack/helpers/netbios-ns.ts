/**
 * NetBIOS name service: a name is asked of all hosts of a subnet at once, and any of them may answer.
 *
 * The kernel helps its own host only, and takes the subnet from the interface that the question goes
 * out at. A mirror sees the questions of all hosts and has no such interface: here the subnet follows
 * from the two addresses (`prefixOf`).
 *
 * Source: RFC 1002 4.2.1 (the flag B), 5.1.1; timeouts and flags of the expectation are the kernel's
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { ExpectFlag } from '../../shm/bits.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict, type Message } from './helper.ts';

const PORT = 137;
const TIMEOUT_S = 3;
/** Where the header has its flags: the message is an answer; it went to all. */
const FLAGS_AT = 2;
const HEADER_MIN = 4;
const IS_ANSWER = 0x8000;
const BROADCAST = 0x10;
/** Sizes of networks to think of first. */
const USUAL_PREFIXES = [24, 16, 8];
/** Beyond this the last byte of a broadcast address is not 255. */
const LONG_PREFIX = 24;
/** The smallest network with room for two hosts. */
const PREFIX_MAX = 30;

export const netbiosNs: Helper = {
  number: HelperNumber.NETBIOS_NS,
  protocols: [Protocol.UDP],
  families: ['ipv4'],
  port: PORT,
  isDefault: false,
  classes: [{ name: '', max: 1, timeoutS: TIMEOUT_S }],
  payloadMax: HEADER_MIN,
  create,
};

/**
 * Length of the prefix of the subnet in which `host` is and of which `all` is the broadcast address: of
 * those that are possible 24, else 16, else 8, else the shortest. 0: it is no broadcast address.
 */
export function prefixOf(host: number, all: number): number {
  if (all === -1) return 0;
  // Behind the prefix `all` has ones only; up to its end both are the same.
  const shortest = 32 - trailingOnes(all);
  const longest = Math.min(Math.clz32(host ^ all), PREFIX_MAX);
  if (shortest > longest) return 0;
  return USUAL_PREFIXES.find((prefix) => prefix >= shortest && prefix <= longest) ?? shortest;
}

/** Shapes: not -1 */
function trailingOnes(word: number): number {
  return 31 - Math.clz32(~word & -~word);
}

function create(context: HelperContext): HelperReader {
  const host = new Int32Array(4);
  const all = new Int32Array(4);

  /** A broadcast address of a small network looks like that of a host: then the message must say that it is for all. */
  function prefixFor({ bytes, start, end }: Message): number {
    const prefix = prefixOf(host[0], all[0]);
    if (prefix <= LONG_PREFIX) return prefix;
    if (end - start < HEADER_MIN) return 0;
    const flags = (bytes[start + FLAGS_AT] << 8) | bytes[start + FLAGS_AT + 1];
    return (flags & (IS_ANSWER | BROADCAST)) === BROADCAST ? prefix : 0;
  }

  return {
    message(m) {
      if (m.dir !== 0) return HelperVerdict.ACCEPT;
      context.source(0, host);
      context.destination(0, all);
      const prefix = prefixFor(m);
      if (prefix === 0) return HelperVerdict.ACCEPT;
      const request = context.request(Protocol.UDP);
      request.source.set(all);
      request.mask[0] = -1 << (32 - prefix);
      request.sourcePort = PORT;
      request.destination.set(host);
      request.destinationPort = context.sourcePort(0);
      request.flags = ExpectFlag.PERMANENT;
      context.expect(request);
      context.refresh(TIMEOUT_S);
      return HelperVerdict.ACCEPT;
    },
  };
}
