/** What most helpers foretell: a connection from one side of the master to the other one. */
import { ExpectAnswer } from '../expectations.ts';
import { type HelperContext, HelperVerdict, type Message } from './helper.ts';

/**
 * Expects a connection to `port` of the side that sends direction `dir`, from the other side and any
 * port of it; or, to an announced address, a third host's. REFUSE when there is no room, or another expectation is in the way.
 */
export function expectFromPeer(
  context: HelperContext,
  m: Message,
  dir: number,
  protocol: number,
  port: number,
  announced: Int32Array | null = null,
): HelperVerdict {
  const request = context.request(protocol);
  context.source(1 - dir, request.source);
  request.mask.fill(-1, 0, m.isIpv6 ? 4 : 1);
  if (announced === null) context.source(dir, request.destination);
  else request.destination.set(announced);
  request.destinationPort = port;
  return context.expect(request) === ExpectAnswer.ADDED ? HelperVerdict.ACCEPT : HelperVerdict.REFUSE;
}
